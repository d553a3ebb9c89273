// The operators of the contract on whole batches: exact integers, carried as centred codes u = q - z in float32
// tensors.
//
// Centred codes make padding zero, let a float32 convolution do the sums (exact while sum |q_w| * max |u| < 2^24,
// double beyond), and let the codes go from layer to layer without a pass of dequantization. Activations are NCHW
// tensors in channels-last memory or [N, features]; every pass below walks memory once, over rows of channels, on all
// threads, in chunks that do not depend on the number of threads, so that results do not either.
//
// Training, evaluation of an IntegerNetwork and verification all call these functions: there is no other arithmetic.
#ifndef MOTE_QUANTIZE_INTEGER_OPS_H_
#define MOTE_QUANTIZE_INTEGER_OPS_H_

#include <cstdint>
#include <vector>

#include "quantize/integer_math.h"
#include "torch/types.h"
#include "train/network.h"

namespace mote {

// The end of a convolution: bias, requantization, clamp. One entry a channel.
struct Requantization {
  std::vector<int32_t> bias;
  std::vector<int32_t> mantissa;
  std::vector<int32_t> exponent;
  std::vector<float> factor;  // mantissa * 2^(exponent - 31), for the gradient
  int32_t low = -128;         // smallest and largest centred code that the activation leaves
  int32_t high = 127;

  void Add(int32_t bias_code, Multiplier multiplier);
  int64_t channels() const { return static_cast<int64_t>(bias.size()); }
};

// What the backward pass needs of a requantization, a byte a value: kClampedLow, kClampedHigh, or the rounding error
// (rounded value minus real value, at most half a code and a bit) times kResidualScale.
constexpr int8_t kClampedLow = -128;
constexpr int8_t kClampedHigh = 127;
constexpr float kResidualScale = 200.0F;

// accumulators (integers, as float32, float64 or int32) become centred output codes (float32, in the memory of
// float32 accumulators). `residual`,
// if not null, becomes an int8 tensor of as many values in the order of memory.
torch::Tensor Requantize(torch::Tensor accumulators, const Requantization& requantization, torch::Tensor* residual);

// Gradient of Requantize, straight through. `grad`: of the codes; the result, of the accumulators (may reuse its
// memory). `bias_grad` [channels]: sums of the result, in units of accumulators. `scale_grad`: derivative by the
// logarithm of the output's scale (LSQ), where not null.
torch::Tensor RequantizeBackward(torch::Tensor grad, const torch::Tensor& residual,
                                 const Requantization& requantization, torch::Tensor* bias_grad, double* scale_grad);

// Largest |sum| that a convolution with these codes can reach, for inputs of at most `largest_input`: decides between
// float32 and float64. `weight`: output channels first.
bool FitsFloat(const torch::Tensor& weight, double largest_input);

// Accumulators without bias. `weight` in float32 (conv [O, I, kh, kw], depthwise [O, 1, kh, kw], dense [O, I]).
torch::Tensor ConvolutionSums(const torch::Tensor& input, const torch::Tensor& weight, const Layer& geometry,
                              int64_t groups, double largest_input);
torch::Tensor DenseSums(const torch::Tensor& input, const torch::Tensor& weight, double largest_input);

// a + b, requantized and clamped to `range` (centred).
torch::Tensor AddCodes(const torch::Tensor& a, const torch::Tensor& b, const AddParameters& parameters,
                       CodeRange centred, torch::Tensor* residual);

// Pools keep scale and zero point. The average rounds the mean of q = u + zero_point, halves away from zero.
torch::Tensor AveragePoolCodes(const torch::Tensor& input, const Layer& geometry, int32_t zero_point,
                               CodeRange centred);
torch::Tensor AveragePoolBackward(const torch::Tensor& grad, const torch::Tensor& input, const Layer& geometry);
torch::Tensor MaxPoolCodes(const torch::Tensor& input, const Layer& geometry, CodeRange centred);
torch::Tensor MaxPoolBackward(const torch::Tensor& grad, const torch::Tensor& input, const torch::Tensor& output,
                              const Layer& geometry);

// Softmax over the last dimension of [N, classes]; centred codes out have zero point -128: 0..255.
torch::Tensor SoftmaxCodes(const torch::Tensor& input, int32_t input_zero_point, const SoftmaxParameters& parameters);

// Real inputs to centred codes; int8 codes to centred and back. NHWC inputs become NCHW views.
torch::Tensor QuantizeToCentred(const torch::Tensor& real, float scale, int32_t zero_point);
torch::Tensor CentredFromCodes(const torch::Tensor& codes, int32_t zero_point);
torch::Tensor CodesFromCentred(const torch::Tensor& centred, int32_t zero_point);

// int8 [N, ...] as the file orders it (NHWC) <-> the NCHW view in channels-last memory.
torch::Tensor ToChannelsFirst(const torch::Tensor& nhwc);
torch::Tensor ToChannelsLast(const torch::Tensor& nchw);

}  // namespace mote

#endif  // MOTE_QUANTIZE_INTEGER_OPS_H_
