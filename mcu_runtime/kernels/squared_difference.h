/* SQUARED_DIFFERENCE of int8 (L = 7) and int16 (L = 0), plain:
 *
 *   r_k = requantize((x_k - z_k) * 2^L, s_k / (2 * max(s1, s2)))          k = 1, 2
 *   output = clamp(z_out + requantize((r_1 - r_2)^2, 4 * max(s1, s2)^2 / (2^(2 L) * s_out)))
 *
 * |r_1 - r_2| is at most 255 * 2^7 in int8 and 2^15 in int16: the last multiplier's exponent is at most 1, or 0.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_SQUARED_DIFFERENCE_H_
#define MOTE_MCU_RUNTIME_KERNELS_SQUARED_DIFFERENCE_H_

#include "mcu_runtime/kernels/elementwise.h"

namespace mote::device {

struct SquaredDifferenceFunction {
  int32_t shift; /* L */
  int32_t zero_a;
  int32_t zero_b;
  Multiplier multiplier_a;
  Multiplier multiplier_b;
  Multiplier multiplier;
  OutputRange output;

  int32_t operator()(int32_t x, int32_t y) const {
    const int32_t unit = int32_t{1} << shift;
    const int32_t difference =
        Requantize((x - zero_a) * unit, multiplier_a) - Requantize((y - zero_b) * unit, multiplier_b);
    return Clamp(Requantize(difference * difference, multiplier) + output.zero_point, output);
  }
};

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_SQUARED_DIFFERENCE_H_
