// The scalar arithmetic of the contract (docs/arithmetic.md, mote-int8 v1): multipliers, requantization, activation
// ranges, softmax. Plain C++; the one statement of it on the host's side. The device's is mcu_runtime/, and the tests
// hold both against each other and against an oracle that is neither.
#ifndef MOTE_QUANTIZE_INTEGER_MATH_H_
#define MOTE_QUANTIZE_INTEGER_MATH_H_

#include <array>
#include <cstdint>
#include <vector>

namespace mote {

// A positive real factor m = mantissa * 2^(exponent - 31), mantissa in [2^30, 2^31), or 0.
struct Multiplier {
  int32_t mantissa = 0;
  int32_t exponent = 0;
  bool operator==(const Multiplier&) const = default;
};

// round(frac * 2^31) of m = frac * 2^exponent, frac in [0.5, 1); an exponent under -31 gives zero.
Multiplier QuantizeMultiplier(double m);

// s_in * s_w / s_out of stored float32 scales, product and quotient in double: convolutions and fully connected layers,
// per tensor and per channel, with and without bias.
Multiplier ScaleMultiplier(float input_scale, float weight_scale, float output_scale);
// s_in / s_out in double.
Multiplier ScaleMultiplier(float input_scale, float output_scale);

// The rounded product a * m, in the contract's two roundings.
inline int32_t ApplyMultiplier(int32_t a, Multiplier m) {
  const int32_t left = m.exponent > 0 ? m.exponent : 0;
  const int32_t right = m.exponent > 0 ? 0 : -m.exponent;
  // Nearest, ties towards plus infinity: equal to the reference's nudge by sign and truncating division.
  const int64_t product = static_cast<int64_t>(a) * (int64_t{1} << left) * m.mantissa;
  const int32_t high = static_cast<int32_t>((product + (int64_t{1} << 30)) >> 31);
  const int64_t mask = (int64_t{1} << right) - 1;
  const int64_t remainder = high & mask;
  const int64_t threshold = (mask >> 1) + (high < 0 ? 1 : 0);
  return static_cast<int32_t>((static_cast<int64_t>(high) >> right) + (remainder > threshold ? 1 : 0));
}

// Codes that a fused activation leaves of [-128, 127].
enum class Activation { kNone, kRelu, kRelu6 };
struct CodeRange {
  int32_t low = -128;
  int32_t high = 127;
};
CodeRange ActivationRange(Activation activation, float scale, int32_t zero_point);

// round(x / s), halves away from zero, plus z, clamped to int8. `x / s` is a float32 division.
int32_t QuantizeValue(float x, float scale, int32_t zero_point);

// round(b / (s_in * s_w)), halves away from zero, clamped to int32; the product and the division in double.
int32_t QuantizeBias(float b, float input_scale, float weight_scale);

// Addition: both inputs are brought to a common scale with 20 bits of headroom, added, and brought to the output's.
struct AddParameters {
  std::array<int32_t, 511> table_a{}, table_b{};  // of a centred code -255..255: code * 2^20 scaled; index code + 255
  Multiplier output;
};
AddParameters MakeAdd(float scale_a, float scale_b, float output_scale);

// Mean of `count` codes that sum to `sum`: halves away from zero.
inline int32_t RoundedMean(int32_t sum, int32_t count) { return (sum > 0 ? sum + count / 2 : sum - count / 2) / count; }

// Softmax over `depth` codes, output scale 1/256 and zero point -128, by the fixed-point exponential of gemmlowp.
struct SoftmaxParameters {
  Multiplier input;            // of a difference to the largest code, left shift included
  int32_t min_difference = 0;  // smaller ones count as probability 0
};
SoftmaxParameters MakeSoftmax(float input_scale, float beta);
void Softmax(const SoftmaxParameters& parameters, const int8_t* input, int depth, int8_t* output);

}  // namespace mote

#endif  // MOTE_QUANTIZE_INTEGER_MATH_H_
