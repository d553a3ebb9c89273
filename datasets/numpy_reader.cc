#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/numpy_file.h"
#include "datasets/reader_parts.h"
#include "datasets/readers.h"

namespace mote {
namespace {

absl::StatusOr<torch::Tensor> ToInputs(const std::string& place, const torch::Tensor& tensor) {
  if (tensor.dim() < 2) {
    return absl::InvalidArgumentError(absl::StrCat(place, ": inputs have shape ", ShapeText(tensor.sizes().vec()),
                                                   "; they need [N, ...], such as [N, 1] for one value a sample"));
  }
  if (tensor.size(0) > 0 && tensor.numel() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(place, ": inputs have shape ", ShapeText(tensor.sizes().vec()), "; samples must hold values"));
  }
  return tensor.to(torch::kFloat32).contiguous();
}

bool IsInteger(const torch::Tensor& tensor) {
  return torch::isIntegralType(tensor.scalar_type(), /*includeBool=*/true);
}

// The one array of `tensors` under either name, or null.
absl::StatusOr<const torch::Tensor*> Find(const std::string& path, const std::map<std::string, torch::Tensor>& tensors,
                                          const char* name, const char* other) {
  const auto first = tensors.find(name), second = tensors.find(other);
  if (first != tensors.end() && second != tensors.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": has both '", name, "' and '", other, "'; one of them is right"));
  }
  if (first != tensors.end()) return &first->second;
  return second != tensors.end() ? &second->second : nullptr;
}

}  // namespace

absl::StatusOr<Dataset> ReadNpy(const std::string& inputs_path, const std::string& labels_path,
                                const ReadLimits& limits) {
  auto tensor = ReadNpyTensor(inputs_path, limits.max_bytes);
  if (!tensor.ok()) return tensor.status();
  auto inputs = ToInputs(inputs_path, *tensor);
  if (!inputs.ok()) return inputs.status();
  Dataset dataset;
  dataset.name = NameOfPath(inputs_path);
  dataset.inputs = *inputs;
  if (!labels_path.empty()) {
    auto labels = ReadNpyTensor(labels_path, limits.max_bytes);
    if (!labels.ok()) return labels.status();
    if (!IsInteger(*labels)) {
      return absl::InvalidArgumentError(absl::StrCat(labels_path, ": labels are ",
                                                     torch::toString(labels->scalar_type()),
                                                     "; they must be integers, 0..classes-1"));
    }
    if (auto status = AttachLabels(labels_path, labels->to(torch::kInt64), dataset); !status.ok()) return status;
  }
  return Finish(inputs_path, std::move(dataset));
}

absl::StatusOr<Dataset> ReadNpz(const std::string& path, const ReadLimits& limits) {
  auto tensors = ReadNpzTensors(path, limits.max_bytes);
  if (!tensors.ok()) return tensors.status();
  std::vector<std::string> names;
  bool known = true;
  for (const auto& [name, tensor] : *tensors) {
    names.push_back(Quoted(name));
    known = known && (name == "x" || name == "inputs" || name == "y" || name == "labels");
  }
  auto x = Find(path, *tensors, "x", "inputs");
  if (!x.ok()) return x.status();
  auto y = Find(path, *tensors, "y", "labels");
  if (!y.ok()) return y.status();
  if (*x == nullptr || !known) {  // an array that is not understood may be misspelt labels
    return absl::InvalidArgumentError(absl::StrCat(path, ": holds arrays ", absl::StrJoin(names, ", "),
                                                   "; 'x' or 'inputs', and 'y' or 'labels', are right"));
  }
  auto inputs = ToInputs(path + ": 'x'", **x);
  if (!inputs.ok()) return inputs.status();
  Dataset dataset;
  dataset.name = NameOfPath(path);
  dataset.inputs = *inputs;
  if (*y != nullptr && IsInteger(**y)) {
    if (auto status = AttachLabels(path + ": 'y'", (*y)->to(torch::kInt64), dataset); !status.ok()) return status;
  } else if (*y != nullptr) {
    if ((*y)->dim() == 0)
      return absl::InvalidArgumentError(absl::StrCat(path, ": 'y' is one number; it needs [N, ...]"));
    dataset.targets = (*y)->to(torch::kFloat32).contiguous();
    if (dataset.targets.dim() == 1) dataset.targets = dataset.targets.unsqueeze(1);
  }
  return Finish(path, std::move(dataset));
}

}  // namespace mote
