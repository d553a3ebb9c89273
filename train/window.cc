#include "train/window.h"

#include <algorithm>
#include <limits>

#include "torch/utils.h"

namespace mote {

WindowPadding PaddingOf(const Layer& layer, int64_t height, int64_t width) {
  WindowPadding padding;
  if (layer.padding == Padding::kValid) return padding;
  const std::array<int64_t, 2> size{height, width};
  for (int axis = 0; axis < 2; ++axis) {
    const int64_t stride = layer.stride[axis];
    const int64_t out = (size[axis] + stride - 1) / stride;
    const int64_t reach = (layer.kernel[axis] - 1) * layer.dilation[axis] + 1;
    const int64_t total = std::max<int64_t>((out - 1) * stride + reach - size[axis], 0);
    padding.before[axis] = total / 2;
    padding.after[axis] = total - total / 2;
  }
  return padding;
}

torch::Tensor Pad(const torch::Tensor& input, const WindowPadding& padding, double value) {
  return at::constant_pad_nd(input, {padding.before[1], padding.after[1], padding.before[0], padding.after[0]}, value);
}

torch::Tensor Convolve(const torch::Tensor& input, const torch::Tensor& weight, const torch::Tensor& bias,
                       const Layer& layer, int64_t groups) {
  const WindowPadding padding = PaddingOf(layer, input.size(2), input.size(3));
  if (padding.symmetric()) {
    return at::conv2d(input, weight, bias, layer.stride, padding.before, layer.dilation, groups);
  }
  const std::array<int64_t, 2> none{0, 0};
  return at::conv2d(Pad(input, padding, 0.0), weight, bias, layer.stride, none, layer.dilation, groups);
}

// PyTorch's pools pad at most half of the kernel, the same on both sides.
static bool PoolPads(const Layer& layer, const WindowPadding& padding) {
  return padding.symmetric() && padding.before[0] <= layer.kernel[0] / 2 && padding.before[1] <= layer.kernel[1] / 2;
}

torch::Tensor MaxPool(const torch::Tensor& input, const Layer& layer) {
  const WindowPadding padding = PaddingOf(layer, input.size(2), input.size(3));
  if (PoolPads(layer, padding)) return at::max_pool2d(input, layer.kernel, layer.stride, padding.before);
  const double lowest = -std::numeric_limits<double>::infinity();
  return at::max_pool2d(Pad(input, padding, lowest), layer.kernel, layer.stride);
}

torch::Tensor SumPool(const torch::Tensor& input, const Layer& layer) {
  const WindowPadding padding = PaddingOf(layer, input.size(2), input.size(3));
  const torch::Tensor padded = padding.any() ? Pad(input, padding, 0.0) : input;
  return at::avg_pool2d(padded, layer.kernel, layer.stride, {0, 0}, /*ceil_mode=*/false, /*count_include_pad=*/false,
                        /*divisor_override=*/1);
}

torch::Tensor WindowCounts(const torch::Tensor& input, const Layer& layer) {
  return SumPool(at::ones({1, 1, input.size(2), input.size(3)}, input.options()), layer);
}

torch::Tensor AveragePool(const torch::Tensor& input, const Layer& layer) {
  const WindowPadding padding = PaddingOf(layer, input.size(2), input.size(3));
  if (PoolPads(layer, padding)) {
    return at::avg_pool2d(input, layer.kernel, layer.stride, padding.before, /*ceil_mode=*/false,
                          /*count_include_pad=*/false);
  }
  return SumPool(input, layer) / WindowCounts(input, layer);
}

}  // namespace mote
