/* BATCH_MATMUL, plain: one matrix product for each batch. Either factor may be transposed and may repeat along batches.
 *
 *   acc[b, r, c] = sum over k of (left[b, r, k] - z_left) * (right[b, k, c] - z_right)
 *   output = clamp(z_out + requantize(acc, m))
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_BATCH_MATMUL_H_
#define MOTE_MCU_RUNTIME_KERNELS_BATCH_MATMUL_H_

#include "mcu_runtime/kernels/codes.h"
#include "mcu_runtime/kernels/sums.h"

namespace mote::device {

/* Steps are in elements. */
struct MatmulFactor {
  int32_t batch_steps[3]; /* 0 where it repeats */
  int32_t outer_step;     /* from row to row of the left factor, from column to column of the right one */
  int32_t depth_step;
  int32_t zero_point;
};

struct BatchMatmulParams {
  int32_t batches[3];
  int32_t rows;
  int32_t depth;
  int32_t columns;
  MatmulFactor left;
  MatmulFactor right;
  Multiplier multiplier;
  OutputRange output;
};

/* Factors may be constants, at any alignment. `Sum` holds every sum of products: the reader proves it. */
template <typename Code, typename Sum>
inline void BatchMatmul(const BatchMatmulParams& p, const Code* left, const Code* right, Code* output) {
  const MatmulFactor& l = p.left;
  const MatmulFactor& r = p.right;
  const int32_t batches = p.batches[0] * p.batches[1] * p.batches[2];
  for (int32_t b = 0; b < batches; ++b) {
    const int32_t index[3] = {b / p.batches[2] / p.batches[1], b / p.batches[2] % p.batches[1], b % p.batches[2]};
    int32_t left_at = 0;
    int32_t right_at = 0;
    for (int32_t d = 0; d < 3; ++d) {
      left_at += index[d] * l.batch_steps[d];
      right_at += index[d] * r.batch_steps[d];
    }
    for (int32_t row = 0; row < p.rows; ++row) {
      for (int32_t column = 0; column < p.columns; ++column) {
        int32_t x = left_at + row * l.outer_step;
        int32_t w = right_at + column * r.outer_step;
        Sum acc = 0;
        for (int32_t k = 0; k < p.depth; ++k) {
          const int32_t a = LoadCode<Code>(left, x) - l.zero_point;
          acc += a * (LoadCode<Code>(right, w) - r.zero_point);
          x += l.depth_step;
          w += r.depth_step;
        }
        *output++ = CodeOfSum<Code>(acc, p.multiplier, p.output);
      }
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_BATCH_MATMUL_H_
