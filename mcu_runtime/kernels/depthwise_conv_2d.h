/* DEPTHWISE_CONV_2D, plain. Output channel o = i * depth_multiplier + j sees input channel i alone:
 *
 *   acc[b, y, x, o] = bias[o] + sum over (ky, kx) of (input[b, y*sy + ky*dy - top, x*sx + kx*dx - left, i] - z_in)
 *                               * weights[ky, kx, o]             terms outside of the input are left out
 *   output = clamp(z_out + requantize(acc, m[o]))
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_DEPTHWISE_CONV_2D_H_
#define MOTE_MCU_RUNTIME_KERNELS_DEPTHWISE_CONV_2D_H_

#include "mcu_runtime/kernels/requantize.h"
#include "mcu_runtime/kernels/window.h"

namespace mote::device {

struct DepthwiseConv2dParams {
  int32_t batches;
  int32_t input_channels;
  int32_t depth_multiplier; /* output channels = input channels * depth_multiplier */
  Window vertical;
  Window horizontal;
  int16_t input_zero_point;
  OutputRange output;
};

/* Output channels [first, first + count). `weights` begins with channel 0, `terms` with channel `first`. */
inline void DepthwiseConv2d(const DepthwiseConv2dParams& p, int32_t first, int32_t count, const int8_t* input,
                            const int8_t* weights, const ChannelTerms* terms, int8_t* output) {
  const Window& v = p.vertical;
  const Window& h = p.horizontal;
  const int32_t output_channels = p.input_channels * p.depth_multiplier;
  for (int32_t b = 0; b < p.batches; ++b) {
    for (int32_t y = 0; y < v.output; ++y) {
      const Taps rows = v.TapsInside(y);
      for (int32_t x = 0; x < h.output; ++x) {
        const Taps columns = h.TapsInside(x);
        /* Where there is one tap there is no step, and a dilation past the input is no distance in it. */
        const int32_t input_step = columns.end - columns.begin > 1 ? h.dilation * p.input_channels : 0;
        int8_t* pixel_out = output + ((b * v.output + y) * h.output + x) * output_channels + first;
        for (int32_t c = 0; c < count; ++c) {
          const int32_t channel_in = (first + c) / p.depth_multiplier;
          int32_t acc = terms[c].bias;
          for (int32_t ky = rows.begin; ky < rows.end; ++ky) {
            const int32_t in_y = rows.origin + ky * v.dilation;
            const int32_t in_x = columns.origin + columns.begin * h.dilation;
            const int8_t* in = input + ((b * v.input + in_y) * h.input + in_x) * p.input_channels + channel_in;
            const int8_t* w = weights + (ky * h.filter + columns.begin) * output_channels + first + c;
            for (int32_t kx = columns.begin; kx < columns.end; ++kx) {
              acc += (*in - p.input_zero_point) * *w;
              in += input_step;
              w += output_channels;
            }
          }
          pixel_out[c] = RequantizeToInt8(acc, terms[c].multiplier, p.output);
        }
      }
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_DEPTHWISE_CONV_2D_H_
