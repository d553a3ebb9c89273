/* Requantization, the two roundings of contract mote-int8 v1 (docs/arithmetic.md).
 *
 * A real multiplier m is held as a mantissa M in [2^30, 2^31) and an exponent e: m = M * 2^(e - 31), -31 <= e <= 30; M
 * = 0 stands for m under 2^-32. Then acc * m is, in this order: h = round(acc * 2^max(e, 0) * M / 2^31)       the high
 * half of the doubled product result = round(h / 2^max(-e, 0))              half away from zero
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_REQUANTIZE_H_
#define MOTE_MCU_RUNTIME_KERNELS_REQUANTIZE_H_

#include <stdint.h>

namespace mote::device {

struct Multiplier {
  int32_t mantissa = 0;
  int32_t exponent = 0;
};

/* What one output channel adds to its sum of products, and how the sum becomes a code. A table of these is constant: in
 * flash where code is generated, made in blocks on the stack where a file is interpreted. */
struct ChannelTerms {
  int32_t bias;
  Multiplier multiplier;
};

/* Codes that an output may take: its zero point, and the range that its fused activation leaves. */
struct OutputRange {
  int32_t zero_point;
  int32_t min;
  int32_t max;
};

/* The contract states a nudge of 2^30 for products >= 0, of 1 - 2^30 for those below, and a division that truncates.
 * That is the floor of (product + 2^30) / 2^31 for every product (tests/mcu_runtime/arithmetic_test.cc). `b` is a
 * mantissa, never negative, so that the one saturating case (-2^31 * -2^31) does not occur. */
inline int32_t RoundingDoublingHighMul(int32_t a, int32_t b) {
  return static_cast<int32_t>((static_cast<int64_t>(a) * b + (int64_t{1} << 30)) >> 31);
}

/* x / 2^exponent, 0 <= exponent <= 31, half away from zero. */
inline int32_t RoundingDivideByPowerOfTwo(int32_t x, int32_t exponent) {
  const int32_t mask = static_cast<int32_t>((uint32_t{1} << exponent) - 1);
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + ((x & mask) > threshold ? 1 : 0);
}

/* |acc| * 2^max(e, 0) must be within int32; the model reader proves it for each channel. */
inline int32_t Requantize(int32_t acc, Multiplier m) {
  const int32_t left = m.exponent > 0 ? m.exponent : 0;
  const int32_t right = m.exponent > 0 ? 0 : -m.exponent;
  const int32_t shifted = static_cast<int32_t>(static_cast<uint32_t>(acc) << left);
  return RoundingDivideByPowerOfTwo(RoundingDoublingHighMul(shifted, m.mantissa), right);
}

inline int8_t ClampToInt8(int32_t code, const OutputRange& range) {
  if (code < range.min) code = range.min;
  if (code > range.max) code = range.max;
  return static_cast<int8_t>(code);
}

inline int8_t RequantizeToInt8(int32_t acc, const Multiplier& m, const OutputRange& range) {
  return ClampToInt8(Requantize(acc, m) + range.zero_point, range);
}

/* sum of (x[i] - x_zero_point) * w[i]. Written in 16-bit factors: compilers know a vector instruction for that. */
inline int32_t DotProduct(const int8_t* x, const int8_t* w, int32_t n, int16_t x_zero_point) {
  int32_t sum = 0;
  for (int32_t i = 0; i < n; ++i) {
    const int16_t a = static_cast<int16_t>(x[i] - x_zero_point);
    const int16_t b = w[i];
    sum += a * b;
  }
  return sum;
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_REQUANTIZE_H_
