/* Requantization, the two roundings of contract mote-int8 v1 (docs/arithmetic.md).
 *
 * A real multiplier m is held as a mantissa M in [2^30, 2^31) and an exponent e: m = M * 2^(e - 31), -31 <= e <= 30;
 * M = 0 stands for m under 2^-32. Then acc * m is, in this order:
 *   h = round(acc * 2^max(e, 0) * M / 2^31)       the high half of the doubled product
 *   result = round(h / 2^max(-e, 0))              half away from zero
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_REQUANTIZE_H_
#define MOTE_MCU_RUNTIME_KERNELS_REQUANTIZE_H_

#include <stdint.h>

#include "mcu_runtime/kernels/high_multiply.h"

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

/* x / 2^exponent, 0 <= exponent <= 31, half away from zero. */
inline int32_t RoundingDivideByPowerOfTwo(int32_t x, int32_t exponent) {
  const int32_t mask = static_cast<int32_t>((uint32_t{1} << exponent) - 1);
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + ((x & mask) > threshold ? 1 : 0);
}

/* |acc| * 2^max(e, 0) must be within int32; the model reader proves it for each channel. */
inline int32_t Requantize(int32_t acc, Multiplier m) {
  if (m.exponent >= 0) {
    return RoundingDoublingHighMul(static_cast<int32_t>(static_cast<uint32_t>(acc) << m.exponent), m.mantissa);
  }
  return RoundingDivideByPowerOfTwo(RoundingDoublingHighMul(acc, m.mantissa), -m.exponent);
}

inline int32_t Clamp(int32_t code, const OutputRange& range) {
  if (code < range.min) code = range.min;
  return code > range.max ? range.max : code;
}

inline int8_t ClampToInt8(int32_t code, const OutputRange& range) { return static_cast<int8_t>(Clamp(code, range)); }

/* Clamped before the zero point is added: a multiplier of 1/2 or more may leave a result at the ends of int32. */
inline int8_t CodeOfResult(int32_t result, const OutputRange& range) {
  const int32_t z = range.zero_point;
  const OutputRange centred = {0, range.min - z, range.max - z};
  return static_cast<int8_t>(Clamp(result, centred) + z);
}

inline int8_t RequantizeToInt8(int32_t acc, const Multiplier& m, const OutputRange& range) {
  return CodeOfResult(Requantize(acc, m), range);
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_REQUANTIZE_H_
