#include "mcu_runtime/scale.h"

namespace mote::device {
namespace {

/* The first 31 significant bits of numerator / denominator, which is (bits + remainder / denominator) * 2^exponent.
 * denominator in [2^23, 2^24); numerator in [2^46, 2^48). Schoolbook division in base 64, since 32-bit dividers are
 * what small cores have. */
struct Quotient {
  uint32_t bits;
  uint32_t remainder;
  int32_t exponent;
};

Quotient Divide(uint32_t denominator, uint64_t numerator) {
  uint32_t bits = 1;
  uint32_t remainder = static_cast<uint32_t>(numerator >> 24);
  uint32_t below = static_cast<uint32_t>(numerator) << 8; /* bits of the numerator that have not been met */
  int32_t exponent = 24 - 30;
  for (; remainder < denominator; --exponent, below <<= 1) remainder = remainder << 1 | below >> 31;
  for (remainder -= denominator; bits >> 30 == 0; below <<= 6) {
    remainder = remainder << 6 | below >> 26;
    const uint32_t digit = remainder / denominator;
    remainder -= digit * denominator;
    bits = bits << 6 | digit;
  }
  return {bits, remainder, exponent};
}

/* The multiplier of numerator * 2^exponent / denominator.
 *
 * The contract rounds the quotient to 53 bits, half to even, and those to 31, half away from zero. Of the fraction f
 * that follows 31 bits, 53 bits keep 22; so f goes up from 1/2 - 2^-23 on: there the first rounding makes it 1/2. */
Multiplier MakeMultiplier(uint32_t denominator, uint64_t numerator, int32_t exponent) {
  const Quotient q = Divide(denominator, numerator);
  Multiplier m;
  m.exponent = q.exponent + exponent + 31;
  /* f >= 1/2 - 2^-23, times 2 * denominator: 2 * remainder + denominator / 2^22 >= denominator. The second term is 2 or
   * 3, and a fraction that no integer on the other side notices. */
  const uint32_t up = 2 * q.remainder + (denominator >> 22) >= denominator ? 1 : 0;
  uint32_t mantissa = q.bits + up;
  if (mantissa >> 31 != 0) {
    mantissa >>= 1;
    ++m.exponent;
  }
  m.mantissa = static_cast<int32_t>(mantissa);
  return m.exponent >= -31 ? m : Multiplier();
}

}  // namespace

MOTE_KERNEL bool DecodeScale(uint32_t bits, Scale* scale) {
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

MOTE_KERNEL Multiplier MultiplierFromProduct(const Scale& a, const Scale& b, const Scale& c) {
  return MakeMultiplier(c.mantissa, static_cast<uint64_t>(a.mantissa) * b.mantissa,
                        a.exponent + b.exponent - c.exponent);
}

MOTE_KERNEL Multiplier MultiplierFromRatio(const Scale& a, const Scale& c, int32_t power) {
  return MakeMultiplier(c.mantissa, static_cast<uint64_t>(a.mantissa) << 24, a.exponent - c.exponent - 24 + power);
}

MOTE_KERNEL int32_t QuantizeBound(uint32_t value, const Scale& scale) {
  int32_t exponent = -24;
  while (value >> 23 == 0) {
    value <<= 1;
    --exponent;
  }
  /* To float32's 24 bits, half to even. What is under them is odd where the remainder is not 0. */
  const Quotient q = Divide(scale.mantissa, static_cast<uint64_t>(value) << 24);
  const uint32_t under = (q.bits & 127) << 1 | (q.remainder != 0 ? 1 : 0);
  uint32_t bits = q.bits >> 7;
  if (under + (bits & 1) > 128) ++bits; /* 2^24 is well, too */
  const int32_t e = q.exponent + 7 + exponent - scale.exponent;
  if (e > 0) return int32_t{1} << 24;
  if (e < -25) return 0; /* under a half */
  return static_cast<int32_t>(e == 0 ? bits : (bits + (uint32_t{1} << (-e - 1))) >> -e);
}

}  // namespace mote::device
