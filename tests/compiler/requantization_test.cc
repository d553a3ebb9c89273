// Requantization that is proved, against the contract evaluated at every accumulator there is.
#include "export/compiler/requantization.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace mote::compiler {
namespace {

using Random = std::mt19937;

int Uniform(Random& random, int min, int max) { return std::uniform_int_distribution<int>(min, max)(random); }

// Of slopes from 2^-20 to 4 (`steep`) or a little under 1/2; mantissas at the ends of their range among them.
device::Multiplier RandomMultiplier(Random& random, bool steep) {
  const int32_t ends[] = {1 << 30, (1 << 30) + 1, INT32_MAX};
  const int kind = Uniform(random, 0, 11);
  const int32_t mantissa = kind < 3 ? ends[kind] : Uniform(random, 1 << 30, INT32_MAX);
  return {kind == 11 ? 0 : mantissa, kind == 11 ? 0 : Uniform(random, -20, steep ? 2 : -1)};
}

device::OutputRange RandomOutput(Random& random) {
  const int32_t z = Uniform(random, -128, 127);
  switch (Uniform(random, 0, 3)) {
    case 0:
      return {z, -128, 127};
    case 1:
      return {z, z, 127};
    case 2:
      return {z, z, Uniform(random, z, 127)};
    default:
      return {-128, -128, 127};
  }
}

Range RandomRange(Random& random, int length) {
  const int32_t begin = Uniform(random, -length, 0);
  return {begin, begin + Uniform(random, 0, length)};
}

TEST(Requantization, ReachableAccumulatorsAreThoseThatAllInputsGive) {
  Random random(1);
  for (int round = 0; round < 200; ++round) {
    const Range codes = {Uniform(random, -128, 0), Uniform(random, 0, 127)};
    const int32_t zero = Uniform(random, codes.min, codes.max);
    const bool padded = round % 2 == 0;
    const int8_t weights[] = {static_cast<int8_t>(Uniform(random, -128, 127)),
                              static_cast<int8_t>(Uniform(random, -128, 127))};
    const int32_t bias = Uniform(random, -1000, 1000);
    Range expected = {INT32_MAX, INT32_MIN};
    for (int32_t a = codes.min; a <= codes.max; ++a) {
      for (int32_t b = codes.min; b <= codes.max; ++b) {
        const int32_t acc = bias + (a - zero) * weights[0] + (b - zero) * weights[1];
        expected = {std::min(expected.min, acc), std::max(expected.max, acc)};
      }
    }
    EXPECT_EQ(ReachableAccumulators(bias, weights, zero, codes, padded), expected) << "round " << round;
  }
  // Codes that leave out the zero point: padding reaches further than they do.
  const int8_t one[] = {1};
  EXPECT_EQ(ReachableAccumulators(0, one, 0, {3, 5}, false), (Range{3, 5}));
  EXPECT_EQ(ReachableAccumulators(0, one, 0, {3, 5}, true), (Range{0, 5}));
}

TEST(Requantization, StepsAreTheContractAtEveryAccumulator) {
  Random random(2);
  for (int round = 0; round < 300; ++round) {
    const device::Multiplier multiplier = RandomMultiplier(random, true);
    const device::OutputRange output = RandomOutput(random);
    const Range range = RandomRange(random, 4000);
    const StepFunction steps = ContractSteps(range, multiplier, output);
    ASSERT_LE(steps.thresholds.size(), 255u);
    for (int32_t a = range.min; a <= range.max; ++a) {
      const int32_t code = device::RequantizeToInt8(a, multiplier, output);
      ASSERT_EQ(steps.At(a), code) << "round " << round << ", accumulator " << a;
    }
  }
}

// Formulas near the contract, right and wrong by one here and there: the proof says what evaluation everywhere says.
TEST(Requantization, ProofAgreesWithEveryAccumulator) {
  Random random(3);
  int equal = 0;
  for (int round = 0; round < 2000; ++round) {
    const device::Multiplier multiplier = RandomMultiplier(random, false);
    const device::OutputRange output = RandomOutput(random);
    const Range range = RandomRange(random, 2000);
    const int64_t slope = std::llround(std::ldexp(multiplier.mantissa, multiplier.exponent - 31 + 24));
    const int64_t offset = (int64_t{output.zero_point} << 24) + (1 << 23) + Uniform(random, -(1 << 20), 1 << 20);
    const auto formula = [&](int32_t a) {
      return static_cast<int32_t>(std::clamp<int64_t>((a * slope + offset) >> 24, output.min, output.max));
    };
    bool same = true;
    for (int32_t a = range.min; a <= range.max && same; ++a) {
      same = formula(a) == device::RequantizeToInt8(a, multiplier, output);
    }
    EXPECT_EQ(Prove(ContractSteps(range, multiplier, output), formula), same) << "round " << round;
    equal += same;
  }
  EXPECT_GT(equal, 200);
  EXPECT_LT(equal, 1800);
}

TEST(Requantization, FittingOffsetsAreAllThatFitAndNoOther) {
  Random random(4);
  int found[3] = {};
  for (int round = 0; round < 300; ++round) {
    const device::Multiplier multiplier = RandomMultiplier(random, false);
    const device::OutputRange output = RandomOutput(random);
    const StepFunction steps = ContractSteps(RandomRange(random, 500), multiplier, output);
    const int shift = 8;
    const int64_t m = std::llround(std::ldexp(multiplier.mantissa, multiplier.exponent - 31 + shift));
    const int64_t middle = (int64_t{output.zero_point} + 128) << shift;
    const auto held = [&](int64_t sum) {
      return static_cast<int32_t>(std::clamp<int64_t>(sum >> shift, 0, 255)) - 128;
    };

    const OffsetRange after = FittingOffsetsAfter(steps, kHeldUnsigned, shift, [&](int32_t a) { return m * a; });
    for (int64_t offset = middle - 300; offset <= middle + 300; ++offset) {
      const bool fits = Prove(steps, [&](int32_t a) { return held(offset + m * a); });
      ASSERT_EQ(fits, after.min <= offset && offset <= after.max) << "round " << round << ", offset " << offset;
    }
    found[0] += !after.empty();

    if (m == 0) continue;
    const int left_shift = 5;
    for (const Lines lines : {Lines::kOne, Lines::kTwo}) {
      const auto argument = [&](int32_t a, int32_t d) {
        return (int64_t{a} << left_shift) + (lines == Lines::kTwo ? d ^ (a >> 31) : d);
      };
      const auto sum = [&](int64_t x) { return middle + (1 << (shift - 1)) + ((m * x) >> left_shift); };
      const OffsetRange before = FittingOffsetsBefore(steps, kHeldUnsigned, left_shift, lines, [&](int64_t value) {
        int64_t x = -(1 << 24);  // under every argument
        for (int64_t step = 1 << 25; step > 0; step /= 2) {
          if (sum(x + step - 1) >> shift < value) x += step;
        }
        return x;
      });
      for (int32_t d = lines == Lines::kTwo ? 0 : -200; d <= 200; ++d) {
        const bool fits = Prove(steps, [&](int32_t a) { return held(sum(argument(a, d))); });
        ASSERT_EQ(fits, before.min <= d && d <= before.max) << "round " << round << ", offset " << d;
      }
      found[lines == Lines::kOne ? 1 : 2] += before.min <= 200 && before.max >= 0;
    }
  }
  for (const int count : found) EXPECT_GT(count, 30);
}

// What a device computes of a sum of products, in registers of 32 bits that wrap.
int32_t OnDevice(const LayerRequantization& layer, size_t channel, int32_t r) {
  const LayerRequantization::Channel& c = layer.channels[channel];
  const int32_t a = c.start + (c.constant ? 0 : r);
  const int32_t added = layer.form == RequantizationForm::kOneLine ? c.offset : c.offset ^ (a >> 31);
  const uint32_t x = (static_cast<uint32_t>(a) << layer.left_shift) + static_cast<uint32_t>(added);
  const int64_t product = int64_t{static_cast<int32_t>(x)} * c.multiplier;
  const int32_t high = static_cast<int32_t>(static_cast<uint64_t>(product) >> 32);
  const int32_t sum = static_cast<int32_t>(static_cast<uint32_t>(high) + static_cast<uint32_t>(layer.offset));
  const int32_t saturated = std::clamp(sum >> layer.right_shift, layer.held.min, layer.held.max);
  return layer.clamps ? std::clamp(saturated, layer.clamp.min, layer.clamp.max) : saturated;
}

// Layers of channels alike, as real ones are, and some switched off: every accumulator, in the device's arithmetic.
TEST(Requantization, FoundLayersAreTheContractAtEveryAccumulator) {
  Random random(5);
  int forms[3] = {};
  int clamped = 0;
  int constant = 0;
  int without_offset = 0;
  for (int round = 0; round < 400; ++round) {
    RequantizationRequest request;
    request.output = RandomOutput(random);
    request.held = round % 2 == 0 ? kHeldUnsigned : kHeldSigned;
    const device::Multiplier typical = RandomMultiplier(random, true);
    std::vector<RequantizedChannel> channels;
    for (int c = 0; c < 4; ++c) {
      device::Multiplier multiplier = RandomMultiplier(random, true);
      multiplier.exponent =
          multiplier.mantissa == 0 ? 0 : std::clamp(typical.exponent - Uniform(random, 0, 2), -31, 30);
      channels.push_back({RandomRange(random, 60000), multiplier, Uniform(random, -9000, 9000)});
    }
    if (round % 8 == 0) channels.push_back({{1000000000, 1000002000}, {INT32_MAX, -27}, 5});
    const LayerRequantization layer = FindRequantization(channels, request);
    ++forms[static_cast<int>(layer.form)];
    if (layer.form == RequantizationForm::kTwoRoundings) continue;
    clamped += layer.clamps;
    without_offset += layer.offset == 0;
    ASSERT_EQ(layer.channels.size(), channels.size());
    for (size_t c = 0; c < channels.size(); ++c) {
      constant += layer.channels[c].constant;
      const Range range = channels[c].accumulators;
      for (int32_t a = range.min; a <= range.max; ++a) {
        const int32_t code = device::RequantizeToInt8(a, channels[c].multiplier, request.output);
        const int32_t held = layer.HeldAt(c, a - channels[c].origin);
        ASSERT_EQ(held, code + layer.held.offset) << "round " << round << ", channel " << c << ", accumulator " << a;
        ASSERT_EQ(held, OnDevice(layer, c, a - channels[c].origin))
            << "round " << round << ", channel " << c << ", accumulator " << a;
      }
    }
  }
  EXPECT_GT(forms[0], 20);
  EXPECT_GT(forms[1], 20);
  EXPECT_GT(clamped, 20);
  EXPECT_GT(constant, 20);
  EXPECT_GT(without_offset, 20);
}

// A multiplier of a power of two meets every tie, and the ties of the two signs round away from each other: the step
// from -1/2 to 1/2 is half as long as all others. One line passes only where a clamp at the zero point leaves one sign.
TEST(Requantization, TiesOfBothSignsTakeTwoLines) {
  const device::Multiplier quarter = {1 << 30, -1};
  const std::vector<RequantizedChannel> channels = {{{-300, 300}, quarter, 0}};
  RequantizationRequest request;
  request.output = {0, -128, 127};
  const StepFunction steps = ContractSteps({-6, 6}, quarter, request.output);
  EXPECT_EQ(steps.thresholds, (std::vector<int32_t>{-5, -1, 1, 5}));
  EXPECT_EQ(FindRequantization(channels, request).form, RequantizationForm::kTwoLines);
  request.output = {-128, -128, 127};
  EXPECT_EQ(FindRequantization(channels, request).form, RequantizationForm::kOneLine);
}

}  // namespace
}  // namespace mote::compiler
