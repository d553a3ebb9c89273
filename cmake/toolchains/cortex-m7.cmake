# ARMv7E-M, dual issue. Floating point stays off: the runtime has none in its hot path.
set(MOTE_CORE cortex-m7)
set(MOTE_CORE_FLAGS "-mcpu=cortex-m7 -mfloat-abi=soft")
include("${CMAKE_CURRENT_LIST_DIR}/arm-none-eabi.cmake")
