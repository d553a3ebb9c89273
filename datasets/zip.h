// ZIP archives in memory, as NumPy's .npz needs them (PKWARE APPNOTE 6.3): stored or deflated entries, no encryption,
// one disk, no ZIP64 in the central directory. Strict: the central directory is believed only where the file bears it
// out.
#ifndef MOTE_DATASETS_ZIP_H_
#define MOTE_DATASETS_ZIP_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace mote {

using ZipEntries = std::vector<std::pair<std::string, std::string>>;  // name, contents

// All entries in the directory's order, unpacked, CRC checked. `max_bytes` bounds the sum of their unpacked sizes, and
// is checked before anything is unpacked. `path` is for messages.
absl::StatusOr<ZipEntries> ReadZip(const std::string& path, const std::string& bytes, int64_t max_bytes);

// Entries stored, dates fixed at 1980-01-01: the same entries give the same bytes.
absl::StatusOr<std::string> FormatZip(const std::string& path, const ZipEntries& entries);

}  // namespace mote

#endif  // MOTE_DATASETS_ZIP_H_
