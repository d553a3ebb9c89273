#include "absl/strings/str_cat.h"
#include "datasets/file.h"
#include "datasets/reader_parts.h"
#include "datasets/readers.h"

// The format: A. Krizhevsky, "The CIFAR-10 dataset", binary version.
namespace mote {
namespace {

constexpr int64_t kSide = 32, kChannels = 3, kPlane = kSide * kSide, kPixels = kPlane * kChannels,
                  kRecord = 1 + kPixels;

absl::Status CheckFile(const std::string& path, const std::string& bytes) {
  const int64_t size = static_cast<int64_t>(bytes.size());
  if (size == 0) return absl::InvalidArgumentError(absl::StrCat(path, ": is empty; CIFAR-10 records have 3073 bytes"));
  if (size % kRecord != 0) {
    const char* hint = size % (kRecord + 1) == 0 ? " (CIFAR-100 records have 3074: is it that?)" : "";
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", size, " bytes are ", size / kRecord,
                                                   " CIFAR-10 records of 3073 bytes and ", size % kRecord,
                                                   " bytes more", hint, "; truncated, or not the binary version"));
  }
  for (int64_t r = 0; r < size / kRecord; ++r) {
    const int label = static_cast<uint8_t>(bytes[static_cast<size_t>(r * kRecord)]);
    if (label > 9) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": record ", r, " (byte ", r * kRecord, "): label ", label, " is not in 0..9"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Dataset> ReadCifar10(const std::vector<std::string>& paths, const ReadLimits& limits) {
  if (paths.empty()) return absl::InvalidArgumentError("CIFAR-10: no files given; name one data_batch_N.bin or more");
  std::vector<std::string> files;
  int64_t count = 0;
  for (const std::string& path : paths) {
    auto bytes = ReadFileMaybeGzip(path, limits.max_bytes);
    if (!bytes.ok()) return bytes.status();
    if (auto status = CheckFile(path, *bytes); !status.ok()) return status;
    count += static_cast<int64_t>(bytes->size()) / kRecord;
    files.push_back(*std::move(bytes));
  }
  Dataset dataset;
  dataset.name = NameOfPath(paths[0]);
  dataset.unit = "intensity, 0..1";
  dataset.class_names = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
  dataset.inputs = torch::empty({count, kSide, kSide, kChannels}, torch::kFloat32);
  dataset.labels = torch::empty({count}, torch::kInt64);
  float* to = dataset.inputs.data_ptr<float>();
  int64_t* label = dataset.labels.data_ptr<int64_t>();
  for (const std::string& bytes : files) {
    const uint8_t* record = reinterpret_cast<const uint8_t*>(bytes.data());
    for (const uint8_t* end = record + bytes.size(); record != end; record += kRecord) {
      *label++ = record[0];
      for (int64_t pixel = 0; pixel < kPlane; ++pixel) {
        for (int64_t c = 0; c < kChannels; ++c) *to++ = static_cast<float>(record[1 + c * kPlane + pixel]) / 255.0f;
      }
    }
  }
  return Finish(paths[0], std::move(dataset));
}

}  // namespace mote
