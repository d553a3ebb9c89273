// RunState: where a run of Fit stands, apart from the tensors, and how that is written into a checkpoint's meta.
//
// meta = {"format": "mote fit", "version": 1, "options": {...}, "state": {...}, "user": FitOptions::checkpoint_meta}.
// Doubles that take part in the arithmetic are hexadecimal text: exact, NaN included.
#ifndef MOTE_TRAIN_RUN_STATE_H_
#define MOTE_TRAIN_RUN_STATE_H_

#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "train/fit.h"

namespace mote {

struct RunState {
  int epoch = 0;                        // 0-based: the one that runs or comes next
  int64_t step = 0;                     // steps done of it
  double loss_sum = 0, metric_sum = 0;  // over `samples` of it
  int64_t samples = 0;
  double seconds = 0;        // spent on it
  double learning_rate = 0;  // of the last step
  double best_loss = std::numeric_limits<double>::infinity();
  int epochs_without_better = 0;
  int reported = 0;  // epochs for which on_epoch returned well
  bool finished = false;
  FitResult result;
};

// What must be equal for a run to be taken up: the options that shape the weights, the tag and the data's sizes.
std::string MetaText(const FitOptions& options, int64_t train_samples, int64_t validation_samples,
                     const RunState& state);

// The state in `meta`; kFailedPrecondition with the name and both values of the first option that differs. `path` is
// for the messages.
absl::StatusOr<RunState> StateFromMeta(const std::string& meta, const std::string& path, const FitOptions& options,
                                       int64_t train_samples, int64_t validation_samples);

}  // namespace mote

#endif  // MOTE_TRAIN_RUN_STATE_H_
