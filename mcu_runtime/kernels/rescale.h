/* RELU, RELU6, RELU_N1_TO_1, LEAKY_RELU, PRELU, ABS, NEG and QUANTIZE, plain: codes of one scale and zero point to
 * another, and a clamp. With d = x - z_in:
 *
 *   output = clamp(z_out + requantize(f(d), m))
 *
 *   f(d) = d, m = s_in / s_out          RELU, RELU6, RELU_N1_TO_1, QUANTIZE, and LEAKY_RELU and PRELU for d >= 0
 *   f(d) = d, m = alpha * s_in / s_out  LEAKY_RELU for d < 0; where alpha < 0: -requantize(d, -m)
 *   f(d) = d * (a - z_a), m = s_in * s_a / s_out                           PRELU for d < 0
 *   f(d) = |d|, f(d) = -d               ABS, NEG
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_RESCALE_H_
#define MOTE_MCU_RUNTIME_KERNELS_RESCALE_H_

#include "mcu_runtime/kernels/elementwise.h"

namespace mote::device {

struct RescaleParams {
  int32_t input_zero_point;
  Multiplier multiplier; /* |f(d)| * 2^exponent is within int32: at most 22 of 8-bit codes, 15 of int16 */
  OutputRange output;
};

inline int32_t Rescale(const RescaleParams& p, int32_t x) {
  return Clamp(Requantize(x - p.input_zero_point, p.multiplier) + p.output.zero_point, p.output);
}

inline int32_t RescaleUInt8(const RescaleParams& p, int32_t x) { return Rescale(p, x & 255); }

/* Of int32, whose zero point is 0: numbers that the multiplier's left shift would take out of range saturate. */
inline int32_t RescaleInt32(const RescaleParams& p, int32_t x) {
  const int32_t limit = p.multiplier.exponent > 0 ? INT32_MAX >> p.multiplier.exponent : INT32_MAX;
  if (x > limit) x = limit;
  if (x < -limit) x = -limit;
  const int64_t code = int64_t{Requantize(x, p.multiplier)} + p.output.zero_point;
  return code < p.output.min ? p.output.min : code > p.output.max ? p.output.max : static_cast<int32_t>(code);
}

inline int32_t Absolute(const RescaleParams& p, int32_t x) {
  const int32_t d = x - p.input_zero_point;
  return Clamp(Requantize(d < 0 ? -d : d, p.multiplier) + p.output.zero_point, p.output);
}

inline int32_t Negative(const RescaleParams& p, int32_t x) {
  return Clamp(Requantize(p.input_zero_point - x, p.multiplier) + p.output.zero_point, p.output);
}

struct LeakyReluParams {
  RescaleParams positive;
  Multiplier negative; /* of |alpha| */
  bool alpha_is_negative;
};

inline int32_t LeakyRelu(const LeakyReluParams& p, int32_t x) {
  const int32_t d = x - p.positive.input_zero_point;
  if (d >= 0) return Rescale(p.positive, x);
  const int32_t scaled = Requantize(d, p.negative);
  return Clamp((p.alpha_is_negative ? -scaled : scaled) + p.positive.output.zero_point, p.positive.output);
}

struct PreluFunction {
  RescaleParams positive;
  int32_t alpha_zero_point;
  Multiplier negative; /* d * (a - z_a) is within 2^16 in int8, 2^23 in int16: exponent at most 15, or 8 */

  int32_t operator()(int32_t x, int32_t alpha) const {
    const int32_t d = x - positive.input_zero_point;
    if (d >= 0) return Rescale(positive, x);
    return Clamp(Requantize(d * (alpha - alpha_zero_point), negative) + positive.output.zero_point, positive.output);
  }
};

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_RESCALE_H_
