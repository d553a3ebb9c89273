// The scalar arithmetic and the vectorized passes against statements of the contract in other words.
#include "quantize/integer_math.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "quantize/integer_ops.h"
#include "torch/utils.h"

namespace mote {
namespace {

// The contract's words: a nudge of +-2^30 by the product's sign and a division that truncates; then halves away from
// zero.
int32_t StatedApply(int32_t a, Multiplier m) {
  const int64_t left = m.exponent > 0 ? m.exponent : 0, right = m.exponent > 0 ? 0 : -m.exponent;
  const __int128 product = static_cast<__int128>(a) * (int64_t{1} << left) * m.mantissa;
  const __int128 nudge = product >= 0 ? (int64_t{1} << 30) : 1 - (int64_t{1} << 30);
  const int64_t high = static_cast<int64_t>((product + nudge) / (int64_t{1} << 31));
  const long double quotient = static_cast<long double>(high) / static_cast<long double>(int64_t{1} << right);
  return static_cast<int32_t>(std::round(quotient));
}

RC_GTEST_PROP(ApplyMultiplierTest, RoundsTwiceAsStated, ()) {
  const int32_t a = *rc::gen::arbitrary<int32_t>();
  const Multiplier m{*rc::gen::inRange<int32_t>(1 << 30, std::numeric_limits<int32_t>::max()),
                     *rc::gen::inRange<int32_t>(-31, 1)};
  RC_ASSERT(ApplyMultiplier(a, m) == StatedApply(a, m));
}

RC_GTEST_PROP(QuantizeMultiplierTest, IsWithinHalfAUnitOfTheReal, ()) {
  const double value = std::ldexp(*rc::gen::inRange<int32_t>(1, 1 << 30), -*rc::gen::inRange<int>(15, 55));
  const Multiplier m = QuantizeMultiplier(value);
  if (m.mantissa == 0) {
    RC_ASSERT(value < std::ldexp(1.0, -31));
  } else {
    RC_ASSERT(m.mantissa >= (1 << 30));
    RC_ASSERT(std::abs(std::ldexp(m.mantissa, m.exponent - 31) - value) <= std::ldexp(0.5, m.exponent - 31));
  }
}

TEST(QuantizeMultiplierTest, EdgesAreThoseOfTheContract) {
  EXPECT_EQ(QuantizeMultiplier(1.0), (Multiplier{1 << 30, 1}));
  EXPECT_EQ(QuantizeMultiplier(0.5), (Multiplier{1 << 30, 0}));
  EXPECT_EQ(QuantizeMultiplier(std::nextafter(1.0, 0.0)), (Multiplier{1 << 30, 1}));  // 2^31 is halved
  EXPECT_EQ(QuantizeMultiplier(std::ldexp(0.5, -31)), (Multiplier{1 << 30, -31}));
  EXPECT_EQ(QuantizeMultiplier(std::ldexp(0.5, -32)), (Multiplier{0, 0}));
  EXPECT_EQ(ApplyMultiplier(-1, {1 << 30, 0}), StatedApply(-1, {1 << 30, 0}));  // where formulas go wrong
}

TEST(RequantizeTest, EveryVectorAndRemainderComputesTheScalarArithmetic) {
  std::mt19937 random(5);
  for (const int64_t channels : {1, 3, 7, 8, 9, 16, 31, 64}) {
    Requantization r;
    r.low = -100;
    r.high = 90;
    for (int64_t c = 0; c < channels; ++c) {
      const int32_t mantissa = c % 4 == 0 ? 1 << 30 : static_cast<int32_t>(random() % (1U << 30) + (1U << 30));
      r.Add(static_cast<int32_t>(random() % 200001) - 100000, {mantissa, -static_cast<int32_t>(random() % 14)});
    }
    r.exponent[0] = -31;
    if (channels > 2) r.exponent[2] = 2;
    const int64_t rows = 700;
    torch::Tensor sums = torch::randint(-(1 << 23), 1 << 23, {rows, channels}, torch::kFloat32);
    sums[0].fill_(-1.0);
    sums[1].zero_();
    for (const torch::ScalarType type : {torch::kFloat32, torch::kFloat64, torch::kInt32}) {
      torch::Tensor residual;
      const torch::Tensor codes = Requantize(sums.to(type, false, /*copy=*/true), r, &residual);
      for (int64_t row = 0; row < rows; ++row) {
        for (int64_t c = 0; c < channels; ++c) {
          const int32_t a = static_cast<int32_t>(sums[row][c].item<float>()) + r.bias[c];
          const int32_t rounded = StatedApply(a, {r.mantissa[c], r.exponent[c]});
          ASSERT_EQ(codes[row][c].item<float>(), static_cast<float>(std::clamp(rounded, r.low, r.high)));
          const int8_t e = residual[row * channels + c].item<int8_t>();
          ASSERT_EQ(e == kClampedLow, rounded < r.low);
          ASSERT_EQ(e == kClampedHigh, rounded > r.high);
        }
        if (row == 40) row = rows - 3;  // .item() is slow: the ends of chunks and a few rows
      }
    }
  }
}

TEST(RequantizeTest, TheGradientPassesWhereNothingWasClamped) {
  torch::manual_seed(5);
  Requantization r;
  r.low = 0;
  r.high = 200;
  for (int c = 0; c < 11; ++c) r.Add(c, {1 << 30, -2});  // 1/8
  torch::Tensor sums = torch::randint(-4000, 4000, {500, 11}, torch::kFloat32);
  torch::Tensor residual, bias_grad;
  const torch::Tensor codes = Requantize(sums.clone(), r, &residual);
  const torch::Tensor grad = torch::randn({500, 11});
  double scale_grad = 0;
  const torch::Tensor by_sums = RequantizeBackward(grad.clone(), residual, r, &bias_grad, &scale_grad);
  const torch::Tensor real = (sums + torch::arange(11)) / 8;
  // 200.375 is rounded twice, to 200.5 and to 201, and so is clamped.
  const torch::Tensor inside = (real > -0.5).logical_and(real < 200.3);
  const torch::Tensor expected = grad * inside / 8;
  EXPECT_TRUE(torch::allclose(by_sums, expected));
  EXPECT_TRUE(torch::allclose(bias_grad, expected.sum(0), 1e-4, 1e-3));
  const double by_scale = (grad * (codes - real * inside)).sum().item<double>();
  EXPECT_NEAR(scale_grad, by_scale, 0.01 * std::abs(by_scale) + 1.0);
}

TEST(RoundedMeanTest, HalvesGoAwayFromZero) {
  EXPECT_EQ(RoundedMean(3, 2), 2);
  EXPECT_EQ(RoundedMean(-3, 2), -2);
  EXPECT_EQ(RoundedMean(5, 3), 2);
  EXPECT_EQ(RoundedMean(-4, 3), -1);
  EXPECT_EQ(RoundedMean(0, 9), 0);
}

TEST(SoftmaxTest, ProbabilitiesAreWithinACodeOfTheReal) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    const float scale = std::ldexp(1.0F + static_cast<float>(random() % 100) / 100.0F, -static_cast<int>(random() % 8));
    int8_t in[12], out[12];
    for (int8_t& code : in) code = static_cast<int8_t>(static_cast<int>(random() % 256) - 128);
    Softmax(MakeSoftmax(scale, 1.0F), in, 12, out);
    double sum = 0, largest = -1e9;
    for (int8_t code : in) largest = std::max(largest, static_cast<double>(code) * scale);
    for (int8_t code : in) sum += std::exp(code * static_cast<double>(scale) - largest);
    for (int i = 0; i < 12; ++i) {
      const double p = std::exp(in[i] * static_cast<double>(scale) - largest) / sum;
      EXPECT_NEAR(out[i] + 128, std::min(p * 256, 255.0), 1.01);
    }
  }
}

TEST(SoftmaxTest, SharesUnderHalfACodeAreZeroHoweverManyThereAre) {
  for (const int depth : {100, 511, 513, 600, 2000}) {
    const std::vector<int8_t> in(static_cast<size_t>(depth), 7);
    std::vector<int8_t> out(in.size());
    Softmax(MakeSoftmax(0.1F, 1.0F), in.data(), depth, out.data());
    const int expected = static_cast<int>(std::round(256.0 / depth)) - 128;
    for (int8_t code : out) ASSERT_EQ(code, expected) << depth;
  }
}

}  // namespace
}  // namespace mote
