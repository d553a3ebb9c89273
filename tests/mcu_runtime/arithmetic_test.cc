// The integer arithmetic of the device against plain statements of the contract: double for the forming of multipliers,
// 64-bit integers for requantization.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>

#include "mcu_runtime/kernels/requantize.h"
#include "mcu_runtime/kernels/softmax.h"
#include "mcu_runtime/scale.h"

namespace mote::device {
namespace {

// The contract's own words: frexp, 31 bits half away from zero, nothing under exponent -31.
Multiplier Stated(double m) {
  int exponent = 0;
  const double fraction = std::frexp(m, &exponent);
  int64_t mantissa = std::llround(fraction * 2147483648.0);
  if (mantissa == int64_t{1} << 31) {
    mantissa /= 2;
    ++exponent;
  }
  if (exponent < -31) return {0, 0};
  return {static_cast<int32_t>(mantissa), exponent};
}

float FromBits(uint32_t bits) { return std::bit_cast<float>(bits); }
Scale Decoded(float value) {
  Scale scale;
  EXPECT_TRUE(DecodeScale(std::bit_cast<uint32_t>(value), &scale));
  return scale;
}

// Any positive finite float32, or one of ordinary size, or one with few mantissa bits (where halves and ties are).
rc::Gen<float> PositiveFloats() {
  const auto any = rc::gen::map(rc::gen::inRange<uint32_t>(1, 0x7f800000u), FromBits);
  const auto ordinary = rc::gen::map(rc::gen::inRange<uint32_t>(0x38000000u, 0x41000000u), FromBits);
  const auto round =
      rc::gen::map(rc::gen::inRange<uint32_t>(0x3800u, 0x4100u), [](uint32_t b) { return FromBits(b << 16); });
  return rc::gen::oneOf(any, ordinary, round);
}

RC_GTEST_PROP(Multiplier, OfAProductIsWhatDoubleArithmeticGives, ()) {
  for (int i = 0; i < 200; ++i) {
    const float a = *PositiveFloats();
    const float b = *PositiveFloats();
    const float c = *PositiveFloats();
    const Multiplier want = Stated(static_cast<double>(a) * static_cast<double>(b) / static_cast<double>(c));
    const Multiplier got = MultiplierFromProduct(Decoded(a), Decoded(b), Decoded(c));
    RC_ASSERT(got.mantissa == want.mantissa);
    RC_ASSERT(got.exponent == want.exponent);
  }
}

RC_GTEST_PROP(Multiplier, OfARatioIsWhatDoubleArithmeticGives, ()) {
  for (int i = 0; i < 200; ++i) {
    const float a = *PositiveFloats();
    const float c = *PositiveFloats();
    const int power = *rc::gen::inRange(-20, 21);
    const Multiplier want = Stated(std::ldexp(static_cast<double>(a) / static_cast<double>(c), power));
    const Multiplier got = MultiplierFromRatio(Decoded(a), Decoded(c), power);
    RC_ASSERT(got.mantissa == want.mantissa);
    RC_ASSERT(got.exponent == want.exponent);
  }
}

// (2^24 - 2) * (2^23 + 1) is 2^47 - 2: 31 bits round it up to a power of two, whose mantissa is one bit too long.
TEST(Multiplier, TakesUpWhatRoundingCarriesOver) {
  const float a = 16777214, b = 8388609, c = 8388608;
  const Multiplier want = Stated(static_cast<double>(a) * static_cast<double>(b) / static_cast<double>(c));
  const Multiplier got = MultiplierFromProduct(Decoded(a), Decoded(b), Decoded(c));
  EXPECT_EQ(want.mantissa, 1 << 30);
  EXPECT_EQ(got.mantissa, want.mantissa);
  EXPECT_EQ(got.exponent, want.exponent);
}

// The double quotient is rounded to 53 bits before it is rounded to 31; quotients next to a half of the 31st bit show
// it.
TEST(Multiplier, RoundsTwiceAsDoubleDivisionDoes) {
  uint32_t state = 12345;
  const auto next = [&state] { return state = state * 1664525u + 1013904223u; };
  int near_halves = 0;
  for (int i = 0; i < 2000000; ++i) {
    const uint32_t c = (next() >> 9) | 0x800000u;
    const uint32_t half = (next() >> 1) | 0x40000000u;
    // a * b close to (half + 1/2) * c * 2^k: take b = 2^23 + small and solve for a.
    const double target = (static_cast<double>(half) + 0.5) * c;
    const uint32_t b = (next() >> 9) | 0x800000u;
    const double a = std::round(std::ldexp(target / b, -static_cast<int>(std::floor(std::log2(target / b))) + 23));
    if (a >= 16777216.0) continue;
    const float fa = static_cast<float>(a), fb = static_cast<float>(b), fc = static_cast<float>(c);
    const double quotient = static_cast<double>(fa) * static_cast<double>(fb) / static_cast<double>(fc);
    const Multiplier want = Stated(quotient);
    const Multiplier got = MultiplierFromProduct(Decoded(fa), Decoded(fb), Decoded(fc));
    ASSERT_EQ(got.mantissa, want.mantissa) << fa << " * " << fb << " / " << fc;
    ASSERT_EQ(got.exponent, want.exponent);
    int exponent = 0;
    const double scaled = std::frexp(quotient, &exponent) * 2147483648.0;
    if (std::fabs(scaled - std::floor(scaled) - 0.5) < 1e-4) ++near_halves;
  }
  EXPECT_GT(near_halves, 100);
}

TEST(Scale, RefusesWhatIsNotPositiveAndFinite) {
  Scale scale;
  for (const uint32_t bits :
       {0u, 0x80000000u, 0xbf800000u, 0x7f800000u, 0xff800000u, 0x7fc00000u, 0x7f800001u, 0x80000001u}) {
    EXPECT_FALSE(DecodeScale(bits, &scale)) << std::hex << bits;
  }
  for (const uint32_t bits : {1u, 0x007fffffu, 0x00800000u, 0x7f7fffffu, 0x3f800000u}) {
    ASSERT_TRUE(DecodeScale(bits, &scale)) << std::hex << bits;
    EXPECT_EQ(std::ldexp(static_cast<double>(scale.mantissa), scale.exponent), static_cast<double>(FromBits(bits)));
    EXPECT_EQ(scale.mantissa >> 23, 1u);
  }
}

RC_GTEST_PROP(QuantizeBound, RoundsTheFloat32Quotient, ()) {
  for (int i = 0; i < 200; ++i) {
    const uint32_t value = *rc::gen::element(1u, 6u);
    float scale = *PositiveFloats();
    if (*rc::gen::arbitrary<bool>()) {  // next to a half
      const float half = static_cast<float>(value) / (static_cast<float>(*rc::gen::inRange(1, 300)) + 0.5f);
      scale = FromBits(std::bit_cast<uint32_t>(half) + *rc::gen::inRange<uint32_t>(0, 5) - 2);
    }
    const float quotient = static_cast<float>(value) / scale;
    const float rounded = std::round(quotient);
    const int32_t want = rounded >= 16777216.0f ? 1 << 24 : static_cast<int32_t>(rounded);
    RC_ASSERT(QuantizeBound(value, Decoded(scale)) == want);
  }
}

// The contract's two roundings in 64 bits, with the nudge and the truncating division as they are stated.
int32_t StatedRequantize(int32_t acc, const Multiplier& m) {
  const int64_t shifted = static_cast<int64_t>(acc) << (m.exponent > 0 ? m.exponent : 0);
  const int64_t product = shifted * m.mantissa;
  const int64_t nudge = product >= 0 ? int64_t{1} << 30 : 1 - (int64_t{1} << 30);
  const int64_t high = (product + nudge) / (int64_t{1} << 31);
  const int shift = m.exponent > 0 ? 0 : -m.exponent;
  if (shift == 0) return static_cast<int32_t>(high);
  const int64_t magnitude = ((high < 0 ? -high : high) + (int64_t{1} << (shift - 1))) >> shift;
  return static_cast<int32_t>(high < 0 ? -magnitude : magnitude);
}

RC_GTEST_PROP(Requantize, EqualsItsStatementInSixtyFourBits, ()) {
  for (int i = 0; i < 300; ++i) {
    Multiplier m;
    m.exponent = *rc::gen::inRange(-31, 31);
    m.mantissa =
        *rc::gen::oneOf(rc::gen::inRange(1 << 30, INT32_MAX), rc::gen::element(1 << 30, INT32_MAX, (1 << 30) + 1));
    const int32_t limit = INT32_MAX >> (m.exponent > 0 ? m.exponent : 0);
    int32_t acc = *rc::gen::oneOf(rc::gen::inRange(-limit, limit), rc::gen::inRange(-1000, 1000),
                                  rc::gen::element(limit, -limit));
    if (acc > limit || acc < -limit) acc %= limit;
    RC_ASSERT(Requantize(acc, m) == StatedRequantize(acc, m));
  }
}

TEST(Requantize, HoldsAtItsCorners) {
  for (int exponent = -31; exponent <= 0; ++exponent) {
    for (const int32_t mantissa : {1 << 30, (1 << 30) + 1, INT32_MAX, 0x60000000}) {
      for (const int32_t acc : {INT32_MAX, INT32_MIN, INT32_MIN + 1, -1, 0, 1, -2, 2, 1 << 30, -(1 << 30)}) {
        ASSERT_EQ(Requantize(acc, {mantissa, exponent}), StatedRequantize(acc, {mantissa, exponent}))
            << acc << " * " << mantissa << " e" << exponent;
      }
    }
  }
}

TEST(Softmax, ExponentialIsWithinItsPolynomialsErrorAndMonotonic) {
  int32_t previous = -1;
  for (int64_t a = -(int64_t{31} << 26); a <= 0; a += 4099) {
    const int32_t e = ExpOfNegative(static_cast<int32_t>(a), 5);
    const double want = std::exp(static_cast<double>(a) / 67108864.0);
    ASSERT_NEAR(e / 2147483648.0, want, 2e-5) << a;  // degree four around -1/8: (1/8)^5 / 120 at most, times rounding
    ASSERT_GE(e + 64, previous) << a;
    previous = e;
  }
  EXPECT_EQ(ExpOfNegative(0, 5), INT32_MAX);
}

TEST(Softmax, ReciprocalIsExactToAFewUnits) {
  for (int64_t a = 0; a < (int64_t{1} << 31); a += 65537) {
    const double want = 1.0 / (1.0 + static_cast<double>(a) / 2147483648.0);
    ASSERT_NEAR(ReciprocalOfOnePlus(static_cast<int32_t>(a)) / 2147483648.0, want, 3e-8) << a;
  }
}

}  // namespace
}  // namespace mote::device
