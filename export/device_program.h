// The programs mote_device_<core> (mcu_runtime/device), which the build makes: the interpreter on an emulated core.
#ifndef MOTE_EXPORT_DEVICE_PROGRAM_H_
#define MOTE_EXPORT_DEVICE_PROGRAM_H_

#include <string>

#include "absl/status/statusor.h"

namespace mote {

// The path of a core's program: in the folder MOTE_DEVICE_DIR of the environment, else in the build, beside this
// library as it is installed, or where it was to be installed. Errors: FailedPrecondition, with what to build.
absl::StatusOr<std::string> FindDeviceProgram(const std::string& core);

}  // namespace mote

#endif  // MOTE_EXPORT_DEVICE_PROGRAM_H_
