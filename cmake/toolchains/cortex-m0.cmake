# ARMv6-M: no division, no unaligned access; M0+ and M1 run the same code.
set(MOTE_CORE cortex-m0)
set(MOTE_CORE_FLAGS "-mcpu=cortex-m0 -mfloat-abi=soft")
include("${CMAKE_CURRENT_LIST_DIR}/arm-none-eabi.cmake")
