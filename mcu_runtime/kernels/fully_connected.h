/* FULLY_CONNECTED, plain.
 *
 *   acc[r, u] = bias[u] + sum over k of (input[r, k] - z_in) * weights[u, k]
 *   output = clamp(z_out + requantize(acc, m[u]))
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_FULLY_CONNECTED_H_
#define MOTE_MCU_RUNTIME_KERNELS_FULLY_CONNECTED_H_

#include "mcu_runtime/kernels/requantize.h"

namespace mote::device {

struct FullyConnectedParams {
  int32_t rows; /* the product of all leading dimensions */
  int32_t inputs;
  int32_t units;
  int16_t input_zero_point;
  OutputRange output;
};

/* Units [first, first + count). weights and terms begin with unit `first`. */
inline void FullyConnected(const FullyConnectedParams& p, int32_t first, int32_t count, const int8_t* input,
                           const int8_t* weights, const ChannelTerms* terms, int8_t* output) {
  for (int32_t r = 0; r < p.rows; ++r) {
    int8_t* row_out = output + r * p.units + first;
    for (int32_t u = 0; u < count; ++u) {
      const int32_t acc =
          terms[u].bias + DotProduct(input + r * p.inputs, weights + u * p.inputs, p.inputs, p.input_zero_point);
      row_out[u] = RequantizeToInt8(acc, terms[u].multiplier, p.output);
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_FULLY_CONNECTED_H_
