// Quantize: a trained float network in, an IntegerNetwork out; with or without training in between.
//
// Bit-true quantization-aware training: the forward pass computes the integers of the contract, so the accuracy printed
// for an epoch is the accuracy of the file exported from it. The backward pass is the straight-through gradient.
#ifndef MOTE_QUANTIZE_QUANTIZE_H_
#define MOTE_QUANTIZE_QUANTIZE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "quantize/integer_network.h"
#include "train/fit.h"
#include "train/float_network.h"

namespace mote {

enum class Calibration { kMinMax, kPercentile, kMeanSquaredError };
enum class ScaleLearning {
  kLearned,  // LSQ (Esser et al. 2020): the scale of each activation is a trained parameter
  kTracked,  // a moving average of each batch's range
  kFixed,    // as calibrated
};

struct QuantizeOptions {
  Calibration calibration = Calibration::kMinMax;
  double percentile = 99.99;      // kPercentile: of values within the range, (50, 100]
  int calibration_samples = 512;  // at most so many of the data are run; >= 1
  ScaleLearning scales = ScaleLearning::kLearned;
  double tracking_momentum = 0.01;  // kTracked: weight of the newest batch
  bool per_channel_dense = false;   // dense weights: one scale an output instead of one a tensor
  double freeze_fraction = 0.0;     // scales stay as they are for this last share of the epochs, [0, 1]
};

// The quantized twin of a float network: batch norms folded, ranges calibrated, ready to train further or to export.
class QuantizedNetwork : public Trainable {
 public:
  // Folds batch norms and calibrates on `data` (its inputs; labels are not used).
  static absl::StatusOr<std::unique_ptr<QuantizedNetwork>> Create(FloatNetwork& source, const Dataset& data,
                                                                  const QuantizeOptions& options);
  // For a checkpoint: the same structure with parameters and buffers to be restored by the caller.
  static absl::StatusOr<std::unique_ptr<QuantizedNetwork>> CreateEmpty(const Network& network,
                                                                       const QuantizeOptions& options);
  ~QuantizedNetwork() override;

  // Both compute the integers of the contract and give s * (q - z).
  torch::Tensor Forward(const torch::Tensor& inputs, bool training) override;
  torch::Tensor Predict(const torch::Tensor& inputs) override;
  NamedTensors Parameters() override;
  NamedTensors Buffers() override;
  double LearningRateFactor(size_t parameter) override;
  bool Decays(size_t parameter) override;
  void BeginEpoch(int epoch, int epochs) override;

  const Network& network() const;

  // The training forward pass on int8 codes [N, ...] (evaluation mode): the codes of every activation tensor, by its
  // index in the network that ToInteger() gives.
  IntegerOutputs TrainingPassCodes(const torch::Tensor& codes);

  // The integers as they are now.
  absl::StatusOr<IntegerNetwork> ToInteger() const;

 private:
  struct State;
  struct Pass;
  struct Function;
  explicit QuantizedNetwork(std::unique_ptr<State> state);
  Pass Run(const torch::Tensor& input, bool residuals) const;
  std::vector<torch::Tensor> Backward(Pass& pass, int value, const torch::Tensor& grad) const;
  void Track(const Pass& pass);
  int LossValue() const;  // what the loss takes: the output, or what goes into a softmax at the end

  std::unique_ptr<State> state_;
  std::unique_ptr<Pass> pending_;  // a forward pass that waits for its backward pass
};

}  // namespace mote

#endif  // MOTE_QUANTIZE_QUANTIZE_H_
