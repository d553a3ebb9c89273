/* RSQRT of int8, plain. With d = x - z_in:
 *
 *   output = clamp(z_out + requantize(requantize(1, r * 2^20), m / 2^20)),  m = 1 / (sqrt(s_in) * s_out)
 *
 * r is 1 / sqrt(d) as a multiplier: d is brought to [1/2, 2) by a power of 4, and 1 / sqrt is found by five steps of
 * Newton and Raphson from 1 in Q3.28; the square root of 1/2 that is left over is a factor. d = 1 has r = 1 - 2^-31.
 * Where d <= 0 the output is 127, the largest code.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_RSQRT_H_
#define MOTE_MCU_RUNTIME_KERNELS_RSQRT_H_

#include "mcu_runtime/kernels/fixed_point.h"

namespace mote::device {

struct RsqrtParams {
  int32_t input_zero_point;
  int32_t output_zero_point;
  Multiplier multiplier; /* m / 2^20: exponent from -31 to 10 */
};

/* d from 1 to 255. */
inline Multiplier InverseSquareRoot(int32_t d) {
  if (d == 1) return {INT32_MAX, 0};
  int32_t shift = -11;
  for (; d < int32_t{1} << 27; ++shift) d *= 4; /* to [2^27, 2^29) */
  const int32_t half = RoundingDivideByPowerOfTwo(d >> 1, 1);
  int32_t x = int32_t{1} << 28;
  for (int32_t step = 0; step < 5; ++step) {
    const int32_t cube = SaturatingShiftLeft(RoundingDoublingHighMul(RoundingDoublingHighMul(x, x), x), 6);
    const int32_t three_halves = (int32_t{1} << 28) + (int32_t{1} << 27);
    x = SaturatingShiftLeft(RoundingDoublingHighMul(three_halves, x) - RoundingDoublingHighMul(half, cube), 3);
  }
  x = RoundingDoublingHighMul(x, 1518500250); /* sqrt(1/2), Q0.31 */
  return {x, shift};
}

inline int32_t Rsqrt(const RsqrtParams& p, int32_t code) {
  const int32_t d = code - p.input_zero_point;
  if (d <= 0) return 127;
  Multiplier root = InverseSquareRoot(d);
  root.exponent += 20;
  const int32_t output = Requantize(Requantize(1, root), p.multiplier) + p.output_zero_point;
  return output < -128 ? -128 : output > 127 ? 127 : output;
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_RSQRT_H_
