/* Functions in fixed point, as gemmlowp defines them. Qi.f below means i integer and f fraction bits, i + f = 31.
 *
 * exp: on (-1/4, 0] the fourth-degree Taylor polynomial around -1/8; the rest is a product of the constants exp(-2^k),
 * one a bit. 1 / (1 + a): Newton-Raphson division, three steps from 48/17 - 32/17 * (1 + a) / 2. Constants are those
 * numbers, rounded to the format stated.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_FIXED_POINT_H_
#define MOTE_MCU_RUNTIME_KERNELS_FIXED_POINT_H_

#include "mcu_runtime/kernels/requantize.h"

namespace mote::device {

inline int32_t SaturatingShiftLeft(int32_t x, int32_t bits) {
  const int32_t limit = INT32_MAX >> bits;
  if (x > limit) return INT32_MAX;
  if (x < -limit - 1) return INT32_MIN;
  return static_cast<int32_t>(static_cast<uint32_t>(x) << bits);
}

/* RoundingDoublingHighMul, once in a program: these functions have many of them. */
__attribute__((noinline)) inline int32_t Times(int32_t a, int32_t b) { return RoundingDoublingHighMul(a, b); }

/* Requantize, once in a program: for what is not an inner loop. */
__attribute__((noinline)) inline int32_t RequantizeApart(int32_t acc, const Multiplier& m) {
  const int32_t left = m.exponent > 0 ? m.exponent : 0;
  const int32_t high = Times(static_cast<int32_t>(static_cast<uint32_t>(acc) << left), m.mantissa);
  return RoundingDivideByPowerOfTwo(high, left - m.exponent);
}

/* exp(a) in Q0.31 for a in [-1/4, 0), Q0.31. */
inline int32_t ExpNearZero(int32_t a) {
  const int32_t exp_minus_eighth = 1895147668;
  const int32_t third = 715827883;
  const int32_t x = a + (int32_t{1} << 28);
  const int32_t x2 = Times(x, x);
  const int32_t x3 = Times(x2, x);
  const int32_t x4 = Times(x2, x2);
  const int32_t x4_quarter = RoundingDivideByPowerOfTwo(x4, 2);
  const int32_t upper = RoundingDivideByPowerOfTwo(Times(x4_quarter + x3, third) + x2, 1);
  return exp_minus_eighth + Times(exp_minus_eighth, x + upper);
}

/* exp(a) in Q0.31 for a <= 0, with `integer_bits` (4 or 5) integer bits. */
inline int32_t ExpOfNegative(int32_t a, int32_t integer_bits) {
  if (a == 0) return INT32_MAX;
  const int32_t quarter = int32_t{1} << (29 - integer_bits);
  const int32_t near_zero = (a & (quarter - 1)) - quarter;
  int32_t result = ExpNearZero(near_zero * (1 << integer_bits));
  uint32_t rest = static_cast<uint32_t>(near_zero - a) >> (29 - integer_bits); /* in quarters */
  /* exp(-1/4), exp(-1/2), exp(-1), ... exp(-16), Q0.31 */
  static constexpr int32_t kFactors[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  for (const int32_t* factor = kFactors; rest != 0; ++factor, rest >>= 1) {
    if (rest & 1) result = Times(result, *factor);
  }
  return result;
}

/* 2 / (1 + a) in Q2.29 for a in [0, 1), Q0.31. */
inline int32_t TwiceReciprocalOfOnePlus(int32_t a) {
  const int32_t half_denominator = static_cast<int32_t>((static_cast<uint32_t>(a) + (uint32_t{1} << 31)) / 2);
  int32_t x = 1515870810 + Times(half_denominator, -1010580540); /* 48/17, -32/17; Q2.29 */
  for (int32_t step = 0; step < 3; ++step) {
    const int32_t error = (int32_t{1} << 29) - Times(half_denominator, x);
    x += Times(x, error) * 4; /* the error is at most 1/17: nothing saturates */
  }
  return x;
}

/* 1 / (1 + a) in Q0.31. */
inline int32_t ReciprocalOfOnePlus(int32_t a) {
  const int32_t twice = TwiceReciprocalOfOnePlus(a); /* over 0 */
  return twice >> 30 != 0 ? INT32_MAX : twice * 2;
}

/* (1 - a) / (1 + a) in Q0.31, which is 2 / (1 + a) - 1. */
inline int32_t OneMinusOverOnePlus(int32_t a) {
  return SaturatingShiftLeft(TwiceReciprocalOfOnePlus(a) - (int32_t{1} << 29), 2);
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_FIXED_POINT_H_
