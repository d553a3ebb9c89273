/* ARG_MAX and ARG_MIN of int8, plain: where along an axis the largest or smallest code stands, the first of equals. */
#ifndef MOTE_MCU_RUNTIME_KERNELS_ARG_EXTREME_H_
#define MOTE_MCU_RUNTIME_KERNELS_ARG_EXTREME_H_

#include <stdint.h>

namespace mote::device {

struct ArgExtremeParams {
  int32_t outer; /* product of the extents before the axis */
  int32_t size;
  int32_t inner; /* product of the extents after it */
  int32_t flip;  /* 0: the largest; -1: the smallest, since ~q turns the order round */
  int32_t words; /* of an index in the output: 1 for int32, 2 for int64 */
};

inline void ArgExtreme(const ArgExtremeParams& p, const int8_t* input, int32_t* output) {
  for (int32_t o = 0; o < p.outer; ++o, input += p.size * p.inner) {
    for (int32_t i = 0; i < p.inner; ++i) {
      int32_t best = input[i] ^ p.flip;
      int32_t index = 0;
      for (int32_t k = 1; k < p.size; ++k) {
        const int32_t code = input[k * p.inner + i] ^ p.flip;
        if (code > best) {
          best = code;
          index = k;
        }
      }
      output[0] = index;
      if (p.words == 2) output[1] = 0;
      output += p.words;
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_ARG_EXTREME_H_
