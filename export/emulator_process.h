// One process started and watched, and one temporary folder: what running QEMU needs of the operating system.
#ifndef MOTE_EXPORT_EMULATOR_PROCESS_H_
#define MOTE_EXPORT_EMULATOR_PROCESS_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mote {

// A folder of its own under TMPDIR, removed with all that is in it when this object goes.
class TemporaryFolder {
 public:
  static absl::StatusOr<TemporaryFolder> Make();
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// The absolute path of a program of PATH.
std::optional<std::string> FindProgram(const std::string& name);

// The same, of Debian's `package`, for `core`. Errors: FailedPrecondition, with what to install.
absl::StatusOr<std::string> FindTool(const std::string& name, const std::string& package, const std::string& core);

struct ProcessResult {
  int exit_code = -1;    // where it ended by itself
  int signal = 0;        // that ended it
  bool stalled = false;  // it was killed by us
  std::string output;    // both streams, the first 64 KB
};

// Runs `arguments` (the first one is the program's path) in `folder`, without a shell, and waits for its end. Killed
// when `progress_file` (relative to `folder`) has not grown for `stall`. Safe to call from several threads.
absl::StatusOr<ProcessResult> RunProcess(const std::vector<std::string>& arguments, const std::string& folder,
                                         const std::string& progress_file, std::chrono::milliseconds stall);

}  // namespace mote

#endif  // MOTE_EXPORT_EMULATOR_PROCESS_H_
