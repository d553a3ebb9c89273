// Fixed-point and float32-in-integers functions of the elementwise kernels, against the floating-point statements that
// they stand for.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include "mcu_runtime/float32.h"
#include "mcu_runtime/kernels/add.h"
#include "mcu_runtime/kernels/dequantize.h"
#include "mcu_runtime/kernels/elu.h"
#include "mcu_runtime/kernels/rsqrt.h"
#include "mcu_runtime/kernels/sigmoid.h"
#include "mcu_runtime/kernels/sigmoid_table.h"
#include "mcu_runtime/kernels/softmax_int16.h"

namespace mote::device {
namespace {

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  uint32_t operator()() { return static_cast<uint32_t>(engine_()); }

 private:
  std::mt19937 engine_;
};

Scale Decoded(float value) {
  Scale scale;
  EXPECT_TRUE(DecodeScale(std::bit_cast<uint32_t>(value), &scale)) << value;
  return scale;
}

float Value(const Scale& scale) { return std::ldexp(static_cast<float>(scale.mantissa), scale.exponent); }

// Half of them with few bits, where ties are.
float RandomFloat(Random& random, int lowest, int highest) {
  const uint32_t bits = random() & (random() % 2 != 0 ? 0x7fffffu : 0x7ff000u);
  const int exponent = lowest + static_cast<int>(random() % static_cast<uint32_t>(highest - lowest + 1));
  return std::ldexp(std::bit_cast<float>(0x3f800000u | bits), exponent);
}

TEST(Float32, AnInverseRootJustUnderAPowerOfTwoIsRoundedUpToIt) {
  const Multiplier inverse = InverseRootMultiplier(Decoded(8391586), Decoded(11861178));
  EXPECT_EQ(inverse.mantissa, 1 << 30);
  EXPECT_EQ(inverse.exponent, -34);
}

TEST(Float32, ProductQuotientAndInverseRootAreThoseOfIeeeArithmetic) {
  Random random(1);
  for (int i = 0; i < 1000000; ++i) {
    const float a = RandomFloat(random, -30, 30);
    const float b = RandomFloat(random, -30, 30);
    ASSERT_EQ(Value(FloatProduct(Decoded(a), Decoded(b))), a * b) << a << " * " << b;
    ASSERT_EQ(Value(FloatQuotient(Decoded(a), Decoded(b))), a / b) << a << " / " << b;
    const Multiplier inverse = InverseRootMultiplier(Decoded(a), Decoded(b));
    const double expected = 1 / (std::sqrt(static_cast<double>(a)) * static_cast<double>(b));
    ASSERT_LE(std::abs(std::ldexp(inverse.mantissa, inverse.exponent - 31) / expected - 1), std::ldexp(0.5000001, -30));
    ASSERT_GE(inverse.mantissa, 1 << 30);
    const uint64_t wide = (uint64_t{random()} << 32 | random()) >> (random() % 64) | 1;
    ASSERT_EQ(Value(FloatFrom(wide, 0)), static_cast<float>(wide)) << wide;
    const float small = RandomFloat(random, -4, 23);
    ASSERT_EQ(RoundToInteger(Decoded(small)), static_cast<int32_t>(std::round(static_cast<double>(small)))) << small;
  }
}

TEST(Float32, MultiplierOfAWideRatioIsThatOfTheDoubleQuotient) {
  Random random(2);
  const double step = 10.0 / 65535.0;
  for (int i = 0; i < 300000; ++i) {
    const float scale = RandomFloat(random, -20, 0);
    const float beta = random() % 2 != 0 ? 1.0f : RandomFloat(random, -3, 3);
    int exponent = 0;
    const double fraction = std::frexp(static_cast<double>(scale) * static_cast<double>(beta) / step, &exponent);
    const Scale a = Decoded(scale);
    const Scale b = Decoded(beta);
    const Multiplier got =
        MultiplierFromWideRatio(uint64_t{a.mantissa} * b.mantissa, 0x14001400140014u, a.exponent + b.exponent + 65);
    const int64_t mantissa = std::llround(fraction * 2147483648.0);
    const int carry = mantissa >> 31 != 0 ? 1 : 0;
    ASSERT_EQ(got.mantissa, mantissa >> carry) << scale << " * " << beta;
    ASSERT_EQ(got.exponent, exponent + carry);
  }
}

TEST(Elu, ExpHasFiftyBits) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 1000000; ++i) {
    const uint64_t x = random() >> (random() % 58) | 1;  // Q5.59
    const double want = std::exp(-std::ldexp(static_cast<double>(x), -59));
    const double got = std::ldexp(static_cast<double>(ExpOfNegative64(x)), -64);
    ASSERT_NEAR(got, want, 1e-15) << x;
  }
}

TEST(Elu, EveryCodeIsThatOfTheFloat32Steps) {
  Random random(4);
  for (int model = 0; model < 4000; ++model) {
    const float in = RandomFloat(random, -14, 2);
    const float out = RandomFloat(random, -11, -4);
    const float inverse = 1.0f / out;
    const int zero_in = static_cast<int>(random() % 256) - 128;
    const int zero_out = static_cast<int>(random() % 256) - 128;
    const EluParams p = {Decoded(in), FloatQuotient(Decoded(1.0f), Decoded(out)), zero_in, zero_out};
    for (int code = -128; code < 128; ++code) {
      const float x = in * static_cast<float>(code - zero_in);
      const float power = std::exp(x);
      const float y = x < 0 ? power - 1.0f : x;
      const float rounded = std::round(y * inverse);
      const int want = std::clamp(static_cast<int>(rounded) + zero_out, -128, 127);
      ASSERT_EQ(Elu(p, code), want) << "scales " << in << ", " << out << ", code " << code;
    }
  }
}

TEST(Sigmoid, FixedPointIsNearTheRealFunctionOverItsWholeRange) {
  for (int i = 0; i < 200000; ++i) {
    const int32_t a = -static_cast<int32_t>((int64_t{i} << 31) / 200000);  // Q4.27
    const double x = std::ldexp(static_cast<double>(a), -27);
    const double got = std::ldexp(static_cast<double>(ExpOfNegative(a, 4)), -31);
    ASSERT_NEAR(got, std::exp(x), 1e-6) << x;
    const int32_t e = ExpOfNegative(a, 4);
    ASSERT_NEAR(std::ldexp(static_cast<double>(ReciprocalOfOnePlus(e)), -31), 1 / (1 + got), 1e-8) << x;
    ASSERT_NEAR(std::ldexp(static_cast<double>(OneMinusOverOnePlus(e)), -31), (1 - got) / (1 + got), 1e-8) << x;
  }
}

TEST(Sigmoid, TableStaysWithinTwoCodesOfTheRealFunction) {
  const SigmoidInput unit = {3, 0};  // Q3.12
  for (int x = -32768; x < 32768; ++x) {
    const double real = x / 4096.0;
    ASSERT_NEAR(SigmoidOfInt16(unit, x), 32768 / (1 + std::exp(-real)), 2) << x;
    ASSERT_NEAR(TanhOfInt16(unit, x), 32768 * std::tanh(real), 2) << x;
  }
}

// The tables of softmax, as a float32 program makes them.
template <typename Function>
void ExpectTable(const Int16Table& table, float begin, float end, Function function) {
  const float step = (end - begin) / 512;
  const float half_step = step / 2;
  const float unit = 2.0f / 65535;
  const float scale = 65536 / (unit * 32767 - unit * -32768);
  for (int i = 0; i < 512; ++i) {
    const float here = std::round(function(begin + static_cast<float>(i) * step) * scale);
    const float next = function(begin + static_cast<float>(i + 1) * step) * scale;
    const float middle = std::round(function(begin + static_cast<float>(i) * step + half_step) * scale);
    const float error = std::round((next + here) / 2) - middle;
    ASSERT_EQ(table.values[i], std::min(here - std::round(error / 2), 32767.0f)) << i;
  }
  ASSERT_EQ(table.values[512], std::min(std::round(function(end) * scale), 32767.0f));
}

TEST(SoftmaxInt16, TablesAreThoseOfFloat32Arithmetic) {
  ExpectTable(kExpTable, 10.0f / 65535 * -65535, 0, [](float x) { return std::exp(x); });
  ExpectTable(kReciprocalTable, 0, 1.0f / 65535 * 65535, [](float x) { return 1.0f / (1.0f + x); });
}

TEST(Rsqrt, FiveStepsOfNewtonComeWithinAHundredThousandth) {
  for (int d = 1; d < 256; ++d) {
    const Multiplier m = InverseSquareRoot(d);
    ASSERT_NEAR(std::ldexp(static_cast<double>(m.mantissa), m.exponent - 31), 1 / std::sqrt(d), 1e-5) << d;
  }
}

// The terms of ADD are requantize of the shifted difference, whatever the multiplier.
template <int32_t kBits>
void ExpectTerms(int lowest, int highest, int zero_point) {
  Random random(5);
  for (int i = 0; i < 300; ++i) {
    Multiplier m = {static_cast<int32_t>((random() >> 2) | 0x40000000u), -static_cast<int32_t>(random() % 32)};
    if (m.exponent == 0) m.mantissa = 1 << 30;  // at most 1/2
    if (i == 0) m = Multiplier();
    const AddTerm term = AddTerm::Of(zero_point, m);
    for (int x = lowest; x <= highest; x += kBits == kAddBits8 ? 1 : 17) {
      ASSERT_EQ(term.At<kBits>(x), Requantize((x - zero_point) * (1 << kBits), m))
          << x << ", " << m.mantissa << ", " << m.exponent;
    }
  }
}

TEST(Add, TermsInPartsAreRequantizedDifferences) {
  ExpectTerms<kAddBits8>(-128, 127, -128);
  ExpectTerms<kAddBits8>(-128, 127, 127);
  ExpectTerms<kAddBits8>(-128, 127, 3);
  ExpectTerms<kAddBits16>(-32768, 32767, 0);
}

TEST(Dequantize, GivesTheFloatOfTheExactProduct) {
  Random random(6);
  for (int i = 0; i < 400000; ++i) {
    const float scale = RandomFloat(random, i % 4 == 0 ? -149 : -40, i % 4 == 0 ? 127 : 10);
    if (!std::isnormal(scale) && scale == 0) continue;
    const int32_t d = static_cast<int32_t>(random() % 131071) - 65535;
    const float want = static_cast<float>(static_cast<double>(scale) * d);
    ASSERT_EQ(DequantizedBits(Decoded(scale), d), std::bit_cast<uint32_t>(d == 0 ? 0.0f : want)) << scale << " * " << d;
  }
}

TEST(Quantize, FloatsAtHalvesAndBeyondAllRangesGetTheCodesOfTheFloat32Quotient) {
  Random random(7);
  const OutputRange range = {-5, -128, 127};
  for (int i = 0; i < 400000; ++i) {
    const float scale = RandomFloat(random, -20, 5);
    float x = scale * (static_cast<float>(random() % 300) - 150.5f);
    x = std::bit_cast<float>(std::bit_cast<uint32_t>(x) + random() % 3 - 1);
    const int want = std::clamp(static_cast<int>(std::round(x / scale)) - 5, -128, 127);
    ASSERT_EQ(QuantizeFloat({Decoded(scale), range}, std::bit_cast<uint32_t>(x)), want) << x << " / " << scale;
  }
  const QuantizeFloatParams one = {Decoded(1.0f), range};
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(QuantizeFloat(one, std::bit_cast<uint32_t>(infinity)), 127);
  EXPECT_EQ(QuantizeFloat(one, std::bit_cast<uint32_t>(-infinity)), -128);
  EXPECT_EQ(QuantizeFloat(one, std::bit_cast<uint32_t>(1e38f)), 127);
  EXPECT_EQ(QuantizeFloat(one, 0x7fc00000u), -5);
  EXPECT_EQ(QuantizeFloat(one, 0x80000000u), -5);
  EXPECT_EQ(QuantizeFloat(one, 1), -5);
}

}  // namespace
}  // namespace mote::device
