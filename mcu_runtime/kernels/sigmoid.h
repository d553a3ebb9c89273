/* LOGISTIC and TANH of int8, plain, in fixed point (fixed_point.h). With d = x - z_in and R = floor(15 * 2^27 / 2^e):
 *
 *   a = requantize(d, s_in * 2^27)                Q4.27, for |d| < R; d <= -R gives -128, d >= R gives 127
 *   sigmoid: y = 1 / (1 + exp(-|a|)), for a < 0 (2^31 - 1) - y, for a = 0 2^30           Q0.31
 *            output = min(127, round(y / 2^23) - 128)
 *   tanh:    y = (1 - exp(-2 |a|)) / (1 + exp(-2 |a|)), for a < 0 -y, for a = 0 0        Q0.31
 *            output = min(127, round(y / 2^24))
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_SIGMOID_H_
#define MOTE_MCU_RUNTIME_KERNELS_SIGMOID_H_

#include "mcu_runtime/kernels/fixed_point.h"

namespace mote::device {

struct SigmoidParams {
  int32_t zero_point;
  int32_t radius;        /* R */
  Multiplier multiplier; /* exponent e at least 0 */
};

inline int32_t Logistic(const SigmoidParams& p, int32_t x) {
  const int32_t d = x - p.zero_point;
  if (d <= -p.radius) return -128;
  if (d >= p.radius) return 127;
  const int32_t a = Requantize(d, p.multiplier);
  int32_t y = int32_t{1} << 30;
  if (a != 0) y = ReciprocalOfOnePlus(ExpOfNegative(a < 0 ? a : -a, 4));
  if (a < 0) y = INT32_MAX - y;
  const int32_t code = RoundingDivideByPowerOfTwo(y, 23) - 128;
  return code > 127 ? 127 : code;
}

inline int32_t Tanh(const SigmoidParams& p, int32_t x) {
  const int32_t d = x - p.zero_point;
  if (d <= -p.radius) return -128;
  if (d >= p.radius) return 127;
  const int32_t a = Requantize(d, p.multiplier);
  int32_t y = 0;
  /* Q5.26 of 2 a has the bits of Q4.27 of a */
  if (a != 0) y = OneMinusOverOnePlus(ExpOfNegative(a < 0 ? a : -a, 5));
  const int32_t code = RoundingDivideByPowerOfTwo(a < 0 ? -y : y, 24);
  return code > 127 ? 127 : code;
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_SIGMOID_H_
