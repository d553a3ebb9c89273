# ARMv8.1-M with Helium, whose registers belong to the hard-float calling convention.
set(MOTE_CORE cortex-m55)
set(MOTE_CORE_FLAGS "-mcpu=cortex-m55 -mfloat-abi=hard")
include("${CMAKE_CURRENT_LIST_DIR}/arm-none-eabi.cmake")
