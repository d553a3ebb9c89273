// Trainable: what the training loop asks of a model. The float network and its bit-true quantized twin are both one, so
// one loop, one checkpoint format and one set of tests serve both.
#ifndef MOTE_TRAIN_TRAINABLE_H_
#define MOTE_TRAIN_TRAINABLE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "torch/types.h"

namespace mote {

enum class Task {
  kClassification,  // outputs: logits [B, classes]; labels int64 [B]; metric: accuracy in 0..1
  kRegression,      // outputs and targets float [B, ...]; metric: mean absolute error
  kReconstruction,  // outputs and inputs float [B, ...]; metric: mean squared error
};

using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

class Trainable {
 public:
  virtual ~Trainable() = default;

  // float32 [B, ...sample shape] in; float32 [B, ...] out, in real values, differentiable with respect to Parameters().
  // For classification the result is what the loss takes: the logits before a final softmax layer.
  // With `training`, dropout drops, batch statistics and tracked ranges advance.
  virtual torch::Tensor Forward(const torch::Tensor& inputs, bool training) = 0;

  // What the finished model puts out (a final softmax included), no gradient: what accuracy and errors are computed of.
  virtual torch::Tensor Predict(const torch::Tensor& inputs) = 0;

  // In a fixed order, with names unique across both lists. Parameters are trained in place; buffers are state that is
  // kept beside them (running statistics, ranges).
  virtual NamedTensors Parameters() = 0;
  virtual NamedTensors Buffers() = 0;

  // Factor on the learning rate of Parameters()[i], and whether weight decay applies to it.
  virtual double LearningRateFactor(size_t /*parameter*/) { return 1.0; }
  virtual bool Decays(size_t parameter) { return Parameters()[parameter].second.dim() > 1; }

  // Called by the loop when an epoch begins (0-based), training mode: where observers freeze and the like.
  virtual void BeginEpoch(int /*epoch*/, int /*epochs*/) {}
};

}  // namespace mote

#endif  // MOTE_TRAIN_TRAINABLE_H_
