#include "datasets/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <limits>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"

namespace mote {
namespace {

namespace fs = std::filesystem;

absl::Status SystemError(int error, const std::string& path, const char* what) {
  return absl::ErrnoToStatus(error, absl::StrCat(path, ": ", what));
}

absl::Status TooLarge(const std::string& path, const std::string& size, int64_t max_bytes, const char* unpacked) {
  return absl::ResourceExhaustedError(
      absl::StrCat(path, ": ", size, " bytes", unpacked, "; the limit is ", max_bytes, " bytes"));
}

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int Close() {  // 0 or errno
    const int fd = fd_;
    fd_ = -1;
    return ::close(fd) == 0 ? 0 : errno;
  }

 private:
  int fd_;
};

// Makes entries of `folder` durable. Some file systems cannot sync a folder and say EINVAL: nothing more can be done.
absl::Status SyncFolder(const fs::path& folder) {
  Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return SystemError(errno, folder.string(), "cannot open the folder to sync it");
  if (::fsync(fd.get()) != 0 && errno != EINVAL && errno != EROFS) {
    return SystemError(errno, folder.string(), "cannot sync the folder");
  }
  return absl::OkStatus();
}

absl::Status CreateFolders(const fs::path& folder) {
  std::vector<fs::path> missing;
  std::error_code error;
  for (fs::path p = folder; !p.empty() && !fs::exists(p, error); p = p.parent_path()) {
    missing.push_back(p);
    if (p == p.parent_path()) break;
  }
  for (auto p = missing.rbegin(); p != missing.rend(); ++p) {
    if (::mkdir(p->c_str(), 0777) != 0 && errno != EEXIST) {
      return SystemError(errno, p->string(), "cannot create the folder");
    }
    if (auto status = SyncFolder(p->has_parent_path() ? p->parent_path() : fs::path(".")); !status.ok()) return status;
  }
  if (!fs::is_directory(folder, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat(folder.string(), ": is not a folder; a file is to be written in it"));
  }
  return absl::OkStatus();
}

absl::Status WriteAndSync(Descriptor& fd, const std::string& path, const std::string& contents) {
  size_t written = 0;
  while (written < contents.size()) {
    const ssize_t n = ::write(fd.get(), contents.data() + written, contents.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError(errno, path, "cannot be written");
    written += static_cast<size_t>(n);
  }
  if (::fsync(fd.get()) != 0) return SystemError(errno, path, "cannot be synced to the disk");
  if (int error = fd.Close(); error != 0) return SystemError(error, path, "cannot be written");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return SystemError(errno, path, "cannot be opened");
  struct stat info;
  if (::fstat(fd.get(), &info) != 0) return SystemError(errno, path, "cannot be read");
  if (S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is a folder; give the path of a file"));
  }
  std::string bytes;
  if (S_ISREG(info.st_mode)) {
    if (info.st_size > max_bytes) return TooLarge(path, absl::StrCat(info.st_size), max_bytes, "");
    bytes.reserve(static_cast<size_t>(info.st_size));
  }
  // To the end, not to st_size: pipes have none, and a file may still grow.
  std::vector<char> chunk(1 << 18);
  for (;;) {
    const ssize_t n = ::read(fd.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError(errno, path, "cannot be read");
    if (n == 0) return bytes;
    bytes.append(chunk.data(), static_cast<size_t>(n));
    if (static_cast<int64_t>(bytes.size()) > max_bytes) return TooLarge(path, "more", max_bytes, "");
  }
}

absl::StatusOr<std::string> UnpackGzip(const std::string& name, const std::string& bytes, int64_t max_bytes) {
  z_stream stream = {};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return absl::ResourceExhaustedError("zlib: out of memory");
  struct End {
    z_stream* stream;
    ~End() { inflateEnd(stream); }
  } end{&stream};
  std::string unpacked;
  std::vector<char> chunk(1 << 18);
  size_t next = 0;  // first byte not yet given to zlib
  const auto offset = [&] { return next - stream.avail_in; };
  for (;;) {
    if (stream.avail_in == 0) {
      const size_t n = std::min<size_t>(bytes.size() - next, std::numeric_limits<int>::max());
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data() + next));
      stream.avail_in = static_cast<uInt>(n);
      next += n;
    }
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    const int result = inflate(&stream, Z_NO_FLUSH);
    unpacked.append(chunk.data(), chunk.size() - stream.avail_out);
    if (static_cast<int64_t>(unpacked.size()) > max_bytes) return TooLarge(name, "more", max_bytes, " unpacked");
    if (result == Z_STREAM_END) {
      size_t rest = offset();
      if (rest == bytes.size()) return unpacked;
      // Zeros after a member are padding (tar, tapes); otherwise another member has to follow.
      if (bytes.find_first_not_of('\0', rest) == std::string::npos) return unpacked;
      if (bytes.compare(rest, 2, "\x1f\x8b") != 0) {
        return absl::InvalidArgumentError(
            absl::StrCat(name, ": byte ", rest, ": garbage after the end of the gzip data"));
      }
      inflateReset(&stream);
      continue;
    }
    if (result == Z_BUF_ERROR || (result == Z_OK && stream.avail_out > 0 && offset() == bytes.size())) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": gzip data ends early, after ", bytes.size(), " bytes; the file is truncated"));
    }
    if (result != Z_OK) {
      return absl::InvalidArgumentError(absl::StrCat(name, ": byte ", offset(), ": gzip data is damaged (",
                                                     stream.msg != nullptr ? stream.msg : "unknown", ")"));
    }
  }
}

absl::StatusOr<std::string> ReadFileMaybeGzip(const std::string& path, int64_t max_bytes) {
  auto bytes = ReadFile(path, max_bytes);
  if (!bytes.ok() || bytes->compare(0, 2, "\x1f\x8b") != 0) return bytes;
  return UnpackGzip(path, *bytes, max_bytes);
}

absl::Status WriteFileAtomically(const std::string& path, const std::string& contents) {
  if (path.empty()) return absl::InvalidArgumentError("cannot write a file without a name");
  fs::path target(path);
  std::error_code error;
  for (int hops = 0; fs::is_symlink(fs::symlink_status(target, error)); ++hops) {
    if (hops == 40) return absl::FailedPreconditionError(absl::StrCat(path, ": symbolic links go round in a circle"));
    const fs::path link = fs::read_symlink(target, error);
    if (error) return SystemError(error.value(), path, "cannot read the symbolic link");
    target = target.parent_path() / link;  // an absolute `link` replaces the folder
  }
  struct stat existing;
  const bool exists = ::stat(target.c_str(), &existing) == 0;
  if (exists && S_ISDIR(existing.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": is a folder; give the path of a file"));
  }
  if (exists && !S_ISREG(existing.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": is not a regular file; it cannot be replaced"));
  }
  if (!target.has_filename()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ends in '/'; give the path of a file"));
  }
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  if (auto status = CreateFolders(folder); !status.ok()) return status;

  static std::atomic<uint64_t> counter{0};
  fs::path temporary;
  int fd_number = -1;
  // A name may be left over from a killed process of the same number: take the next.
  for (int tries = 0; tries < 1000; ++tries) {
    temporary = folder / absl::StrCat(".", target.filename().string(), ".tmp-", ::getpid(), "-", counter++);
    fd_number = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd_number >= 0 || errno != EEXIST) break;
  }
  if (fd_number < 0) return SystemError(errno, path, "cannot be written: cannot create a temporary file beside it");
  Descriptor fd(fd_number);
  if (exists) (void)::fchmod(fd.get(), existing.st_mode & 07777);
  absl::Status status = WriteAndSync(fd, path, contents);
  if (status.ok() && ::rename(temporary.c_str(), target.c_str()) != 0) {
    status = SystemError(errno, path, "cannot be replaced");
  }
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return SyncFolder(folder);
}

}  // namespace mote
