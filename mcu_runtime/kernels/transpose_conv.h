/* TRANSPOSE_CONV, plain.
 *
 *   acc[b, y, x, o] = bias[o] + sum of (input[b, v, u, i] - z_in) * weights[o, ky, kx, i] over all i and all
 *                     v, u inside of the input with v * sy + ky = y + top and u * sx + kx = x + left
 *   output = clamp(z_out + requantize(acc, m[o]))
 *
 * Layouts: input and output NHWC, weights OHWI. Computed from the output's side: each sum is done in one go, and no
 * memory for sums is needed.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_TRANSPOSE_CONV_H_
#define MOTE_MCU_RUNTIME_KERNELS_TRANSPOSE_CONV_H_

#include "mcu_runtime/kernels/sums.h"

namespace mote::device {

/* The taps that meet an output's place: tap filter + j * stride reads the input at input - j, 0 <= j < count. */
struct TransposedTaps {
  int32_t filter;
  int32_t input;
  int32_t count;
};

/* One spatial axis. */
struct TransposedWindow {
  int32_t input;
  int32_t output;
  int32_t filter;
  int32_t stride;
  int32_t padding; /* before the first element of the output */

  TransposedTaps TapsMeeting(int32_t position) const {
    const int32_t last = (position + padding) / stride; /* the input that tap `phase` reads */
    const int32_t phase = (position + padding) % stride;
    const int32_t begin = last < input ? 0 : last - input + 1;
    int32_t end = filter > phase ? (filter - 1 - phase) / stride + 1 : 0;
    if (end > last + 1) end = last + 1;
    if (end <= begin) return {0, 0, 0};
    return {phase + begin * stride, last - begin, end - begin};
  }
};

struct TransposeConvParams {
  int32_t batches;
  int32_t input_channels;
  int32_t output_channels;
  TransposedWindow vertical;
  TransposedWindow horizontal;
  int16_t input_zero_point;
  OutputRange output;
};

/* What an output channel adds to its sum, and how that becomes a code. */
template <typename Sum>
struct SumTerms {
  Sum bias;
  Multiplier multiplier;
};

/* Output channels [first, first + count). weights and terms begin with channel `first`. `Sum`: int32_t for int8_t
 * codes, int64_t for int16_t. */
template <typename Code, typename Sum>
inline void TransposeConv(const TransposeConvParams& p, int32_t first, int32_t count, const Code* input,
                          const int8_t* weights, const SumTerms<Sum>* terms, Code* output) {
  const TransposedWindow& v = p.vertical;
  const TransposedWindow& h = p.horizontal;
  const int32_t depth = p.input_channels;
  const int32_t filter_size = v.filter * h.filter * depth;
  for (int32_t b = 0; b < p.batches; ++b) {
    for (int32_t y = 0; y < v.output; ++y) {
      const TransposedTaps rows = v.TapsMeeting(y);
      for (int32_t x = 0; x < h.output; ++x) {
        const TransposedTaps columns = h.TapsMeeting(x);
        Code* pixel_out = output + ((b * v.output + y) * h.output + x) * p.output_channels + first;
        for (int32_t c = 0; c < count; ++c) {
          Sum acc = terms[c].bias;
          for (int32_t j = 0; j < rows.count; ++j) {
            const Code* in = input + ((b * v.input + rows.input - j) * h.input + columns.input) * depth;
            const int8_t* w =
                weights + c * filter_size + ((rows.filter + j * v.stride) * h.filter + columns.filter) * depth;
            for (int32_t i = 0; i < columns.count; ++i) {
              acc += SumOfProducts(in - i * depth, w + i * h.stride * depth, depth, p.input_zero_point);
            }
          }
          pixel_out[c] = CodeOfSum<Code>(acc, terms[c].multiplier, p.output);
        }
      }
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_TRANSPOSE_CONV_H_
