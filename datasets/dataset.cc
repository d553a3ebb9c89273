#include "datasets/dataset.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "datasets/reader_parts.h"
#include "datasets/sha256.h"

namespace mote {
namespace {

absl::Status CheckFloats(const char* what, const torch::Tensor& tensor) {
  if (tensor.scalar_type() != torch::kFloat32 || !tensor.device().is_cpu() || !tensor.is_contiguous()) {
    return absl::InvalidArgumentError(absl::StrCat(what, " are ", torch::toString(tensor.scalar_type()),
                                                   tensor.is_contiguous() ? "" : ", not contiguous",
                                                   "; they must be float32, contiguous, in main memory"));
  }
  if (tensor.dim() < 1) return absl::InvalidArgumentError(absl::StrCat(what, " are a scalar; they must be [N, ...]"));
  // Block by block without a branch a value, so that the usual case, all finite, is a vector loop.
  const float* values = tensor.data_ptr<float>();
  const int64_t count = tensor.numel();
  constexpr int64_t kBlock = 4096;
  for (int64_t begin = 0; begin < count; begin += kBlock) {
    const int64_t end = std::min(count, begin + kBlock);
    int bad = 0;
    for (int64_t i = begin; i < end; ++i) bad |= !std::isfinite(values[i]);
    if (bad == 0) continue;
    int64_t i = begin;
    while (std::isfinite(values[i])) ++i;
    const int64_t per_sample = count / tensor.size(0);
    return absl::InvalidArgumentError(absl::StrCat("sample ", i / per_sample, ", value ", i % per_sample, " of its ",
                                                   what, ": ", values[i], " is not a finite float32"));
  }
  return absl::OkStatus();
}

void AddNumber(Sha256Stream& sha, int64_t value) {
  uint8_t bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * i));
  sha.Update(bytes, 8);
}

void AddText(Sha256Stream& sha, const std::string& text) {
  AddNumber(sha, static_cast<int64_t>(text.size()));
  sha.Update(text.data(), text.size());
}

void AddTexts(Sha256Stream& sha, const std::vector<std::string>& texts) {
  AddNumber(sha, static_cast<int64_t>(texts.size()));
  for (const std::string& text : texts) AddText(sha, text);
}

void AddTensor(Sha256Stream& sha, const torch::Tensor& tensor) {
  AddNumber(sha, tensor.defined() ? tensor.dim() : -1);
  if (!tensor.defined()) return;
  for (int64_t size : tensor.sizes()) AddNumber(sha, size);
  AddText(sha, torch::toString(tensor.scalar_type()));
  const torch::Tensor contiguous = tensor.contiguous();
  sha.Update(contiguous.data_ptr(), contiguous.nbytes());
}

}  // namespace

Dataset Select(const Dataset& dataset, const torch::Tensor& indices) {
  Dataset result = dataset;
  for (torch::Tensor Dataset::*part : {&Dataset::inputs, &Dataset::labels, &Dataset::targets}) {
    if ((dataset.*part).defined()) result.*part = (dataset.*part).index_select(0, indices).contiguous();
  }
  return result;
}

absl::Status Validate(const Dataset& dataset) {
  if (!dataset.inputs.defined()) return absl::InvalidArgumentError("the dataset has no inputs");
  if (auto status = CheckFloats("inputs", dataset.inputs); !status.ok()) return status;
  const int64_t size = dataset.size();
  if (dataset.targets.defined()) {
    if (auto status = CheckFloats("targets", dataset.targets); !status.ok()) return status;
    if (dataset.targets.size(0) != size) {
      return absl::InvalidArgumentError(
          absl::StrCat(dataset.targets.size(0), " targets for ", size, " samples; there must be one a sample"));
    }
  }
  if (dataset.labels.defined()) {
    if (dataset.labels.scalar_type() != torch::kInt64 || dataset.labels.dim() != 1 || !dataset.labels.is_contiguous()) {
      return absl::InvalidArgumentError(absl::StrCat("labels are ", torch::toString(dataset.labels.scalar_type()), " ",
                                                     ShapeText(dataset.labels.sizes().vec()),
                                                     "; they must be int64 [N]"));
    }
    if (dataset.class_names.empty()) return absl::InvalidArgumentError("there are labels but no class names");
    Dataset copy = dataset;  // tensors are shared
    if (auto status = AttachLabels("labels", dataset.labels, copy); !status.ok()) return status;
  } else if (!dataset.class_names.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are ", dataset.class_names.size(), " class names but no labels"));
  }
  std::set<std::string> seen;
  for (const std::string& name : dataset.class_names) {
    if (!seen.insert(name).second) {
      return absl::InvalidArgumentError(absl::StrCat("class name ", Quoted(name), " is there twice"));
    }
  }
  if (!dataset.feature_names.empty() &&
      (dataset.inputs.dim() < 2 || static_cast<int64_t>(dataset.feature_names.size()) != dataset.inputs.size(-1))) {
    return absl::InvalidArgumentError(absl::StrCat(dataset.feature_names.size(), " feature names for inputs of shape ",
                                                   ShapeText(dataset.inputs.sizes().vec()),
                                                   "; there must be one a value of the last dimension"));
  }
  return absl::OkStatus();
}

std::string Fingerprint(const Dataset& dataset) {
  Sha256Stream sha;
  AddText(sha, dataset.name);
  AddText(sha, dataset.unit);
  AddTexts(sha, dataset.class_names);
  AddTexts(sha, dataset.feature_names);
  AddTensor(sha, dataset.inputs);
  AddTensor(sha, dataset.labels);
  AddTensor(sha, dataset.targets);
  return sha.HexDigest();
}

}  // namespace mote
