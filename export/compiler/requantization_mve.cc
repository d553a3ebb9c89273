#include "export/compiler/requantization_mve.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

namespace mote::compiler {
namespace {

using compiled::RequantizationMve;

constexpr int32_t kLowest = -128;
constexpr int32_t kHighest = 127;

// A channel's steps by the kernel's sum, and the real multiplier.
struct Staircase {
  StepFunction steps;
  double slope = 0;
};

struct Line {
  int scalar_bits = 0;
  int shift = 2;
  int32_t lowest = kLowest;  // where codes are clamped
  int32_t highest = kHighest;
};

double RealOf(const device::Multiplier& m) { return std::ldexp(m.mantissa, m.exponent - 31); }

// floor(a / b) and its complement, b > 0.
int64_t FloorDivide(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }
int64_t CeilDivide(int64_t a, int64_t b) { return -FloorDivide(-a, b); }

// The smallest x with a code of at least `code`, where the code is
// saturate(floor((floor(x * multiplier / 2^31) + RoundingMve(shift)) / 2^shift)). |x| < 2^59.
int64_t SmallestWithCode(int64_t code, int shift, int32_t multiplier) {
  const int64_t high = (code << shift) - compiled::RoundingMve(shift);  // under 2^32 in magnitude
  if (std::abs(high) < int64_t{1} << 31) return CeilDivide(high << 31, multiplier);
  return high > 0 ? int64_t{1} << 59 : -(int64_t{1} << 59);  // nowhere or everywhere, for 32 bits
}

std::vector<int32_t> Multipliers(const Staircase& channel, const Line& line) {
  std::vector<int32_t> all;
  const double scale = std::ldexp(1.0, 31 + line.shift - line.scalar_bits);
  if (const auto slopes = PassingSlopes(channel.steps, channel.slope, 0)) all = CandidateMultipliers(*slopes, scale);
  // Of a channel with no step or a single one any slope may do, and a steep one needs a small offset.
  if (channel.steps.thresholds.size() < 2) {
    for (int bits = 30; bits >= 0; --bits) all.push_back(int32_t{1} << bits);
  }
  std::erase_if(all, [](int32_t multiplier) { return multiplier <= 0; });
  return all;
}

std::optional<MveRequantization::Channel> FindLine(const Staircase& channel, const Line& line) {
  for (const int32_t multiplier : Multipliers(channel, line)) {
    const OffsetRange offsets =
        FittingOffsetsBefore(channel.steps, {0, line.lowest, line.highest}, line.scalar_bits, Lines::kOne,
                             [&](int64_t code) { return SmallestWithCode(code, line.shift, multiplier); });
    if (offsets.empty()) continue;
    // Modulo 2^32, as the device adds.
    return MveRequantization::Channel{static_cast<int32_t>(static_cast<uint32_t>(offsets.middle())), multiplier, 0};
  }
  return std::nullopt;
}

std::optional<std::vector<MveRequantization::Channel>> FindLines(const std::vector<Staircase>& channels,
                                                                 const Line& line) {
  std::vector<MveRequantization::Channel> found;
  for (const Staircase& channel : channels) {
    const std::optional<MveRequantization::Channel> constants = FindLine(channel, line);
    if (!constants.has_value()) return std::nullopt;
    found.push_back(*constants);
  }
  return found;
}

// The finest line with this many bits of the scalar: nothing where its multipliers would leave 32 bits.
std::optional<int> FinestShift(double steepest, int scalar_bits) {
  constexpr int kMostShift = 22;  // codes that saturate are within 32 bits
  int shift = kMostShift;
  while (shift >= 2 && std::ldexp(steepest, 31 + shift - scalar_bits) >= 2147483647.0) --shift;
  return shift < 2 ? std::nullopt : std::optional<int>(shift);
}

std::optional<MveRequantization> FindOneLine(const std::vector<Staircase>& channels, const device::OutputRange& output,
                                             std::optional<int> asked_shift) {
  constexpr int kMostScalarBits = 14;
  double steepest = 0;
  for (const Staircase& channel : channels) steepest = std::max(steepest, channel.slope);
  for (const bool clamps : {false, true}) {
    if (clamps && output.min == kLowest && output.max == kHighest) continue;
    for (int bits = kMostScalarBits; bits >= 4; --bits) {
      const std::optional<int> finest = FinestShift(steepest, bits);
      if (!finest || (asked_shift && *asked_shift > *finest)) continue;
      const Line line = {bits, asked_shift.value_or(*finest), clamps ? output.min : kLowest,
                         clamps ? output.max : kHighest};
      auto constants = FindLines(channels, line);
      if (!constants.has_value()) continue;
      MveRequantization result;
      result.form = RequantizationMve::kOneLine;
      result.scalar = 1 << bits;
      result.shift = line.shift;
      result.clamps = clamps;
      result.min = output.min;
      result.max = output.max;
      result.channels = *std::move(constants);
      return result;
    }
  }
  return std::nullopt;
}

// Every c with which a line through both codes is the contract's; all sums within 32 bits.
OffsetRange FittingConstants(const std::vector<int32_t>& codes, int64_t a, int64_t b, int shift, int32_t lowest,
                             int32_t highest) {
  constexpr int64_t kLeast = std::numeric_limits<int32_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  OffsetRange range = {kLeast, kMost};
  size_t at = 0;
  for (int64_t x = kLowest; x <= kHighest; ++x) {
    for (int64_t y = kLowest; y <= kHighest; ++y) {
      const int64_t product = a * x + b * y;
      const int64_t code = codes[at++];
      range.AtLeast(kLeast - product);
      range.AtMost(kMost - product);
      const int64_t rounded = product + compiled::RoundingMve(shift);
      if (code > lowest) range.AtLeast((code << shift) - rounded);
      if (code < highest) range.AtMost(((code + 1) << shift) - 1 - rounded);
    }
  }
  return range;
}

}  // namespace

std::optional<MveRequantization> FindMveContractForm(absl::Span<const RequantizedChannel> channels,
                                                     const device::OutputRange& output) {
  MveRequantization result;
  const bool one_sided = output.min >= output.zero_point;
  result.form = one_sided ? RequantizationMve::kClamped : RequantizationMve::kFull;
  result.scalar = output.zero_point;
  result.clamps = output.min > kLowest || output.max < kHighest;
  result.min = output.min;
  result.max = output.max;
  for (const RequantizedChannel& channel : channels) {
    device::Multiplier m = channel.multiplier;
    if (m.mantissa == 0) m.exponent = -1;
    if (m.exponent > (one_sided ? 0 : -1)) return std::nullopt;
    result.channels.push_back({channel.origin, m.mantissa, m.exponent});
  }
  return result;
}

std::optional<MveRequantization> FindMveRequantization(absl::Span<const RequantizedChannel> channels,
                                                       const device::OutputRange& output) {
  std::vector<Staircase> staircases;
  for (const RequantizedChannel& channel : channels) {
    staircases.push_back({ContractSteps(channel.accumulators, channel.multiplier, output).MovedBy(channel.origin),
                          RealOf(channel.multiplier)});
  }
  // Layers of one shift share their functions.
  constexpr int kUsualShift = 16;
  const auto usual = FindOneLine(staircases, output, kUsualShift);
  if (usual && !usual->clamps) return usual;
  if (auto line = FindOneLine(staircases, output, std::nullopt); line.has_value()) return line;
  return FindMveContractForm(channels, output);
}

std::optional<MveAddition> FindMveAddition(const ContractSum& contract) {
  constexpr int kMostShift = 23;
  constexpr int kEachSide = 2;  // of a slope
  std::vector<int32_t> codes;
  for (int32_t x = kLowest; x <= kHighest; ++x) {
    for (int32_t y = kLowest; y <= kHighest; ++y) codes.push_back(contract.CodeOf(x, y));
  }
  const double scaled = std::ldexp(RealOf(contract.sum), 20);  // operands are scaled by 2^20 first
  const double slope_a = RealOf(contract.a) * scaled;
  const double slope_b = RealOf(contract.b) * scaled * (contract.subtracts ? -1 : 1);
  const int32_t min = contract.output.min;
  const int32_t max = contract.output.max;
  const bool clamps = min > kLowest || max < kHighest;
  for (int shift = kMostShift; shift > kMostShift - 4; --shift) {
    const double a = std::nearbyint(std::ldexp(slope_a, shift));
    const double b = std::nearbyint(std::ldexp(slope_b, shift));
    if (std::max(std::abs(a), std::abs(b)) > 1 << 28) continue;
    for (int i = -kEachSide; i <= kEachSide; ++i) {
      for (int j = -kEachSide; j <= kEachSide; ++j) {
        const int64_t of_x = static_cast<int64_t>(a) + i;
        const int64_t of_y = static_cast<int64_t>(b) + j;
        const OffsetRange constants =
            FittingConstants(codes, of_x, of_y, shift, clamps ? min : kLowest, clamps ? max : kHighest);
        if (constants.empty()) continue;
        return MveAddition{static_cast<int32_t>(of_x), static_cast<int32_t>(of_y),
                           static_cast<int32_t>(constants.middle()), shift, clamps};
      }
    }
  }
  return std::nullopt;
}

}  // namespace mote::compiler
