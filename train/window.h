// Geometry of sliding windows (convolutions, pools), TensorFlow's rules, on NCHW tensors in channels-last memory.
#ifndef MOTE_TRAIN_WINDOW_H_
#define MOTE_TRAIN_WINDOW_H_

#include <array>
#include <cstdint>

#include "torch/types.h"
#include "train/network.h"

namespace mote {

// Rows and columns of padding before and after the image.
struct WindowPadding {
  std::array<int64_t, 2> before{0, 0};
  std::array<int64_t, 2> after{0, 0};
  bool symmetric() const { return before == after; }
  bool any() const { return before[0] + before[1] + after[0] + after[1] > 0; }
};

// For an input of `height` x `width`. SAME: out = ceil(size / stride), total = max((out - 1) * stride + reach - size,
// 0), the smaller half before.
WindowPadding PaddingOf(const Layer& layer, int64_t height, int64_t width);

// `input` with `value` around it.
torch::Tensor Pad(const torch::Tensor& input, const WindowPadding& padding, double value);

// Convolution (plain or depthwise: `groups`), float32 or float64. `bias` may be undefined.
torch::Tensor Convolve(const torch::Tensor& input, const torch::Tensor& weight, const torch::Tensor& bias,
                       const Layer& layer, int64_t groups);

torch::Tensor MaxPool(const torch::Tensor& input, const Layer& layer);
// The mean over the part of the window that lies on the image.
torch::Tensor AveragePool(const torch::Tensor& input, const Layer& layer);
// The sum over the window, zeros outside; and how many pixels of each window lie on the image ([1, 1, out_h, out_w]).
torch::Tensor SumPool(const torch::Tensor& input, const Layer& layer);
torch::Tensor WindowCounts(const torch::Tensor& input, const Layer& layer);

}  // namespace mote

#endif  // MOTE_TRAIN_WINDOW_H_
