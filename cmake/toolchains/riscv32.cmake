# RV32IMAC, bare metal. The multilib compiler of riscv64-unknown-elf makes 32-bit code too.
set(MOTE_CORE riscv32)
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR riscv32)
set(CMAKE_C_COMPILER riscv64-unknown-elf-gcc)
set(CMAKE_CXX_COMPILER riscv64-unknown-elf-g++)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY) # a program needs a linker script
# -misa-spec=2.2: counters (csrr) are part of the base there, as the emulator has it.
set(MOTE_CORE_FLAGS "-march=rv32imac -mabi=ilp32 -misa-spec=2.2 -mcmodel=medany")
include("${CMAKE_CURRENT_LIST_DIR}/freestanding.cmake")
