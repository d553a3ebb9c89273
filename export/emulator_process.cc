#include "export/emulator_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace mote {
namespace {

constexpr size_t kMaxOutput = 64 << 10;

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { Close(); }
  int value() const { return value_; }
  void Close() {
    if (value_ >= 0) close(value_);
    value_ = -1;
  }

 private:
  int value_;
};

// What posix_spawn is told to do in the child before the program starts.
class SpawnActions {
 public:
  SpawnActions() { posix_spawn_file_actions_init(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

int64_t FileSize(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? static_cast<int64_t>(info.st_size) : -1;
}

// Ends a child that nobody has waited for yet: without this an error on the way would leave it running.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (!ended_) Kill();
  }

  // True when it has ended. `status` as waitpid gives it.
  bool Wait(bool block) {
    pid_t got;
    do {
      got = waitpid(pid_, &status_, block ? 0 : WNOHANG);
    } while (got < 0 && errno == EINTR);
    ended_ = ended_ || got != 0;
    known_ = known_ || got == pid_;
    return ended_;
  }
  void Kill() {
    kill(pid_, SIGKILL);
    Wait(true);
  }
  // False where another part of this program has taken the child's status away.
  bool known() const { return known_; }
  int status() const { return status_; }

 private:
  pid_t pid_;
  int status_ = 0;
  bool ended_ = false;
  bool known_ = false;
};

}  // namespace

absl::StatusOr<TemporaryFolder> TemporaryFolder::Make() {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  if (error) return absl::FailedPreconditionError(absl::StrCat("TMPDIR: ", error.message()));
  std::string path = (parent / "mote-emulator-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat(parent.string(), ": cannot make a temporary folder: ", strerror(errno)));
  }
  return TemporaryFolder(path);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

std::optional<std::string> FindProgram(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
  std::string folder;
  while (std::getline(folders, folder, ':')) {
    std::error_code error;
    const std::filesystem::path file = std::filesystem::absolute(folder.empty() ? "." : folder, error) / name;
    if (!error && std::filesystem::is_regular_file(file, error) && access(file.c_str(), X_OK) == 0)
      return file.string();
  }
  return std::nullopt;
}

absl::StatusOr<std::string> FindTool(const std::string& name, const std::string& package, const std::string& core) {
  if (const std::optional<std::string> path = FindProgram(name)) return *path;
  return absl::FailedPreconditionError(
      absl::StrCat(core, ": ", name, " not found: install ", package, " (make setup)"));
}

absl::StatusOr<ProcessResult> RunProcess(const std::vector<std::string>& arguments, const std::string& folder,
                                         const std::string& progress_file, std::chrono::milliseconds stall) {
  using Clock = std::chrono::steady_clock;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::InternalError(absl::StrCat("cannot make a pipe: ", strerror(errno)));
  Descriptor from(ends[0]), to(ends[1]);

  SpawnActions actions;
  int error = posix_spawn_file_actions_addchdir_np(actions.get(), folder.c_str());
  if (error == 0) error = posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (error == 0) error = posix_spawn_file_actions_adddup2(actions.get(), to.value(), STDOUT_FILENO);
  if (error == 0) error = posix_spawn_file_actions_adddup2(actions.get(), to.value(), STDERR_FILENO);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t pid = 0;
  if (error == 0) error = posix_spawn(&pid, argv[0], actions.get(), nullptr, argv.data(), environ);
  if (error != 0) return absl::InternalError(absl::StrCat(arguments[0], ": cannot be started: ", strerror(error)));
  Child child(pid);
  to.Close();

  ProcessResult result;
  const std::string progress = absl::StrCat(folder, "/", progress_file);
  int64_t size = -1;
  Clock::time_point deadline = Clock::now() + stall;
  bool open = true;
  while (!child.Wait(false)) {
    // The pipe closes with the process's end, so this wakes up at once.
    pollfd watched = {open ? from.value() : -1, POLLIN, 0};
    const int ready = poll(&watched, 1, open ? 50 : 1);
    if (ready > 0) {
      char buffer[4096];
      const ssize_t got = read(from.value(), buffer, sizeof buffer);
      if (got > 0 && result.output.size() < kMaxOutput) result.output.append(buffer, static_cast<size_t>(got));
      if (got == 0 || (got < 0 && errno != EINTR)) open = false;
      continue;
    }
    const int64_t now_size = FileSize(progress);
    if (now_size != size) {
      size = now_size;
      deadline = Clock::now() + stall;
    } else if (Clock::now() >= deadline) {
      result.stalled = true;
      child.Kill();
      break;
    }
  }
  // What it wrote between the last look and its end.
  while (open && result.output.size() < kMaxOutput) {
    pollfd watched = {from.value(), POLLIN, 0};
    if (poll(&watched, 1, 0) <= 0) break;
    char buffer[4096];
    const ssize_t got = read(from.value(), buffer, sizeof buffer);
    if (got <= 0) break;
    result.output.append(buffer, static_cast<size_t>(got));
  }
  if (child.known() && WIFEXITED(child.status())) result.exit_code = WEXITSTATUS(child.status());
  if (child.known() && WIFSIGNALED(child.status())) result.signal = WTERMSIG(child.status());
  return result;
}

}  // namespace mote
