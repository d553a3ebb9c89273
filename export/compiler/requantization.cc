#include "export/compiler/requantization.h"

#include <cmath>
#include <utility>

namespace mote::compiler {
namespace {

int32_t ToInt32(int64_t value) {
  return static_cast<int32_t>(
      std::clamp<int64_t>(value, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
}

// C holds 256 codes of 2^s, and the sum with a product of at most 2^30 is an int32.
constexpr int kMostRightShift = 21;

struct Shifts {
  int left = 0;
  int right = 0;
};

// A channel as the search sees it.
struct Staircase {
  StepFunction steps;
  double slope = 0;  // in codes an accumulator
  int32_t origin = 0;
  double gap = 0;                 // Lines::kTwo: how far apart they are, in accumulators
  std::optional<SlopeRange> one;  // PassingSlopes, where there are any
  std::optional<SlopeRange> two;

  bool IsConstant() const { return steps.thresholds.empty(); }
};

Staircase MakeStaircase(const RequantizedChannel& channel, const device::OutputRange& output) {
  const device::Multiplier& m = channel.multiplier;
  Staircase staircase;
  staircase.steps = ContractSteps(channel.accumulators, m, output);
  staircase.origin = channel.origin;
  staircase.slope = std::ldexp(m.mantissa, m.exponent - 31);
  // Ties of the second rounding go away from zero: below it a step comes one unit of the first rounding later.
  if (m.exponent < 0) staircase.gap = std::ldexp(1.0, 31) / m.mantissa;
  staircase.one = PassingSlopes(staircase.steps, staircase.slope, 0);
  staircase.two = PassingSlopes(staircase.steps, staircase.slope, staircase.gap);
  return staircase;
}

int64_t DivideUp(int64_t a, int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

// What all channels of a try have in common.
struct Try {
  Lines lines = Lines::kOne;
  Shifts shifts;
  int32_t offset = 0;
  HeldCode saturation;
};

// Of a channel that has one code for all its accumulators. x is D then: high(-2^31 * m) = -m / 2 for even m.
LayerRequantization::Channel ConstantChannel(int32_t held, const Try& t) {
  const int32_t half = t.shifts.right == 0 ? 0 : 1 << (t.shifts.right - 1);
  const int32_t product = held * (1 << t.shifts.right) + half - t.offset;
  return {-2 * product, std::numeric_limits<int32_t>::min(), 0, true};
}

LayerRequantization::Channel WithOrigin(int32_t multiplier, int64_t offset, int32_t origin, const Try& t) {
  if (t.lines == Lines::kTwo) return {multiplier, static_cast<int32_t>(offset), origin, false};
  const int64_t all = offset + int64_t{origin} * (int64_t{1} << t.shifts.left);
  return {multiplier, static_cast<int32_t>(all), 0, false};
}

std::optional<LayerRequantization::Channel> FindChannel(const Staircase& channel, const Try& t) {
  if (channel.IsConstant()) return ConstantChannel(channel.steps.first + t.saturation.offset, t);
  const std::optional<SlopeRange>& slopes = t.lines == Lines::kOne ? channel.one : channel.two;
  if (!slopes) return std::nullopt;
  const double scale = std::ldexp(1.0, 32 + t.shifts.right - t.shifts.left);
  for (const int32_t multiplier : CandidateMultipliers(*slopes, scale)) {
    if (multiplier == 0) continue;
    // The smallest x of  (C + high(x * m)) >> s >= value.
    const auto smallest = [&](int64_t value) {
      return DivideUp(((value << t.shifts.right) - t.offset) * (int64_t{1} << 32), multiplier);
    };
    const OffsetRange offsets = FittingOffsetsBefore(channel.steps, t.saturation, t.shifts.left, t.lines, smallest);
    if (!offsets.empty()) return WithOrigin(multiplier, offsets.middle(), channel.origin, t);
  }
  return std::nullopt;
}

// How far x is from 0 at most, in accumulators, where x = 0 stands for the held code `base`. A channel of few steps may
// be taken more steeply than the contract, and x is smaller then.
double Reach(const Staircase& channel, Lines lines, double base, const HeldCode& held) {
  const StepFunction& steps = channel.steps;
  const double slope = lines == Lines::kOne && channel.one ? channel.one->max : channel.slope;
  const double first = (steps.first + 1 + held.offset - base) / slope;
  const double last = (steps.last() + held.offset - base) / slope;
  const double below = first - (static_cast<double>(steps.thresholds.front()) - steps.domain.min);
  const double above = last + (static_cast<double>(steps.domain.max) - steps.thresholds.back());
  return std::max(std::abs(below), std::abs(above)) + 2;
}

// The largest k at which no x leaves int32.
int MostLeftShift(absl::Span<const Staircase> channels, Lines lines, double base, const HeldCode& held) {
  double reach = 1;
  for (const Staircase& channel : channels) {
    if (!channel.IsConstant()) reach = std::max(reach, Reach(channel, lines, base, held));
  }
  int shift = 0;
  while (shift < 28 && std::ldexp(reach, shift + 1) < std::numeric_limits<int32_t>::max()) ++shift;
  return shift;
}

// The largest s at which every multiplier is an int32; under 0 where there is none.
int MostRightShift(absl::Span<const Staircase> channels, int left_shift) {
  double steepest = 0;
  for (const Staircase& channel : channels) {
    if (!channel.IsConstant()) steepest = std::max(steepest, channel.slope);
  }
  int shift = kMostRightShift;
  while (shift >= 0 && std::ldexp(steepest, 32 + shift - left_shift) >= std::numeric_limits<int32_t>::max()) --shift;
  return shift;
}

// The finest shifts: s divides a code, k an accumulator, and both divide the multiplier's slope. Multipliers must be
// int32, so a larger s asks for a larger k; where s is at its own limit, a smaller k leaves more bits to multipliers.
Shifts FinestShifts(absl::Span<const Staircase> channels, Lines lines, double base, const HeldCode& held) {
  Shifts shifts;
  shifts.left = MostLeftShift(channels, lines, base, held);
  while (shifts.left > 0 && MostRightShift(channels, shifts.left - 1) == kMostRightShift) --shifts.left;
  shifts.right = MostRightShift(channels, shifts.left);
  return shifts;
}

// Of a right shift that is asked for: the smallest k leaves the most bits to multipliers.
Shifts AskedShifts(absl::Span<const Staircase> channels, Lines lines, double base,
                   const RequantizationRequest& request) {
  const int most = MostLeftShift(channels, lines, base, request.held);
  Shifts shifts = {request.least_left_shift, *request.right_shift};
  while (shifts.left <= most && MostRightShift(channels, shifts.left) < shifts.right) ++shifts.left;
  if (shifts.left > most) shifts.right = -1;
  return shifts;
}

class Search {
 public:
  Search(std::vector<Staircase> channels, const RequantizationRequest& request)
      : channels_(std::move(channels)), request_(request) {}

  // Whether every channel has constants of this form, which are in `result` then.
  bool Find(RequantizationForm form, const HeldCode& saturation, LayerRequantization* result) {
    Try t;
    t.saturation = saturation;
    t.lines = form == RequantizationForm::kOneLine ? Lines::kOne : Lines::kTwo;
    const int32_t zero = request_.output.zero_point + request_.held.offset;
    if (t.lines == Lines::kOne) {  // The whole offset before the multiplication, if there is room for it.
      t.shifts = ShiftsFor(t.lines, 0);
      if (t.shifts.right >= 0 && FindAll(t, result)) return Finish(form, t, result);
    }
    t.shifts = ShiftsFor(t.lines, zero + 0.5);
    if (t.shifts.right < 0) return false;
    const int32_t centre = t.shifts.right == 0 ? zero : (2 * zero + 1) * (1 << (t.shifts.right - 1));
    // With two lines, D is added above and D + 1 taken off below: where ties are met exactly, one more makes up for
    // that.
    for (const int32_t offset : {centre, centre + 1}) {
      t.offset = offset;
      if (FindAll(t, result)) return Finish(form, t, result);
    }
    return false;
  }

 private:
  Shifts ShiftsFor(Lines lines, double base) const {
    return request_.right_shift ? AskedShifts(channels_, lines, base, request_)
                                : FinestShifts(channels_, lines, base, request_.held);
  }

  // Begins with the channel that failed last: where one fails, nothing more need be computed.
  bool FindAll(const Try& t, LayerRequantization* result) {
    if (!FindChannel(channels_[hardest_], t)) return false;
    result->channels.clear();
    for (size_t c = 0; c < channels_.size(); ++c) {
      const auto constants = FindChannel(channels_[c], t);
      if (!constants) {
        hardest_ = c;
        return false;
      }
      result->channels.push_back(*constants);
    }
    return true;
  }

  static bool Finish(RequantizationForm form, const Try& t, LayerRequantization* result) {
    result->form = form;
    result->left_shift = t.shifts.left;
    result->right_shift = t.shifts.right;
    result->offset = t.offset;
    return true;
  }

  std::vector<Staircase> channels_;
  const RequantizationRequest& request_;
  size_t hardest_ = 0;
};

// How wide the passage between the steps is for lines of that slope, in codes; negative where none pass.
double PassageWidth(const StepFunction& steps, double slope, double gap) {
  double floor = -std::numeric_limits<double>::infinity();
  double ceiling = std::numeric_limits<double>::infinity();
  double value = 0;
  const auto place = [&](int32_t a) { return a + (a < 0 ? -gap / 2 : gap / 2); };
  for (const int32_t threshold : steps.thresholds) {
    ++value;
    floor = std::max(floor, value - slope * place(threshold));
    ceiling = std::min(ceiling, value - slope * place(threshold - 1));
  }
  return ceiling - floor;
}

// The last slope on the way from `passing` to `failing` where lines pass.
double LastPassing(const StepFunction& steps, double gap, double passing, double failing) {
  for (int i = 0; i < 40; ++i) {
    const double middle = (passing + failing) / 2;
    (PassageWidth(steps, middle, gap) >= 0 ? passing : failing) = middle;
  }
  return passing;
}

}  // namespace

Range ReachableAccumulators(int32_t bias, absl::Span<const int8_t> weights, int32_t zero_point, Range codes,
                            bool padded) {
  Range centred = {codes.min - zero_point, codes.max - zero_point};
  if (padded) centred = {std::min(centred.min, 0), std::max(centred.max, 0)};
  int64_t min = bias;
  int64_t max = bias;
  for (const int8_t weight : weights) {
    min += int64_t{weight} * (weight < 0 ? centred.max : centred.min);
    max += int64_t{weight} * (weight < 0 ? centred.min : centred.max);
  }
  return {ToInt32(min), ToInt32(max)};
}

StepFunction StepFunction::MovedBy(int32_t origin) const {
  StepFunction moved = *this;
  moved.domain = {domain.min - origin, domain.max - origin};
  for (int32_t& threshold : moved.thresholds) threshold -= origin;
  return moved;
}

StepFunction ContractSteps(Range accumulators, const device::Multiplier& multiplier,
                           const device::OutputRange& output) {
  const auto code = [&](int32_t a) { return int32_t{device::RequantizeToInt8(a, multiplier, output)}; };
  StepFunction steps;
  steps.domain = accumulators;
  steps.first = code(accumulators.min);
  const int32_t last = code(accumulators.max);
  int64_t below = accumulators.min;  // its code is under `value`
  for (int32_t value = steps.first + 1; value <= last; ++value) {
    int64_t above = accumulators.max;                                           // its code is not
    if (!steps.thresholds.empty() && code(steps.thresholds.back()) >= value) {  // a step of more than one
      above = steps.thresholds.back();
    }
    while (above - below > 1) {
      const int64_t middle = below + (above - below) / 2;
      (code(static_cast<int32_t>(middle)) < value ? below : above) = middle;
    }
    steps.thresholds.push_back(static_cast<int32_t>(above));
  }
  return steps;
}

std::optional<SlopeRange> PassingSlopes(const StepFunction& steps, double contract, double gap) {
  if (steps.thresholds.empty()) return SlopeRange{contract, contract, contract};
  if (steps.thresholds.size() == 1) {  // any line, as long as it does not reach the next code
    const double below = static_cast<double>(steps.thresholds[0]) - steps.domain.min;
    const double above = static_cast<double>(steps.domain.max) - steps.thresholds[0];
    return SlopeRange{contract, contract, std::max(contract, 0.9 / std::max(below, above))};
  }
  if (PassageWidth(steps, contract, gap) < 0) return std::nullopt;
  return SlopeRange{LastPassing(steps, gap, contract, 0), contract, LastPassing(steps, gap, contract, 2 * contract)};
}

std::vector<int32_t> CandidateMultipliers(const SlopeRange& slopes, double scale, int32_t most) {
  constexpr int kEachSide = 16;
  std::vector<int32_t> candidates;
  const auto add = [&](double slope) {
    const double multiplier = std::nearbyint(slope * scale);
    if (multiplier < 0 || multiplier > most) return;
    const int32_t candidate = static_cast<int32_t>(multiplier);
    if (std::find(candidates.begin(), candidates.end(), candidate) == candidates.end()) candidates.push_back(candidate);
  };
  add(slopes.contract);
  for (int i = 1; i <= kEachSide; ++i) {
    add(slopes.contract + (slopes.max - slopes.contract) * i / kEachSide);
    add(slopes.contract + (slopes.min - slopes.contract) * i / kEachSide);
  }
  return candidates;
}

int32_t LayerRequantization::HeldAt(size_t channel, int32_t sum) const {
  const Channel& c = channels[channel];
  const int32_t a = c.constant ? 0 : sum + c.start;
  const int32_t added = form == RequantizationForm::kTwoLines ? c.offset ^ (a >> 31) : c.offset;
  const int32_t x = static_cast<int32_t>((static_cast<uint32_t>(a) << left_shift) + static_cast<uint32_t>(added));
  const int64_t result = offset + (int64_t{x} * c.multiplier >> 32);
  const int32_t code = static_cast<int32_t>(std::clamp<int64_t>(result >> right_shift, held.min, held.max));
  return clamps ? std::clamp(code, clamp.min, clamp.max) : code;
}

LayerRequantization FindRequantization(absl::Span<const RequantizedChannel> channels,
                                       const RequantizationRequest& request) {
  std::vector<Staircase> staircases;
  for (const RequantizedChannel& channel : channels) staircases.push_back(MakeStaircase(channel, request.output));
  LayerRequantization result;
  result.held = request.held;
  result.clamp = {request.output.min + request.held.offset, request.output.max + request.held.offset};
  const HeldCode clamped = {request.held.offset, result.clamp.min, result.clamp.max};
  Search search(std::move(staircases), request);
  for (const bool clamps : {false, true}) {
    result.clamps = clamps;
    for (const RequantizationForm form : {RequantizationForm::kOneLine, RequantizationForm::kTwoLines}) {
      if (search.Find(form, clamps ? clamped : request.held, &result)) return result;
    }
  }
  result.clamps = false;
  result.channels.clear();
  return result;
}

}  // namespace mote::compiler
