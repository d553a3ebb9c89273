# What the Cortex-M toolchain files share. Each sets MOTE_CORE and MOTE_CORE_FLAGS before.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY) # a program needs a linker script
set(MOTE_CORE_FLAGS "${MOTE_CORE_FLAGS} -mthumb -masm-syntax-unified")
include("${CMAKE_CURRENT_LIST_DIR}/freestanding.cmake")
