# Programs for emulated microcontrollers: mote_device_<core>, one a core (mcu_runtime/device).
#
# In a cross build (a toolchain file of cmake/toolchains) this makes the one core's program. In the host build it makes all
# of them, each in a build folder of its own, and gathers them in ${CMAKE_BINARY_DIR}/device. Nothing is done where
# nothing changed: each inner build hangs on the runtime's sources. Targets: mote_device (all), device-<core>.
if(CMAKE_CROSSCOMPILING)
  add_subdirectory("${CMAKE_SOURCE_DIR}/mcu_runtime/device")
  return()
endif()

include(GNUInstallDirs)
set(MOTE_DEVICE_DIR "${CMAKE_BINARY_DIR}/device")
find_program(MOTE_ARM_COMPILER arm-none-eabi-g++)
find_program(MOTE_RISCV_COMPILER riscv64-unknown-elf-g++)
file(GLOB_RECURSE mote_device_sources CONFIGURE_DEPENDS
  "${CMAKE_SOURCE_DIR}/mcu_runtime/*.h" "${CMAKE_SOURCE_DIR}/mcu_runtime/*.cc" "${CMAKE_SOURCE_DIR}/mcu_runtime/*.c"
  "${CMAKE_SOURCE_DIR}/mcu_runtime/*.def" "${CMAKE_SOURCE_DIR}/mcu_runtime/*.inc" "${CMAKE_SOURCE_DIR}/mcu_runtime/*.S"
  "${CMAKE_SOURCE_DIR}/mcu_runtime/*.ld" "${CMAKE_SOURCE_DIR}/mcu_runtime/CMakeLists.txt"
  "${CMAKE_SOURCE_DIR}/mcu_runtime/device/CMakeLists.txt")
file(GLOB mote_device_toolchains CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/cmake/toolchains/*.cmake")
list(APPEND mote_device_sources "${CMAKE_SOURCE_DIR}/CMakeLists.txt" "${CMAKE_CURRENT_LIST_FILE}"
  ${mote_device_toolchains})

add_custom_target(mote_device ALL)
set(mote_device_left_out "")
foreach(core cortex-m0 cortex-m3 cortex-m4 cortex-m7 cortex-m33 cortex-m55 riscv32)
  if(core STREQUAL "riscv32")
    set(compiler "${MOTE_RISCV_COMPILER}")
    set(package "gcc-riscv64-unknown-elf")
  else()
    set(compiler "${MOTE_ARM_COMPILER}")
    set(package "gcc-arm-none-eabi")
  endif()
  if(NOT compiler)
    string(APPEND mote_device_left_out " ${core} (install ${package})")
    continue()
  endif()
  set(folder "${MOTE_DEVICE_DIR}/build-${core}")
  set(program "${MOTE_DEVICE_DIR}/mote_device_${core}")
  set(options -DMOTE_HOST=OFF -DMOTE_TESTS=OFF -DMOTE_DEVICE_PROGRAMS=ON -DCMAKE_BUILD_TYPE=Release)
  if(MOTE_CCACHE)
    list(APPEND options "-DCMAKE_CXX_COMPILER_LAUNCHER=${MOTE_CCACHE}" "-DCMAKE_C_COMPILER_LAUNCHER=${MOTE_CCACHE}")
  endif()
  add_custom_command(OUTPUT "${program}"
    COMMAND "${CMAKE_COMMAND}" -S "${CMAKE_SOURCE_DIR}" -B "${folder}" -G "${CMAKE_GENERATOR}"
      "-DCMAKE_MAKE_PROGRAM=${CMAKE_MAKE_PROGRAM}"
      --toolchain "${CMAKE_SOURCE_DIR}/cmake/toolchains/${core}.cmake" --log-level=WARNING ${options}
    COMMAND "${CMAKE_COMMAND}" --build "${folder}" --target "mote_device_${core}" --parallel 1 -- -$<IF:$<STREQUAL:${CMAKE_GENERATOR},Ninja>,-quiet,s>
    COMMAND "${CMAKE_COMMAND}" -E copy "${folder}/mcu_runtime/device/mote_device_${core}" "${program}"
    COMMAND "${CMAKE_COMMAND}" -E touch "${program}"
    DEPENDS ${mote_device_sources}
    COMMENT "Building the device program of ${core}"
    VERBATIM)
  add_custom_target(device-${core} DEPENDS "${program}")
  add_dependencies(mote_device device-${core})
  install(PROGRAMS "${program}" DESTINATION "${CMAKE_INSTALL_LIBDIR}/mote/device" OPTIONAL)
endforeach()
if(mote_device_left_out)
  message(STATUS "Emulated cores left out for want of a cross compiler:${mote_device_left_out}")
endif()

# Where export/device_program.cc looks, after MOTE_DEVICE_DIR of the environment.
set_property(SOURCE "${CMAKE_SOURCE_DIR}/export/device_program.cc" TARGET_DIRECTORY mote_files APPEND PROPERTY
  COMPILE_DEFINITIONS "MOTE_DEVICE_BUILD_DIR=\"${MOTE_DEVICE_DIR}\""
  "MOTE_DEVICE_INSTALL_DIR=\"${CMAKE_INSTALL_FULL_LIBDIR}/mote/device\"")
