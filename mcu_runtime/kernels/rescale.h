/* RELU, RELU6 and QUANTIZE (int8 to int8), plain: codes of one scale and zero point to another, and a clamp.
 *
 *   output = clamp(z_out + requantize(x - z_in, s_in / s_out))
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_RESCALE_H_
#define MOTE_MCU_RUNTIME_KERNELS_RESCALE_H_

#include "mcu_runtime/kernels/requantize.h"

namespace mote::device {

struct RescaleParams {
  int32_t input_zero_point;
  Multiplier multiplier; /* exponent at most 22: (x - z_in) * 2^22 is within int32 */
  OutputRange output;
};

/* `output` may be the input. */
inline void Rescale(const RescaleParams& p, int32_t count, const int8_t* input, int8_t* output) {
  for (int32_t i = 0; i < count; ++i) {
    output[i] = RequantizeToInt8(input[i] - p.input_zero_point, p.multiplier, p.output);
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_RESCALE_H_
