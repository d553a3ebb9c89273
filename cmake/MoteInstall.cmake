# Installation. find_package(mote) then gives mote::mote, and mote::runtime, the device library alone.
#
#   bin/mote   include/mote/mote.h, include/mote/<room>/*.h, include/mote/mote_runtime.h   lib/libmote_<room>.a
#   lib/cmake/mote   lib/mote/device/mote_device_<core> (cmake/MoteDevice.cmake)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(mote_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/mote")

install(TARGETS mote_runtime EXPORT moteTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES "${CMAKE_SOURCE_DIR}/mcu_runtime/mote_runtime.h" "${CMAKE_SOURCE_DIR}/mcu_runtime/operators.def" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/mote")
install(FILES "${CMAKE_SOURCE_DIR}/LICENSE" "${CMAKE_SOURCE_DIR}/NOTICE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

if(MOTE_HOST)
  # The doors of the rooms; what else lies in a room is its own.
  set(mote_headers
    datasets/augment.h datasets/dataset.h datasets/file.h datasets/numpy_file.h datasets/readers.h
    train/checkpoint.h train/fit.h train/float_network.h train/network.h train/trainable.h
    quantize/integer_math.h quantize/integer_network.h quantize/quantize.h
    export/emulator.h export/inspect.h export/registry.h export/runtime_model.h export/tflite.h export/verify.h)
  foreach(header ${mote_headers})
    get_filename_component(room "${header}" DIRECTORY)
    install(FILES "${CMAKE_SOURCE_DIR}/${header}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/mote/${room}")
  endforeach()
  install(FILES "${CMAKE_SOURCE_DIR}/export/mote.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/mote")

  add_library(mote_mote INTERFACE)
  add_library(mote::mote ALIAS mote_mote)
  set_target_properties(mote_mote PROPERTIES EXPORT_NAME mote)
  target_link_libraries(mote_mote INTERFACE mote_export)
  target_compile_features(mote_mote INTERFACE cxx_std_20)
  install(TARGETS mote_mote mote_torch mote_files mote_datasets mote_train mote_quantize mote_export EXPORT moteTargets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(TARGETS mote RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

install(EXPORT moteTargets NAMESPACE mote:: DESTINATION "${mote_cmake_dir}")
set(MOTE_TORCH_CMAKE_DIR "${Torch_DIR}")
configure_package_config_file("${CMAKE_SOURCE_DIR}/cmake/moteConfig.cmake.in" "${CMAKE_BINARY_DIR}/moteConfig.cmake"
  INSTALL_DESTINATION "${mote_cmake_dir}")
write_basic_package_version_file("${CMAKE_BINARY_DIR}/moteConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/moteConfig.cmake" "${CMAKE_BINARY_DIR}/moteConfigVersion.cmake"
  DESTINATION "${mote_cmake_dir}")
