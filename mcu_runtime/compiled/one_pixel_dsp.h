/* FULLY_CONNECTED of one row for cores with the DSP extension: a convolution on one pixel. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_ONE_PIXEL_DSP_H_
#define MOTE_MCU_RUNTIME_COMPILED_ONE_PIXEL_DSP_H_

#include "mcu_runtime/compiled/conv_2d_dsp.h"

namespace mote::compiled {

/* KernelForm::kVector. */
template <typename Conv>
inline void OnePixelDsp(const ConvDspParams& p, const uint8_t* input, uint8_t* output, uint8_t* scratch) {
  const uint8_t* const rows[] = {input};
  Conv::Row(p, rows, output, scratch);
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_ONE_PIXEL_DSP_H_
