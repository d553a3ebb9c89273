// Progress of a run on stderr: a bar on a terminal, a line an epoch elsewhere.
#ifndef MOTE_TRAIN_PROGRESS_H_
#define MOTE_TRAIN_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "train/fit.h"

namespace mote {

// "train  epoch 3/20  loss 0.213  accuracy 94.1 %  val 0.187 95.0 %  lr 1.9e-3  0.8 s"
std::string EpochLine(const std::string& label, const EpochReport& report, Task task);

struct BarState {
  int epoch = 1, epochs = 1;  // 1-based
  double epoch_fraction = 0;  // of the epoch, done
  double loss = 0;            // mean of the epoch so far
  double samples_per_second = 0;
  double seconds_left = 0;  // of the whole run
};

// "train  epoch 3/20 [=======>       ]  45 %  loss 0.213  3120 samples/s  0:12 left", at most `columns` wide: the bar
// gives way first, then the end of the line.
std::string BarLine(const std::string& label, const BarState& state, int columns);

class ProgressPrinter {
 public:
  // `steps_done`: steps of earlier epochs and this one that a resumed run does not do again.
  ProgressPrinter(const FitOptions& options, int64_t samples, int64_t steps_an_epoch, int64_t steps_done);
  ~ProgressPrinter();
  ProgressPrinter(const ProgressPrinter&) = delete;
  ProgressPrinter& operator=(const ProgressPrinter&) = delete;

  // After each step; cheap where nothing is to be drawn. `step`: steps done of `epoch` (0-based).
  void Step(int epoch, int64_t step, double loss_sum, int64_t samples_seen) {
    if (bar_) Redraw(epoch, step, loss_sum, samples_seen);
  }
  void Epoch(const EpochReport& report);

 private:
  using Clock = std::chrono::steady_clock;
  void Redraw(int epoch, int64_t step, double loss_sum, int64_t samples_seen);
  void Erase();

  const FitOptions& options_;
  const int64_t samples_, steps_an_epoch_, steps_done_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_at_{};
  bool lines_ = false, bar_ = false, drawn_ = false;
};

}  // namespace mote

#endif  // MOTE_TRAIN_PROGRESS_H_
