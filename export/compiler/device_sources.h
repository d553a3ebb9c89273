// The device's sources as they stand in mcu_runtime/, held by the program: what a compiled model includes is copied
// from here into its folder, and what runs it under emulation is built from here.
#ifndef MOTE_EXPORT_COMPILER_DEVICE_SOURCES_H_
#define MOTE_EXPORT_COMPILER_DEVICE_SOURCES_H_

#include <map>
#include <string>
#include <vector>

namespace mote::compiler {

struct DeviceSource {
  const char* path;  // "mcu_runtime/kernels/add.h"
  const char* text;
};
extern const DeviceSource kDeviceSources[];
extern const int kDeviceSourceCount;

// Null where there is no such file.
const char* FindDeviceSource(const std::string& path);

// The text of `paths` and of all that they include, by path.
std::map<std::string, std::string> DeviceSourcesFor(const std::vector<std::string>& paths);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_DEVICE_SOURCES_H_
