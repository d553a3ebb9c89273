/* RESIZE_NEAREST_NEIGHBOR, plain, elements of any type. The contract computes places in float32; here the same numbers
 * are formed with integers, to the last bit:
 *
 *   scale   = (in - a) / (out - a)                      a = 1 with align_corners and out > 1, else 0
 *   place_i = (i + (1/2 with half_pixel_centers)) * scale
 *   input   = min(in - 1, floor(place_i)), with align_corners round(place_i), half away from zero
 *
 * The quotient and the product are each rounded to float32's 24 bits, half to even.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_RESIZE_NEAREST_H_
#define MOTE_MCU_RUNTIME_KERNELS_RESIZE_NEAREST_H_

#include <stdint.h>

namespace mote::device {

struct NearestAxis {
  int32_t input; /* under 2^23, as `output`: all of them are float32 numbers */
  int32_t output;
  uint32_t mantissa; /* scale = mantissa * 2^-shift; [2^23, 2^24), or 0 */
  int32_t shift;
  int32_t twice_offset; /* 1 with half_pixel_centers, else 0 */
  bool align_corners;

  int32_t At(int32_t position) const {
    /* Of twice the place. */
    uint64_t product = static_cast<uint64_t>(static_cast<uint32_t>(2 * position + twice_offset)) * mantissa;
    int32_t below = 0; /* bits that float32 has no place for */
    while (product >> below >> 24 != 0) ++below;
    if (below != 0) {
      const uint64_t odd = product >> below & 1;
      product = (product + (uint64_t{1} << (below - 1)) - 1 + odd) >> below << below;
    }
    if (align_corners) product += uint64_t{1} << shift;
    const int32_t place = static_cast<int32_t>(product >> (shift + 1));
    return place < input - 1 ? place : input - 1;
  }
};

inline NearestAxis SolveNearestAxis(int32_t input, int32_t output, bool align_corners, bool half_pixel_centers) {
  const int32_t less = align_corners && output > 1 ? 1 : 0;
  uint32_t remainder = static_cast<uint32_t>(input - less);
  uint32_t divisor = static_cast<uint32_t>(output - less);
  NearestAxis axis = {input, output, 0, 23, half_pixel_centers ? 1 : 0, align_corners};
  if (remainder == 0) return axis;
  for (; remainder < divisor; remainder <<= 1) ++axis.shift;
  for (; remainder >= 2 * divisor; divisor <<= 1) --axis.shift;
  for (int32_t bit = 0; bit < 24; ++bit) {
    axis.mantissa <<= 1;
    if (remainder >= divisor) {
      remainder -= divisor;
      axis.mantissa |= 1;
    }
    remainder <<= 1;
  }
  /* Never a half: a quotient that ends has no more bits than its dividend, under 24. A mantissa of 2^24 will do. */
  if (remainder > divisor) ++axis.mantissa;
  return axis;
}

struct ResizeNearestParams {
  int32_t batches;
  int32_t pixel_bytes;
  NearestAxis vertical;
  NearestAxis horizontal;
};

inline void ResizeNearest(const ResizeNearestParams& p, const uint8_t* input, uint8_t* output) {
  const int32_t row_bytes = p.horizontal.input * p.pixel_bytes;
  const uint32_t output_row_bytes = static_cast<uint32_t>(p.horizontal.output * p.pixel_bytes);
  for (int32_t b = 0; b < p.batches; ++b, input += p.vertical.input * row_bytes) {
    int32_t last = -1;
    for (int32_t y = 0; y < p.vertical.output; ++y) {
      const int32_t source = p.vertical.At(y);
      if (source == last) {
        __builtin_memcpy(output, output - output_row_bytes, output_row_bytes);
        output += output_row_bytes;
        continue;
      }
      last = source;
      for (int32_t x = 0; x < p.horizontal.output; ++x, output += p.pixel_bytes) {
        __builtin_memcpy(output, input + source * row_bytes + p.horizontal.At(x) * p.pixel_bytes,
                         static_cast<uint32_t>(p.pixel_bytes));
      }
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_RESIZE_NEAREST_H_
