# What the host rooms share: packages, flags, precompiled LibTorch headers.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# One flag for libraries and programs: a precompiled header serves only files compiled as it was.
add_compile_options(-fPIC)
find_program(MOTE_CCACHE ccache)
if(MOTE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${MOTE_CCACHE}")
  # The inode cache spares hashing the precompiled header (half a gigabyte) again for every file.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_INODECACHE=1 "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}"
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${MOTE_CCACHE}")
endif()
if(CMAKE_CXX_COMPILER_LAUNCHER MATCHES ccache)
  add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)
  set(CMAKE_PCH_INSTANTIATE_TEMPLATES OFF)
endif()

# LibTorch: CMAKE_PREFIX_PATH or Torch_DIR wins; else the torch of the project's virtual environment, else of python3.
set(mote_log_level "${CMAKE_MESSAGE_LOG_LEVEL}")
set(CMAKE_MESSAGE_LOG_LEVEL ERROR)  # Torch warns of an optional library that its own package leaves out
if(NOT Torch_DIR)
  find_package(Torch QUIET)
endif()
if(NOT Torch_FOUND)
  if(SKBUILD)  # pip install: the interpreter that it is for
    set(MOTE_PYTHON "${Python_EXECUTABLE}" CACHE FILEPATH "")
  endif()
  find_program(MOTE_PYTHON NAMES python3 HINTS "${CMAKE_SOURCE_DIR}/.venv/bin" NO_DEFAULT_PATH)
  find_program(MOTE_PYTHON NAMES python3)
  execute_process(COMMAND "${MOTE_PYTHON}" -c "import torch; print(torch.utils.cmake_prefix_path)"
    OUTPUT_VARIABLE mote_torch_prefix OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT mote_torch_prefix)
    if(SKBUILD)
      message(FATAL_ERROR "LibTorch not found: install torch and give pip --no-build-isolation, or set CMAKE_PREFIX_PATH")
    endif()
    message(FATAL_ERROR "LibTorch not found: run 'make setup', or set CMAKE_PREFIX_PATH to a LibTorch 2.x")
  endif()
  list(APPEND CMAKE_PREFIX_PATH "${mote_torch_prefix}")
endif()
find_package(Torch 2 REQUIRED)
set(CMAKE_MESSAGE_LOG_LEVEL "${mote_log_level}")
set(CMAKE_INSTALL_RPATH "${TORCH_INSTALL_PREFIX}/lib")  # installed programs find LibTorch where it was found now
find_package(absl REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)

# Torch's flags and folders as one target; system headers, so that our warnings stay ours. An installed mote finds Torch
# again by itself (cmake/moteConfig.cmake.in), so nothing of it is exported.
add_library(mote_torch INTERFACE)
add_library(mote::torch ALIAS mote_torch)
set_target_properties(mote_torch PROPERTIES EXPORT_NAME torch)
target_include_directories(mote_torch SYSTEM INTERFACE "$<BUILD_INTERFACE:${TORCH_INCLUDE_DIRS}>")
target_link_libraries(mote_torch INTERFACE "$<BUILD_INTERFACE:${TORCH_LIBRARIES}>")
separate_arguments(mote_torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(mote_torch INTERFACE "$<BUILD_INTERFACE:${mote_torch_flags}>")

set(MOTE_WARNINGS -Wall -Wextra -Wshadow -Wnon-virtual-dtor)
if(MOTE_SANITIZE)
  add_compile_options(-fsanitize=${MOTE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${MOTE_SANITIZE})
endif()

# One precompiled header for all rooms and tests. GCC instantiates the templates of a precompiled header again in every
# file that uses it, so it holds what nearly every file needs and no more: all of torch/torch.h costs 7 s a file, this 2 s.
# A file that needs torch/csrc/autograd/custom_function.h, nlohmann/json.hpp and the like includes them by itself.
file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/mote_pch.cc" CONTENT "// owner of the precompiled header\n")
add_library(mote_pch OBJECT "${CMAKE_BINARY_DIR}/mote_pch.cc")
target_link_libraries(mote_pch PRIVATE mote_torch)
target_precompile_headers(mote_pch PRIVATE
  <torch/types.h> <torch/utils.h>
  <algorithm> <fstream> <functional> <map> <memory> <sstream> <string> <vector>
  <absl/status/statusor.h> <absl/strings/str_cat.h> <absl/strings/str_format.h>)

# mote_add_room(datasets SOURCES a.cc b.cc USES absl::status ...): the static library mote_datasets, mote::datasets.
function(mote_add_room room)
  cmake_parse_arguments(arg "" "" "SOURCES;USES" ${ARGN})
  add_library(mote_${room} STATIC ${arg_SOURCES})
  add_library(mote::${room} ALIAS mote_${room})
  set_target_properties(mote_${room} PROPERTIES EXPORT_NAME ${room})
  target_include_directories(mote_${room} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}> $<INSTALL_INTERFACE:include/mote> $<INSTALL_INTERFACE:include>)
  target_link_libraries(mote_${room} PUBLIC mote_torch ${arg_USES})
  target_compile_options(mote_${room} PRIVATE ${MOTE_WARNINGS} -O2)  # the passes over memory are vectorized by hand
  target_precompile_headers(mote_${room} REUSE_FROM mote_pch)
  set_property(GLOBAL APPEND PROPERTY MOTE_ROOMS mote_${room})
endfunction()
