#include "quantize/integer_ops.h"

#include <algorithm>
#include <cmath>

#include "ATen/Parallel.h"
#include "torch/utils.h"
#include "train/window.h"

namespace mote {
namespace {

torch::Tensor InRows(const torch::Tensor& tensor) {
  return tensor.contiguous(tensor.dim() == 4 ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous);
}

// Calls f(sample) for every sample, on all threads.
template <typename F>
void EachSample(int64_t samples, const F& f) {
  at::parallel_for(0, samples, 1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) f(n);
  });
}

// The windows of a pool over one image, clipped to it: f(out_pixel, y0, y1, x0, x1).
template <typename F>
void EachWindow(const Layer& geometry, int64_t height, int64_t width, int64_t out_height, int64_t out_width,
                const F& f) {
  const WindowPadding padding = PaddingOf(geometry, height, width);
  for (int64_t oy = 0; oy < out_height; ++oy) {
    const int64_t top = oy * geometry.stride[0] - padding.before[0];
    const int64_t y0 = std::max<int64_t>(top, 0), y1 = std::min(top + geometry.kernel[0], height);
    for (int64_t ox = 0; ox < out_width; ++ox) {
      const int64_t left = ox * geometry.stride[1] - padding.before[1];
      const int64_t x0 = std::max<int64_t>(left, 0), x1 = std::min(left + geometry.kernel[1], width);
      f(oy * out_width + ox, y0, y1, x0, x1);
    }
  }
}

int64_t OutputSize(const Layer& geometry, int axis, int64_t size) {
  if (geometry.padding == Padding::kSame) return (size + geometry.stride[axis] - 1) / geometry.stride[axis];
  return (size - geometry.kernel[axis]) / geometry.stride[axis] + 1;
}

torch::Tensor EmptyPooled(const torch::Tensor& input, const Layer& geometry) {
  return at::empty(
      {input.size(0), input.size(1), OutputSize(geometry, 0, input.size(2)), OutputSize(geometry, 1, input.size(3))},
      input.options().memory_format(torch::MemoryFormat::ChannelsLast));
}

}  // namespace

bool FitsFloat(const torch::Tensor& weight, double largest_input) {
  const double sum = weight.abs().flatten(1).sum(1, /*keepdim=*/false, torch::kFloat64).max().item<double>();
  return sum * largest_input < static_cast<double>(1 << 24);
}

torch::Tensor ConvolutionSums(const torch::Tensor& input, const torch::Tensor& weight, const Layer& geometry,
                              int64_t groups, double largest_input) {
  if (FitsFloat(weight, largest_input)) return Convolve(input, weight, {}, geometry, groups);
  return Convolve(input.to(torch::kFloat64), weight.to(torch::kFloat64), {}, geometry, groups);
}

torch::Tensor DenseSums(const torch::Tensor& input, const torch::Tensor& weight, double largest_input) {
  if (FitsFloat(weight, largest_input)) return at::linear(input, weight);
  return at::linear(input.to(torch::kFloat64), weight.to(torch::kFloat64));
}

torch::Tensor AddCodes(const torch::Tensor& a, const torch::Tensor& b, const AddParameters& parameters,
                       CodeRange centred, torch::Tensor* residual) {
  const torch::Tensor in_a = InRows(a), in_b = InRows(b);
  torch::Tensor sums = at::empty_like(in_a, in_a.options().dtype(torch::kInt32));
  const float* data_a = in_a.data_ptr<float>();
  const float* data_b = in_b.data_ptr<float>();
  int32_t* out = sums.data_ptr<int32_t>();
  at::parallel_for(0, in_a.numel(), 4096, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      out[i] = parameters.table_a[static_cast<size_t>(static_cast<int32_t>(data_a[i]) + 255)] +
               parameters.table_b[static_cast<size_t>(static_cast<int32_t>(data_b[i]) + 255)];
    }
  });
  Requantization requantization;
  requantization.low = centred.low;
  requantization.high = centred.high;
  const int64_t channels = in_a.dim() == 4 ? in_a.size(1) : in_a.size(-1);
  for (int64_t c = 0; c < channels; ++c) requantization.Add(0, parameters.output);
  return Requantize(sums, requantization, residual);
}

torch::Tensor AveragePoolCodes(const torch::Tensor& input, const Layer& geometry, int32_t zero_point,
                               CodeRange centred) {
  const torch::Tensor in = InRows(input);
  torch::Tensor out = EmptyPooled(in, geometry);
  const int64_t channels = in.size(1), height = in.size(2), width = in.size(3);
  const int64_t out_height = out.size(2), out_width = out.size(3);
  const float* in_data = in.data_ptr<float>();
  float* out_data = out.data_ptr<float>();
  EachSample(in.size(0), [&](int64_t n) {
    const float* image = in_data + n * height * width * channels;
    float* pooled = out_data + n * out_height * out_width * channels;
    std::vector<int32_t> sums(static_cast<size_t>(channels));
    EachWindow(geometry, height, width, out_height, out_width,
               [&](int64_t pixel, int64_t y0, int64_t y1, int64_t x0, int64_t x1) {
                 std::fill(sums.begin(), sums.end(), 0);
                 for (int64_t y = y0; y < y1; ++y) {
                   for (int64_t x = x0; x < x1; ++x) {
                     const float* row = image + (y * width + x) * channels;
                     for (int64_t c = 0; c < channels; ++c) sums[c] += static_cast<int32_t>(row[c]);
                   }
                 }
                 const int32_t count = static_cast<int32_t>((y1 - y0) * (x1 - x0));
                 float* row = pooled + pixel * channels;
                 for (int64_t c = 0; c < channels; ++c) {
                   const int32_t mean = RoundedMean(sums[c] + count * zero_point, count) - zero_point;
                   row[c] = static_cast<float>(std::clamp(mean, centred.low, centred.high));
                 }
               });
  });
  return out;
}

torch::Tensor AveragePoolBackward(const torch::Tensor& grad, const torch::Tensor& input, const Layer& geometry) {
  const torch::Tensor g = InRows(grad);
  torch::Tensor out = at::zeros_like(input, input.options(), torch::MemoryFormat::ChannelsLast);
  const int64_t channels = input.size(1), height = input.size(2), width = input.size(3);
  const int64_t out_height = g.size(2), out_width = g.size(3);
  const float* g_data = g.data_ptr<float>();
  float* out_data = out.data_ptr<float>();
  EachSample(input.size(0), [&](int64_t n) {
    float* image = out_data + n * height * width * channels;
    const float* pooled = g_data + n * out_height * out_width * channels;
    EachWindow(geometry, height, width, out_height, out_width,
               [&](int64_t pixel, int64_t y0, int64_t y1, int64_t x0, int64_t x1) {
                 const float share = 1.0F / static_cast<float>((y1 - y0) * (x1 - x0));
                 const float* row = pooled + pixel * channels;
                 for (int64_t y = y0; y < y1; ++y) {
                   for (int64_t x = x0; x < x1; ++x) {
                     float* to = image + (y * width + x) * channels;
                     for (int64_t c = 0; c < channels; ++c) to[c] += share * row[c];
                   }
                 }
               });
  });
  return out;
}

torch::Tensor MaxPoolCodes(const torch::Tensor& input, const Layer& geometry, CodeRange centred) {
  const torch::Tensor in = InRows(input);
  torch::Tensor out = EmptyPooled(in, geometry);
  const int64_t channels = in.size(1), height = in.size(2), width = in.size(3);
  const int64_t out_height = out.size(2), out_width = out.size(3);
  const float low = static_cast<float>(centred.low), high = static_cast<float>(centred.high);
  const float* in_data = in.data_ptr<float>();
  float* out_data = out.data_ptr<float>();
  EachSample(in.size(0), [&](int64_t n) {
    const float* image = in_data + n * height * width * channels;
    float* pooled = out_data + n * out_height * out_width * channels;
    EachWindow(geometry, height, width, out_height, out_width,
               [&](int64_t pixel, int64_t y0, int64_t y1, int64_t x0, int64_t x1) {
                 float* to = pooled + pixel * channels;
                 std::fill(to, to + channels, low);
                 for (int64_t y = y0; y < y1; ++y) {
                   for (int64_t x = x0; x < x1; ++x) {
                     const float* row = image + (y * width + x) * channels;
                     for (int64_t c = 0; c < channels; ++c) to[c] = std::max(to[c], row[c]);
                   }
                 }
                 for (int64_t c = 0; c < channels; ++c) to[c] = std::min(to[c], high);
               });
  });
  return out;
}

torch::Tensor MaxPoolBackward(const torch::Tensor& grad, const torch::Tensor& input, const torch::Tensor& output,
                              const Layer& geometry) {
  const torch::Tensor g = InRows(grad), in = InRows(input), pooled = InRows(output);
  torch::Tensor out = at::zeros_like(in);
  const int64_t channels = in.size(1), height = in.size(2), width = in.size(3);
  const int64_t out_height = g.size(2), out_width = g.size(3);
  const float* g_data = g.data_ptr<float>();
  const float* in_data = in.data_ptr<float>();
  const float* pooled_data = pooled.data_ptr<float>();
  float* out_data = out.data_ptr<float>();
  EachSample(in.size(0), [&](int64_t n) {
    const int64_t image = n * height * width * channels, small = n * out_height * out_width * channels;
    EachWindow(geometry, height, width, out_height, out_width,
               [&](int64_t pixel, int64_t y0, int64_t y1, int64_t x0, int64_t x1) {
                 for (int64_t c = 0; c < channels; ++c) {
                   const int64_t at = small + pixel * channels + c;
                   // The first of equal values takes the gradient, as in the float pool; none where the clamp did.
                   bool taken = false;
                   for (int64_t y = y0; y < y1 && !taken; ++y) {
                     for (int64_t x = x0; x < x1 && !taken; ++x) {
                       const int64_t from = image + (y * width + x) * channels + c;
                       taken = in_data[from] == pooled_data[at];
                       if (taken) out_data[from] += g_data[at];
                     }
                   }
                 }
               });
  });
  return out;
}

torch::Tensor SoftmaxCodes(const torch::Tensor& input, int32_t input_zero_point, const SoftmaxParameters& parameters) {
  const torch::Tensor in = input.contiguous();
  const int64_t depth = in.size(-1), rows = in.numel() / depth;
  torch::Tensor out = at::empty_like(in);
  const float* in_data = in.data_ptr<float>();
  float* out_data = out.data_ptr<float>();
  EachSample(rows, [&](int64_t n) {
    std::vector<int8_t> codes(static_cast<size_t>(depth)), result(static_cast<size_t>(depth));
    for (int64_t i = 0; i < depth; ++i) {
      codes[i] = static_cast<int8_t>(static_cast<int32_t>(in_data[n * depth + i]) + input_zero_point);
    }
    Softmax(parameters, codes.data(), static_cast<int>(depth), result.data());
    for (int64_t i = 0; i < depth; ++i) out_data[n * depth + i] = static_cast<float>(result[i] + 128);
  });
  return out;
}

torch::Tensor ToChannelsFirst(const torch::Tensor& nhwc) {
  return nhwc.dim() == 4 ? nhwc.contiguous().permute({0, 3, 1, 2}) : nhwc.contiguous();
}

torch::Tensor ToChannelsLast(const torch::Tensor& nchw) {
  return nchw.dim() == 4 ? nchw.permute({0, 2, 3, 1}).contiguous() : nchw.contiguous();
}

torch::Tensor QuantizeToCentred(const torch::Tensor& real, float scale, int32_t zero_point) {
  const torch::Tensor in = real.contiguous();
  torch::Tensor out = at::empty_like(in);
  const float* in_data = in.data_ptr<float>();
  float* out_data = out.data_ptr<float>();
  at::parallel_for(0, in.numel(), 16384, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      out_data[i] = static_cast<float>(QuantizeValue(in_data[i], scale, zero_point) - zero_point);
    }
  });
  return ToChannelsFirst(out);
}

torch::Tensor CentredFromCodes(const torch::Tensor& codes, int32_t zero_point) {
  return ToChannelsFirst(codes).to(torch::kFloat32) - static_cast<double>(zero_point);
}

torch::Tensor CodesFromCentred(const torch::Tensor& centred, int32_t zero_point) {
  return (ToChannelsLast(centred) + static_cast<double>(zero_point)).to(torch::kInt8);
}

}  // namespace mote
