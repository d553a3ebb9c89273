// Whole files, and the one way in which this project writes them.
#ifndef MOTE_DATASETS_FILE_H_
#define MOTE_DATASETS_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mote {

// The bytes of `path`. Refuses folders, unreadable and oversized files by name.
absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes = int64_t{4} << 30);

// The same, unpacked where the content is gzip; `max_bytes` bounds the unpacked size too.
absl::StatusOr<std::string> ReadFileMaybeGzip(const std::string& path, int64_t max_bytes = int64_t{4} << 30);

// Unpacks gzip (RFC 1952, one or more members) in memory; `name` is for messages.
absl::StatusOr<std::string> UnpackGzip(const std::string& name, const std::string& bytes, int64_t max_bytes);

// Atomic and durable: a temporary file in the same folder, fsync, rename, fsync of the folder. Creates missing folders.
// Follows a symbolic link to the file it names, keeps that file's permissions, and refuses what is not a regular file.
// A process killed on the way leaves `path` as it was, and at most a hidden `.NAME.tmp-*` beside it.
absl::Status WriteFileAtomically(const std::string& path, const std::string& contents);

// SHA-256, 64 hex digits (FIPS 180-4); in pieces: sha256.h.
std::string Sha256(const std::string& bytes);

}  // namespace mote

#endif  // MOTE_DATASETS_FILE_H_
