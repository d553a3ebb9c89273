#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "datasets/file.h"
#include "datasets/reader_parts.h"
#include "datasets/readers.h"

// The format: Y. LeCun, "The MNIST database": magic 0, 0, element type, rank; sizes, big-endian; bytes, row-major.
namespace mote {
namespace {

constexpr uint32_t kImages = 0x00000803, kLabels = 0x00000801;  // unsigned bytes; rank 3, rank 1

uint32_t BigEndian32(const std::string& bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = at; i < at + 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

// The sizes in the header, once magic and length of the file have been found right.
absl::StatusOr<std::vector<int64_t>> ReadSizes(const std::string& path, const std::string& bytes, uint32_t magic) {
  const char* what = magic == kImages ? "images" : "labels";
  const size_t rank = magic & 0xff, header = 4 + 4 * rank;
  if (bytes.size() < header) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", bytes.size(), " bytes; the header alone of IDX ", what, " has ", header));
  }
  const uint32_t found = BigEndian32(bytes, 0);
  if (found != magic) {
    const char* swapped = found == kImages   ? " (images: are the two paths swapped?)"
                          : found == kLabels ? " (labels: are the two paths swapped?)"
                                             : "";
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: IDX magic is 0x%08x%s; %s have 0x%08x", path, found, swapped, what, magic));
  }
  std::vector<int64_t> sizes;
  int64_t expected = 1;
  for (size_t d = 0; d < rank; ++d) {
    sizes.push_back(BigEndian32(bytes, 4 + 4 * d));
    if (sizes.back() == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": byte ", 4 + 4 * d, ": IDX size ", d, " is 0; it must be 1 or more"));
    }
    if (__builtin_mul_overflow(expected, sizes.back(), &expected)) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": IDX sizes multiply to more than 64 bits count; the header is damaged"));
    }
  }
  const int64_t data = static_cast<int64_t>(bytes.size() - header);
  if (data != expected) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": IDX header says ", ShapeText(sizes), ", ", expected,
                                                   " bytes of ", what, "; the file has ", data,
                                                   data < expected ? ": it is truncated" : ": it is too long"));
  }
  return sizes;
}

}  // namespace

absl::StatusOr<Dataset> ReadIdx(const std::string& images_path, const std::string& labels_path,
                                const ReadLimits& limits) {
  auto images = ReadFileMaybeGzip(images_path, limits.max_bytes);
  if (!images.ok()) return images.status();
  auto sizes = ReadSizes(images_path, *images, kImages);
  if (!sizes.ok()) return sizes.status();
  const int64_t count = (*sizes)[0];
  Dataset dataset;
  dataset.name = NameOfPath(images_path);
  dataset.unit = "intensity, 0..1";
  dataset.inputs = torch::empty({count, (*sizes)[1], (*sizes)[2], 1}, torch::kFloat32);
  float* to = dataset.inputs.data_ptr<float>();
  const uint8_t* from = reinterpret_cast<const uint8_t*>(images->data()) + 16;
  for (int64_t i = 0; i < dataset.inputs.numel(); ++i) to[i] = static_cast<float>(from[i]) / 255.0f;
  if (!labels_path.empty()) {
    auto labels = ReadFileMaybeGzip(labels_path, limits.max_bytes);
    if (!labels.ok()) return labels.status();
    auto label_sizes = ReadSizes(labels_path, *labels, kLabels);
    if (!label_sizes.ok()) return label_sizes.status();
    const torch::Tensor bytes = torch::from_blob(labels->data() + 8, {(*label_sizes)[0]}, torch::kUInt8);
    if (auto status = AttachLabels(labels_path, bytes.to(torch::kInt64), dataset); !status.ok()) return status;
  }
  return Finish(images_path, std::move(dataset));
}

}  // namespace mote
