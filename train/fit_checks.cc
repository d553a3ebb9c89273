#include "train/fit_checks.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"
#include "torch/types.h"

namespace mote {
namespace {

template <typename Value>
absl::Status Wrong(const char* option, const Value& value, const char* right) {
  return absl::InvalidArgumentError(absl::StrCat("fit: ", option, " is ", value, "; ", right));
}

// Written so that a NaN fails them.
bool IsPositive(double value) { return value > 0 && std::isfinite(value); }
bool IsAtLeastZero(double value) { return value >= 0 && std::isfinite(value); }
bool IsBelowOne(double value) { return value >= 0 && value < 1; }

absl::Status CheckOptimizer(const OptimizerOptions& options) {
  if (!IsPositive(options.learning_rate)) {
    return Wrong("optimizer.learning_rate", options.learning_rate, "a finite number above 0 is right");
  }
  if (!IsAtLeastZero(options.weight_decay))
    return Wrong("optimizer.weight_decay", options.weight_decay, "0 or more is right");
  if (options.kind == OptimizerOptions::Kind::kSgd) {
    if (!IsBelowOne(options.momentum))
      return Wrong("optimizer.momentum", options.momentum, "0 up to less than 1 is right");
    if (options.nesterov && options.momentum == 0) {
      return Wrong("optimizer.nesterov", "true", "it needs a momentum above 0");
    }
    return absl::OkStatus();
  }
  if (!IsBelowOne(options.beta1)) return Wrong("optimizer.beta1", options.beta1, "0 up to less than 1 is right");
  if (!IsBelowOne(options.beta2)) return Wrong("optimizer.beta2", options.beta2, "0 up to less than 1 is right");
  if (!IsPositive(options.epsilon))
    return Wrong("optimizer.epsilon", options.epsilon, "a small number above 0 is right");
  return absl::OkStatus();
}

absl::Status CheckSchedule(const ScheduleOptions& options, int epochs) {
  if (!IsAtLeastZero(options.warmup_epochs) || options.warmup_epochs >= epochs) {
    return Wrong("schedule.warmup_epochs", options.warmup_epochs,
                 absl::StrCat("0 up to less than the ", epochs, " epochs is right").c_str());
  }
  if (options.kind == ScheduleOptions::Kind::kCosine && !(options.final_fraction >= 0 && options.final_fraction <= 1)) {
    return Wrong("schedule.final_fraction", options.final_fraction, "0 to 1 is right");
  }
  if (options.kind == ScheduleOptions::Kind::kStep) {
    if (options.step_epochs < 1) return Wrong("schedule.step_epochs", options.step_epochs, "1 or more is right");
    if (!(options.step_factor > 0 && options.step_factor <= 1)) {
      return Wrong("schedule.step_factor", options.step_factor, "above 0 and up to 1 is right");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckClassification(const FitOptions& options) {
  if (!IsBelowOne(options.label_smoothing)) {
    return Wrong("label_smoothing", options.label_smoothing, "0 up to less than 1 is right");
  }
  for (size_t i = 0; i < options.class_weights.size(); ++i) {
    if (!IsPositive(options.class_weights[i])) {
      return Wrong(absl::StrCat("class_weights[", i, "]").c_str(), options.class_weights[i],
                   "a finite number above 0 is right");
    }
  }
  if (options.balance_classes && !options.class_weights.empty()) {
    return Wrong("balance_classes", "true", "with class_weights given, leave one of the two out");
  }
  return absl::OkStatus();
}

const char* TaskName(Task task) { return task == Task::kRegression ? "regression" : "reconstruction"; }

std::string ShapeText(at::IntArrayRef shape) { return absl::StrCat("[", absl::StrJoin(shape, ", "), "]"); }

}  // namespace

absl::Status CheckFitOptions(const FitOptions& options) {
  if (options.epochs < 1) return Wrong("epochs", options.epochs, "1 or more is right");
  if (options.batch_size < 1) return Wrong("batch_size", options.batch_size, "1 or more is right");
  if (absl::Status status = CheckOptimizer(options.optimizer); !status.ok()) return status;
  if (absl::Status status = CheckSchedule(options.schedule, options.epochs); !status.ok()) return status;
  if (options.task == Task::kClassification) {
    if (absl::Status status = CheckClassification(options); !status.ok()) return status;
  } else {
    const std::string right = absl::StrCat("it is for classification, not ", TaskName(options.task));
    if (options.label_smoothing != 0) return Wrong("label_smoothing", options.label_smoothing, right.c_str());
    if (!options.class_weights.empty()) return Wrong("class_weights", "given", right.c_str());
    if (options.balance_classes) return Wrong("balance_classes", "true", right.c_str());
  }
  if (options.early_stopping_patience < 0) {
    return Wrong("early_stopping_patience", options.early_stopping_patience, "0 (never stop early) or more is right");
  }
  if (!IsAtLeastZero(options.gradient_clip))
    return Wrong("gradient_clip", options.gradient_clip, "0 (none) or more is right");
  if (options.augment.shift < 0) return Wrong("augment.shift", options.augment.shift, "0 or more pixels is right");
  if (!IsAtLeastZero(options.augment.noise)) return Wrong("augment.noise", options.augment.noise, "0 or more is right");
  if (options.threads < 0) return Wrong("threads", options.threads, "0 (leave as it is) or more is right");
  if (options.checkpoint_steps < 0) {
    return Wrong("checkpoint_steps", options.checkpoint_steps, "0 (at the ends of epochs) or more is right");
  }
  if (options.checkpoint_path.empty()) {
    if (options.checkpoint_steps > 0)
      return Wrong("checkpoint_steps", options.checkpoint_steps, "it needs a checkpoint_path");
    if (options.resume) return Wrong("resume", "true", "it needs a checkpoint_path");
  }
  if (!options.checkpoint_meta.empty() && !nlohmann::json::accept(options.checkpoint_meta)) {
    return Wrong("checkpoint_meta", "not JSON", "JSON text is right");
  }
  return absl::OkStatus();
}

absl::Status CheckFitData(const Dataset& data, const char* part, const FitOptions& options) {
  const std::string where = absl::StrCat("fit: ", part, " data '", data.name, "': ");
  const auto fail = [&](auto&&... what) { return absl::InvalidArgumentError(absl::StrCat(where, what...)); };
  if (data.size() == 0) return fail("it holds no samples");
  if (data.inputs.scalar_type() != torch::kFloat32) {
    return fail("inputs are ", c10::toString(data.inputs.scalar_type()), "; float32 is right");
  }
  if (absl::Status status = CheckAugment(options.augment, data.sample_shape()); !status.ok()) {
    return fail(status.message());
  }
  if (options.task == Task::kClassification) {
    if (!data.labels.defined()) return fail("it has no labels, which classification learns");
    if (data.labels.scalar_type() != torch::kInt64 || data.labels.dim() != 1 || data.labels.size(0) != data.size()) {
      return fail("labels are ", c10::toString(data.labels.scalar_type()), ShapeText(data.labels.sizes()), "; int64 [",
                  data.size(), "] is right");
    }
    if (const int64_t least = data.labels.min().item<int64_t>(); least < 0) {
      return fail("a label is ", least, "; 0 or more is right");
    }
    if (!options.class_weights.empty() && !data.class_names.empty() &&
        options.class_weights.size() != data.class_names.size()) {
      return fail("class_weights has ", options.class_weights.size(), " values for ", data.class_names.size(),
                  " classes");
    }
  }
  if (options.task == Task::kRegression) {
    if (!data.targets.defined()) return fail("it has no targets, which regression learns");
    if (data.targets.scalar_type() != torch::kFloat32 || data.targets.dim() < 1 ||
        data.targets.size(0) != data.size()) {
      return fail("targets are ", c10::toString(data.targets.scalar_type()), ShapeText(data.targets.sizes()),
                  "; float32 [", data.size(), ", ...] is right");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<double>> BalancedClassWeights(const Dataset& data) {
  const int64_t named = static_cast<int64_t>(data.class_names.size());
  const torch::Tensor counts = torch::bincount(data.labels, {}, named);
  std::vector<double> weights;
  for (int64_t i = 0; i < counts.size(0); ++i) {
    const int64_t count = counts[i].item<int64_t>();
    if (count == 0) {
      return absl::InvalidArgumentError(absl::StrCat("fit: balance_classes: class ", i,
                                                     i < named ? absl::StrCat(" '", data.class_names[i], "'") : "",
                                                     " has no training sample"));
    }
    weights.push_back(static_cast<double>(data.size()) / static_cast<double>(counts.size(0) * count));
  }
  return weights;
}

}  // namespace mote
