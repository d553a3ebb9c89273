// Optimizer: torch::optim behind one door, with its state as named tensors.
#ifndef MOTE_TRAIN_OPTIMIZER_H_
#define MOTE_TRAIN_OPTIMIZER_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "train/checkpoint.h"
#include "train/fit.h"
#include "train/trainable.h"

namespace torch::optim {
class Optimizer;
}

namespace mote {

class Optimizer {
 public:
  // Parameters with equal learning rate factor and decay share a group.
  Optimizer(Trainable& model, const OptimizerOptions& options);
  ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // Scales the gradients so that their common L2 norm is at most `max_norm`; the norm before.
  double ClipGradients(double max_norm);

  // One step at `learning_rate` (times each parameter's factor), and the gradients are gone.
  void Step(double learning_rate);

  // "<index in Parameters()>.<state>": exp_avg, exp_avg_sq, step (int64 scalar); momentum_buffer. Tensors are shared.
  NamedTensors State() const;

  // Takes the tensors "optimizer.<index>.<state>" of `checkpoint`; errors name what is missing or has another shape.
  absl::Status Restore(const Checkpoint& checkpoint);

 private:
  OptimizerOptions::Kind kind_;
  std::vector<torch::Tensor> parameters_;
  std::vector<double> group_factors_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
};

}  // namespace mote

#endif  // MOTE_TRAIN_OPTIMIZER_H_
