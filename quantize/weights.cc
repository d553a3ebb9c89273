#include "quantize/weights.h"

#include <algorithm>
#include <cmath>

#include "quantize/integer_math.h"
#include "torch/utils.h"

namespace mote {
namespace {

// Rows of one output channel each: dimension 0 is outermost in every memory format that weights have here.
torch::Tensor Dense(const torch::Tensor& tensor) {
  return tensor.is_non_overlapping_and_dense() ? tensor : tensor.contiguous();
}

}  // namespace

QuantizedWeights QuantizeWeights(const torch::Tensor& weight, const torch::Tensor& bias, float input_scale,
                                 bool per_channel) {
  torch::NoGradGuard no_grad;
  const torch::Tensor in = Dense(weight.detach());
  const int64_t outputs = in.size(0), inputs = in.numel() / outputs;
  const float* in_data = in.data_ptr<float>();
  const float* bias_data = bias.data_ptr<float>();
  QuantizedWeights result;
  result.codes = at::empty_like(in);
  float* codes = result.codes.data_ptr<float>();
  std::vector<float> scales(static_cast<size_t>(outputs));
  for (int64_t o = 0; o < outputs; ++o) {
    float largest = 0.0F;
    for (int64_t i = 0; i < inputs; ++i) largest = std::max(largest, std::abs(in_data[o * inputs + i]));
    const float for_bias = std::abs(bias_data[o]) / (input_scale * static_cast<float>(1 << 30));
    // Below the smallest normal number, quotients lose their bits.
    scales[o] = std::max({largest / 127.0F, for_bias, 1e-20F});
  }
  if (!per_channel) scales = {*std::max_element(scales.begin(), scales.end())};
  result.scales = scales;
  for (int64_t o = 0; o < outputs; ++o) {
    const float scale = result.scale_of(static_cast<size_t>(o));
    for (int64_t i = 0; i < inputs; ++i) {
      codes[o * inputs + i] = std::clamp(std::nearbyintf(in_data[o * inputs + i] / scale), -127.0F, 127.0F);
    }
    result.bias.push_back(QuantizeBias(bias_data[o], input_scale, scale));
  }
  return result;
}

static torch::Tensor Column(const QuantizedWeights& weights, float factor, int64_t dims) {
  std::vector<float> inverse;
  for (float scale : weights.scales) inverse.push_back(1.0F / (scale * factor));
  std::vector<int64_t> shape(static_cast<size_t>(dims), 1);
  shape[0] = static_cast<int64_t>(inverse.size());
  return torch::tensor(inverse).view(shape);
}

torch::Tensor WeightGradient(const torch::Tensor& by_codes, const QuantizedWeights& weights) {
  return by_codes * Column(weights, 1.0F, by_codes.dim());
}

torch::Tensor BiasGradient(const torch::Tensor& by_codes, const QuantizedWeights& weights, float input_scale) {
  return by_codes * Column(weights, input_scale, 1);
}

}  // namespace mote
