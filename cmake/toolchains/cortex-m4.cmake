# ARMv7E-M: the DSP extension. Floating point stays off: the runtime has none in its hot path.
set(MOTE_CORE cortex-m4)
set(MOTE_CORE_FLAGS "-mcpu=cortex-m4 -mfloat-abi=soft")
include("${CMAKE_CURRENT_LIST_DIR}/arm-none-eabi.cmake")
