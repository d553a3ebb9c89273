/* Codes of a kernel for cores with the DSP extension, clamped to a range that is narrower than what saturates for free:
 * the kernel's output is gone over once more, two instructions a word and bound. For layers whose requantization says
 * so (DspRequantization::clamps, export/compiler/pack_dsp.h).
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_CLAMPED_DSP_H_
#define MOTE_MCU_RUNTIME_COMPILED_CLAMPED_DSP_H_

#include "mcu_runtime/compiled/instructions_dsp.h"

namespace mote::compiled {

/* Params: the kernel's. */
template <typename Params>
struct ClampedDspParams {
  Params kernel;
  int32_t count; /* bytes of an output row; of a pixel, for ClampedPixels; of the output, for ClampedVector */
  uint32_t min;  /* in each byte, or each halfword, of a word */
  uint32_t max;
};

/* kHalves: codes are int16. Padding in the rows is clamped too: it must be within the range. */
template <bool kHalves>
inline void ClampCodes(uint32_t min, uint32_t max, int32_t bytes, uint8_t* codes) {
  const auto clamp = [min, max](uint32_t word) {
    if constexpr (kHalves) return MinimumOfHalves(MaximumOfHalves(word, min), max);
    return MinimumOfBytes(MaximumOfBytes(word, min), max);
  };
  for (; bytes >= 4; bytes -= 4, codes += 4) {
    uint32_t word;
    __builtin_memcpy(&word, codes, 4);
    word = clamp(word);
    __builtin_memcpy(codes, &word, 4);
  }
  for (; bytes > 0; --bytes, ++codes) *codes = static_cast<uint8_t>(clamp(*codes));
}

/* kKernel: a function of the form, with its parameters of type Params. KernelForm::kWindow: */
template <auto kKernel, typename Params, bool kHalves = false>
inline void ClampedRow(const ClampedDspParams<Params>& p, const uint8_t* const* rows, uint8_t* output,
                       uint8_t* scratch) {
  kKernel(p.kernel, rows, output, scratch);
  ClampCodes<kHalves>(p.min, p.max, p.count, output);
}
/* KernelForm::kPixels: */
template <auto kKernel, typename Params>
inline void ClampedPixels(const ClampedDspParams<Params>& p, const uint8_t* const* inputs, int32_t pixels,
                          uint8_t* output, uint8_t* scratch) {
  kKernel(p.kernel, inputs, pixels, output, scratch);
  ClampCodes<false>(p.min, p.max, pixels * p.count, output);
}
/* KernelForm::kVector: */
template <auto kKernel, typename Params, bool kHalves = false>
inline void ClampedVector(const ClampedDspParams<Params>& p, const uint8_t* input, uint8_t* output, uint8_t* scratch) {
  kKernel(p.kernel, input, output, scratch);
  ClampCodes<kHalves>(p.min, p.max, p.count, output);
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_CLAMPED_DSP_H_
