/* CONV_2D for cores with the DSP extension in less code: blocks of three pixels alone. What three does not divide ends
 * with a block that begins one or two pixels early and computes those once more, where the other kernels have blocks of
 * two pixels and of one. For runs of three pixels and more; not in place.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_CONV_2D_OVERLAPPED_DSP_H_
#define MOTE_MCU_RUNTIME_COMPILED_CONV_2D_OVERLAPPED_DSP_H_

#include "mcu_runtime/compiled/conv_2d_dsp.h"

namespace mote::compiled {

/* Conv: a ConvDsp without blocks of two and of one. */
template <typename Conv>
struct OverlappedDsp {
  static void Run(const ConvDspParams& p, const PatchWindow& window, const uint8_t* const* rows, int32_t pixels,
                  uint8_t* output, uint8_t* scratch) {
    int32_t x = 0;
    do {
      x = Conv::template Blocks<3>(p, window, rows, x, pixels, output, scratch);
      if (x == pixels) return;
      x = pixels - 3;
    } while (true);
  }

  /* KernelForm::kWindow: one output row. */
  static void Row(const ConvDspParams& p, const uint8_t* const* rows, uint8_t* output, uint8_t* scratch) {
    Run(p, p.window, rows, p.output_width, output + p.output_left, scratch);
  }
  /* KernelForm::kPixels, for filters of one tap and stride 1. */
  static void Pixels(const ConvDspParams& p, const uint8_t* const* inputs, int32_t pixels, uint8_t* output,
                     uint8_t* scratch) {
    PatchWindow window = p.window;
    window.width = pixels;
    Run(p, window, inputs, pixels, output, scratch);
  }
};

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_CONV_2D_OVERLAPPED_DSP_H_
