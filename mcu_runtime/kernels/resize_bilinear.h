/* RESIZE_BILINEAR of int8, plain. Places are in 1/1024 of an element; input and output share scale and zero point.
 *
 *   step    = round(1024 * (in - a) / (out - a)), halves up     a = 1 with align_corners and out > 1, else 0
 *   place_i = i * step, with half_pixel_centers + step / 2 - 512
 *   low     = max(0, place_i / 1024), high = min(in - 1, ceil(place_i / 1024)), f = place_i - 1024 * low
 *   output  = round(sum over the four neighbours of q * weight_y * weight_x / 2^20), half away from zero
 *
 * with weights 1024 - f for low, f for high. Where both neighbours are one element f does not matter and is 0 here; so
 * it is where rounding of the step puts a place behind the last element.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_RESIZE_BILINEAR_H_
#define MOTE_MCU_RUNTIME_KERNELS_RESIZE_BILINEAR_H_

#include <stdint.h>

namespace mote::device {

struct BilinearAxis {
  int32_t input; /* under 2^20, as `output`: no place leaves int32 */
  int32_t output;
  int32_t step;
  int32_t begin; /* place of output 0 */

  struct Neighbours {
    int32_t low;
    int32_t high;     /* low or the next */
    int32_t fraction; /* 0 .. 1023 */
  };
  Neighbours At(int32_t position) const {
    const int32_t place = position * step + begin;
    const int32_t low = place >> 10;
    if (low < 0) return {0, 0, 0};
    if (low >= input - 1) return {input - 1, input - 1, 0};
    return {low, low + 1, place & 1023};
  }
};

/* Options that both are set are refused by the caller. */
inline BilinearAxis SolveBilinearAxis(int32_t input, int32_t output, bool align_corners, bool half_pixel_centers) {
  const int32_t less = align_corners && output > 1 ? 1 : 0;
  const int32_t step = (1024 * (input - less) + (output - less) / 2) / (output - less);
  return {input, output, step, half_pixel_centers ? step / 2 - 512 : 0};
}

struct ResizeBilinearParams {
  int32_t batches;
  int32_t channels;
  BilinearAxis vertical;
  BilinearAxis horizontal;
};

inline void ResizeBilinear(const ResizeBilinearParams& p, const int8_t* input, int8_t* output) {
  const int32_t row_step = p.horizontal.input * p.channels;
  for (int32_t b = 0; b < p.batches; ++b, input += p.vertical.input * row_step) {
    for (int32_t y = 0; y < p.vertical.output; ++y) {
      const BilinearAxis::Neighbours v = p.vertical.At(y);
      const int8_t* low = input + v.low * row_step;
      const int8_t* high = input + v.high * row_step;
      for (int32_t x = 0; x < p.horizontal.output; ++x) {
        const BilinearAxis::Neighbours h = p.horizontal.At(x);
        const int32_t w_high_high = v.fraction * h.fraction;
        const int32_t w_high_low = 1024 * v.fraction - w_high_high;
        const int32_t w_low_high = 1024 * h.fraction - w_high_high;
        const int32_t w_low_low = (1 << 20) - 1024 * v.fraction - w_low_high;
        const int32_t left = h.low * p.channels;
        const int32_t right = h.high * p.channels;
        for (int32_t c = 0; c < p.channels; ++c) {
          const int32_t sum = low[left + c] * w_low_low + low[right + c] * w_low_high + high[left + c] * w_high_low +
                              high[right + c] * w_high_high;
          /* Half away from zero: a negative sum is rounded down at a half. */
          *output++ = static_cast<int8_t>((sum + (1 << 19) - (sum < 0 ? 1 : 0)) >> 20);
        }
      }
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_RESIZE_BILINEAR_H_
