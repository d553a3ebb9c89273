/* How sums become codes on Helium. All forms give the contract's codes (docs/arithmetic.md); which of them do for a
 * layer, and with what constants, the compiler finds out (export/compiler/requantization_mve.h). */
#ifndef MOTE_MCU_RUNTIME_COMPILED_REQUANTIZATION_MVE_H_
#define MOTE_MCU_RUNTIME_COMPILED_REQUANTIZATION_MVE_H_

#include <stdint.h>

namespace mote::compiled {

enum class RequantizationMve : int {
  /* saturate(round(round(h / 2^first) / 2^second)), both half up, with h = high32(2 * (sum * scalar + offset) *
   * multiplier): one line through the contract's steps, proved for each channel. Products and sums are modulo 2^32. */
  kOneLine,
  /* The contract's two roundings, the second one half up: the same where codes under the zero point are clamped. */
  kClamped,
  /* The contract's two roundings. Every exponent is negative. */
  kFull,
};

/* A shift of kOneLine, 2 to 24, is made in two steps, from 32 to 16 bits and from 16 to 8. Rounding is for free, and
 * what it adds is known: floor((h + RoundingMve(shift)) / 2^shift). (VQSHRN would not round, but GNU as 2.40 encodes it
 * as VQRSHRN.) */
constexpr int SecondShiftMve(int shift) { return shift > 8 ? 8 : shift - 1; }
constexpr int FirstShiftMve(int shift) { return shift - SecondShiftMve(shift); }
constexpr int32_t RoundingMve(int shift) { return (1 << (shift - 1)) + (1 << (FirstShiftMve(shift) - 1)); }

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_REQUANTIZATION_MVE_H_
