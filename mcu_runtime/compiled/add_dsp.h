/* ADD and SUB of two activations on cores with the DSP extension, five to six instructions an element.
 *
 *   code + 128 = saturate((C + floor(A * a / 2^16) + floor(B * b / 2^16)) >> s)
 *
 * a and b are the operands' codes times 2^8 (bytes) or 2^6 (halfwords), so that one AND brings two of them into the
 * halves of a register, where SMLAWB and SMLAWT take them. A, B, C and s are found and proved for all 65,536 pairs of
 * codes when the model is compiled (export/compiler/sum_of_two.h). No table; four constants a layer.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_ADD_DSP_H_
#define MOTE_MCU_RUNTIME_COMPILED_ADD_DSP_H_

#include "mcu_runtime/compiled/instructions_dsp.h"
#include "mcu_runtime/kernels/codes.h"

namespace mote::compiled {

/* How an operand's or a result's codes q are held. */
enum class Held {
  kInt8,  /* q */
  kUInt8, /* q + 128 */
  kInt16, /* q + 128, or of operands any other offset up to 128: it is part of C */
};

template <Held kHeld>
constexpr int32_t HeldBytes() {
  return kHeld == Held::kInt16 ? 2 : 1;
}

struct AddDspParams {
  int32_t channels;
  int32_t a; /* A, B, C */
  int32_t b;
  int32_t offset;
  int32_t min; /* of code + 128, where kClamps */
  int32_t max;
  int32_t skip_a; /* bytes at the begin of rows, of padding */
  int32_t skip_b;
  int32_t skip_output;
};

/* Four elements, scaled, in the halves of two registers. */
struct FourElements {
  uint32_t first;
  uint32_t second;
};

/* The bits of a scaled element, in both halves. */
template <Held kHeld>
inline uint32_t ElementMask() {
  return InRegister(kHeld == Held::kInt16 ? 0xffc0ffc0u : 0xff00ff00u);
}

template <Held kHeld>
inline FourElements LoadFour(const uint8_t* at, uint32_t mask) {
  uint32_t word = device::LoadUnaligned<uint32_t>(at);
  if (kHeld == Held::kInt16) return {word << 6 & mask, device::LoadUnaligned<uint32_t>(at + 4) << 6 & mask};
  if (kHeld == Held::kUInt8) word ^= 0x80808080u;
  return {word << 8 & mask, word & mask};
}

/* sum + floor(m * element / 2^16). Of bytes, 0 and 2 stand in the first register; of halfwords, 0 and 1. */
template <Held kHeld, int kElement>
inline int32_t AddScaled(int32_t m, const FourElements& x, int32_t sum) {
  const bool in_second = kHeld == Held::kInt16 ? kElement >= 2 : kElement % 2 != 0;
  const bool in_upper = kHeld == Held::kInt16 ? kElement % 2 != 0 : kElement >= 2;
  const uint32_t pair = in_second ? x.second : x.first;
  return in_upper ? Smlawt(m, pair, sum) : Smlawb(m, pair, sum);
}

template <Held kHeld>
inline int32_t AddScaledOne(int32_t m, const uint8_t* at, int32_t sum) {
  uint32_t x = *at;
  if (kHeld == Held::kInt16) return Smlawb(m, static_cast<uint32_t>(device::LoadUnaligned<uint16_t>(at)) << 6, sum);
  if (kHeld == Held::kUInt8) x ^= 0x80;
  return Smlawb(m, x << 8, sum);
}

template <int kShift, bool kClamps>
inline uint32_t AddResult(const AddDspParams& p, int32_t sum) {
  const int32_t code = static_cast<int32_t>(UsatAsr<kShift>(sum));
  if (!kClamps) return static_cast<uint32_t>(code);
  return static_cast<uint32_t>(code < p.min ? p.min : code > p.max ? p.max : code);
}

template <Held kHeld>
inline void StoreFour(uint8_t* at, const uint32_t* codes) {
  if (kHeld == Held::kInt16) {
    device::StoreUnaligned<uint32_t>(at, Pkhbt(codes[0], codes[1]));
    device::StoreUnaligned<uint32_t>(at + 4, Pkhbt(codes[2], codes[3]));
    return;
  }
  const uint32_t word = Pkhbt(codes[0], codes[2]) | Pkhbt(codes[1], codes[3]) << 8;
  device::StoreUnaligned<uint32_t>(at, kHeld == Held::kInt8 ? word ^ 0x80808080u : word);
}

template <Held kHeld>
inline void StoreOne(uint8_t* at, uint32_t code) {
  if (kHeld == Held::kInt16) {
    device::StoreUnaligned<uint16_t>(at, static_cast<uint16_t>(code));
  } else {
    *at = static_cast<uint8_t>(kHeld == Held::kInt8 ? code ^ 0x80 : code);
  }
}

/* `pixels` pixels of `channels` elements of both inputs. The output may be the first input, if it is held alike. */
template <int kShift, Held kA, Held kB, Held kOutput, bool kClamps>
inline void AddDsp(const AddDspParams& p, const uint8_t* const* inputs, int32_t pixels, uint8_t* output) {
  const uint8_t* a = inputs[0] + p.skip_a;
  const uint8_t* b = inputs[1] + p.skip_b;
  uint8_t* to = output + p.skip_output;
  const int32_t ma = p.a, mb = p.b, c = p.offset;
  const uint32_t mask_a = ElementMask<kA>();
  const uint32_t mask_b = HeldBytes<kA>() == HeldBytes<kB>() ? mask_a : ElementMask<kB>();
  int32_t left = pixels * p.channels;
  for (; left >= 4; left -= 4) {
    const FourElements x = LoadFour<kA>(a, mask_a);
    const FourElements y = LoadFour<kB>(b, mask_b);
    const uint32_t codes[4] = {
        AddResult<kShift, kClamps>(p, AddScaled<kB, 0>(mb, y, AddScaled<kA, 0>(ma, x, c))),
        AddResult<kShift, kClamps>(p, AddScaled<kB, 1>(mb, y, AddScaled<kA, 1>(ma, x, c))),
        AddResult<kShift, kClamps>(p, AddScaled<kB, 2>(mb, y, AddScaled<kA, 2>(ma, x, c))),
        AddResult<kShift, kClamps>(p, AddScaled<kB, 3>(mb, y, AddScaled<kA, 3>(ma, x, c))),
    };
    StoreFour<kOutput>(to, codes);
    a += 4 * HeldBytes<kA>();
    b += 4 * HeldBytes<kB>();
    to += 4 * HeldBytes<kOutput>();
  }
  for (; left > 0; --left) {
    StoreOne<kOutput>(to, AddResult<kShift, kClamps>(p, AddScaledOne<kB>(mb, b, AddScaledOne<kA>(ma, a, c))));
    a += HeldBytes<kA>();
    b += HeldBytes<kB>();
    to += HeldBytes<kOutput>();
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_ADD_DSP_H_
