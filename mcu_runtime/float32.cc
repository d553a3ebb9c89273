#include "mcu_runtime/float32.h"

namespace mote::device {

MOTE_KERNEL bool IsLess(const Scale& a, const Scale& b) {
  return a.exponent != b.exponent ? a.exponent < b.exponent : a.mantissa < b.mantissa;
}

MOTE_KERNEL Scale FloatFrom(uint64_t mantissa, int32_t exponent) {
  int32_t width = 24;
  while (width < 64 && mantissa >> width != 0) ++width;
  if (width == 24) {
    for (; mantissa >> 23 == 0; mantissa <<= 1) --exponent;
    return {static_cast<uint32_t>(mantissa), exponent};
  }
  const int32_t drop = width - 24;
  const uint64_t half = uint64_t{1} << (drop - 1);
  const uint64_t below = mantissa & ((half << 1) - 1);
  mantissa >>= drop;
  exponent += drop;
  if (below > half || (below == half && (mantissa & 1) != 0)) ++mantissa;
  if (mantissa >> 24 != 0) return {static_cast<uint32_t>(mantissa >> 1), exponent + 1};
  return {static_cast<uint32_t>(mantissa), exponent};
}

MOTE_KERNEL Scale FloatProduct(const Scale& a, const Scale& b) {
  return FloatFrom(static_cast<uint64_t>(a.mantissa) * b.mantissa, a.exponent + b.exponent);
}

MOTE_KERNEL Scale FloatQuotient(const Scale& a, const Scale& b) {
  uint32_t rest = a.mantissa;
  uint64_t quotient = 0; /* of 26 or 27 bits, and one that says whether anything remains */
  for (int32_t bit = 0; bit < 27; ++bit) {
    quotient <<= 1;
    if (rest >= b.mantissa) {
      rest -= b.mantissa;
      quotient |= 1;
    }
    rest <<= 1;
  }
  return FloatFrom(quotient << 1 | (rest != 0 ? 1 : 0), a.exponent - b.exponent - 27);
}

MOTE_KERNEL Multiplier InverseRootMultiplier(const Scale& a, const Scale& b) {
  /* sqrt(mantissa) * 2^39, of an even exponent: 52 bits, two of the mantissa's a step and then zeros. */
  const int32_t odd = a.exponent & 1;
  const uint32_t mantissa = a.mantissa << odd;
  uint64_t root = 0, rest = 0;
  for (int32_t bit = 24; bit >= -78; bit -= 2) {
    rest = rest << 2 | (bit >= 0 ? mantissa >> bit & 3 : 0);
    const uint64_t trial = root << 2 | 1;
    root <<= 1;
    if (rest < trial) continue;
    rest -= trial;
    root |= 1;
  }
  /* 2^83 / b's mantissa, of 60 bits. */
  uint64_t inverse = 0;
  rest = uint64_t{1} << 22;
  for (int32_t bit = 0; bit < 61; ++bit) {
    rest <<= 1;
    inverse <<= 1;
    if (rest < b.mantissa) continue;
    rest -= b.mantissa;
    inverse |= 1;
  }
  Multiplier multiplier = MultiplierFromWideRatio(inverse, root, 0);
  multiplier.exponent -= 44 + (a.exponent - odd) / 2 + b.exponent;
  return multiplier;
}

MOTE_KERNEL int32_t RoundToInteger(const Scale& a) {
  if (a.exponent > 0) return int32_t{1} << 24;
  if (a.exponent < -24) return 0; /* under a half */
  if (a.exponent == 0) return static_cast<int32_t>(a.mantissa);
  return static_cast<int32_t>((a.mantissa + (uint32_t{1} << (-a.exponent - 1))) >> -a.exponent);
}

MOTE_KERNEL Multiplier MultiplierFromWideRatio(uint64_t numerator, uint64_t denominator, int32_t power) {
  while (numerator < denominator) numerator <<= 1, --power;
  while (numerator >= denominator << 1) denominator <<= 1, ++power;
  uint64_t quotient = 0; /* of 54 bits; a tie at the 54th is none where anything remains */
  for (int32_t bit = 0; bit < 54; ++bit) {
    quotient <<= 1;
    if (numerator >= denominator) {
      numerator -= denominator;
      quotient |= 1;
    }
    numerator <<= 1;
  }
  const uint64_t even = quotient >> 1;
  const bool up = (quotient & 1) != 0 && (numerator != 0 || (even & 1) != 0);
  /* The mantissa of 53 bits to 31, half away from zero. */
  const uint64_t mantissa = (even + (up ? 1 : 0) + (uint64_t{1} << 21)) >> 22;
  const int32_t carry = mantissa >> 31 != 0 ? 1 : 0;
  const int32_t exponent = power + 1 + carry;
  if (exponent < -31) return Multiplier();
  return {static_cast<int32_t>(mantissa >> carry), exponent};
}

}  // namespace mote::device
