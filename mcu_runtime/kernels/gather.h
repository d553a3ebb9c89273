/* GATHER, plain: slices of the input along an axis, in the order of a tensor of indices.
 *
 *   output[b, o, k] = input[b, o, index[b, k]]      b over batches, o over outer, each a run of bytes
 *
 * An index outside of the axis is taken as the nearest one inside: indices are checked when a model is loaded where
 * they are constant, and cannot be where they are computed.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_GATHER_H_
#define MOTE_MCU_RUNTIME_KERNELS_GATHER_H_

#include "mcu_runtime/kernels/codes.h"

namespace mote::device {

struct GatherParams {
  int32_t batches; /* product of the extents that input and indices share */
  int32_t outer;   /* product of the extents from there to the axis */
  int32_t size;    /* of the axis */
  int32_t indices; /* a batch */
  int32_t run;     /* bytes after the axis */
};

/* `indices`: int32, at any alignment. */
inline void Gather(const GatherParams& p, const uint8_t* input, const uint8_t* indices, uint8_t* output) {
  for (int32_t b = 0; b < p.batches; ++b, indices += 4 * p.indices) {
    for (int32_t o = 0; o < p.outer; ++o, input += p.size * p.run) {
      for (int32_t k = 0; k < p.indices; ++k, output += p.run) {
        int32_t index = LoadCode<int32_t>(indices, k);
        if (index < 0) index = 0;
        if (index >= p.size) index = p.size - 1;
        __builtin_memcpy(output, input + index * p.run, static_cast<uint32_t>(p.run));
      }
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_GATHER_H_
