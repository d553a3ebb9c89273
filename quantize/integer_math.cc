#include "quantize/integer_math.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace mote {

Multiplier QuantizeMultiplier(double m) {
  if (m == 0.0) return {};
  int exponent = 0;
  const double fraction = std::frexp(m, &exponent);
  int64_t mantissa = static_cast<int64_t>(std::round(fraction * static_cast<double>(int64_t{1} << 31)));
  if (mantissa == (int64_t{1} << 31)) {
    mantissa /= 2;
    ++exponent;
  }
  if (exponent < -31) return {};
  return {static_cast<int32_t>(mantissa), exponent};
}

Multiplier ScaleMultiplier(float input_scale, float weight_scale, float output_scale) {
  return QuantizeMultiplier(static_cast<double>(input_scale) * static_cast<double>(weight_scale) /
                            static_cast<double>(output_scale));
}

Multiplier ScaleMultiplier(float input_scale, float output_scale) {
  return QuantizeMultiplier(static_cast<double>(input_scale) / static_cast<double>(output_scale));
}

CodeRange ActivationRange(Activation activation, float scale, int32_t zero_point) {
  CodeRange range;
  if (activation == Activation::kNone) return range;
  range.low = std::max(range.low, zero_point);
  if (activation == Activation::kRelu6) {
    // In float: the quotient may be larger than any code.
    const float six = std::round(6.0F / scale);
    if (six < 255.0F) range.high = std::min(range.high, zero_point + static_cast<int32_t>(six));
  }
  return range;
}

int32_t QuantizeValue(float x, float scale, int32_t zero_point) {
  const float code = std::round(x / scale) + static_cast<float>(zero_point);
  return static_cast<int32_t>(std::clamp(code, -128.0F, 127.0F));
}

int32_t QuantizeBias(float b, float input_scale, float weight_scale) {
  const double scale = static_cast<double>(input_scale) * static_cast<double>(weight_scale);
  const double code = std::round(static_cast<double>(b) / scale);
  return static_cast<int32_t>(std::clamp(code, static_cast<double>(std::numeric_limits<int32_t>::min()),
                                         static_cast<double>(std::numeric_limits<int32_t>::max())));
}

AddParameters MakeAdd(float scale_a, float scale_b, float output_scale) {
  constexpr int kHeadroom = 20;
  const double twice_largest = 2.0 * static_cast<double>(std::max(scale_a, scale_b));
  const Multiplier a = QuantizeMultiplier(static_cast<double>(scale_a) / twice_largest);
  const Multiplier b = QuantizeMultiplier(static_cast<double>(scale_b) / twice_largest);
  AddParameters parameters;
  parameters.output =
      QuantizeMultiplier(twice_largest / (static_cast<double>(1 << kHeadroom) * static_cast<double>(output_scale)));
  for (int32_t code = -255; code <= 255; ++code) {
    parameters.table_a[static_cast<size_t>(code + 255)] = ApplyMultiplier(code * (1 << kHeadroom), a);
    parameters.table_b[static_cast<size_t>(code + 255)] = ApplyMultiplier(code * (1 << kHeadroom), b);
  }
  return parameters;
}

namespace {

// Fixed-point numbers Qi.f of gemmlowp: int32 with i integer and f = 31 - i fraction bits.
constexpr int kDifferenceIntegerBits = 5;  // the exponential's argument is Q5.26
constexpr int kSumIntegerBits = 12;        // the sum of exponentials is Q12.19

// Product of two Q0.31 (or of Qi and Qj, giving Q(i+j)): nearest, saturating where both are -2^31.
int32_t MultiplyHigh(int32_t a, int32_t b) {
  if (a == b && a == std::numeric_limits<int32_t>::min()) return std::numeric_limits<int32_t>::max();
  return static_cast<int32_t>((static_cast<int64_t>(a) * b + (int64_t{1} << 30)) >> 31);
}

// x / 2^exponent, halves away from zero.
int32_t RoundingShift(int32_t x, int exponent) {
  const int64_t mask = (int64_t{1} << exponent) - 1;
  const int64_t remainder = x & mask;
  const int64_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

int32_t SaturatingLeftShift(int32_t x, int exponent) {
  const int64_t shifted = static_cast<int64_t>(x) * (int64_t{1} << exponent);
  return static_cast<int32_t>(
      std::clamp<int64_t>(shifted, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
}

// exp(a) for a in [-1/4, 0), Q0.31 both: Taylor's series around -1/8 to the fourth power.
int32_t ExpOnQuarter(int32_t a) {
  constexpr int32_t kExpMinusEighth = 1895147668;
  constexpr int32_t kThird = 715827883;
  const int32_t x = a + (1 << 28);
  const int32_t x2 = MultiplyHigh(x, x);
  const int32_t x3 = MultiplyHigh(x2, x);
  const int32_t x4 = MultiplyHigh(x2, x2);
  const int32_t tail = RoundingShift(MultiplyHigh(RoundingShift(x4, 2) + x3, kThird) + x2, 1);
  return kExpMinusEighth + MultiplyHigh(kExpMinusEighth, x + tail);
}

// exp(a) for a <= 0 in Q5.26, result Q0.31.
int32_t ExpOnNegative(int32_t a) {
  if (a == 0) return std::numeric_limits<int32_t>::max();
  constexpr int kFractionBits = 31 - kDifferenceIntegerBits;
  constexpr int32_t kQuarter = 1 << (kFractionBits - 2);
  const int32_t in_quarter = (a & (kQuarter - 1)) - kQuarter;
  int32_t result = ExpOnQuarter(SaturatingLeftShift(in_quarter, kDifferenceIntegerBits));
  const int32_t remainder = in_quarter - a;
  // exp(-2^k) for k = -2 .. 4.
  constexpr int32_t kFactors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  for (int k = -2; k <= 4; ++k) {
    if (remainder & (1 << (kFractionBits + k))) result = MultiplyHigh(result, kFactors[k + 2]);
  }
  return result;
}

// 1 / (1 + a) for a in [0, 1), Q0.31 both: three steps of Newton and Raphson in Q2.29.
int32_t OneOverOnePlus(int32_t a) {
  const int64_t sum = static_cast<int64_t>(a) + std::numeric_limits<int32_t>::max();
  const int32_t half_denominator = static_cast<int32_t>((sum + 1) / 2);
  constexpr int32_t k48Over17 = 1515870810;
  constexpr int32_t kMinus32Over17 = -1010580540;
  int32_t x = k48Over17 + MultiplyHigh(half_denominator, kMinus32Over17);
  for (int step = 0; step < 3; ++step) {
    const int32_t rest = (1 << 29) - MultiplyHigh(half_denominator, x);
    x += SaturatingLeftShift(MultiplyHigh(x, rest), 2);
  }
  return SaturatingLeftShift(x, 1);
}

}  // namespace

SoftmaxParameters MakeSoftmax(float input_scale, float beta) {
  const double largest = static_cast<double>((int64_t{1} << 31) - 1);
  const double scaled = static_cast<double>(beta) * static_cast<double>(input_scale) *
                        static_cast<double>(1 << (31 - kDifferenceIntegerBits));
  SoftmaxParameters parameters;
  parameters.input = QuantizeMultiplier(std::min(scaled, largest));
  const double radius = static_cast<double>((1 << kDifferenceIntegerBits) - 1) *
                        static_cast<double>(int64_t{1} << (31 - kDifferenceIntegerBits)) /
                        static_cast<double>(int64_t{1} << parameters.input.exponent);
  parameters.min_difference = -static_cast<int32_t>(std::floor(radius));
  return parameters;
}

void Softmax(const SoftmaxParameters& parameters, const int8_t* input, int depth, int8_t* output) {
  const int32_t largest = *std::max_element(input, input + depth);
  auto exponential = [&](int32_t difference) {
    return ExpOnNegative(MultiplyHigh(difference * (1 << parameters.input.exponent), parameters.input.mantissa));
  };
  int32_t sum = 0;
  for (int i = 0; i < depth; ++i) {
    const int32_t difference = input[i] - largest;
    if (difference >= parameters.min_difference) sum += RoundingShift(exponential(difference), kSumIntegerBits);
  }
  const int headroom = std::countl_zero(static_cast<uint32_t>(sum));
  const int32_t fraction = static_cast<int32_t>((static_cast<uint32_t>(sum) << headroom) - (uint32_t{1} << 31));
  const int32_t reciprocal = OneOverOnePlus(fraction);
  const int shift = kSumIntegerBits - headroom + 31 - 8;
  for (int i = 0; i < depth; ++i) {
    const int32_t difference = input[i] - largest;
    int32_t code = -128;
    if (difference >= parameters.min_difference && shift <= 31) {  // past 31 every share is under half a code
      code += RoundingShift(MultiplyHigh(reciprocal, exponential(difference)), shift);
    }
    output[i] = static_cast<int8_t>(std::clamp(code, -128, 127));
  }
}

}  // namespace mote
