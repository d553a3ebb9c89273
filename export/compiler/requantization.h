// Requantization that costs a device a few instructions and is proved to be the contract's.
//
// The contract (docs/arithmetic.md) maps an output channel's accumulator to a code with two roundings, a zero point and
// a clamp: ten instructions or more. But it is a function that never falls as the accumulator grows, and has at most
// 256 values. Over the accumulators that can occur it is a staircase of at most 255 steps, and any other function that
// never falls and has the same value on both sides of each step, and at both ends, is the same function: between two
// steps it lies between two equal values. So a cheaper formula is proved by at most 512 evaluations, and constants for
// it are found by asking for just these inequalities. Nothing is assumed of the formula but that it never falls.
//
// For a multiplier that is given, each step asks for an interval of what is added before the multiplication, or after
// it, and the intersection is every such constant there is (FittingOffsets). Families of other products (Helium's
// doubling high half, Cortex-M0's 32 bits) search on top of that.
#ifndef MOTE_EXPORT_COMPILER_REQUANTIZATION_H_
#define MOTE_EXPORT_COMPILER_REQUANTIZATION_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "mcu_runtime/kernels/requantize.h"

namespace mote::compiler {

// Both ends belong to it.
struct Range {
  int32_t min = 0;
  int32_t max = 0;
  bool operator==(const Range&) const = default;
};

// The accumulators of one output channel: bias + sum of (q - zero_point) * w, every q of its own in `codes`. Terms that
// padding leaves out are 0; with `padded` they may be left out one by one. Both ends occur (with `padded`, if the
// windows allow); where they are not within int32 (the runtime refuses such a model) the range ends at int32.
Range ReachableAccumulators(int32_t bias, absl::Span<const int8_t> weights, int32_t zero_point, Range codes,
                            bool padded);

// A function of integers that never falls, over `domain`.
struct StepFunction {
  Range domain;
  int32_t first = 0;  // its value at domain.min
  std::vector<int32_t>
      thresholds;  // thresholds[i]: the smallest argument whose value is over first + i. They never fall
                   // and are within (domain.min, domain.max]; equal ones are a step of more than one

  int32_t last() const { return first + static_cast<int32_t>(thresholds.size()); }
  int32_t At(int32_t argument) const {
    return first +
           static_cast<int32_t>(std::upper_bound(thresholds.begin(), thresholds.end(), argument) - thresholds.begin());
  }
  // The same values at arguments that are smaller by `origin`: for sums that begin elsewhere. Nothing may leave int32.
  StepFunction MovedBy(int32_t origin) const;
};

// The contract's code of each accumulator, by binary search on device::RequantizeToInt8.
StepFunction ContractSteps(Range accumulators, const device::Multiplier& multiplier, const device::OutputRange& output);

// Whether `formula` (int32_t -> int32_t) has the values of `steps`, everywhere in its domain. It must never fall there.
template <typename Formula>
bool Prove(const StepFunction& steps, const Formula& formula) {
  if (formula(steps.domain.min) != steps.first || formula(steps.domain.max) != steps.last()) return false;
  for (const int32_t threshold : steps.thresholds) {
    if (formula(threshold - 1) != steps.At(threshold - 1) || formula(threshold) != steps.At(threshold)) return false;
  }
  return true;
}

// How an output's codes are held: as `code + offset`. What saturates for free ends at `min` and `max`.
struct HeldCode {
  int32_t offset = 0;
  int32_t min = 0;
  int32_t max = 0;
};
inline constexpr HeldCode kHeldUnsigned = {128, 0, 255};  // USAT
inline constexpr HeldCode kHeldSigned = {0, -128, 127};   // SSAT

// Of 64 bits, both ends included; empty where min > max.
struct OffsetRange {
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();

  bool empty() const { return min > max; }
  int64_t middle() const { return min + (max - min) / 2; }
  void AtLeast(int64_t bound) { min = std::max(min, bound); }
  void AtMost(int64_t bound) { max = std::min(max, bound); }
};

// Every C with  saturate(floor((C + product(acc)) / 2^shift), held.min, held.max) == steps.At(acc) + held.offset  on
// the whole domain. `product` (int32_t -> int64_t) must never fall; its magnitude and 2^shift * 512 are at most 2^62.
template <typename Product>
OffsetRange FittingOffsetsAfter(const StepFunction& steps, const HeldCode& held, int shift, const Product& product) {
  const int64_t unit = int64_t{1} << shift;
  OffsetRange range = {-(int64_t{1} << 62), int64_t{1} << 62};
  int64_t value = steps.first + held.offset;
  if (value > held.min) range.AtLeast(value * unit - product(steps.domain.min));
  for (const int32_t threshold : steps.thresholds) {
    ++value;
    range.AtLeast(value * unit - product(threshold));
    range.AtMost(value * unit - 1 - product(threshold - 1));
  }
  if (value < held.max) range.AtMost((value + 1) * unit - 1 - product(steps.domain.max));
  return range;
}

// How an accumulator becomes what is multiplied.
enum class Lines {
  kOne,  // x = (a << k) + D
  kTwo,  // x = (a << k) + (D ^ (a >> 31)): D is added to accumulators of 0 and more, D + 1 taken off those below
};

// Every D with  saturate(f(x), held.min, held.max) == steps.At(a) + held.offset  on the whole domain, and x within
// int32 there, for a function f that never falls and is known by its steps: smallest(v) is the smallest x (int64_t)
// with f(x) >= v. kTwo: D >= 0.
template <typename Smallest>
OffsetRange FittingOffsetsBefore(const StepFunction& steps, const HeldCode& held, int left_shift, Lines lines,
                                 const Smallest& smallest) {
  OffsetRange range;
  const auto at_least = [&](int32_t a, int64_t x) {
    const int64_t shifted = int64_t{a} << left_shift;
    if (lines == Lines::kTwo && a < 0) {
      range.AtMost(shifted - 1 - x);
    } else {
      range.AtLeast(x - shifted);
    }
  };
  const auto at_most = [&](int32_t a, int64_t x) {
    const int64_t shifted = int64_t{a} << left_shift;
    if (lines == Lines::kTwo && a < 0) {
      range.AtLeast(shifted - 1 - x);
    } else {
      range.AtMost(x - shifted);
    }
  };
  if (lines == Lines::kTwo) range.AtLeast(0);
  at_least(steps.domain.min, std::numeric_limits<int32_t>::min());
  at_most(steps.domain.max, std::numeric_limits<int32_t>::max());
  int64_t value = steps.first + held.offset;
  if (value > held.min) at_least(steps.domain.min, smallest(value));
  for (const int32_t threshold : steps.thresholds) {
    const int64_t x = smallest(++value);
    at_least(threshold, x);
    at_most(threshold - 1, x - 1);
  }
  if (value < held.max) at_most(steps.domain.max, smallest(value + 1) - 1);
  return range;
}

// Slopes, in codes an accumulator, of the lines that pass between the steps: over every threshold's left neighbour and
// under the threshold. The contract's own slope leads there, and is among them if any are. `gap`: with Lines::kTwo, how
// many accumulators the two lines are apart; else 0.
struct SlopeRange {
  double min = 0;
  double contract = 0;
  double max = 0;
};
std::optional<SlopeRange> PassingSlopes(const StepFunction& steps, double contract, double gap);

// Multipliers of `scale` times those slopes, the likeliest first. None is negative or over `most`.
std::vector<int32_t> CandidateMultipliers(const SlopeRange& slopes, double scale, int32_t most = INT32_MAX);

// The formulas of cores with the high half of a product of 32 x 32 bits. `a` is the accumulator; m and D are a
// channel's own; k, C, s are the layer's, k and s stand in instructions. high(x) = floor(x / 2^32).
enum class RequantizationForm {
  kOneLine,       // saturate((C + high(((a << k) + D) * m)) >> s)                   ADD, SMMLA, USAT (or SSAT)
  kTwoLines,      // saturate((C + high(((a << k) + (D ^ (a >> 31))) * m)) >> s)     EOR, ADD, SMMLA, USAT
  kTwoRoundings,  // the contract's own, device::RequantizeToInt8: always there, ten instructions or so
};
// The contract rounds half away from zero at last, so that its steps below and above 0 do not lie on one line: one line
// is for outputs that are clamped at their zero point, and those that few accumulators below (or above) 0 reach.
//
// Where sums begin. The contract's accumulator is a = r + b: r is the sum of the products as the kernel holds its
// operands, b the bias and what the zero points that it leaves in them come to.
//   kOneLine: (a << k) + D = (r << k) + (D + (b << k)), all modulo 2^32. So sums begin with 0 (SMUAD, no constant), and
//     a channel has two words, m and D + (b << k). The parts may wrap; what they come to is proved not to.
//   kTwoLines looks at the sign of a, so sums begin with b: three words, b, m and D.

// One output channel. With origin 0 the constants are for a itself.
struct RequantizedChannel {
  Range accumulators;  // ReachableAccumulators
  device::Multiplier multiplier;
  int32_t origin = 0;  // b, above
};

struct RequantizationRequest {
  device::OutputRange output;
  HeldCode held = kHeldUnsigned;
  // For kernels that layers share: s as it stands in their instructions, and the least k that they can do with. None:
  // the finest that there is.
  std::optional<int> right_shift;
  int least_left_shift = 0;
};

// How a layer is requantized: one form, constants for each channel, all proved.
struct LayerRequantization {
  struct Channel {
    int32_t multiplier = 0;  // m
    int32_t offset = 0;      // kOneLine: D + (b << k), modulo 2^32. kTwoLines: D
    int32_t start = 0;       // what the sum of products begins with. kOneLine: 0. kTwoLines: b
    // All accumulators that occur have one code: training has switched the channel off. The constants are for a sum of
    // products that is 0: the weights are to be packed as 0, since what they were might not fit the layer's k.
    bool constant = false;
  };
  RequantizationForm form = RequantizationForm::kTwoRoundings;
  int left_shift = 0;   // k
  int right_shift = 0;  // s
  int32_t offset = 0;   // C. 0 wherever kOneLine can do without it: SMMUL then, and a register less
  HeldCode held;
  // Whether the held code must be clamped to `clamp` after it is saturated: the activation's range is narrower than
  // what saturates for free, and it matters for accumulators that occur. Two to four instructions more.
  bool clamps = false;
  Range clamp;                    // of held codes
  std::vector<Channel> channels;  // empty for kTwoRoundings

  // What the device holds, by the form's formula, of a sum of products r = a - b; not for kTwoRoundings.
  int32_t HeldAt(size_t channel, int32_t sum) const;
};

// The cheapest form that is proved for every channel: without a clamp before with one, kOneLine before kTwoLines.
LayerRequantization FindRequantization(absl::Span<const RequantizedChannel> channels,
                                       const RequantizationRequest& request);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_REQUANTIZATION_H_
