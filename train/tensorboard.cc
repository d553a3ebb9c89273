#include "train/tensorboard.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace mote {
namespace {

constexpr std::string_view kNameStem = "events.out.tfevents.";

// Field numbers of Event, Summary, Summary.Value and SessionLog.
enum EventField : uint32_t { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7 };
enum SummaryField : uint32_t { kValue = 1 };
enum ValueField : uint32_t { kTag = 1, kSimpleValue = 2 };
enum SessionLogField : uint32_t { kStatus = 1 };
constexpr uint64_t kStatusStart = 1;

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

template <typename Integer>
void AppendLittleEndian(std::string& into, Integer value) {
  for (size_t i = 0; i < sizeof(value); ++i) into.push_back(static_cast<char>(value >> (8 * i)));
}

void AppendVarint(std::string& into, uint64_t value) {
  for (; value >= 0x80; value >>= 7) into.push_back(static_cast<char>(value | 0x80));
  into.push_back(static_cast<char>(value));
}

void AppendKey(std::string& into, uint32_t field, WireType type) { AppendVarint(into, field << 3 | type); }

void AppendBytes(std::string& into, uint32_t field, std::string_view bytes) {
  AppendKey(into, field, kBytes);
  AppendVarint(into, bytes.size());
  into.append(bytes);
}

std::string EventHead(int64_t step) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  std::string event;
  AppendKey(event, kWallTime, kFixed64);
  AppendLittleEndian(event, std::bit_cast<uint64_t>(now.count()));
  AppendKey(event, kStep, kVarint);
  AppendVarint(event, static_cast<uint64_t>(step));
  return event;
}

// A checksum of a record that holds a checksum is weak, hence the mask (TensorFlow's tsl/lib/hash/crc32c.h).
uint32_t MaskedCrc(const std::string& bytes) {
  const uint32_t crc = Crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

absl::Status SystemError(const std::string& what) {
  return absl::InternalError(absl::StrCat(what, ": ", std::strerror(errno)));
}

}  // namespace

uint32_t Crc32c(const std::string& bytes) {
  static const std::array<uint32_t, 256> kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0x82f63b78u : 0u);
      table[i] = value;
    }
    return table;
  }();
  uint32_t crc = 0xffffffffu;
  for (const char byte : bytes) crc = crc >> 8 ^ kTable[(crc ^ static_cast<uint8_t>(byte)) & 0xff];
  return ~crc;
}

absl::StatusOr<std::unique_ptr<TensorBoardWriter>> TensorBoardWriter::Open(const std::string& dir, int64_t first_step) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return absl::InternalError(absl::StrCat("tensorboard folder '", dir, "': ", error.message()));
  // TensorBoard reads a folder's files in the order of their names: seconds, then whatever follows. Ours come behind
  // all that are there, even where the clock was set back or a run is resumed within a second.
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  int64_t number = 0;
  std::string last;
  for (fs::directory_iterator entry(dir, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(kNameStem)) continue;
    ++number;
    last = std::max(last, name);
  }
  if (error) return absl::InternalError(absl::StrCat("tensorboard folder '", dir, "': ", error.message()));
  if (!last.empty()) seconds = std::max<int64_t>(seconds, std::strtoll(last.c_str() + kNameStem.size(), nullptr, 10));
  std::string path;
  int file = -1;
  do {
    const auto name_at = [&](int64_t when) {
      return absl::StrFormat("%s%010d.%06d.mote", std::string(kNameStem), when, number);
    };
    if (name_at(seconds) <= last) ++seconds;  // another writer's file of the same second
    const std::string name = name_at(seconds);
    ++number;
    path = (fs::path(dir) / name).string();
    file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
  } while (file < 0 && errno == EEXIST);
  if (file < 0) return SystemError(absl::StrCat("event file '", path, "'"));
  std::unique_ptr<TensorBoardWriter> writer(new TensorBoardWriter(path, file));

  std::string version = EventHead(0);
  AppendBytes(version, kFileVersion, "brain.Event:2");
  if (absl::Status status = writer->Write(version); !status.ok()) return status;
  std::string session;
  AppendKey(session, kStatus, kVarint);
  AppendVarint(session, kStatusStart);
  std::string start = EventHead(first_step);
  AppendBytes(start, kSessionLog, session);
  if (absl::Status status = writer->Write(start); !status.ok()) return status;
  return writer;
}

TensorBoardWriter::~TensorBoardWriter() { close(file_); }

absl::Status TensorBoardWriter::Scalars(int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  std::string summary;
  for (const auto& [tag, number] : values) {
    std::string value;
    AppendBytes(value, kTag, tag);
    AppendKey(value, kSimpleValue, kFixed32);
    AppendLittleEndian(value, std::bit_cast<uint32_t>(static_cast<float>(number)));
    AppendBytes(summary, kValue, value);
  }
  std::string event = EventHead(step);
  AppendBytes(event, kSummary, summary);
  return Write(event);
}

absl::Status TensorBoardWriter::Write(const std::string& event) {
  std::string record;
  AppendLittleEndian(record, static_cast<uint64_t>(event.size()));
  AppendLittleEndian(record, MaskedCrc(record));
  record.append(event);
  AppendLittleEndian(record, MaskedCrc(event));
  // One write for the whole record: a process that is killed leaves all of it or none.
  size_t done = 0;
  while (done < record.size()) {
    const ssize_t written = write(file_, record.data() + done, record.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError(absl::StrCat("event file '", path_, "'"));
    done += static_cast<size_t>(written);
  }
  return absl::OkStatus();
}

}  // namespace mote
