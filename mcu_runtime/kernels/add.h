/* ADD and SUB of int8 (L = 20) and int16 (L = 15), plain. Both inputs are brought to the scale 2 * max(s1, s2) / 2^L,
 * added or subtracted, and requantized once:
 *
 *   r_k = requantize((x_k - z_k) * 2^L, m_k),  m_k = s_k / (2 * max(s1, s2)) <= 1/2                  k = 1, 2
 *   output = clamp(z_out + requantize(r_1 + r_2, m)),  m = 2 * max(s1, s2) / (2^L * s_out) < 1
 *
 * |x - z| * 2^L < 2^28 for int8 and <= 2^30 for int16, so that nothing leaves 32 bits.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_ADD_H_
#define MOTE_MCU_RUNTIME_KERNELS_ADD_H_

#include "mcu_runtime/kernels/requantize.h"

namespace mote::device {

/* x / 2^shift, half away from zero, for |x| <= 2^30: the terms that do not depend on x are made once. */
struct RightShift {
  static RightShift By(int32_t bits) { return {bits, bits > 0 ? int32_t{1} << (bits - 1) : 0, bits > 0 ? -1 : 0}; }
  __attribute__((always_inline)) int32_t operator()(int32_t x) const {
    return (x + half + ((x >> 31) & sign)) >> shift;
  }

  int32_t shift;
  int32_t half;
  int32_t sign;
};

/* r_k. The first rounding of requantize is floor((d * 2^L * M + 2^30) / 2^31) with d = x - z. With M = 2^16 u + v that
 * is d * u * 2^(L - 15) + floor((d * v + 2^(30 - L)) / 2^(31 - L)), and every part of it is within 32 bits. */
struct AddTerm {
  static AddTerm Of(int32_t zero_point, const Multiplier& m) {
    return {zero_point, m.mantissa >> 16, m.mantissa & 0xffff, RightShift::By(-m.exponent)};
  }

  template <int32_t L>
  __attribute__((always_inline)) int32_t At(int32_t x) const {
    const int32_t d = x - zero_point;
    return shift(d * upper * (1 << (L - 15)) + ((d * lower + (1 << (30 - L))) >> (31 - L)));
  }

  int32_t zero_point;
  int32_t upper;
  int32_t lower;
  RightShift shift;
};

struct AddParams {
  AddTerm a;
  AddTerm b;
  int32_t mantissa; /* of m */
  RightShift shift;
  OutputRange output;
};

/* kSign: 1 adds, -1 subtracts. */
template <int32_t L, int32_t kSign>
struct AddFunction {
  AddParams p;

  __attribute__((always_inline)) int32_t operator()(int32_t x, int32_t y) const {
    const int32_t sum = p.a.At<L>(x) + kSign * p.b.At<L>(y);
    const int32_t code = p.shift(RoundingDoublingHighMul(sum, p.mantissa)) + p.output.zero_point;
    return code < p.output.min ? p.output.min : code > p.output.max ? p.output.max : code;
  }
};

constexpr int32_t kAddBits8 = 20;
constexpr int32_t kAddBits16 = 15;

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_ADD_H_
