#include "datasets/zip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "datasets/reader_parts.h"

namespace mote {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50, kEndRecord = 0x06054b50;
constexpr size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22;
constexpr uint16_t kEncrypted = 1, kUtf8 = 0x0800;
constexpr uint16_t kStored = 0, kDeflated = 8;

uint32_t Get16(std::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]) | static_cast<uint32_t>(static_cast<uint8_t>(bytes[at + 1])) << 8;
}
uint32_t Get32(std::string_view bytes, size_t at) { return Get16(bytes, at) | Get16(bytes, at + 2) << 16; }

void Put16(std::string& out, uint32_t value) {
  out += static_cast<char>(value & 0xff);
  out += static_cast<char>(value >> 8 & 0xff);
}
void Put32(std::string& out, uint32_t value) {
  Put16(out, value & 0xffff);
  Put16(out, value >> 16);
}

uint32_t Crc(std::string_view bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

struct Entry {
  std::string name;
  uint16_t method;
  uint32_t crc;
  uint32_t packed_size;
  uint32_t size;
  uint32_t offset;  // of the local header
};

class ZipReader {
 public:
  ZipReader(const std::string& path, std::string_view bytes, int64_t max_bytes)
      : path_(path), bytes_(bytes), max_bytes_(max_bytes) {}

  absl::StatusOr<ZipEntries> Read() {
    if (auto status = FindDirectory(); !status.ok()) return status;
    if (auto status = ReadDirectory(); !status.ok()) return status;
    ZipEntries result;
    for (const Entry& entry : entries_) {
      auto contents = Unpack(entry);
      if (!contents.ok()) return contents.status();
      result.emplace_back(entry.name, *std::move(contents));
    }
    return result;
  }

 private:
  template <typename... Parts>
  absl::Status Error(const Parts&... parts) const {
    return absl::InvalidArgumentError(absl::StrCat(path_, ": ", parts...));
  }

  // The end record is the last thing in the file but for a comment of up to 65,535 bytes, whose length it states.
  absl::Status FindDirectory() {
    if (bytes_.size() < 4 || (Get32(bytes_, 0) != kLocalHeader && Get32(bytes_, 0) != kEndRecord)) {
      return Error("is not a ZIP archive (.npz); it does not begin with 'PK'");
    }
    size_t end = std::string_view::npos;
    for (size_t back = kEndSize; back <= std::min(bytes_.size(), kEndSize + 0xffff); ++back) {
      const size_t at = bytes_.size() - back;
      if (Get32(bytes_, at) == kEndRecord && Get16(bytes_, at + 20) == back - kEndSize) {
        end = at;
        break;
      }
    }
    if (end == std::string_view::npos) return Error("ZIP archive has no end record; the file is truncated");
    count_ = Get16(bytes_, end + 10);
    const uint32_t size = Get32(bytes_, end + 12), offset = Get32(bytes_, end + 16);
    if (count_ == 0xffff || size == 0xffffffff || offset == 0xffffffff) {
      return Error("ZIP64 archives are not supported; keep arrays and archive below 4 GiB");
    }
    if (Get16(bytes_, end + 4) != 0 || Get16(bytes_, end + 6) != 0 || Get16(bytes_, end + 8) != count_) {
      return Error("ZIP archive of several disks; it must be in one file");
    }
    if (uint64_t{offset} + size != end) {
      return Error("byte ", end, ": ZIP directory of ", size, " bytes at byte ", offset,
                   " does not end here; the file is damaged");
    }
    directory_ = offset;
    directory_end_ = end;
    return absl::OkStatus();
  }

  absl::Status ReadDirectory() {
    size_t at = directory_;
    int64_t total = 0;
    std::set<std::string> names;
    for (uint32_t i = 0; i < count_; ++i) {
      if (directory_end_ - at < kCentralSize || Get32(bytes_, at) != kCentralHeader) {
        return Error("byte ", at, ": entry ", i, " of ", count_,
                     " is missing in the ZIP directory; the file is damaged");
      }
      const size_t name_size = Get16(bytes_, at + 28);
      const size_t record = kCentralSize + name_size + Get16(bytes_, at + 30) + Get16(bytes_, at + 32);
      if (directory_end_ - at < record) {
        return Error("byte ", at, ": entry ", i, " runs over the end of the ZIP directory; the file is damaged");
      }
      const uint32_t flags = Get16(bytes_, at + 8);
      Entry entry{std::string(bytes_.substr(at + kCentralSize, name_size)),
                  static_cast<uint16_t>(Get16(bytes_, at + 10)),
                  Get32(bytes_, at + 16),
                  Get32(bytes_, at + 20),
                  Get32(bytes_, at + 24),
                  Get32(bytes_, at + 42)};
      const std::string quoted = Quoted(entry.name);
      if (!names.insert(entry.name).second) return Error("entry ", quoted, " is there twice");
      if (flags & kEncrypted) return Error("entry ", quoted, " is encrypted; store it without a password");
      if (entry.method != kStored && entry.method != kDeflated) {
        return Error("entry ", quoted, " is packed with method ", entry.method, "; store or deflate it");
      }
      if (entry.size == 0xffffffff || entry.packed_size == 0xffffffff || entry.offset == 0xffffffff) {
        return Error("entry ", quoted, " needs ZIP64, which is not supported; keep it below 4 GiB");
      }
      // Deflate cannot pack below 1 byte for 1,032: a larger claim is a lie, refused before memory is taken for it.
      const bool possible =
          entry.method == kStored ? entry.size == entry.packed_size : entry.size <= uint64_t{entry.packed_size} * 1032;
      if (!possible) {
        return Error("entry ", quoted, " claims ", entry.size, " bytes from ", entry.packed_size,
                     " packed ones; the file is damaged");
      }
      total += entry.size;
      if (total > max_bytes_) {
        return absl::ResourceExhaustedError(absl::StrCat(path_, ": entry ", quoted, ": ", total,
                                                         " bytes unpacked; the limit is ", max_bytes_, " bytes"));
      }
      entries_.push_back(std::move(entry));
      at += record;
    }
    if (at != directory_end_) return Error("byte ", at, ": ZIP directory holds more than its ", count_, " entries");
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Unpack(const Entry& entry) const {
    const std::string quoted = Quoted(entry.name);
    const uint64_t at = entry.offset;
    if (at + kLocalSize > directory_ || Get32(bytes_, at) != kLocalHeader) {
      return Error("byte ", at, ": entry ", quoted, " has no local header here; the file is damaged");
    }
    const uint64_t name_size = Get16(bytes_, at + 26);
    const uint64_t data = at + kLocalSize + name_size + Get16(bytes_, at + 28);
    if (data + entry.packed_size > directory_) {
      return Error("byte ", at, ": entry ", quoted, " runs into the ZIP directory; the file is damaged");
    }
    if (bytes_.substr(at + kLocalSize, name_size) != entry.name) {
      return Error("byte ", at, ": entry ", quoted, " has another name in its local header; the file is damaged");
    }
    const std::string_view packed = bytes_.substr(data, entry.packed_size);
    std::string contents;
    if (entry.method == kStored) {
      contents = std::string(packed);
    } else if (!Inflate(packed, entry.size, contents)) {
      return Error("byte ", data, ": entry ", quoted, ": deflated data is damaged or not of ", entry.size, " bytes");
    }
    if (Crc(contents) != entry.crc) return Error("entry ", quoted, ": CRC-32 is wrong; the file is damaged");
    return contents;
  }

  // Exactly `size` bytes, the packed ones used up.
  static bool Inflate(std::string_view packed, uint32_t size, std::string& contents) {
    z_stream stream = {};
    if (inflateInit2(&stream, -15) != Z_OK) return false;
    contents.resize(size);
    char none = 0;
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(size == 0 ? &none : contents.data());
    stream.avail_out = size;
    const int result = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    return result == Z_STREAM_END && stream.avail_in == 0 && stream.avail_out == 0;
  }

  const std::string& path_;
  const std::string_view bytes_;
  const int64_t max_bytes_;
  uint32_t count_ = 0;
  size_t directory_ = 0, directory_end_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace

absl::StatusOr<ZipEntries> ReadZip(const std::string& path, const std::string& bytes, int64_t max_bytes) {
  return ZipReader(path, bytes, max_bytes).Read();
}

absl::StatusOr<std::string> FormatZip(const std::string& path, const ZipEntries& entries) {
  constexpr uint64_t kLargest = std::numeric_limits<uint32_t>::max() - 1;
  if (entries.size() >= 0xffff) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", entries.size(), " entries; a ZIP archive holds 65534"));
  }
  std::string out, directory;
  for (const auto& [name, contents] : entries) {
    if (name.size() > 0xffff || contents.size() > kLargest || out.size() > kLargest) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": entry ", Quoted(name), " does not fit; a ZIP archive holds 4 GiB"));
    }
    std::string common;  // what local and central header share
    Put16(common, 20);   // version 2.0
    Put16(common, kUtf8);
    Put16(common, kStored);
    Put16(common, 0);           // time
    Put16(common, 1 << 5 | 1);  // 1980-01-01
    Put32(common, Crc(contents));
    Put32(common, static_cast<uint32_t>(contents.size()));
    Put32(common, static_cast<uint32_t>(contents.size()));
    Put16(common, static_cast<uint32_t>(name.size()));
    Put16(common, 0);  // extra field
    Put32(directory, kCentralHeader);
    Put16(directory, 20);
    directory += common;
    Put16(directory, 0);  // comment
    Put16(directory, 0);  // disk
    Put16(directory, 0);  // internal attributes
    Put32(directory, 0);  // external attributes
    Put32(directory, static_cast<uint32_t>(out.size()));
    directory += name;
    Put32(out, kLocalHeader);
    out += common;
    out += name;
    out += contents;
  }
  const uint64_t offset = out.size();
  if (offset + directory.size() > kLargest) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", offset, " bytes; a ZIP archive holds 4 GiB"));
  }
  out += directory;
  Put32(out, kEndRecord);
  Put32(out, 0);  // disks
  Put16(out, static_cast<uint32_t>(entries.size()));
  Put16(out, static_cast<uint32_t>(entries.size()));
  Put32(out, static_cast<uint32_t>(directory.size()));
  Put32(out, static_cast<uint32_t>(offset));
  Put16(out, 0);  // comment
  return out;
}

}  // namespace mote
