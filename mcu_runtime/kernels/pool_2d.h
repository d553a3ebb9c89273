/* AVERAGE_POOL_2D and MAX_POOL_2D, plain. Input and output share scale and zero point, so that codes are averaged and
 * compared as they are; elements of the padding do not count.
 *
 *   average: clamp(round(sum / count)), half away from zero on the signed sum        maximum: clamp(max)
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_POOL_2D_H_
#define MOTE_MCU_RUNTIME_KERNELS_POOL_2D_H_

#include "mcu_runtime/kernels/requantize.h"
#include "mcu_runtime/kernels/window.h"

namespace mote::device {

struct Pool2dParams {
  int32_t batches;
  int32_t channels;
  Window vertical; /* dilation 1 */
  Window horizontal;
  OutputRange output;
};

struct AverageOf {
  int32_t sum = 0;
  void Take(int8_t code) { sum += code; }
  int32_t Result(int32_t count) const { return (sum > 0 ? sum + count / 2 : sum - count / 2) / count; }
};

struct MaximumOf {
  int32_t max = -128;
  void Take(int8_t code) { max = code > max ? code : max; }
  int32_t Result(int32_t) const { return max; }
};

template <typename Reduction>
inline void Pool2d(const Pool2dParams& p, const int8_t* input, int8_t* output) {
  const Window& v = p.vertical;
  const Window& h = p.horizontal;
  for (int32_t b = 0; b < p.batches; ++b) {
    for (int32_t y = 0; y < v.output; ++y) {
      const Taps rows = v.TapsInside(y);
      for (int32_t x = 0; x < h.output; ++x) {
        const Taps columns = h.TapsInside(x);
        const int32_t count = (rows.end - rows.begin) * (columns.end - columns.begin);
        for (int32_t c = 0; c < p.channels; ++c) {
          Reduction reduction;
          for (int32_t ky = rows.begin; ky < rows.end; ++ky) {
            const int8_t* row = input + (b * v.input + rows.origin + ky) * h.input * p.channels + c;
            for (int32_t kx = columns.begin; kx < columns.end; ++kx) {
              reduction.Take(row[(columns.origin + kx) * p.channels]);
            }
          }
          *output++ = ClampToInt8(reduction.Result(count), p.output);
        }
      }
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_POOL_2D_H_
