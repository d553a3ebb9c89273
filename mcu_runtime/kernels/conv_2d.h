/* CONV_2D, plain: the reference that every faster variant is compared with.
 *
 *   acc[b, y, x, o] = bias[o] + sum over (ky, kx, i) of (input[b, y*sy + ky*dy - top, x*sx + kx*dx - left, g*I + i] -
 * z_in)
 *                               * weights[o, ky, kx, i]          terms outside of the input are left out (padding is
 * z_in) output = clamp(z_out + requantize(acc, m[o]))
 *
 * Layouts: input and output NHWC, weights OHWI. With `filter_channels` I less than the input's, channels are in groups:
 * output channel o reads group g = o / (output_channels / groups).
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_CONV_2D_H_
#define MOTE_MCU_RUNTIME_KERNELS_CONV_2D_H_

#include "mcu_runtime/kernels/requantize.h"
#include "mcu_runtime/kernels/window.h"

namespace mote::device {

struct Conv2dParams {
  int32_t batches;
  int32_t input_channels;
  int32_t filter_channels; /* input_channels / groups */
  int32_t output_channels;
  Window vertical;
  Window horizontal;
  int16_t input_zero_point;
  OutputRange output;
};

/* Output channels [first, first + count). weights and terms begin with channel `first`. */
inline void Conv2d(const Conv2dParams& p, int32_t first, int32_t count, const int8_t* input, const int8_t* weights,
                   const ChannelTerms* terms, int8_t* output) {
  const Window& v = p.vertical;
  const Window& h = p.horizontal;
  const int32_t channels_a_group = p.output_channels / (p.input_channels / p.filter_channels);
  const int32_t filter_row = h.filter * p.filter_channels;
  /* Pixels of one row that lie side by side in the input lie so in the filter: one long dot product instead of many. */
  const bool row_is_one_run = h.dilation == 1 && p.filter_channels == p.input_channels;
  for (int32_t b = 0; b < p.batches; ++b) {
    for (int32_t y = 0; y < v.output; ++y) {
      const Taps rows = v.TapsInside(y);
      for (int32_t x = 0; x < h.output; ++x) {
        const Taps columns = h.TapsInside(x);
        int8_t* pixel_out = output + ((b * v.output + y) * h.output + x) * p.output_channels + first;
        for (int32_t c = 0; c < count; ++c) {
          const int32_t group = (first + c) / channels_a_group;
          int32_t acc = terms[c].bias;
          for (int32_t ky = rows.begin; ky < rows.end; ++ky) {
            const int32_t in_y = rows.origin + ky * v.dilation;
            const int32_t in_x = columns.origin + columns.begin * h.dilation;
            const int8_t* in =
                input + ((b * v.input + in_y) * h.input + in_x) * p.input_channels + group * p.filter_channels;
            const int8_t* w = weights + (c * v.filter + ky) * filter_row + columns.begin * p.filter_channels;
            if (row_is_one_run) {
              acc += DotProduct(in, w, (columns.end - columns.begin) * p.filter_channels, p.input_zero_point);
              continue;
            }
            for (int32_t kx = columns.begin; kx < columns.end; ++kx) {
              acc += DotProduct(in, w, p.filter_channels, p.input_zero_point);
              in += h.dilation * p.input_channels;
              w += p.filter_channels;
            }
          }
          pixel_out[c] = RequantizeToInt8(acc, terms[c].multiplier, p.output);
        }
      }
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_CONV_2D_H_
