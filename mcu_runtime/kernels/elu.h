/* ELU of int8, plain: x for x >= 0, exp(x) - 1 below. The contract's steps are float32, each rounded to 24 bits
 * (float32.h); exp itself is correctly rounded to 24 bits, from 64-bit fixed point.
 *
 *   d = s_in * |x - z_in|       v = d / s_out for x >= z_in, else -(1 - exp(-d)) / s_out, as a product by 1 / s_out
 *   output = clamp(z_out + round(v))
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_ELU_H_
#define MOTE_MCU_RUNTIME_KERNELS_ELU_H_

#include "mcu_runtime/float32.h"

namespace mote::device {

/* The high half of a product of 64-bit numbers. */
inline uint64_t MultiplyHigh64(uint64_t a, uint64_t b) {
  const uint32_t a_low = static_cast<uint32_t>(a);
  const uint32_t b_low = static_cast<uint32_t>(b);
  const uint64_t a_high = a >> 32;
  const uint64_t b_high = b >> 32;
  const uint64_t middle = a_high * b_low + (uint64_t{a_low} * b_low >> 32);
  const uint64_t other = b_high * a_low;
  return a_high * b_high + (middle >> 32) + (other >> 32) + (((middle & 0xffffffffu) + (other & 0xffffffffu)) >> 32);
}

/* exp(-x) in Q0.64 for 0 < x < 32 in Q5.59, to about 50 bits: Taylor's series under 1/4, and a constant for each bit
 * above it. Never 0: exp(-32) is 2^-46. */
inline uint64_t ExpOfNegative64(uint64_t x) {
  /* 2^64 / k!, k = 11 ... 2 */
  static constexpr uint64_t kInverseFactorials[10] = {
      UINT64_MAX / 39916800, UINT64_MAX / 3628800, UINT64_MAX / 362880, UINT64_MAX / 40320, UINT64_MAX / 5040,
      UINT64_MAX / 720,      UINT64_MAX / 120,     UINT64_MAX / 24,     UINT64_MAX / 6,     UINT64_MAX / 2};
  /* exp(-1/4), exp(-1/2), exp(-1), ... exp(-16), Q0.64 */
  static constexpr uint64_t kFactors[7] = {0xc75f7cf564105743u, 0x9b4597e37cb04ff4u, 0x5e2d58d8b3bcdf1bu,
                                           0x22a555477f039740u, 0x04b0556e084f3d1eu, 0x0015fc21041027adu,
                                           0x000001e355bbaee8u};
  const uint64_t rest = (x & ((uint64_t{1} << 57) - 1)) << 5; /* under 1/4, Q0.64 */
  uint64_t series = 0;
  for (const uint64_t term : kInverseFactorials) series = term - MultiplyHigh64(rest, series);
  /* 1 - rest + rest^2 * series; where that is 1, the next number below it. */
  const uint64_t below_one = rest - MultiplyHigh64(rest, MultiplyHigh64(rest, series));
  uint64_t result = below_one == 0 ? UINT64_MAX : 0 - below_one;
  uint32_t bits = static_cast<uint32_t>(x >> 57);
  for (const uint64_t* factor = kFactors; bits != 0; ++factor, bits >>= 1) {
    if (bits & 1) result = MultiplyHigh64(result, *factor);
  }
  return result;
}

/* 1 - exp(-d) in float32 steps. False where that is 0. */
inline bool OneMinusExp(Scale d, Scale* result) {
  if (d.exponent < -59) return false; /* exp(-d) rounds to 1 from 2^-25 on */
  *result = {uint32_t{1} << 23, -23};
  if (d.exponent > -19) return true; /* 2^5 and more */
  const Scale power = FloatFrom(ExpOfNegative64(uint64_t{d.mantissa} << (d.exponent + 59)), -64);
  if (power.exponent < -62) return true;
  const uint64_t difference = (uint64_t{1} << -power.exponent) - power.mantissa;
  if (difference == 0) return false;
  *result = FloatFrom(difference, power.exponent);
  return true;
}

struct EluParams {
  Scale input_scale;
  Scale inverse_output_scale; /* 1 / s_out in float32 */
  int32_t input_zero_point;
  int32_t output_zero_point;
};

inline int32_t Elu(const EluParams& p, int32_t x) {
  const int32_t n = x - p.input_zero_point;
  if (n == 0) return p.output_zero_point;
  Scale value =
      FloatFrom(uint64_t{p.input_scale.mantissa} * static_cast<uint32_t>(n < 0 ? -n : n), p.input_scale.exponent);
  if (n < 0 && !OneMinusExp(value, &value)) return p.output_zero_point;
  const int32_t rounded = RoundToInteger(FloatProduct(value, p.inverse_output_scale));
  const int32_t code = p.output_zero_point + (n < 0 ? -rounded : rounded);
  return code < -128 ? -128 : code > 127 ? 127 : code;
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_ELU_H_
