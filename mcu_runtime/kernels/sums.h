/* Sums of products of codes, and how they become codes, in one notation for all types, so that a kernel is written
 * once.
 *
 * A sum of int16 codes is kept in 64 bits. It is multiplied by 15 bits of the mantissa and rounded once, halves up
 * (docs/arithmetic.md):
 *   M' = min(round(M / 2^16), 2^15 - 1)        result = floor((acc * M' + 2^(14 - e)) / 2^(15 - e))
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_SUMS_H_
#define MOTE_MCU_RUNTIME_KERNELS_SUMS_H_

#include "mcu_runtime/kernels/requantize.h"

namespace mote::device {

/* sum of (x[i] - x_zero_point) * w[i]. Written in 16-bit factors: compilers know a vector instruction for that. */
inline int32_t SumOfProducts(const int8_t* x, const int8_t* w, int32_t n, int16_t x_zero_point) {
  int32_t sum = 0;
  for (int32_t i = 0; i < n; ++i) {
    const int16_t a = static_cast<int16_t>(x[i] - x_zero_point);
    const int16_t b = w[i];
    sum += a * b;
  }
  return sum;
}

/* The zero point of int16 codes is 0. */
inline int64_t SumOfProducts(const int16_t* x, const int8_t* w, int32_t n, int16_t) {
  int64_t sum = 0;
  for (int32_t i = 0; i < n; ++i) sum += x[i] * w[i];
  return sum;
}

/* The multiplier's upper 16 bits, rounded: from 0x4000 to 0x7fff. */
inline int32_t ReducedMantissa(Multiplier m) {
  return m.mantissa < 0x7fff0000 ? (m.mantissa + (1 << 15)) >> 16 : 0x7fff;
}

/* |acc| < 2^47, -31 <= exponent <= 7, and the result is within int32: the reader proves it. */
inline int32_t RequantizeWide(int64_t acc, Multiplier m) {
  const int32_t shift = 15 - m.exponent;
  return static_cast<int32_t>((acc * ReducedMantissa(m) + (int64_t{1} << (shift - 1))) >> shift);
}

inline int32_t RequantizeSum(int32_t acc, Multiplier m) { return Requantize(acc, m); }
inline int32_t RequantizeSum(int64_t acc, Multiplier m) { return RequantizeWide(acc, m); }

template <typename Code, typename Sum>
inline Code CodeOfSum(Sum acc, Multiplier m, const OutputRange& range) {
  int32_t code = RequantizeSum(acc, m) + range.zero_point;
  if (code < range.min) code = range.min;
  if (code > range.max) code = range.max;
  return static_cast<Code>(code);
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_SUMS_H_
