/* HARD_SWISH, x * relu6(x + 3) / 6, plain, in 16-bit fixed point. With d = (x - z_in) * 2^7, mul16(a, b) =
 * floor((a * b + 2^14) / 2^15), and multipliers m * 2^(e - 15):
 *
 *   g = shifted(mul16(shifted(d, e_r - 1 if e_r > 0), m_r), e_r)     s_in / 128 / (3 / 32768): 1.0 stands for x = 3
 *   h = floor((g + 2^15) / 2)                                        relu6(x + 3) / 6 in Q0.15
 *   output = clamp(z_out + round(trunc(h * mul16(d, m_o) / 2^15) / 2^-e_o))             s_in / 128 / s_out, e_o <= 0
 *
 * Left shifts saturate; of the left shift by e_r the last bit comes after the product.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_HARD_SWISH_H_
#define MOTE_MCU_RUNTIME_KERNELS_HARD_SWISH_H_

#include <stdint.h>

namespace mote::device {

/* A multiplier of 15 bits. */
struct Multiplier16 {
  int32_t mantissa;
  int32_t exponent;
};

struct HardSwishParams {
  int32_t input_zero_point;
  int32_t output_zero_point;
  Multiplier16 output; /* exponent from -31 to 0 */
  Multiplier16 gate;   /* exponent from -31 to 30 */
};

/* Of int16 factors, the second not negative. */
inline int32_t RoundingDoublingHighMul16(int32_t a, int32_t b) { return (a * b + (1 << 14)) >> 15; }

/* Half away from zero; as the reference has it in int16, where a shift of 16 or more makes 1 of what is not negative
 * and -1 of what is. */
inline int32_t RoundingDivideByPowerOfTwo16(int32_t x, int32_t exponent) {
  const int32_t mask = static_cast<int16_t>((uint32_t{1} << exponent) - 1);
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + ((x & mask) > threshold ? 1 : 0);
}

inline int32_t SaturatingShiftLeft16(int32_t x, int32_t bits) {
  const int32_t limit = INT16_MAX >> (bits > 15 ? 15 : bits);
  if (x > limit) return INT16_MAX;
  if (x < -limit - 1) return INT16_MIN;
  return x * (1 << (bits > 15 ? 15 : bits));
}

inline int32_t HardSwish(const HardSwishParams& p, int32_t x) {
  const int32_t d = (x - p.input_zero_point) * (1 << 7);
  int32_t gate = d;
  const int32_t left = p.gate.exponent;
  if (left > 0) gate = SaturatingShiftLeft16(gate, left - 1);
  gate = RoundingDoublingHighMul16(gate, p.gate.mantissa);
  gate = left > 0 ? SaturatingShiftLeft16(gate, 1) : RoundingDivideByPowerOfTwo16(gate, -left);
  gate = (gate + (1 << 15)) >> 1;
  const int32_t product = gate * RoundingDoublingHighMul16(d, p.output.mantissa) / (1 << 15);
  const int32_t code = RoundingDivideByPowerOfTwo16(product, -p.output.exponent) + p.output_zero_point;
  return code < -128 ? -128 : code > 127 ? 127 : code;
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_HARD_SWISH_H_
