# ARMv7-M.
set(MOTE_CORE cortex-m3)
set(MOTE_CORE_FLAGS "-mcpu=cortex-m3 -mfloat-abi=soft")
include("${CMAKE_CURRENT_LIST_DIR}/arm-none-eabi.cmake")
