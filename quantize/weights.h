// Weights and biases to codes: symmetric, in [-127, 127], one scale an output channel or one for all.
#ifndef MOTE_QUANTIZE_WEIGHTS_H_
#define MOTE_QUANTIZE_WEIGHTS_H_

#include <cstdint>
#include <vector>

#include "torch/types.h"

namespace mote {

struct QuantizedWeights {
  torch::Tensor codes;        // float32 integers, shape and memory format of the weights; outputs along dimension 0
  std::vector<float> scales;  // one an output, or one
  std::vector<int32_t> bias;  // one an output: round(b / (s_in * s_w))
  float scale_of(size_t channel) const { return scales[scales.size() == 1 ? 0 : channel]; }
};

// The scale is max |w| / 127, or as much larger as the bias needs to stay within 2^30 (channels whose weights are all
// but zero would otherwise ask for a bias that no int32 holds).
QuantizedWeights QuantizeWeights(const torch::Tensor& weight, const torch::Tensor& bias, float input_scale,
                                 bool per_channel);

// Straight through the rounding: gradients by codes become gradients by real weights and biases.
torch::Tensor WeightGradient(const torch::Tensor& by_codes, const QuantizedWeights& weights);
torch::Tensor BiasGradient(const torch::Tensor& by_codes, const QuantizedWeights& weights, float input_scale);

}  // namespace mote

#endif  // MOTE_QUANTIZE_WEIGHTS_H_
