#include "mcu_runtime/scale.h"

namespace mote::device {
namespace {

struct Rounded {
  uint64_t mantissa; /* exactly `bits` bits wide */
  int32_t exponent;
};

/* numerator / denominator to `bits` significant bits (at most 53), half to even: one IEEE division. numerator in [2^46,
 * 2^48), denominator in [2^23, 2^24). Schoolbook division in base 256, since 32-bit dividers are what small cores have.
 */
Rounded RoundedQuotient(uint64_t numerator, uint32_t denominator, int32_t bits) {
  uint32_t remainder = static_cast<uint32_t>(numerator >> 24);
  uint64_t quotient = remainder / denominator;
  remainder %= denominator;
  const uint32_t low = static_cast<uint32_t>(numerator) & 0xffffffu;
  for (int32_t digit = 0; digit < 7; ++digit) { /* three bytes of the numerator, then 32 bits below the point */
    const uint32_t next = digit < 3 ? (low >> (16 - 8 * digit)) & 0xffu : 0;
    const uint32_t dividend = remainder << 8 | next;
    const uint32_t q = dividend / denominator;
    remainder = dividend - q * denominator;
    quotient = quotient << 8 | q;
  }
  int32_t exponent = -32;
  int32_t width = 54; /* the quotient is at least 2^46 / 2^24 * 2^32 */
  while (quotient >> width != 0) ++width;
  const int32_t drop = width - bits;
  const uint64_t half = uint64_t{1} << (drop - 1);
  const uint64_t below = quotient & ((half << 1) - 1);
  uint64_t mantissa = quotient >> drop;
  exponent += drop;
  const bool up = below > half || (below == half && (remainder != 0 || (mantissa & 1) != 0));
  if (up && ++mantissa >> bits != 0) {
    mantissa >>= 1;
    ++exponent;
  }
  return {mantissa, exponent};
}

/* The multiplier of numerator * 2^exponent / denominator. */
Multiplier MakeMultiplier(uint64_t numerator, uint32_t denominator, int32_t exponent) {
  const Rounded quotient = RoundedQuotient(numerator, denominator, 53);
  uint32_t mantissa = static_cast<uint32_t>((quotient.mantissa + (uint64_t{1} << 21)) >> 22);
  int32_t e = quotient.exponent + exponent + 53;
  if (mantissa == uint32_t{1} << 31) {
    mantissa >>= 1;
    ++e;
  }
  Multiplier m;
  if (e >= -31) {
    m.mantissa = static_cast<int32_t>(mantissa);
    m.exponent = e;
  }
  return m;
}

}  // namespace

bool DecodeScale(uint32_t bits, Scale* scale) {
  const uint32_t biased = bits >> 23; /* with the sign: negative numbers are 256 and more */
  if (biased >= 255 || bits == 0) return false;
  uint32_t mantissa = bits & 0x7fffffu;
  int32_t exponent = static_cast<int32_t>(biased) - 150;
  if (biased == 0) {
    ++exponent;
    while (mantissa >> 23 == 0) {
      mantissa <<= 1;
      --exponent;
    }
  }
  scale->mantissa = mantissa | uint32_t{1} << 23;
  scale->exponent = exponent;
  return true;
}

Multiplier MultiplierFromProduct(const Scale& a, const Scale& b, const Scale& c) {
  return MakeMultiplier(static_cast<uint64_t>(a.mantissa) * b.mantissa, c.mantissa,
                        a.exponent + b.exponent - c.exponent);
}

Multiplier MultiplierFromRatio(const Scale& a, const Scale& c, int32_t power) {
  return MakeMultiplier(static_cast<uint64_t>(a.mantissa) << 24, c.mantissa, a.exponent - c.exponent - 24 + power);
}

int32_t QuantizeBound(uint32_t value, const Scale& scale) {
  int32_t exponent = -24;
  while (value >> 23 == 0) {
    value <<= 1;
    --exponent;
  }
  const Rounded quotient = RoundedQuotient(static_cast<uint64_t>(value) << 24, scale.mantissa, 24);
  const int32_t e = quotient.exponent + exponent - scale.exponent;
  if (e > 0) return int32_t{1} << 24;
  if (e < -24) return 0; /* under a half */
  const uint32_t mantissa = static_cast<uint32_t>(quotient.mantissa);
  return static_cast<int32_t>(e == 0 ? mantissa : (mantissa + (uint32_t{1} << (-e - 1))) >> -e);
}

}  // namespace mote::device
