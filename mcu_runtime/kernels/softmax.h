/* SOFTMAX, plain, in fixed point: Qi.f below means i integer and f fraction bits, i + f = 31.
 *
 *   d = requantize(x - max, beta * s_in * 2^26)     Q5.26, for x - max >= difference_min; others give -128
 *   e(d) = exp(d)                                   Q0.31
 *   S = sum of e(d) over the row                    Q12.19
 *   output = clamp(round(e(d) * (1 / S) * 2^8)) - 128
 *
 * exp: on (-1/4, 0] the fourth-degree Taylor polynomial around -1/8; the rest is a product of the constants exp(-2^k),
 * one a bit. 1 / S: S is brought to (1/2, 1] by its leading zeros; then Newton-Raphson division, three steps from 48/17
 * - 32/17 * S. Constants are those numbers, rounded to the format stated.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_SOFTMAX_H_
#define MOTE_MCU_RUNTIME_KERNELS_SOFTMAX_H_

#include "mcu_runtime/kernels/requantize.h"

namespace mote::device {

struct SoftmaxParams {
  int32_t rows;
  int32_t depth; /* at most 4095: the sum is then within Q12.19 */
  Multiplier multiplier;
  int32_t difference_min; /* -floor(31 * 2^26 / 2^exponent): below it d would leave Q5.26 */
};

inline int32_t SaturatingShiftLeft(int32_t x, int32_t bits) {
  const int64_t shifted = static_cast<int64_t>(x) * (int64_t{1} << bits);
  if (shifted > INT32_MAX) return INT32_MAX;
  if (shifted < INT32_MIN) return INT32_MIN;
  return static_cast<int32_t>(shifted);
}

/* exp(a) in Q0.31 for a in [-1/4, 0), Q0.31. */
inline int32_t ExpNearZero(int32_t a) {
  const int32_t exp_minus_eighth = 1895147668;
  const int32_t third = 715827883;
  const int32_t x = a + (int32_t{1} << 28);
  const int32_t x2 = RoundingDoublingHighMul(x, x);
  const int32_t x3 = RoundingDoublingHighMul(x2, x);
  const int32_t x4 = RoundingDoublingHighMul(x2, x2);
  const int32_t x4_quarter = RoundingDivideByPowerOfTwo(x4, 2);
  const int32_t upper = RoundingDivideByPowerOfTwo(RoundingDoublingHighMul(x4_quarter + x3, third) + x2, 1);
  return exp_minus_eighth + RoundingDoublingHighMul(exp_minus_eighth, x + upper);
}

/* exp(a) in Q0.31 for a <= 0, Q5.26. */
inline int32_t ExpOfNegative(int32_t a) {
  if (a == 0) return INT32_MAX;
  const int32_t quarter = int32_t{1} << 24;
  const int32_t near_zero = (a & (quarter - 1)) - quarter;
  int32_t result = ExpNearZero(near_zero * 32);
  const int32_t rest = near_zero - a; /* a multiple of a quarter */
  /* exp(-1/4), exp(-1/2), exp(-1), ... exp(-16), Q0.31 */
  const int32_t factors[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  for (int32_t bit = 0; bit < 7; ++bit) {
    if (rest & (quarter << bit)) result = RoundingDoublingHighMul(result, factors[bit]);
  }
  return result;
}

/* 1 / (1 + a) in Q0.31 for a in [0, 1), Q0.31. */
inline int32_t ReciprocalOfOnePlus(int32_t a) {
  const int32_t half_denominator = static_cast<int32_t>((static_cast<int64_t>(a) + INT32_MAX + 1) / 2);
  int32_t x = 1515870810 + RoundingDoublingHighMul(half_denominator, -1010580540); /* 48/17, -32/17; Q2.29 */
  for (int32_t step = 0; step < 3; ++step) {
    const int32_t error = (int32_t{1} << 29) - RoundingDoublingHighMul(half_denominator, x);
    x += SaturatingShiftLeft(RoundingDoublingHighMul(x, error), 2);
  }
  return SaturatingShiftLeft(x, 1);
}

/* `output` may be the input: a code is read for the last time where its result is written. */
inline void Softmax(const SoftmaxParams& p, const int8_t* input, int8_t* output) {
  for (int32_t r = 0; r < p.rows; ++r) {
    const int8_t* in = input + r * p.depth;
    int8_t* out = output + r * p.depth;
    int32_t max = -128;
    for (int32_t i = 0; i < p.depth; ++i) max = in[i] > max ? in[i] : max;
    uint32_t sum = 0;
    for (int32_t i = 0; i < p.depth; ++i) {
      const int32_t difference = in[i] - max;
      if (difference < p.difference_min) continue;
      const int32_t e = ExpOfNegative(Requantize(difference, p.multiplier));
      sum += static_cast<uint32_t>(RoundingDivideByPowerOfTwo(e, 12));
    }
    int32_t leading_zeros = 0;
    while (sum >> 31 == 0) { /* the sum is at least 1: the maximum's own term */
      sum <<= 1;
      ++leading_zeros;
    }
    const int32_t reciprocal = ReciprocalOfOnePlus(static_cast<int32_t>(sum - (uint32_t{1} << 31)));
    const int32_t shift = 12 - leading_zeros + 31 - 8;
    for (int32_t i = 0; i < p.depth; ++i) {
      const int32_t difference = in[i] - max;
      int32_t code = -128;
      if (difference >= p.difference_min && shift <= 31) { /* past 31 every share is under half a code */
        const int32_t e = ExpOfNegative(Requantize(difference, p.multiplier));
        code += RoundingDivideByPowerOfTwo(RoundingDoublingHighMul(reciprocal, e), shift);
      }
      out[i] = static_cast<int8_t>(code > 127 ? 127 : code);
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_SOFTMAX_H_
