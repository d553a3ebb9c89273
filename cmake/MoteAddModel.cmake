# mote_add_model(TARGET model.tflite CORE cortex-m4 [OPTIMIZE speed|size|ram] [WINOGRAD] [STREAM] [SELF_TEST] [NAME name]
#                [OPTIONS --ram 16K ...])
#
# Compiles the model with `mote compile` whenever it changes, and adds the code to TARGET: its sources include "<name>.h",
# <name> being the model's file without .tflite where no other is given. With STREAM the code takes the newest rows of an
# input without an end, frame by frame. For firmware builds: needs the program
# mote-compile (or mote) of the machine that builds, found in PATH or given by -DMOTE_COMPILE=, and no LibTorch.
include_guard()

function(mote_find_compile)
  if(TARGET mote-compile AND NOT CMAKE_CROSSCOMPILING)
    set(mote_compile_command "$<TARGET_FILE:mote-compile>" PARENT_SCOPE)
    set(mote_compile_depends mote-compile PARENT_SCOPE)
    return()
  endif()
  find_program(MOTE_COMPILE NAMES mote-compile mote)
  if(NOT MOTE_COMPILE)
    message(FATAL_ERROR "mote_add_model: mote-compile not found: put it into PATH, or give -DMOTE_COMPILE=<its path>")
  endif()
  get_filename_component(program "${MOTE_COMPILE}" NAME_WE)
  if(program STREQUAL "mote")
    set(mote_compile_command "${MOTE_COMPILE}" compile PARENT_SCOPE)
  else()
    set(mote_compile_command "${MOTE_COMPILE}" PARENT_SCOPE)
  endif()
  set(mote_compile_depends "${MOTE_COMPILE}" PARENT_SCOPE)
endfunction()

function(mote_add_model target model)
  cmake_parse_arguments(arg "WINOGRAD;STREAM;SELF_TEST" "CORE;OPTIMIZE;NAME" "OPTIONS" ${ARGN})
  if(NOT arg_CORE)
    message(FATAL_ERROR "mote_add_model(${target} ${model}): CORE is missing, such as CORE cortex-m4")
  endif()
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "mote_add_model(${target} ${model}): \"${arg_UNPARSED_ARGUMENTS}\" is not known")
  endif()
  if(NOT arg_OPTIMIZE)
    set(arg_OPTIMIZE speed)
  endif()
  if(arg_SELF_TEST)
    list(APPEND arg_OPTIONS --self-test)
  endif()
  get_filename_component(model "${model}" ABSOLUTE)
  if(NOT arg_NAME)
    get_filename_component(arg_NAME "${model}" NAME_WE)
    string(TOLOWER "${arg_NAME}" arg_NAME)
    string(REGEX REPLACE "[^a-z0-9]" "_" arg_NAME "${arg_NAME}")
  endif()
  if(arg_WINOGRAD)
    list(APPEND arg_OPTIONS --winograd)
  endif()
  if(arg_STREAM)
    list(APPEND arg_OPTIONS --stream)
  endif()
  mote_find_compile()
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}.models/${arg_NAME}")
  set(source "${folder}/${arg_NAME}.cc")
  add_custom_command(OUTPUT "${source}" "${folder}/${arg_NAME}.h"
    COMMAND ${mote_compile_command} "${model}" --core ${arg_CORE} --optimize ${arg_OPTIMIZE} --name ${arg_NAME}
            -o "${folder}" ${arg_OPTIONS}
    DEPENDS "${model}" ${mote_compile_depends}
    COMMENT "mote compile ${arg_NAME} for ${arg_CORE}"
    VERBATIM)
  target_sources(${target} PRIVATE "${source}")
  target_include_directories(${target} PRIVATE "${folder}")
  set_source_files_properties("${source}" PROPERTIES OBJECT_DEPENDS "${folder}/${arg_NAME}.h")
endfunction()
