/* MUL, plain:
 *
 *   output = clamp(z_out + requantize((x_1 - z_1) * (x_2 - z_2), s_1 * s_2 / s_out))
 *
 * The product is at most 255^2 in int8 and 2^30 in int16: the multiplier's exponent is at most 15, or 0.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_MULTIPLY_H_
#define MOTE_MCU_RUNTIME_KERNELS_MULTIPLY_H_

#include "mcu_runtime/kernels/elementwise.h"

namespace mote::device {

struct MultiplyFunction {
  int32_t zero_a;
  int32_t zero_b;
  Multiplier multiplier;
  OutputRange output;

  int32_t operator()(int32_t x, int32_t y) const {
    return Clamp(Requantize((x - zero_a) * (y - zero_b), multiplier) + output.zero_point, output);
  }
};

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_MULTIPLY_H_
