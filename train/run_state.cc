#include "train/run_state.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace mote {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kFormat[] = "mote fit";
constexpr int kVersion = 1;

const char* Name(OptimizerOptions::Kind kind) {
  switch (kind) {
    case OptimizerOptions::Kind::kAdam:
      return "adam";
    case OptimizerOptions::Kind::kAdamW:
      return "adamw";
    case OptimizerOptions::Kind::kSgd:
      return "sgd";
  }
  return "";
}

const char* Name(ScheduleOptions::Kind kind) {
  switch (kind) {
    case ScheduleOptions::Kind::kConstant:
      return "constant";
    case ScheduleOptions::Kind::kStep:
      return "step";
    case ScheduleOptions::Kind::kCosine:
      return "cosine";
  }
  return "";
}

const char* Name(Task task) {
  switch (task) {
    case Task::kClassification:
      return "classification";
    case Task::kRegression:
      return "regression";
    case Task::kReconstruction:
      return "reconstruction";
  }
  return "";
}

// Flat, so that a difference has one name. What a kind does not use is left out: it may differ.
Json OptionsJson(const FitOptions& options, int64_t train_samples, int64_t validation_samples) {
  const OptimizerOptions& optimizer = options.optimizer;
  const ScheduleOptions& schedule = options.schedule;
  Json json;
  json["checkpoint_tag"] = options.checkpoint_tag;
  json["seed"] = options.seed;
  json["batch_size"] = options.batch_size;
  json["epochs"] = options.epochs;
  json["task"] = Name(options.task);
  json["training samples"] = train_samples;
  json["validation samples"] = validation_samples;
  json["optimizer.kind"] = Name(optimizer.kind);
  json["optimizer.learning_rate"] = optimizer.learning_rate;
  json["optimizer.weight_decay"] = optimizer.weight_decay;
  if (optimizer.kind == OptimizerOptions::Kind::kSgd) {
    json["optimizer.momentum"] = optimizer.momentum;
    json["optimizer.nesterov"] = optimizer.nesterov;
  } else {
    json["optimizer.beta1"] = optimizer.beta1;
    json["optimizer.beta2"] = optimizer.beta2;
    json["optimizer.epsilon"] = optimizer.epsilon;
  }
  json["schedule.kind"] = Name(schedule.kind);
  json["schedule.warmup_epochs"] = schedule.warmup_epochs;
  if (schedule.kind == ScheduleOptions::Kind::kCosine) json["schedule.final_fraction"] = schedule.final_fraction;
  if (schedule.kind == ScheduleOptions::Kind::kStep) {
    json["schedule.step_epochs"] = schedule.step_epochs;
    json["schedule.step_factor"] = schedule.step_factor;
  }
  json["label_smoothing"] = options.label_smoothing;
  json["class_weights"] = options.class_weights;
  json["early_stopping_patience"] = options.early_stopping_patience;
  json["keep_best"] = options.keep_best;
  json["gradient_clip"] = options.gradient_clip;
  json["augment.shift"] = options.augment.shift;
  json["augment.noise"] = options.augment.noise;
  return json;
}

std::string Hex(double value) {
  char text[64];
  std::snprintf(text, sizeof(text), "%a", value);
  return text;
}

double FromHex(const Json& json) {
  const std::string text = json.get<std::string>();
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') throw std::invalid_argument(absl::StrCat("'", text, "' is not a number"));
  return value;
}

Json ReportJson(const EpochReport& report) {
  return {{"epoch", report.epoch},
          {"train_loss", Hex(report.train_loss)},
          {"train_metric", Hex(report.train_metric)},
          {"validation_loss", Hex(report.validation_loss)},
          {"validation_metric", Hex(report.validation_metric)},
          {"learning_rate", Hex(report.learning_rate)},
          {"seconds", Hex(report.seconds)}};
}

EpochReport ReportFromJson(const Json& json, int epochs) {
  EpochReport report;
  report.epoch = json.at("epoch").get<int>();
  report.epochs = epochs;
  report.train_loss = FromHex(json.at("train_loss"));
  report.train_metric = FromHex(json.at("train_metric"));
  report.validation_loss = FromHex(json.at("validation_loss"));
  report.validation_metric = FromHex(json.at("validation_metric"));
  report.learning_rate = FromHex(json.at("learning_rate"));
  report.seconds = FromHex(json.at("seconds"));
  return report;
}

Json StateJson(const RunState& state) {
  Json history = Json::array();
  for (const EpochReport& report : state.result.epochs) history.push_back(ReportJson(report));
  return {{"epoch", state.epoch},
          {"step", state.step},
          {"loss_sum", Hex(state.loss_sum)},
          {"metric_sum", Hex(state.metric_sum)},
          {"samples", state.samples},
          {"seconds", Hex(state.seconds)},
          {"learning_rate", Hex(state.learning_rate)},
          {"best_loss", Hex(state.best_loss)},
          {"best_epoch", state.result.best_epoch},
          {"epochs_without_better", state.epochs_without_better},
          {"stopped_early", state.result.stopped_early},
          {"reported", state.reported},
          {"finished", state.finished},
          {"history", history}};
}

RunState StateFromJson(const Json& json, int epochs) {
  RunState state;
  state.epoch = json.at("epoch").get<int>();
  state.step = json.at("step").get<int64_t>();
  state.loss_sum = FromHex(json.at("loss_sum"));
  state.metric_sum = FromHex(json.at("metric_sum"));
  state.samples = json.at("samples").get<int64_t>();
  state.seconds = FromHex(json.at("seconds"));
  state.learning_rate = FromHex(json.at("learning_rate"));
  state.best_loss = FromHex(json.at("best_loss"));
  state.result.best_epoch = json.at("best_epoch").get<int>();
  state.epochs_without_better = json.at("epochs_without_better").get<int>();
  state.result.stopped_early = json.at("stopped_early").get<bool>();
  state.reported = json.at("reported").get<int>();
  state.finished = json.at("finished").get<bool>();
  for (const Json& report : json.at("history")) state.result.epochs.push_back(ReportFromJson(report, epochs));
  return state;
}

}  // namespace

std::string MetaText(const FitOptions& options, int64_t train_samples, int64_t validation_samples,
                     const RunState& state) {
  Json meta = {{"format", kFormat},
               {"version", kVersion},
               {"options", OptionsJson(options, train_samples, validation_samples)},
               {"state", StateJson(state)}};
  if (!options.checkpoint_meta.empty()) meta["user"] = Json::parse(options.checkpoint_meta, nullptr, false);
  return meta.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<RunState> StateFromMeta(const std::string& meta, const std::string& path, const FitOptions& options,
                                       int64_t train_samples, int64_t validation_samples) {
  const std::string where = absl::StrCat("checkpoint '", path, "': ");
  try {
    const Json json = Json::parse(meta);
    if (!json.is_object() || json.value("format", "") != kFormat) {
      return absl::FailedPreconditionError(where + "not of a training run, so there is nothing to resume");
    }
    if (json.at("version") != kVersion) {
      return absl::FailedPreconditionError(absl::StrCat(where, "its format version is ", json.at("version").dump(),
                                                        "; this build resumes from version ", kVersion));
    }
    // Through text and back, as the stored ones went, so that equal values compare equal.
    const Json wanted = Json::parse(
        OptionsJson(options, train_samples, validation_samples).dump(-1, ' ', false, Json::error_handler_t::replace));
    const Json& stored = json.at("options");
    for (const auto& [name, value] : wanted.items()) {
      const Json was = stored.value(name, Json());
      if (was != value) {
        return absl::FailedPreconditionError(absl::StrCat(where, "cannot resume: ", name, " was ", was.dump(),
                                                          " and is now ", value.dump(),
                                                          "; use the same or begin anew without resuming"));
      }
    }
    RunState state = StateFromJson(json.at("state"), options.epochs);
    const int64_t steps = (train_samples + options.batch_size - 1) / options.batch_size;
    if (state.epoch < 0 || state.epoch > options.epochs || state.step < 0 || state.step >= steps ||
        (state.epoch == options.epochs && state.step != 0) ||
        static_cast<int>(state.result.epochs.size()) != state.epoch) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, "epoch ", state.epoch, " step ", state.step, " with ", state.result.epochs.size(),
                       " epochs of history is no place in a run of ", options.epochs, " epochs of ", steps, " steps"));
    }
    return state;
  } catch (const std::exception& error) {  // a field that is missing or of another type
    return absl::InvalidArgumentError(absl::StrCat(where, "its meta is damaged: ", error.what()));
  }
}

}  // namespace mote
