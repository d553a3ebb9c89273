#include "train/loss.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "torch/types.h"
#include "torch/utils.h"
#include "train/fit.h"

namespace mote {
namespace {

int64_t CountRight(const torch::Tensor& outputs, const torch::Tensor& labels) {
  const torch::Tensor rows = outputs.detach().reshape({outputs.size(0), -1}).contiguous();
  const torch::Tensor wanted = labels.contiguous();
  const int64_t* label = wanted.const_data_ptr<int64_t>();
  const int64_t classes = rows.size(1);
  int64_t right = 0;
  AT_DISPATCH_ALL_TYPES_AND2(at::kHalf, at::kBFloat16, rows.scalar_type(), "Accuracy", [&] {
    const scalar_t* row = rows.const_data_ptr<scalar_t>();
    for (int64_t i = 0; i < rows.size(0); ++i, row += classes) {
      // std::max_element gives the first of equals.
      right += std::max_element(row, row + classes) - row == label[i];
    }
  });
  return right;
}

torch::Tensor Reshaped(const torch::Tensor& expected, const torch::Tensor& outputs) {
  return expected.sizes() == outputs.sizes() ? expected : expected.reshape(outputs.sizes());
}

std::string ShapeText(const torch::Tensor& tensor) {
  return absl::StrCat("[", absl::StrJoin(tensor.sizes(), ", "), "]");
}

}  // namespace

const char* MetricName(Task task) {
  switch (task) {
    case Task::kClassification:
      return "accuracy";
    case Task::kRegression:
      return "mean absolute error";
    case Task::kReconstruction:
      return "mean squared error";
  }
  return "";
}

const torch::Tensor& Expected(const Dataset& data, Task task) {
  switch (task) {
    case Task::kClassification:
      return data.labels;
    case Task::kRegression:
      return data.targets;
    case Task::kReconstruction:
      break;
  }
  return data.inputs;
}

absl::Status CheckOutputs(const torch::Tensor& outputs, const torch::Tensor& expected, Task task) {
  if (!outputs.defined() || outputs.dim() < 1 || outputs.size(0) != expected.size(0)) {
    return absl::InvalidArgumentError(absl::StrCat("the model puts out ",
                                                   outputs.defined() ? ShapeText(outputs) : "nothing", " for ",
                                                   expected.size(0), " samples; one row a sample is right"));
  }
  if (task == Task::kClassification) {
    if (outputs.dim() != 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("the model puts out ", ShapeText(outputs), "; classification takes [samples, classes]"));
    }
    return absl::OkStatus();
  }
  if (outputs.numel() != expected.numel()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the model puts out ", ShapeText(outputs), ", but ",
                     task == Task::kRegression ? "the targets are " : "the inputs to reconstruct are ",
                     ShapeText(expected), "; as many values a sample are right"));
  }
  return absl::OkStatus();
}

double MetricSum(const torch::Tensor& outputs, const torch::Tensor& expected, Task task) {
  if (task == Task::kClassification) return static_cast<double>(CountRight(outputs, expected));
  const torch::NoGradGuard no_grad;
  const torch::Tensor difference = outputs.detach() - Reshaped(expected, outputs);
  const torch::Tensor error = task == Task::kRegression ? difference.abs() : difference.square();
  const double values_a_sample = static_cast<double>(std::max<int64_t>(1, error.numel() / outputs.size(0)));
  return error.sum(torch::kFloat64).item<double>() / values_a_sample;
}

double Accuracy(const torch::Tensor& outputs, const torch::Tensor& labels) {
  if (!outputs.defined() || outputs.size(0) == 0) return std::nan("");
  return static_cast<double>(CountRight(outputs, labels)) / static_cast<double>(outputs.size(0));
}

torch::Tensor Loss(const torch::Tensor& outputs, const torch::Tensor& expected, const FitOptions& options) {
  if (options.task != Task::kClassification) return torch::mse_loss(outputs, Reshaped(expected, outputs));
  torch::Tensor weights;
  if (!options.class_weights.empty()) {
    weights = torch::tensor(options.class_weights, torch::TensorOptions().dtype(outputs.scalar_type()));
  }
  return torch::cross_entropy_loss(outputs, expected, weights, at::Reduction::Mean, /*ignore_index=*/-100,
                                   options.label_smoothing);
}

absl::StatusOr<Metrics> Evaluate(Trainable& model, const Dataset& data, Task task, int batch_size) {
  if (data.size() == 0) {
    return absl::InvalidArgumentError(absl::StrCat("evaluate: dataset '", data.name, "' holds no samples"));
  }
  if (batch_size < 1) {
    return absl::InvalidArgumentError(absl::StrCat("evaluate: batch_size is ", batch_size, "; 1 or more is right"));
  }
  const torch::Tensor& expected = Expected(data, task);
  if (!expected.defined()) {
    return absl::InvalidArgumentError(absl::StrCat("evaluate: dataset '", data.name, "' has no ",
                                                   task == Task::kClassification ? "labels" : "targets"));
  }
  try {
    const torch::NoGradGuard no_grad;
    FitOptions plain;
    plain.task = task;
    Metrics metrics;
    std::vector<torch::Tensor> predictions;
    for (int64_t begin = 0; begin < data.size(); begin += batch_size) {
      const int64_t count = std::min<int64_t>(batch_size, data.size() - begin);
      const torch::Tensor inputs = data.inputs.narrow(0, begin, count);
      const torch::Tensor wanted = expected.narrow(0, begin, count);
      const torch::Tensor outputs = model.Forward(inputs, /*training=*/false);
      if (absl::Status status = CheckOutputs(outputs, wanted, task); !status.ok()) return status;
      metrics.loss += Loss(outputs, wanted, plain).item<double>() * static_cast<double>(count);
      predictions.push_back(model.Predict(inputs));
      if (absl::Status status = CheckOutputs(predictions.back(), wanted, task); !status.ok()) return status;
      metrics.metric += MetricSum(predictions.back(), wanted, task);
    }
    metrics.loss /= static_cast<double>(data.size());
    metrics.metric /= static_cast<double>(data.size());
    metrics.predictions = torch::cat(predictions);
    return metrics;
  } catch (const std::exception& error) {
    const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
    const std::string text = torch_error != nullptr ? torch_error->what_without_backtrace() : error.what();
    return absl::InternalError(absl::StrCat("evaluate: dataset '", data.name, "': ", text.substr(0, text.find('\n'))));
  }
}

}  // namespace mote
