// Fit: the training loop. Seeded, resumable at any step, the same bytes every time.
//
// Determinism: for one build, machine and thread count, the weights after `Fit` are a function of the model, the data
// and the options. Sample order, augmentation and dropout come from generators seeded from (seed, epoch, step); their
// state, the optimizer's, the position in the epoch and its running sums are in every checkpoint, so a run that was
// killed at any moment and resumed ends in the same bytes as one that was not.
//
// Where randomness comes from, all of it a SplitMix64 hash of (seed, purpose, epoch, step):
//   order of samples  a generator of its own an epoch; the permutation is in the checkpoint
//   augmentation      a generator of its own an epoch; its state is in the checkpoint
//   dropout           LibTorch's default CPU generator, seeded anew before every step, so that none of its state lives
//                     longer than a step; Fit gives the generator back as it found it
#ifndef MOTE_TRAIN_FIT_H_
#define MOTE_TRAIN_FIT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "datasets/augment.h"
#include "datasets/dataset.h"
#include "train/trainable.h"

namespace mote {

struct OptimizerOptions {
  enum class Kind { kAdam, kAdamW, kSgd };
  Kind kind = Kind::kAdam;
  double learning_rate = 2e-3;                        // > 0, at the top of the schedule
  double weight_decay = 0.0;                          // L2 for Adam and SGD, decoupled for AdamW
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  // Adam, AdamW
  double momentum = 0.9;                              // SGD
  bool nesterov = false;                              // SGD
};

struct ScheduleOptions {
  enum class Kind { kConstant, kStep, kCosine };
  Kind kind = Kind::kCosine;
  double warmup_epochs = 0.0;    // linear from 0; may be a fraction; less than the epochs
  double final_fraction = 0.01;  // cosine: what is left of the rate at the end
  int step_epochs = 10;          // step: every so many epochs ...
  double step_factor = 0.1;      // ... the rate is multiplied by this
};

// The factor on the learning rate at `epochs_done` (a fraction counts steps) of `epochs`. Fit asks for each step at its
// middle, (step + 0.5) / steps, so that no step of a warm-up is spent at rate 0.
//   warm-up  w = min(1, done / warmup)
//   step     w * step_factor^floor(done / step_epochs)
//   cosine   w * (final + (1 - final) * (1 + cos(pi * t)) / 2), t = (done - warmup) / (epochs - warmup) in [0, 1]
double ScheduleFactor(const ScheduleOptions& options, double epochs_done, int epochs);

struct EpochReport {
  int epoch = 0;  // 1-based
  int epochs = 0;
  double train_loss = 0, train_metric = 0;
  double validation_loss = 0, validation_metric = 0;  // NaN without validation data
  double learning_rate = 0;                           // of the last step
  double seconds = 0;
};

struct FitOptions {
  Task task = Task::kClassification;
  int epochs = 20;      // >= 1
  int batch_size = 32;  // >= 1
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
  double label_smoothing = 0.0;       // classification, [0, 1)
  std::vector<double> class_weights;  // classification: one a class, > 0, or empty
  bool balance_classes = false;       // class weights from the labels' frequencies: samples / (classes * samples of it)
  // Both look at the validation loss, or at the training loss without validation data.
  int early_stopping_patience = 0;  // epochs without a better loss; 0 = never stop early
  bool keep_best = false;           // end with the weights of the best loss
  double gradient_clip = 0.0;       // largest global norm; 0 = none
  AugmentOptions augment;
  uint64_t seed = 1;
  int threads = 0;  // of LibTorch; 0 = leave as it is

  std::string checkpoint_path;  // "" = none are written
  int checkpoint_steps = 0;     // also every so many steps; always at the end of an epoch and on interruption
  bool resume = false;          // take up `checkpoint_path` if it is there
  std::string checkpoint_tag;   // hash of recipe and data; a checkpoint with another tag is refused by name
  std::string checkpoint_meta;  // JSON kept under "user" in the checkpoint's meta: what rebuilds the network
  std::string tensorboard_dir;  // event files, a value an epoch at step = epoch (1-based); "" = none

  enum class Progress { kNone, kLines, kAuto };  // kAuto: a bar on a terminal, a line an epoch elsewhere
  Progress progress = Progress::kNone;
  std::string label;                             // stands before each progress line, such as "train" or "quantize"
  const std::atomic<bool>* interrupt = nullptr;  // set by a signal handler: checkpoint, then return kAborted
  // After each epoch and its checkpoint; an error ends the run and nothing is lost. At least once an epoch: a run that
  // was killed (or failed) in it calls it again for that epoch when resumed.
  std::function<absl::Status(const EpochReport&)> on_epoch;
};

struct FitResult {
  std::vector<EpochReport> epochs;  // the whole history, resumed part included
  bool stopped_early = false;
  int best_epoch = 0;  // 1-based, by validation loss (training loss without validation data)
};

// One line that names the option, what it is and what would be right; OK where all options are.
absl::Status CheckFitOptions(const FitOptions& options);

// Trains `model` in place. Parameters that ask for no gradient stay as they are. Errors:
//   kInvalidArgument     an option, the data or the model's shapes are wrong
//   kFailedPrecondition  the loss is not finite (the checkpoint before it stays), or the checkpoint to resume from was
//                        made with other options
//   kAborted             interrupted; the message says how far it came
//   others               a file could not be read or written; what `on_epoch` returned
// After a resume, BeginEpoch has been called for every epoch begun so far, then all tensors were restored.
absl::StatusOr<FitResult> Fit(Trainable& model, const Dataset& train, const Dataset& validation,
                              const FitOptions& options);

struct Metrics {
  double loss = 0;
  double metric = 0;          // see Task
  torch::Tensor predictions;  // what Predict gave, [N, ...]
};

// Loss and metric of `model` over `data`, in batches. Classification: the first largest output wins; the loss is the
// plain cross entropy (no smoothing, no class weights). The loss is of Forward(.., false), the metric of Predict.
absl::StatusOr<Metrics> Evaluate(Trainable& model, const Dataset& data, Task task, int batch_size = 256);

// Share of rows of `outputs` [N, classes] (any type) whose first largest value stands at `labels`.
double Accuracy(const torch::Tensor& outputs, const torch::Tensor& labels);

// Differentiable loss of one batch, as Fit computes it. `expected`: labels int64 [B], or targets or inputs with as many
// values a sample as `outputs`. Classification: cross entropy, mean weighted by class; else the mean squared error.
torch::Tensor Loss(const torch::Tensor& outputs, const torch::Tensor& expected, const FitOptions& options);

}  // namespace mote

#endif  // MOTE_TRAIN_FIT_H_
