#include "export/device_program.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mote {
namespace {

std::string ProgramName(const std::string& core) { return absl::StrCat("mote_device_", core); }

// Where the programs may be, in order. MOTE_DEVICE_DIR stands alone.
std::vector<std::filesystem::path> DeviceFolders() {
  std::error_code ignored;
  if (const char* folder = std::getenv("MOTE_DEVICE_DIR"); folder != nullptr && *folder != 0) {
    return {std::filesystem::absolute(folder, ignored)};
  }
  std::vector<std::filesystem::path> folders;
#ifdef MOTE_DEVICE_BUILD_DIR
  folders.emplace_back(MOTE_DEVICE_BUILD_DIR);
#endif
  // Beside the file that this code is linked into, program or shared library, as an installation lays them out.
  Dl_info self;
  if (dladdr(reinterpret_cast<void*>(&ProgramName), &self) != 0 && self.dli_fname != nullptr) {
    std::filesystem::path file = std::filesystem::canonical(self.dli_fname, ignored);
    if (ignored) file = std::filesystem::canonical("/proc/self/exe", ignored);
    folders.push_back(file.parent_path() / "mote" / "device");
    folders.push_back(file.parent_path().parent_path() / "lib" / "mote" / "device");
  }
#ifdef MOTE_DEVICE_INSTALL_DIR
  folders.emplace_back(MOTE_DEVICE_INSTALL_DIR);
#endif
  return folders;
}

}  // namespace

absl::StatusOr<std::string> FindDeviceProgram(const std::string& core) {
  std::vector<std::string> looked;
  for (const std::filesystem::path& folder : DeviceFolders()) {
    const std::filesystem::path file = folder / ProgramName(core);
    std::error_code ignored;
    if (std::filesystem::is_regular_file(file, ignored)) return file.string();
    looked.push_back(folder.string());
  }
  return absl::FailedPreconditionError(absl::StrCat(core, ": the device program ", ProgramName(core), " is not in ",
                                                    absl::StrJoin(looked, ", "),
                                                    "; build the target mote_device, or set MOTE_DEVICE_DIR"));
}

}  // namespace mote
