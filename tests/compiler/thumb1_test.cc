// What the kernels for Cortex-M0 are given: packed weights, and requantization against the contract's own.
#include <gtest/gtest.h>

#include <random>

#include "export/compiler/pack_thumb1.h"
#include "export/compiler/requantization_thumb1.h"
#include "mcu_runtime/kernels/requantize.h"

namespace mote::compiler {
namespace {

Layer LayerOf(int channels, std::vector<int8_t> weights) {
  Layer layer;
  layer.channels.resize(channels);
  layer.weights = std::move(weights);
  return layer;
}

std::vector<int8_t> DrawnWeights(std::mt19937& random, size_t count, int min, int max) {
  std::vector<int8_t> weights(count);
  for (int8_t& weight : weights) weight = static_cast<int8_t>(std::uniform_int_distribution(min, max)(random));
  return weights;
}

TEST(PackThumb1GemmTest, TapsAreRoundedUpWithZerosAndFoursAreMarked) {
  const auto packed = PackThumb1Gemm(LayerOf(2, {100, -100, 50, 5, 1, 100, -100, 50, 6, 1}));
  ASSERT_TRUE(packed);
  EXPECT_EQ(packed->taps, 8);
  EXPECT_EQ(packed->weights, (std::vector<int64_t>{100, -100, 50, 5, 1, 0, 0, 0, 100, -100, 50, 6, 1, 0, 0, 0}));
  EXPECT_EQ(packed->fours, std::vector<int64_t>{1});  // 255 and 256
}

TEST(PackThumb1GemmTest, ChannelsBeyond32HaveAWordOfTheirOwn) {
  std::vector<int8_t> weights(34 * 4, 127);
  std::fill(weights.end() - 4, weights.end(), int8_t{63});
  const auto packed = PackThumb1Gemm(LayerOf(34, weights));
  ASSERT_TRUE(packed);
  EXPECT_EQ(packed->fours, (std::vector<int64_t>{0, 2}));
}

TEST(PackThumb1GemmTest, OnlyTwoWeightsOfMinus128InAPairAreRefused) {
  EXPECT_TRUE(PackThumb1Gemm(LayerOf(1, {-128, 127, 127, -128, 5})));
  EXPECT_TRUE(PackThumb1Gemm(LayerOf(1, {0, -128, -128, 0})));
  EXPECT_FALSE(PackThumb1Gemm(LayerOf(1, {0, 0, -128, -128})));
}

TEST(PackThumb1DepthwiseTest, ChannelsInFours) {
  std::vector<int8_t> weights;  // [channel][tap]
  for (int channel = 0; channel < 8; ++channel) {
    for (int tap = 0; tap < 2; ++tap) weights.push_back(static_cast<int8_t>(10 * channel + tap));
  }
  Layer layer = LayerOf(8, weights);
  layer.vertical.filter = 1;
  layer.horizontal.filter = 2;
  EXPECT_EQ(PackThumb1Depthwise(layer),
            (std::vector<int64_t>{0, 10, 20, 30, 1, 11, 21, 31, 40, 50, 60, 70, 41, 51, 61, 71}));
}

// What the kernel computes of packed weights, as its header says it: a word of codes is 65536 x0 + x1.
std::vector<int64_t> DenseSums(const Thumb1Dense& packed, const std::vector<int>& codes, int outputs) {
  const size_t inputs = codes.size();
  std::vector<uint16_t> held;  // x1 and x0 of each word, as little-endian memory has them
  for (size_t k = 0; k < inputs; k += 4) {
    for (const size_t at : {k, k + 2, k + 1, k + 3}) held.push_back(static_cast<uint16_t>(codes[at]));
  }
  std::vector<int64_t> sums(outputs);
  size_t weight = 0, extra = 0;
  for (int first = 0; first < outputs; first += 4) {
    for (size_t word = 0; word < inputs / 2; ++word) {
      const uint32_t x = uint32_t{held[2 * word + 1]} << 16 | held[2 * word];
      for (int output = first; output < first + 4; output += 2, weight += 4) {
        for (int i = 0; i < 2; ++i) {
          const uint32_t u = static_cast<uint32_t>(packed.weights[weight + 2 + i] << 16 | packed.weights[weight + i]);
          sums[output + i] += u * x >> 16;
        }
      }
    }
    for (int64_t n = packed.extra_counts[first / 4]; n > 0; --n, ++extra) {
      const int64_t one = packed.extras[extra];
      sums[first + (one >> 10 & 3)] += held[(one >> 16) / 2] * static_cast<int8_t>(one);
    }
  }
  int64_t total = 0;
  for (const int code : codes) total += code;
  for (int64_t& sum : sums) sum -= 64 * total;
  return sums;
}

TEST(PackThumb1DenseTest, TwoProductsOfAMultiplicationAreTheSums) {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    const int outputs = 4 * std::uniform_int_distribution(1, 4)(random);
    const int inputs = 8 * std::uniform_int_distribution(1, 9)(random);
    std::vector<int8_t> weights = DrawnWeights(random, static_cast<size_t>(outputs * inputs), -64, 63);
    for (int i = 0; i < outputs; ++i) {
      weights[random() % weights.size()] = std::vector<int8_t>{-128, -65, 64, 127}[random() % 4];
    }
    const auto packed = PackThumb1Dense(LayerOf(outputs, weights));
    ASSERT_TRUE(packed);
    std::vector<int> codes(inputs);
    for (int& code : codes) code = round == 0 ? 255 : static_cast<int>(random() % 256);
    const std::vector<int64_t> sums = DenseSums(*packed, codes, outputs);
    for (int output = 0; output < outputs; ++output) {
      int64_t expected = 0;
      for (int k = 0; k < inputs; ++k) expected += codes[k] * weights[static_cast<size_t>(output * inputs + k)];
      EXPECT_EQ(sums[output], expected) << "round " << round << ", output " << output;
    }
  }
}

TEST(PackThumb1DenseTest, MoreLargeWeightsThanOutputsAreRefused) {
  std::vector<int8_t> weights(4 * 8, 1);
  std::fill(weights.begin(), weights.begin() + 4, int8_t{64});
  EXPECT_TRUE(PackThumb1Dense(LayerOf(4, weights)));
  weights[20] = -65;
  EXPECT_FALSE(PackThumb1Dense(LayerOf(4, weights)));
}

// As above for weights of 8 bits: P = (65536 u1 + u0) x, the sum of all P and of their upper halves.
TEST(PackThumb1WideDenseTest, TwoOutputsOfAMultiplicationAreTheSums) {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    const int outputs = std::uniform_int_distribution(1, 16)(random), rounded = (outputs + 3) / 4 * 4;
    const int inputs = std::uniform_int_distribution(1, 76)(random);
    const int most = round == 0 ? 127 : -128;
    const std::vector<int8_t> weights = DrawnWeights(random, static_cast<size_t>(outputs * inputs), most, 127);
    const std::vector<int64_t> packed = PackThumb1WideDense(LayerOf(outputs, weights));
    std::vector<int> codes(inputs);
    for (int& code : codes) code = round == 0 ? 255 : static_cast<int>(random() % 256);
    codes.resize(static_cast<size_t>((inputs + 7) / 8 * 8));
    ASSERT_EQ(packed.size(), rounded * codes.size());
    size_t at = 0;
    for (int first = 0; first < rounded; first += 4) {
      std::vector<uint32_t> all(2), upper(2);
      for (size_t k = 0; k < codes.size(); k += 2) {
        for (int pair = 0; pair < 2; ++pair, at += 4) {
          for (size_t i = 0; i < 2; ++i) {
            const auto word = static_cast<uint32_t>(packed[at + 2 + i] << 16 | packed[at + i]);
            const uint32_t product = word * static_cast<uint32_t>(codes[k + i]);
            all[pair] += product;
            upper[pair] += product >> 16;
          }
        }
      }
      for (int output = first; output < std::min(first + 4, outputs); ++output) {
        const int pair = (output - first) / 2;
        const uint32_t sum = output % 2 == 1 ? upper[pair] : all[pair] - (upper[pair] << 16);
        int64_t expected = 0;
        for (int k = 0; k < inputs; ++k) {
          expected += codes[k] * (weights[static_cast<size_t>(output * inputs + k)] + 128);
        }
        EXPECT_EQ(sum, expected) << "round " << round << ", output " << output;
      }
    }
  }
}

// Every accumulator of the range, not only those at the steps.
void ExpectContract(const Thumb1Requantization& found, const std::vector<RequantizedChannel>& channels,
                    const device::OutputRange& output) {
  for (size_t c = 0; c < channels.size(); ++c) {
    for (int64_t a = channels[c].accumulators.min; a <= channels[c].accumulators.max; ++a) {
      const int32_t expected = device::RequantizeToInt8(static_cast<int32_t>(a), channels[c].multiplier, output);
      ASSERT_EQ(found.HeldAt(c, static_cast<int32_t>(a - channels[c].origin)) - 128, expected)
          << "channel " << c << ", mantissa " << channels[c].multiplier.mantissa << ", exponent "
          << channels[c].multiplier.exponent << ", accumulator " << a;
    }
  }
}

TEST(FindThumb1RequantizationTest, WhatIsFoundIsTheContractEverywhere) {
  std::mt19937 random(2);
  int found_count = 0;
  for (int round = 0; round < 60; ++round) {
    const auto between = [&](int64_t min, int64_t max) {
      return static_cast<int32_t>(std::uniform_int_distribution<int64_t>(min, max)(random));
    };
    const bool relu = round % 3 != 0;
    const int32_t zero = relu ? -128 : between(-128, 127);
    const device::OutputRange output = {zero, relu ? zero : -128, 127};
    std::vector<RequantizedChannel> channels(3);
    const int32_t bits = round % 7 == 0 ? 0 : between(2, 9);
    for (RequantizedChannel& channel : channels) {
      channel.accumulators = {-between(0, 600 << bits), between(0, 600 << bits)};
      const int32_t mantissa = round % 5 == 0 ? 1 << 30 : between(1 << 30, 0x7fffffff);
      channel.multiplier = {mantissa, between(0, 1) - bits};
      channel.origin = between(channel.accumulators.min, channel.accumulators.max);  // all codes 0
    }
    if (round % 11 == 0) channels[1].multiplier = {0, 0};  // a dead channel
    const auto found = FindThumb1Requantization(channels, output);
    EXPECT_TRUE(found || !relu) << "round " << round;
    if (!found) continue;
    ++found_count;
    ExpectContract(*found, channels, output);
  }
  EXPECT_GE(found_count, 40);
}

TEST(FindThumb1RequantizationTest, SumsBeyondInt32AreRefused) {
  RequantizedChannel channel;
  channel.accumulators = {-10, 10};
  channel.multiplier = {1 << 30, -3};
  channel.origin = std::numeric_limits<int32_t>::min();
  EXPECT_FALSE(FindThumb1Requantization({channel}, {-128, -128, 127}));
}

}  // namespace
}  // namespace mote::compiler
