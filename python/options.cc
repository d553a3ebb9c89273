#include "python/options.h"

#include <pybind11/stl.h>

#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/nearest.h"
#include "python/arrays.h"

namespace mote_python {
namespace {

template <typename T>
T ChoiceFrom(const std::string& key, const std::string& text, const std::vector<std::pair<std::string, T>>& choices) {
  std::vector<std::string> names;
  for (const auto& [name, value] : choices) {
    if (name == text) return value;
    names.push_back(name);
  }
  throw py::value_error(absl::StrCat(key, " is '", text, "'; it is one of ", absl::StrJoin(names, ", "),
                                     " (did you mean '", mote::Nearest(text, names), "'?)"));
}

class Reader {
 public:
  explicit Reader(const py::dict& values) : values_(values) {}

  template <typename T>
  void Take(const char* key, T* value) {
    known_.insert(key);
    if (!Has(key)) return;
    try {
      *value = values_[key].cast<T>();
    } catch (const py::cast_error&) {
      throw py::type_error(
          absl::StrCat(key, " is ", std::string(py::repr(values_[key])), ", of a type that is not taken"));
    }
  }

  template <typename T>
  void Choose(const char* key, T* value, const std::vector<std::pair<std::string, T>>& choices) {
    std::string text;
    Take(key, &text);
    if (Has(key)) *value = ChoiceFrom(key, text, choices);
  }

  void Finish() const {
    for (const auto& [key, value] : values_) {
      const std::string name = py::str(key);
      if (known_.count(name) != 0) continue;
      const std::vector<std::string> names(known_.begin(), known_.end());
      throw py::type_error(
          absl::StrCat("unknown option '", name, "' (did you mean '", mote::Nearest(name, names), "'?)"));
    }
  }

 private:
  bool Has(const char* key) const { return values_.contains(key) && !values_[key].is_none(); }

  py::dict values_;
  std::set<std::string> known_;
};

const std::vector<std::pair<std::string, mote::Task>>& Tasks() {
  static const auto* const tasks =
      new std::vector<std::pair<std::string, mote::Task>>{{"classification", mote::Task::kClassification},
                                                          {"regression", mote::Task::kRegression},
                                                          {"reconstruction", mote::Task::kReconstruction}};
  return *tasks;
}

}  // namespace

mote::Task TaskFromName(const std::string& name) { return ChoiceFrom("task", name, Tasks()); }

mote::FitOptions FitOptionsFrom(const py::dict& values) {
  using Optimizer = mote::OptimizerOptions::Kind;
  using Schedule = mote::ScheduleOptions::Kind;
  mote::FitOptions options;
  Reader reader(values);
  reader.Choose("task", &options.task, Tasks());
  reader.Take("epochs", &options.epochs);
  reader.Take("batch_size", &options.batch_size);
  reader.Choose("optimizer", &options.optimizer.kind,
                {{"adam", Optimizer::kAdam}, {"adamw", Optimizer::kAdamW}, {"sgd", Optimizer::kSgd}});
  reader.Take("learning_rate", &options.optimizer.learning_rate);
  reader.Take("weight_decay", &options.optimizer.weight_decay);
  reader.Take("momentum", &options.optimizer.momentum);
  reader.Take("nesterov", &options.optimizer.nesterov);
  reader.Choose("schedule", &options.schedule.kind,
                {{"constant", Schedule::kConstant}, {"step", Schedule::kStep}, {"cosine", Schedule::kCosine}});
  reader.Take("warmup_epochs", &options.schedule.warmup_epochs);
  reader.Take("final_fraction", &options.schedule.final_fraction);
  reader.Take("step_epochs", &options.schedule.step_epochs);
  reader.Take("step_factor", &options.schedule.step_factor);
  reader.Take("label_smoothing", &options.label_smoothing);
  reader.Take("class_weights", &options.class_weights);
  reader.Take("balance_classes", &options.balance_classes);
  reader.Take("early_stopping", &options.early_stopping_patience);
  reader.Take("keep_best", &options.keep_best);
  reader.Take("gradient_clip", &options.gradient_clip);
  reader.Take("shift", &options.augment.shift);
  reader.Take("noise", &options.augment.noise);
  reader.Take("seed", &options.seed);
  reader.Take("threads", &options.threads);
  reader.Take("checkpoint", &options.checkpoint_path);
  reader.Take("checkpoint_steps", &options.checkpoint_steps);
  reader.Take("resume", &options.resume);
  reader.Take("tensorboard", &options.tensorboard_dir);
  bool progress = false;
  reader.Take("progress", &progress);
  if (progress) options.progress = mote::FitOptions::Progress::kAuto;
  reader.Take("label", &options.label);
  reader.Finish();
  Check(mote::CheckFitOptions(options));
  return options;
}

mote::QuantizeOptions QuantizeOptionsFrom(const py::dict& values) {
  mote::QuantizeOptions options;
  Reader reader(values);
  reader.Choose("calibration", &options.calibration,
                {{"min_max", mote::Calibration::kMinMax},
                 {"percentile", mote::Calibration::kPercentile},
                 {"mean_squared_error", mote::Calibration::kMeanSquaredError}});
  reader.Take("percentile", &options.percentile);
  reader.Take("calibration_samples", &options.calibration_samples);
  reader.Choose("scales", &options.scales,
                {{"learned", mote::ScaleLearning::kLearned},
                 {"tracked", mote::ScaleLearning::kTracked},
                 {"fixed", mote::ScaleLearning::kFixed}});
  reader.Take("tracking_momentum", &options.tracking_momentum);
  reader.Take("per_channel_dense", &options.per_channel_dense);
  reader.Take("freeze_fraction", &options.freeze_fraction);
  reader.Finish();
  return options;
}

}  // namespace mote_python
