#include "train/fit.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "datasets/random.h"
#include "torch/types.h"
#include "torch/utils.h"
#include "train/checkpoint.h"
#include "train/fit_checks.h"
#include "train/loss.h"
#include "train/optimizer.h"
#include "train/progress.h"
#include "train/run_state.h"
#include "train/tensorboard.h"

namespace mote {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// What a stream of random numbers is for; part of its seed.
enum class Purpose : uint64_t { kOrder = 1, kAugmentation = 2, kModel = 3 };

uint64_t StreamSeed(uint64_t seed, Purpose purpose, int64_t epoch, int64_t step) {
  uint64_t hash = SplitMix64(seed).Next();
  for (const uint64_t part :
       {static_cast<uint64_t>(purpose), static_cast<uint64_t>(epoch), static_cast<uint64_t>(step)}) {
    hash = SplitMix64(hash ^ part).Next();
  }
  return hash;
}

void SeedDefaultGenerator(uint64_t seed) {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_current_seed(seed);
}

// Gives LibTorch's thread count and default generator back as they were.
class LibTorchSettings {
 public:
  explicit LibTorchSettings(int threads) : threads_(at::get_num_threads()) {
    at::Generator generator = at::detail::getDefaultCPUGenerator();
    const std::lock_guard<std::mutex> lock(generator.mutex());
    generator_state_ = generator.get_state();
    if (threads > 0 && threads != threads_) at::set_num_threads(threads);
  }
  ~LibTorchSettings() {
    if (at::get_num_threads() != threads_) at::set_num_threads(threads_);
    at::Generator generator = at::detail::getDefaultCPUGenerator();
    const std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_state(generator_state_);
  }
  LibTorchSettings(const LibTorchSettings&) = delete;
  LibTorchSettings& operator=(const LibTorchSettings&) = delete;

 private:
  int threads_;
  torch::Tensor generator_state_;
};

// One call of Fit.
class FitRun {
 public:
  FitRun(Trainable& model, const Dataset& train, const Dataset& validation, const FitOptions& options)
      : model_(model),
        train_(train),
        validation_(validation),
        options_(options),
        expected_(Expected(train, options.task)),
        steps_((train.size() + options.batch_size - 1) / options.batch_size),
        optimizer_(model, options.optimizer),
        augmentation_(at::detail::createCPUGenerator()) {}

  absl::StatusOr<FitResult> Run();
  // For messages about what a step threw.
  std::string Place() const { return absl::StrCat("epoch ", state_.epoch + 1, " step ", state_.step + 1); }

 private:
  absl::Status Resume();
  absl::Status TrainEpoch();
  absl::Status TrainStep();
  absl::Status EndEpoch();
  absl::Status Report();
  absl::Status Finish();
  absl::Status Save();
  absl::Status Interrupted();
  absl::Status NotFinite(const char* what, double value) const;

  bool interrupted() const {
    return options_.interrupt != nullptr && options_.interrupt->load(std::memory_order_relaxed);
  }
  NamedTensors ModelTensors() {
    NamedTensors tensors = model_.Parameters();
    for (auto& buffer : model_.Buffers()) tensors.push_back(std::move(buffer));
    return tensors;
  }

  Trainable& model_;
  const Dataset& train_;
  const Dataset& validation_;
  const FitOptions& options_;
  const torch::Tensor expected_;
  const int64_t steps_;  // an epoch
  Optimizer optimizer_;
  at::Generator augmentation_;
  RunState state_;
  torch::Tensor order_;  // int64 [samples]: this epoch's; undefined between epochs
  NamedTensors best_;    // the model's tensors at the best loss, with keep_best
  bool class_count_checked_ = false;
  Clock::time_point epoch_begin_;  // such that the time since is what the epoch took, earlier processes included
  std::unique_ptr<TensorBoardWriter> tensorboard_;
  std::optional<ProgressPrinter> progress_;
};

absl::StatusOr<FitResult> FitRun::Run() {
  std::error_code error;
  if (options_.resume && std::filesystem::exists(options_.checkpoint_path, error)) {
    if (absl::Status status = Resume(); !status.ok()) return status;
  }
  if (state_.finished) return state_.result;
  if (!options_.tensorboard_dir.empty()) {
    auto writer = TensorBoardWriter::Open(options_.tensorboard_dir, state_.epoch + 1);
    if (!writer.ok()) return writer.status();
    tensorboard_ = *std::move(writer);
  }
  progress_.emplace(options_, train_.size(), steps_, state_.epoch * steps_ + state_.step);
  if (absl::Status status = Report(); !status.ok()) return status;
  while (state_.epoch < options_.epochs && !state_.result.stopped_early) {
    if (absl::Status status = TrainEpoch(); !status.ok()) return status;
    if (absl::Status status = EndEpoch(); !status.ok()) return status;
    if (absl::Status status = Report(); !status.ok()) return status;
  }
  if (absl::Status status = Finish(); !status.ok()) return status;
  return state_.result;
}

absl::Status FitRun::Resume() {
  absl::StatusOr<Checkpoint> checkpoint = LoadCheckpoint(options_.checkpoint_path);
  if (!checkpoint.ok()) return checkpoint.status();
  auto state = StateFromMeta(checkpoint->meta, options_.checkpoint_path, options_, train_.size(), validation_.size());
  if (!state.ok()) return state.status();
  state_ = *std::move(state);

  const auto in_file = [&](const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat("'", options_.checkpoint_path, "': ", status.message()));
  };
  const NamedTensors tensors = ModelTensors();
  size_t stored = 0;
  for (const auto& [name, tensor] : checkpoint->tensors) stored += name.starts_with("model.");
  if (stored != tensors.size()) {
    return absl::FailedPreconditionError(absl::StrCat("checkpoint '", options_.checkpoint_path, "': it holds ", stored,
                                                      " tensors of a model and this model has ", tensors.size()));
  }
  if (absl::Status status = RestoreTensors(*checkpoint, "model.", tensors); !status.ok()) return in_file(status);
  if (state_.finished) return absl::OkStatus();

  // What a model keeps besides its tensors it learns from BeginEpoch; what that does to the tensors is undone.
  const int begun = state_.epoch + (state_.step > 0 ? 1 : 0);
  for (int epoch = 0; epoch < begun; ++epoch) model_.BeginEpoch(epoch, options_.epochs);
  if (absl::Status status = RestoreTensors(*checkpoint, "model.", ModelTensors()); !status.ok()) return in_file(status);
  if (absl::Status status = optimizer_.Restore(*checkpoint); !status.ok()) return in_file(status);

  if (options_.keep_best && state_.result.best_epoch > 0) {
    for (const auto& [name, tensor] : tensors) best_.emplace_back(name, torch::empty_like(tensor.detach()));
    if (absl::Status status = RestoreTensors(*checkpoint, "best.", best_); !status.ok()) return in_file(status);
  }
  if (state_.step > 0) {
    order_ = torch::empty({train_.size()}, torch::kInt64);
    torch::Tensor generator_state = augmentation_.get_state();
    const NamedTensors sampler = {{"sampler.order", order_}, {"generator.augmentation", generator_state}};
    if (absl::Status status = RestoreTensors(*checkpoint, "", sampler); !status.ok()) return in_file(status);
    if (!torch::equal(std::get<0>(order_.sort()), torch::arange(train_.size()))) {
      return in_file(absl::InvalidArgumentError("checkpoint: tensor 'sampler.order' is no permutation of the samples"));
    }
    augmentation_.set_state(generator_state);
  }
  return absl::OkStatus();
}

absl::Status FitRun::TrainEpoch() {
  if (state_.step == 0) {
    if (interrupted()) return Interrupted();
    model_.BeginEpoch(state_.epoch, options_.epochs);
    at::Generator generator =
        at::detail::createCPUGenerator(StreamSeed(options_.seed, Purpose::kOrder, state_.epoch, 0));
    order_ = torch::randperm(train_.size(), generator, torch::kInt64);
    augmentation_.set_current_seed(StreamSeed(options_.seed, Purpose::kAugmentation, state_.epoch, 0));
    state_.loss_sum = state_.metric_sum = state_.seconds = 0;
    state_.samples = 0;
  }
  epoch_begin_ =
      Clock::now() - std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(state_.seconds));
  while (state_.step < steps_) {
    if (absl::Status status = TrainStep(); !status.ok()) return status;
    ++state_.step;
    progress_->Step(state_.epoch, state_.step, state_.loss_sum, state_.samples);
    if (state_.step == steps_) break;  // the epoch's end has a checkpoint of its own
    if (interrupted()) return Interrupted();
    const int64_t steps_done = state_.epoch * steps_ + state_.step;
    if (options_.checkpoint_steps > 0 && steps_done % options_.checkpoint_steps == 0) {
      if (absl::Status status = Save(); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status FitRun::TrainStep() {
  const int64_t begin = state_.step * options_.batch_size;
  const int64_t count = std::min<int64_t>(options_.batch_size, train_.size() - begin);
  const torch::Tensor indices = order_.narrow(0, begin, count);
  torch::Tensor inputs = train_.inputs.index_select(0, indices);
  if (options_.augment.any()) inputs = Augment(inputs, options_.augment, augmentation_);
  // A reconstruction is of what the model was given.
  const torch::Tensor expected = options_.task == Task::kReconstruction ? inputs : expected_.index_select(0, indices);

  SeedDefaultGenerator(StreamSeed(options_.seed, Purpose::kModel, state_.epoch, state_.step));
  const torch::Tensor outputs = model_.Forward(inputs, /*training=*/true);
  if (absl::Status status = CheckOutputs(outputs, expected, options_.task); !status.ok()) {
    return absl::Status(status.code(), absl::StrCat("fit: ", status.message()));
  }
  if (!class_count_checked_ && options_.task == Task::kClassification) {
    const int64_t classes = outputs.size(1);
    const int64_t largest = train_.labels.max().item<int64_t>();
    if (largest >= classes) {
      return absl::InvalidArgumentError(absl::StrCat("fit: training data '", train_.name, "' has label ", largest,
                                                     ", but the model puts out ", classes, " classes"));
    }
    if (!options_.class_weights.empty() && static_cast<int64_t>(options_.class_weights.size()) != classes) {
      return absl::InvalidArgumentError(absl::StrCat("fit: class_weights has ", options_.class_weights.size(),
                                                     " values, but the model puts out ", classes, " classes"));
    }
    class_count_checked_ = true;
  }
  const torch::Tensor loss = Loss(outputs, expected, options_);
  const double value = loss.item<double>();
  if (!std::isfinite(value)) return NotFinite("loss", value);
  loss.backward();
  if (options_.gradient_clip > 0) {
    const double norm = optimizer_.ClipGradients(options_.gradient_clip);
    if (!std::isfinite(norm)) return NotFinite("gradient's norm", norm);
  }
  // At the middle of the step, so that no step of a warm-up is spent at rate 0.
  const double epochs_done = state_.epoch + (static_cast<double>(state_.step) + 0.5) / static_cast<double>(steps_);
  state_.learning_rate =
      options_.optimizer.learning_rate * ScheduleFactor(options_.schedule, epochs_done, options_.epochs);
  optimizer_.Step(state_.learning_rate);

  state_.loss_sum += value * static_cast<double>(count);
  state_.metric_sum += MetricSum(outputs, expected, options_.task);
  state_.samples += count;
  return absl::OkStatus();
}

absl::Status FitRun::EndEpoch() {
  EpochReport report;
  report.epoch = state_.epoch + 1;
  report.epochs = options_.epochs;
  report.train_loss = state_.loss_sum / static_cast<double>(state_.samples);
  report.train_metric = state_.metric_sum / static_cast<double>(state_.samples);
  report.validation_loss = report.validation_metric = std::nan("");
  report.learning_rate = state_.learning_rate;
  if (validation_.size() > 0) {
    auto metrics = Evaluate(model_, validation_, options_.task, std::max(256, options_.batch_size));
    if (!metrics.ok()) return metrics.status();
    if (!std::isfinite(metrics->loss)) return NotFinite("validation loss", metrics->loss);
    report.validation_loss = metrics->loss;
    report.validation_metric = metrics->metric;
  }
  report.seconds = SecondsSince(epoch_begin_);

  FitResult& result = state_.result;
  const double monitored = validation_.size() > 0 ? report.validation_loss : report.train_loss;
  if (monitored < state_.best_loss) {
    state_.best_loss = monitored;
    result.best_epoch = report.epoch;
    state_.epochs_without_better = 0;
    if (options_.keep_best) {
      best_.clear();
      for (const auto& [name, tensor] : ModelTensors()) best_.emplace_back(name, tensor.detach().clone());
    }
  } else {
    ++state_.epochs_without_better;
  }
  result.stopped_early = options_.early_stopping_patience > 0 && report.epoch < options_.epochs &&
                         state_.epochs_without_better >= options_.early_stopping_patience;
  result.epochs.push_back(report);

  // Before the checkpoint: a run that is killed in between writes them once more, and TensorBoard takes the later ones.
  if (tensorboard_ != nullptr) {
    std::vector<std::pair<std::string, double>> values = {{"train/loss", report.train_loss},
                                                          {"train/metric", report.train_metric},
                                                          {"learning_rate", report.learning_rate}};
    if (validation_.size() > 0) {
      values.emplace_back("validation/loss", report.validation_loss);
      values.emplace_back("validation/metric", report.validation_metric);
    }
    if (absl::Status status = tensorboard_->Scalars(report.epoch, values); !status.ok()) return status;
  }
  ++state_.epoch;
  state_.step = 0;
  order_ = torch::Tensor();
  if (absl::Status status = Save(); !status.ok()) return status;
  progress_->Epoch(report);
  return absl::OkStatus();
}

absl::Status FitRun::Report() {
  while (state_.reported < static_cast<int>(state_.result.epochs.size())) {
    if (options_.on_epoch) {
      if (absl::Status status = options_.on_epoch(state_.result.epochs[state_.reported]); !status.ok()) return status;
    }
    ++state_.reported;
  }
  return absl::OkStatus();
}

absl::Status FitRun::Finish() {
  if (options_.keep_best && !best_.empty()) {
    const torch::NoGradGuard no_grad;
    NamedTensors tensors = ModelTensors();
    for (size_t i = 0; i < tensors.size(); ++i) tensors[i].second.copy_(best_[i].second);
  }
  state_.finished = true;
  return Save();
}

absl::Status FitRun::Save() {
  if (options_.checkpoint_path.empty()) return absl::OkStatus();
  // A finite loss can leave weights that are not: they must not take the place of the last good ones.
  for (const auto& [name, tensor] : model_.Parameters()) {
    if (tensor.numel() == 0) continue;
    const double largest = tensor.detach().abs().max().item<double>();  // a NaN wins
    if (!std::isfinite(largest)) return NotFinite(absl::StrCat("parameter '", name, "'").c_str(), largest);
  }
  const bool inside = state_.step > 0;
  if (inside) state_.seconds = SecondsSince(epoch_begin_);
  Checkpoint checkpoint;
  checkpoint.meta = MetaText(options_, train_.size(), validation_.size(), state_);
  for (const auto& [name, tensor] : ModelTensors()) checkpoint.tensors.emplace_back("model." + name, tensor.detach());
  if (!state_.finished) {
    for (const auto& [name, tensor] : optimizer_.State()) checkpoint.tensors.emplace_back("optimizer." + name, tensor);
    for (const auto& [name, tensor] : best_) checkpoint.tensors.emplace_back("best." + name, tensor);
    if (inside) {
      checkpoint.tensors.emplace_back("sampler.order", order_);
      checkpoint.tensors.emplace_back("generator.augmentation", augmentation_.get_state());
    }
  }
  return SaveCheckpoint(options_.checkpoint_path, checkpoint);
}

absl::Status FitRun::Interrupted() {
  const std::string place = state_.step > 0    ? absl::StrCat("after epoch ", state_.epoch + 1, " step ", state_.step)
                            : state_.epoch > 0 ? absl::StrCat("after epoch ", state_.epoch, " step ", steps_)
                                               : "before the first step";
  if (options_.checkpoint_path.empty()) {
    return absl::AbortedError(absl::StrCat("interrupted ", place, "; no checkpoint was asked for, so it is lost"));
  }
  if (absl::Status status = Save(); !status.ok()) return status;
  return absl::AbortedError(absl::StrCat("interrupted ", place, "; take it up with --resume"));
}

absl::Status FitRun::NotFinite(const char* what, double value) const {
  // Between epochs the step before is the one to name.
  const bool between = state_.step == 0 && state_.epoch > 0 && !order_.defined();
  const std::string place = between
                                ? absl::StrCat("epoch ", state_.epoch, " step ", steps_)
                                : absl::StrCat("epoch ", state_.epoch + 1, " step ", std::min(state_.step + 1, steps_));
  return absl::FailedPreconditionError(
      absl::StrCat("fit: ", place, ": the ", what, " is ", std::isnan(value) ? "not a number" : "infinite",
                   "; try a smaller learning rate than ", options_.optimizer.learning_rate,
                   options_.checkpoint_path.empty() ? "" : "; the last checkpoint is left as it was"));
}

// The first line of what LibTorch says, without its stack.
std::string FirstLine(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  const std::string text = torch_error != nullptr ? torch_error->what_without_backtrace() : error.what();
  return text.substr(0, text.find('\n'));
}

}  // namespace

absl::StatusOr<FitResult> Fit(Trainable& model, const Dataset& train, const Dataset& validation,
                              const FitOptions& options) {
  if (absl::Status status = CheckFitOptions(options); !status.ok()) return status;
  if (absl::Status status = CheckFitData(train, "training", options); !status.ok()) return status;
  if (validation.size() > 0) {
    if (absl::Status status = CheckFitData(validation, "validation", options); !status.ok()) return status;
    if (validation.sample_shape() != train.sample_shape()) {
      return absl::InvalidArgumentError("fit: training and validation data have samples of different shapes");
    }
  }
  std::string place = "before the first step";
  try {
    FitOptions resolved = options;
    if (options.balance_classes) {
      auto weights = BalancedClassWeights(train);
      if (!weights.ok()) return weights.status();
      resolved.class_weights = *std::move(weights);
    }
    const LibTorchSettings settings(options.threads);
    FitRun run(model, train, validation, resolved);
    try {
      return run.Run();
    } catch (...) {
      place = run.Place();
      throw;
    }
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("fit: ", place, ": ", FirstLine(error)));
  }
}

}  // namespace mote
