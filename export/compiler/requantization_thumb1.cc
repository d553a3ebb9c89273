#include "export/compiler/requantization_thumb1.h"

#include <cmath>
#include <cstdlib>
#include <limits>

namespace mote::compiler {
namespace {

constexpr int kMostShift = 24;  // more bits decide nothing

struct Staircase {
  StepFunction steps;  // of sums of products
  double slope = 0;    // the contract's, in codes an accumulator
  double reach = 0;    // how far an accumulator is from 0 at most
};

bool FitsInt32(int64_t value) {
  return value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max();
}

int64_t MagnitudeOf(const StepFunction& steps) {
  return std::max(std::abs(int64_t{steps.domain.min}), std::abs(int64_t{steps.domain.max}));
}

// r * M / 2^k, rounded down.
int64_t Product(int64_t sum, int64_t multiplier, int shift) { return (sum * multiplier) >> shift; }

// The largest s at which no code, saturated or not, leaves 32 bits.
int FinestRightShift(absl::Span<const Staircase> channels) {
  double highest = 256;
  for (const Staircase& channel : channels) {
    if (channel.steps.thresholds.empty()) continue;
    highest = std::max(highest, channel.slope * channel.reach + 256);
  }
  int shift = 0;
  while (shift < kMostShift && std::ldexp(highest, shift + 1) < 2147483648.0) ++shift;
  return shift;
}

std::optional<Thumb1Requantization::Channel> FindChannel(const Staircase& channel, int right_shift) {
  const StepFunction& steps = channel.steps;
  if (steps.thresholds.empty()) {
    const int64_t held = steps.first + kHeldUnsigned.offset;
    return Thumb1Requantization::Channel{0, 0, 0, static_cast<int32_t>(((2 * held + 1) << right_shift) / 2)};
  }
  const std::optional<SlopeRange> slopes = PassingSlopes(steps, channel.slope, 0);
  if (!slopes) return std::nullopt;
  int shift = 0;
  while (shift < kMostShift && MagnitudeOf(steps) << (shift + 1) < int64_t{1} << 31 &&
         std::ldexp(slopes->max, shift + 1 + right_shift) < 2147483648.0) {
    ++shift;
  }
  for (const int32_t multiplier : CandidateMultipliers(*slopes, std::ldexp(1.0, shift + right_shift))) {
    const auto product = [&](int32_t sum) { return Product(sum, multiplier, shift); };
    const OffsetRange offsets = FittingOffsetsAfter(steps, kHeldUnsigned, right_shift, product);
    if (offsets.empty() || multiplier >> shift >= 1 << 23) continue;
    const int64_t offset = offsets.middle();
    if (!FitsInt32(offset) || !FitsInt32(product(steps.domain.min) + offset) ||
        !FitsInt32(product(steps.domain.max) + offset)) {
      continue;
    }
    return Thumb1Requantization::Channel{shift, multiplier & ((1 << shift) - 1), multiplier >> shift,
                                         static_cast<int32_t>(offset)};
  }
  return std::nullopt;
}

}  // namespace

int32_t Thumb1Requantization::HeldAt(size_t channel, int32_t sum) const {
  const Channel& c = channels[channel];
  const auto times = [sum](int32_t factor) { return static_cast<uint32_t>(sum) * static_cast<uint32_t>(factor); };
  const uint32_t low = static_cast<uint32_t>(static_cast<int32_t>(times(c.low)) >> c.low_shift);
  const int32_t all = static_cast<int32_t>(times(c.high) + low + static_cast<uint32_t>(c.offset));
  return std::clamp(all >> right_shift, kHeldUnsigned.min, kHeldUnsigned.max);
}

std::optional<Thumb1Requantization> FindThumb1Requantization(absl::Span<const RequantizedChannel> channels,
                                                             const device::OutputRange& output) {
  std::vector<Staircase> staircases;
  for (const RequantizedChannel& channel : channels) {
    if (!FitsInt32(int64_t{channel.accumulators.min} - channel.origin) ||
        !FitsInt32(int64_t{channel.accumulators.max} - channel.origin)) {
      return std::nullopt;
    }
    staircases.push_back({ContractSteps(channel.accumulators, channel.multiplier, output).MovedBy(channel.origin),
                          std::ldexp(channel.multiplier.mantissa, channel.multiplier.exponent - 31),
                          std::max(std::abs(static_cast<double>(channel.accumulators.min)),
                                   std::abs(static_cast<double>(channel.accumulators.max)))});
  }
  Thumb1Requantization found;
  found.right_shift = FinestRightShift(staircases);
  for (size_t c = 0; c < staircases.size(); ++c) {
    const auto constants = FindChannel(staircases[c], found.right_shift);
    if (!constants) return std::nullopt;
    found.channels.push_back(*constants);
    // The device's own arithmetic once more, wrapping and all.
    if (!Prove(staircases[c].steps, [&](int32_t sum) { return found.HeldAt(c, sum) - kHeldUnsigned.offset; })) {
      return std::nullopt;
    }
  }
  return found;
}

}  // namespace mote::compiler
