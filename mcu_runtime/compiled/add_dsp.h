/* ADD and SUB of two int8 activations on cores with the DSP extension: the formula and the constants of add.h, six
 * instructions an element and a quarter.
 *
 * One AND brings two bytes of a word into the upper bytes of its halves, where SMLAWB and SMLAWT take them as 2^8 times
 * the code and divide the product by 2^16.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_ADD_DSP_H_
#define MOTE_MCU_RUNTIME_COMPILED_ADD_DSP_H_

#include "mcu_runtime/compiled/add.h"
#include "mcu_runtime/compiled/instructions_dsp.h"
#include "mcu_runtime/kernels/codes.h"

namespace mote::compiled {

/* kClamps: the output's range is not all that saturates for free. */
template <int kShift, bool kClamps>
inline uint32_t AddResult(const AddParams& p, int32_t sum) {
  const int32_t code = static_cast<int32_t>(UsatAsr<kShift>(sum));
  if (!kClamps) return static_cast<uint32_t>(code);
  return static_cast<uint32_t>(code < p.min ? p.min : code > p.max ? p.max : code);
}

/* Two sums, of the halves of `a` and `b`, as codes + 128 in the halves of the result. */
template <int kShift, bool kClamps>
inline uint32_t AddHalves(const AddParams& p, uint32_t a, uint32_t b) {
  return Pkhbt(AddResult<kShift, kClamps>(p, Smlawb(p.b, b, Smlawb(p.a, a, p.offset))),
               AddResult<kShift, kClamps>(p, Smlawt(p.b, b, Smlawt(p.a, a, p.offset))));
}

/* The output may be the first input. */
template <int kShift, bool kClamps>
inline void AddDsp(const AddParams& params, const uint8_t* const* inputs, int32_t pixels, uint8_t* output) {
  const AddParams p = params; /* in registers: stores might change what is behind a reference */
  const uint8_t* a = inputs[0];
  const uint8_t* b = inputs[1];
  const uint32_t mask = InRegister(0xff00ff00u);
  int32_t left = pixels * p.channels;
  for (; left >= 4; left -= 4, a += 4, b += 4, output += 4) {
    const uint32_t x = device::LoadUnaligned<uint32_t>(a);
    const uint32_t y = device::LoadUnaligned<uint32_t>(b);
    const uint32_t even = AddHalves<kShift, kClamps>(p, x << 8 & mask, y << 8 & mask);
    const uint32_t odd = AddHalves<kShift, kClamps>(p, x & mask, y & mask);
    device::StoreUnaligned<uint32_t>(output, (even | odd << 8) ^ 0x80808080u);
  }
  for (; left > 0; --left, ++a, ++b, ++output) {
    const int32_t sum =
        Smlawb(p.b, static_cast<uint32_t>(*b) << 8, Smlawb(p.a, static_cast<uint32_t>(*a) << 8, p.offset));
    *output = static_cast<uint8_t>(AddResult<kShift, kClamps>(p, sum) ^ 0x80);
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_ADD_DSP_H_
