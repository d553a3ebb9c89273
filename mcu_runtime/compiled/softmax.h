/* SOFTMAX of int8 by a table of its exponentials: they are functions of how far a code is under its row's largest one.
 * The formulas are those of mcu_runtime/kernels/softmax.h, and so is every result.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_SOFTMAX_H_
#define MOTE_MCU_RUNTIME_COMPILED_SOFTMAX_H_

#include "mcu_runtime/kernels/fixed_point.h"

namespace mote::compiled {

struct SoftmaxParams {
  const int32_t* terms; /* e(d), Q0.31, of a code that is this many under the largest */
  int32_t count;        /* of terms; those of codes further below are under 2^11 and change nothing */
  int32_t depth;        /* at most 511: the sum of a row is then under 2^28 */
};

inline uint32_t SoftmaxTerm(const SoftmaxParams& p, int32_t below) {
  return below < p.count ? static_cast<uint32_t>(p.terms[below]) : 0;
}

/* KernelForm::kPixels: a pixel is a row of the operator's. The output may be the input. */
inline void Softmax(const SoftmaxParams& p, const uint8_t* const* inputs, int32_t pixels, uint8_t* output) {
  const int8_t* input = reinterpret_cast<const int8_t*>(inputs[0]);
  for (const int8_t* const end = input + pixels * p.depth; input != end;) {
    const int8_t* const row_end = input + p.depth;
    int32_t max = -128;
    for (const int8_t* code = input; code != row_end; ++code) max = *code > max ? *code : max;
    uint32_t sum = 0; /* Q12.19 */
    for (const int8_t* code = input; code != row_end; ++code) sum += (SoftmaxTerm(p, max - *code) + (1U << 11)) >> 12;
    int32_t shift = 12 + 31 - 8; /* 23 to 31 when the sum is brought to [1, 2) */
    for (; sum >> 31 == 0; sum <<= 1) --shift;
    const int32_t reciprocal = device::ReciprocalOfOnePlus(static_cast<int32_t>(sum - (1U << 31)));
    for (; input != row_end; ++input, ++output) {
      const int32_t product = device::Times(reciprocal, static_cast<int32_t>(SoftmaxTerm(p, max - *input)));
      const uint32_t share = (static_cast<uint32_t>(product) + (1U << (shift - 1))) >> shift;
      *output = static_cast<uint8_t>((share < 255 ? share : 255) - 128);
    }
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_SOFTMAX_H_
