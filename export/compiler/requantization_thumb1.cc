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
};

bool FitsInt32(int64_t value) {
  return value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max();
}

int64_t MagnitudeOf(const StepFunction& steps) {
  return std::max(std::abs(int64_t{steps.domain.min}), std::abs(int64_t{steps.domain.max}));
}

// r * M / 2^k, rounded down.
int64_t Product(int64_t sum, int64_t multiplier, int shift) { return (sum * multiplier) >> shift; }

// The finest shifts at which nothing leaves 32 bits: r * m0 for k, codes for s, and M itself for both.
std::optional<Thumb1Requantization> FinestShifts(absl::Span<const Staircase> channels) {
  int64_t magnitude = 1;
  double steepest = 0, highest = 512;
  for (const Staircase& channel : channels) {
    if (channel.steps.thresholds.empty()) continue;
    const int64_t reach = MagnitudeOf(channel.steps);
    magnitude = std::max(magnitude, reach);
    steepest = std::max(steepest, channel.slope);
    const double span = static_cast<double>(int64_t{channel.steps.domain.max} - channel.steps.domain.min);
    highest = std::max(highest, channel.slope * (static_cast<double>(reach) + span) + 512);
  }
  Thumb1Requantization found;
  while (found.low_shift < kMostShift && magnitude << (found.low_shift + 1) < int64_t{1} << 31) ++found.low_shift;
  while (found.right_shift < kMostShift && std::ldexp(highest, found.right_shift + 1) < 2147483648.0) {
    ++found.right_shift;
  }
  const auto largest = [&] { return std::ldexp(steepest, found.low_shift + found.right_shift) * 1.01; };
  while (found.low_shift > 0 && largest() >= 2147483648.0) --found.low_shift;
  if (largest() >= 2147483648.0) return std::nullopt;
  return found;
}

std::optional<Thumb1Requantization::Channel> FindChannel(const Staircase& channel, int low_shift, int right_shift) {
  const StepFunction& steps = channel.steps;
  if (steps.thresholds.empty()) {
    const int64_t held = steps.first + kHeldUnsigned.offset;
    return Thumb1Requantization::Channel{0, 0, static_cast<int32_t>(((2 * held + 1) << right_shift) / 2)};
  }
  const std::optional<SlopeRange> slopes = PassingSlopes(steps, channel.slope, 0);
  if (!slopes) return std::nullopt;
  for (const int32_t multiplier : CandidateMultipliers(*slopes, std::ldexp(1.0, low_shift + right_shift))) {
    const auto product = [&](int32_t sum) { return Product(sum, multiplier, low_shift); };
    const OffsetRange offsets = FittingOffsetsAfter(steps, kHeldUnsigned, right_shift, product);
    if (offsets.empty()) continue;
    const int64_t offset = offsets.middle();
    if (!FitsInt32(offset) || !FitsInt32(product(steps.domain.min) + offset) ||
        !FitsInt32(product(steps.domain.max) + offset)) {
      continue;
    }
    return Thumb1Requantization::Channel{multiplier & ((1 << low_shift) - 1), multiplier >> low_shift,
                                         static_cast<int32_t>(offset)};
  }
  return std::nullopt;
}

}  // namespace

int32_t Thumb1Requantization::HeldAt(size_t channel, int32_t sum) const {
  const Channel& c = channels[channel];
  const auto times = [sum](int32_t factor) { return static_cast<uint32_t>(sum) * static_cast<uint32_t>(factor); };
  const uint32_t low = static_cast<uint32_t>(static_cast<int32_t>(times(c.low)) >> low_shift);
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
                          std::ldexp(channel.multiplier.mantissa, channel.multiplier.exponent - 31)});
  }
  std::optional<Thumb1Requantization> found = FinestShifts(staircases);
  if (!found) return std::nullopt;
  for (size_t c = 0; c < staircases.size(); ++c) {
    const auto constants = FindChannel(staircases[c], found->low_shift, found->right_shift);
    if (!constants) return std::nullopt;
    found->channels.push_back(*constants);
    // The device's own arithmetic once more, wrapping and all.
    if (!Prove(staircases[c].steps, [&](int32_t sum) { return found->HeldAt(c, sum) - kHeldUnsigned.offset; })) {
      return std::nullopt;
    }
  }
  return found;
}

}  // namespace mote::compiler
