# ARMv8-M mainline with the DSP extension.
set(MOTE_CORE cortex-m33)
set(MOTE_CORE_FLAGS "-mcpu=cortex-m33 -mfloat-abi=soft")
include("${CMAKE_CURRENT_LIST_DIR}/arm-none-eabi.cmake")
