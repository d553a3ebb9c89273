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

MOTE_KERNEL Scale FloatSquareRoot(const Scale& a) {
  /* The square root of a number of 49 or 50 bits, bit by bit: 25 bits. A tie there would be the square of an odd number
   * of 25 bits, and a's 24 bits hold none. */
  const int32_t shift = 25 + ((a.exponent - 25) & 1);
  uint64_t rest = static_cast<uint64_t>(a.mantissa) << shift;
  uint64_t root = 0;
  for (uint64_t bit = uint64_t{1} << 48; bit != 0; bit >>= 2) {
    if (rest >= root + bit) {
      rest -= root + bit;
      root = (root >> 1) + bit;
    } else {
      root >>= 1;
    }
  }
  return FloatFrom(root + (root & 1), (a.exponent - shift) / 2);
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
