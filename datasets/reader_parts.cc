#include "datasets/reader_parts.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mote {

std::string Quoted(std::string_view text) {
  constexpr size_t kLongest = 40;
  const bool cut = text.size() > kLongest;
  const std::string escaped = absl::Utf8SafeCEscape(absl::string_view(text.data(), std::min(text.size(), kLongest)));
  return absl::StrCat("'", escaped, cut ? "..." : "", "'");
}

std::string ShapeText(const std::vector<int64_t>& shape) { return absl::StrCat("[", absl::StrJoin(shape, ", "), "]"); }

std::string NameOfPath(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  const std::string file = slash == std::string::npos ? path : path.substr(slash + 1);
  const size_t dot = file.find('.', 1);
  return file.substr(0, dot);
}

std::vector<std::string> NumberedClasses(int64_t count) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < count; ++i) names.push_back(absl::StrCat(i));
  return names;
}

absl::Status AttachLabels(const std::string& path, const torch::Tensor& labels, Dataset& dataset) {
  if (labels.dim() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": labels have shape ", ShapeText(labels.sizes().vec()), "; they need [N], one a sample"));
  }
  if (labels.size(0) != dataset.size()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", labels.size(0), " labels for ", dataset.size(),
                                                   " samples; there must be one a sample"));
  }
  const torch::Tensor contiguous = labels.contiguous();
  const int64_t* values = contiguous.data_ptr<int64_t>();
  const int64_t limit = dataset.class_names.empty() ? kMaxClasses : static_cast<int64_t>(dataset.class_names.size());
  int64_t largest = 0;
  for (int64_t i = 0; i < contiguous.size(0); ++i) {
    if (values[i] < 0 || values[i] >= limit) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": sample ", i, ": label ", values[i], " is not in 0..", limit - 1));
    }
    largest = std::max(largest, values[i]);
  }
  dataset.labels = contiguous;
  if (dataset.class_names.empty()) dataset.class_names = NumberedClasses(largest + 1);
  return absl::OkStatus();
}

absl::StatusOr<Dataset> Finish(const std::string& path, Dataset dataset) {
  if (dataset.size() == 0) return absl::InvalidArgumentError(absl::StrCat(path, ": holds no samples"));
  if (auto status = Validate(dataset); !status.ok()) {
    return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
  }
  return dataset;
}

}  // namespace mote
