/* SOFTMAX of int8, plain, in fixed point (fixed_point.h):
 *
 *   d = requantize(x - max, beta * s_in * 2^26)     Q5.26, for x - max >= difference_min; others count as 0
 *   e(d) = exp(d)                                   Q0.31
 *   S = sum of e(d) over the row                    Q12.19
 *   share = round(e(d) / S * 2^bits)                bits: 8, or 16 for an int16 output
 *   output = min(share - 2^(bits - 1), 2^(bits - 1) - 1)
 *
 * For 1 / S, S is brought to [1, 2) by its leading zeros.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_SOFTMAX_H_
#define MOTE_MCU_RUNTIME_KERNELS_SOFTMAX_H_

#include "mcu_runtime/kernels/fixed_point.h"

namespace mote::device {

struct SoftmaxParams {
  int32_t rows;
  int32_t depth; /* at most 4095: the sum is then within Q12.19 */
  Multiplier multiplier;
  int32_t difference_min; /* -floor(31 * 2^26 / 2^exponent): below it d would leave Q5.26 */
  int32_t output_bits;    /* 8 or 16 */
};

/* e(d) of a code that is `difference` under the row's largest. */
inline int32_t SoftmaxTerm(const SoftmaxParams& p, int32_t difference) {
  return difference < p.difference_min ? 0 : ExpOfNegative(RequantizeApart(difference, p.multiplier), 5);
}

/* int8 output may be the input: a code is read for the last time where its result is written. */
inline void Softmax(const SoftmaxParams& p, const int8_t* input, void* output) {
  const int32_t half = int32_t{1} << (p.output_bits - 1);
  int32_t at = 0;
  for (int32_t row = 0; row < p.rows; ++row) {
    const int32_t begin = at;
    const int32_t end = at + p.depth;
    int32_t max = -128;
    for (; at < end; ++at) max = input[at] > max ? input[at] : max;
    uint32_t sum = 0;
    for (at = begin; at < end; ++at) {
      sum += static_cast<uint32_t>(RoundingDivideByPowerOfTwo(SoftmaxTerm(p, input[at] - max), 12));
    }
    int32_t shift = 12 + 31 - p.output_bits;
    for (; sum >> 31 == 0; sum <<= 1) --shift; /* the sum is at least 1: the maximum's own term */
    int32_t reciprocal = ReciprocalOfOnePlus(static_cast<int32_t>(sum - (uint32_t{1} << 31)));
    if (shift > 31) reciprocal = shift = 0; /* every share is under half a code */
    for (at = begin; at < end; ++at) {
      const int32_t e = SoftmaxTerm(p, input[at] - max);
      int32_t code = RoundingDivideByPowerOfTwo(Times(reciprocal, e), shift) - half;
      if (code >= half) code = half - 1;
      if (p.output_bits == 8) {
        static_cast<int8_t*>(output)[at] = static_cast<int8_t>(code);
      } else {
        static_cast<int16_t*>(output)[at] = static_cast<int16_t>(code);
      }
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_SOFTMAX_H_
