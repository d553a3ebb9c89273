/* FULLY_CONNECTED on one row for ARMv6-M, two products by one multiplication. Codes are held as x = q + 128.
 *
 * Weights nearly all within 7 bits, as u = w + 64: 2.8 instructions a product. Of two codes and two weights
 *   (65536 u1 + u0) * (65536 x0 + x1) = 65536 (u0 x0 + u1 x1) + u0 x1   modulo 2^32
 * whose halves do not meet: u0 x1 is under 2^16, and so are both products together. The few weights that 7 bits do not
 * hold stand in a list with what is left of them.
 *
 * Any weights, as u = w + 128: 3.5 instructions a product. Of a code and the weights of two outputs
 *   P = (65536 u1 + u0) * x = 65536 u1 x + u0 x
 * whose halves do not meet either. Two sums are kept: of all P modulo 2^32, and of their upper halves, u1 x; the former
 * less 65536 times the latter is the sum of all u0 x.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_FULLY_CONNECTED_THUMB1_H_
#define MOTE_MCU_RUNTIME_COMPILED_FULLY_CONNECTED_THUMB1_H_

#include <stdint.h>

#include "mcu_runtime/compiled/requantize_thumb1.h"
#include "mcu_runtime/kernels/thumb1_frame.h"

namespace mote::compiled {

struct DenseThumb1Params {
  const uint8_t* weights;   /* 7 bits: [output / 4][input / 4][four words]: bytes u of (a, k + 2), (b, k + 2), (a, k),
                               (b, k) for outputs 0 and 1, then for 2 and 3, then both for k + 1.
                               8 bits: [output / 4][input / 2][two words]: bytes u of (a, k), (a, k + 1), (b, k),
                               (b, k + 1) for outputs 0 and 1, then for 2 and 3; inputs rounded up to eights */
  const uint32_t* channels; /* m0, m1 << 8 | k, C of each; for sums its device::ChannelTerms */
  const uint32_t* extras; /* (where the code is held, in bytes) << 16 | (output % 4) << 10 | (rest of the weight) & 255,
                             by output / 4; 8 bits: none */
  const uint8_t* extra_counts; /* of each four outputs */
  int32_t inputs;              /* 7 bits: a multiple of eight, 8 bits: of four; under 2^15 */
  int32_t outputs;             /* 7 bits: a multiple of four; 8 bits: weights and channels are there up to one */
  int32_t right_shift;
  device::OutputRange range; /* for sums */
};

/* Outputs in fours. */
struct DenseFoursThumb1 {
  int32_t sums[4]; /* while extras are added */
  const uint32_t* codes;
  const uint32_t* codes_end;
  int32_t start; /* what sums begin with */
  uint32_t mask; /* 0x00ff00ff */
  const uint8_t* weights;
  const uint32_t* extras;
  const uint8_t* extra_counts;
  const uint32_t* channels;
  uint8_t* output; /* codes, or int32_t */
  int32_t right_shift;
  int32_t count; /* of fours */
};

#define MOTE_TWO_OUTPUTS(word, a, b) \
  "movs r5, r6\n"                    \
  "ands r5, r5, " word               \
  "\n"                               \
  "lsrs " word ", " word             \
  ", #8\n"                           \
  "ands " word ", " word             \
  ", r6\n"                           \
  "muls r5, r2, r5\n"                \
  "muls " word ", r2, " word         \
  "\n"                               \
  "lsrs r5, r5, #16\n"               \
  "add " a                           \
  ", r5\n"                           \
  "lsrs " word ", " word             \
  ", #16\n"                          \
  "add " b ", " word "\n"
#define MOTE_TWO_INPUTS \
  "ldm r0!, {r2}\n"     \
  "ldm r1!, {r3, r4}\n" MOTE_TWO_OUTPUTS("r3", "r8", "r9") MOTE_TWO_OUTPUTS("r4", "r10", "r11")

/* The sums of four outputs to r8 to r11. The structure is at r7 and r12, codes_end in lr, weights at r1. */
#define MOTE_DENSE_SUMS                                                                       \
  "ldr r0, [r7, #16]\n"                                                                       \
  "ldr r5, [r7, #24]\n"                                                                       \
  "ldr r6, [r7, #28]\n"                                                                       \
  "mov r8, r5\n"                                                                              \
  "mov r9, r5\n"                                                                              \
  "mov r10, r5\n"                                                                             \
  "mov r11, r5\n"                                                                             \
  "mov r2, lr\n"                                                                              \
  "subs r2, r2, r0\n"                                                                         \
  "lsls r2, r2, #27\n" /* eight inputs over a multiple of sixteen: 16 bytes over one of 32 */ \
  "bmi 3f\n"                                                                                  \
  "2:\n" MOTE_TWO_INPUTS MOTE_TWO_INPUTS MOTE_TWO_INPUTS MOTE_TWO_INPUTS                      \
  "3:\n" MOTE_TWO_INPUTS MOTE_TWO_INPUTS MOTE_TWO_INPUTS MOTE_TWO_INPUTS                      \
  "cmp r0, lr\n"                                                                              \
  "beq 4f\n"                                                                                  \
  "b 2b\n"                                                                                    \
  "4:\n"                                                                                      \
  "ldr r0, [r7, #40]\n"                                                                       \
  "ldrb r2, [r0]\n"                                                                           \
  "adds r0, r0, #1\n"                                                                         \
  "str r0, [r7, #40]\n"                                                                       \
  "cmp r2, #0\n"                                                                              \
  "beq 6f\n"                                                                                  \
  "mov r3, r8\n"                                                                              \
  "mov r4, r9\n"                                                                              \
  "mov r5, r10\n"                                                                             \
  "mov r6, r11\n"                                                                             \
  "stm r7!, {r3, r4, r5, r6}\n"                                                               \
  "ldr r0, [r7, #0]\n" /* the codes; r7 is 16 bytes into the structure */                     \
  "ldr r3, [r7, #20]\n"                                                                       \
  "mov r7, r12\n"                                                                             \
  "5:\n"                                                                                      \
  "ldm r3!, {r4}\n"                                                                           \
  "lsrs r5, r4, #16\n"                                                                        \
  "ldrh r5, [r0, r5]\n"                                                                       \
  "sxtb r6, r4\n"                                                                             \
  "muls r5, r6, r5\n"                                                                         \
  "uxth r4, r4\n"                                                                             \
  "lsrs r4, r4, #8\n"                                                                         \
  "ldr r6, [r7, r4]\n"                                                                        \
  "adds r6, r6, r5\n"                                                                         \
  "str r6, [r7, r4]\n"                                                                        \
  "subs r2, r2, #1\n"                                                                         \
  "bne 5b\n"                                                                                  \
  "str r3, [r7, #36]\n"                                                                       \
  "ldm r7!, {r3, r4, r5, r6}\n"                                                               \
  "mov r8, r3\n"                                                                              \
  "mov r9, r4\n"                                                                              \
  "mov r10, r5\n"                                                                             \
  "mov r11, r6\n"                                                                             \
  "mov r7, r12\n"                                                                             \
  "6:\n"

/* The same of weights of 8 bits. T, the sums of all products, are in r8 and r10, those of upper halves in r9 and r11,
 * which are two of the sums. */
#define MOTE_WIDE_OUTPUTS(word, all, upper) \
  "movs r5, r6\n"                           \
  "ands r5, r5, " word                      \
  "\n"                                      \
  "lsrs " word ", " word                    \
  ", #8\n"                                  \
  "ands " word ", " word                    \
  ", r6\n"                                  \
  "muls r5, r2, r5\n"                       \
  "muls " word ", r3, " word                \
  "\n"                                      \
  "add " all                                \
  ", r5\n"                                  \
  "lsrs r5, r5, #16\n"                      \
  "add " upper                              \
  ", r5\n"                                  \
  "add " all ", " word                      \
  "\n"                                      \
  "lsrs " word ", " word                    \
  ", #16\n"                                 \
  "add " upper ", " word "\n"
#define MOTE_WIDE_INPUTS(first, second) \
  "ldrb r2, [r0, #" first               \
  "]\n"                                 \
  "ldrb r3, [r0, #" second              \
  "]\n"                                 \
  "ldm r1!, {r4, r7}\n" MOTE_WIDE_OUTPUTS("r4", "r8", "r9") MOTE_WIDE_OUTPUTS("r7", "r10", "r11")
#define MOTE_WIDE_LOWER(all, upper) \
  "mov r2, " upper                  \
  "\n"                              \
  "lsls r2, r2, #16\n"              \
  "mov r3, " all                    \
  "\n"                              \
  "subs r3, r3, r2\n"               \
  "mov " all ", r3\n"
#define MOTE_WIDE_SUMS                                                                    \
  "ldr r0, [r7, #16]\n"                                                                   \
  "ldr r5, [r7, #24]\n"                                                                   \
  "ldr r6, [r7, #28]\n"                                                                   \
  "mov r9, r5\n"                                                                          \
  "mov r11, r5\n"                                                                         \
  "lsls r2, r5, #16\n"                                                                    \
  "adds r5, r5, r2\n"                                                                     \
  "mov r8, r5\n"                                                                          \
  "mov r10, r5\n"                                                                         \
  "2:\n" MOTE_WIDE_INPUTS("0", "1") MOTE_WIDE_INPUTS("2", "3") MOTE_WIDE_INPUTS("4", "5") \
      MOTE_WIDE_INPUTS("6", "7") /**/                                                     \
      "adds r0, r0, #8\n"                                                                 \
      "cmp r0, lr\n"                                                                      \
      "bne 2b\n"                                                                          \
      "mov r7, r12\n" MOTE_WIDE_LOWER("r8", "r9") MOTE_WIDE_LOWER("r10", "r11")

#define MOTE_DENSE_BEGIN \
  "mov r12, r0\n"        \
  "ldr r1, [r0, #20]\n"  \
  "mov lr, r1\n"         \
  "ldr r1, [r0, #32]\n"  \
  "movs r7, r0\n"        \
  "1:\n"
#define MOTE_DENSE_END  \
  "ldr r3, [r7, #56]\n" \
  "subs r3, r3, #1\n"   \
  "str r3, [r7, #56]\n" \
  "beq 8f\n"            \
  "b 1b\n"              \
  "8:\n"                \
  "str r1, [r7, #32]\n"

/* One code of a sum: constants at r7, output at r0, s in r2; k is the lowest byte of r5. */
#define MOTE_DENSE_CODE(sum, index) \
  "ldm r7!, {r4, r5, r6}\n"         \
  "mov r3, " sum                    \
  "\n"                              \
  "muls r4, r3, r4\n"               \
  "asrs r4, r4, r5\n"               \
  "asrs r5, r5, #8\n"               \
  "muls r3, r5, r3\n"               \
  "adds r3, r3, r4\n"               \
  "adds r3, r3, r6\n"               \
  "asrs r3, r3, r2\n"               \
  "lsrs r4, r3, #8\n"               \
  "beq 7f\n"                        \
  "asrs r3, r3, #31\n"              \
  "mvns r3, r3\n"                   \
  "7:\n"                            \
  "subs r3, r3, #128\n"             \
  "strb r3, [r0, #" index "]\n"

/* Codes to `output`. What stands for the next four is left in the structure. */
#define MOTE_DENSE_CODES(sums)                                                                                \
  MOTE_THUMB1_BEGIN MOTE_DENSE_BEGIN sums                                                                     \
      "ldr r0, [r7, #48]\n"                                                                                   \
      "ldr r2, [r7, #52]\n"                                                                                   \
      "ldr r7, [r7, #44]\n" MOTE_DENSE_CODE("r8", "0") MOTE_DENSE_CODE("r9", "1") MOTE_DENSE_CODE("r10", "2") \
          MOTE_DENSE_CODE("r11", "3") /**/                                                                    \
      "movs r3, r7\n"                                                                                         \
      "mov r7, r12\n"                                                                                         \
      "str r3, [r7, #44]\n"                                                                                   \
      "adds r0, r0, #4\n"                                                                                     \
      "str r0, [r7, #48]\n" MOTE_DENSE_END MOTE_THUMB1_END
/* Sums to `output`; of what stands for the next four, channels stay. */
#define MOTE_DENSE_STORED(sums)           \
  MOTE_THUMB1_BEGIN MOTE_DENSE_BEGIN sums \
      "mov r3, r8\n"                      \
      "mov r4, r9\n"                      \
      "mov r5, r10\n"                     \
      "mov r6, r11\n"                     \
      "ldr r0, [r7, #48]\n"               \
      "stm r0!, {r3, r4, r5, r6}\n"       \
      "str r0, [r7, #48]\n" MOTE_DENSE_END MOTE_THUMB1_END
MOTE_THUMB1_FUNCTION void DenseCodesThumb1(DenseFoursThumb1*) { asm volatile(MOTE_DENSE_CODES(MOTE_DENSE_SUMS)); }
MOTE_THUMB1_FUNCTION void DenseSumsThumb1(DenseFoursThumb1*) { asm volatile(MOTE_DENSE_STORED(MOTE_DENSE_SUMS)); }
MOTE_THUMB1_FUNCTION void WideCodesThumb1(DenseFoursThumb1*) { asm volatile(MOTE_DENSE_CODES(MOTE_WIDE_SUMS)); }
MOTE_THUMB1_FUNCTION void WideSumsThumb1(DenseFoursThumb1*) { asm volatile(MOTE_DENSE_STORED(MOTE_WIDE_SUMS)); }

#undef MOTE_TWO_OUTPUTS
#undef MOTE_TWO_INPUTS
#undef MOTE_DENSE_SUMS
#undef MOTE_WIDE_OUTPUTS
#undef MOTE_WIDE_INPUTS
#undef MOTE_WIDE_LOWER
#undef MOTE_WIDE_SUMS
#undef MOTE_DENSE_BEGIN
#undef MOTE_DENSE_END
#undef MOTE_DENSE_CODE
#undef MOTE_DENSE_CODES
#undef MOTE_DENSE_STORED

/* The codes q + 128 of `words` words of inputs, and their sum. Of 7 bits each word becomes two: x0 over those of k + 2
 * and k + 3, x1 over k and k + 1. */
template <bool kWide>
inline uint32_t PackDenseThumb1(const uint32_t* input, int32_t words, uint32_t* codes) {
  uint32_t total = 0;
  for (const uint32_t* const end = input + words; input != end;) {
    const uint32_t four = *input++ ^ 0x80808080u;
    const uint32_t even = four & 0x00ff00ffu, odd = four >> 8 & 0x00ff00ffu;
    if (kWide) {
      *codes++ = four;
    } else {
      codes[0] = even;
      codes[1] = odd;
      codes += 2;
    }
    const uint32_t both = even + odd;
    total += (both >> 16) + (both & 0xffff);
  }
  if (kWide && (words & 1) != 0) *codes = 0; /* inputs in eights */
  return total;
}

/* KernelForm::kVector. `input` is aligned to four bytes. `scratch`: two bytes an input; of 8 bits one, up to eights. */
template <bool kSums, bool kWide>
void RunDenseThumb1(const DenseThumb1Params& p, const uint8_t* input, uint8_t* output, uint8_t* scratch) {
  uint32_t* const codes = reinterpret_cast<uint32_t*>(scratch);
  const uint32_t total = PackDenseThumb1<kWide>(reinterpret_cast<const uint32_t*>(input), p.inputs / 4, codes);
  DenseFoursThumb1 fours;
  fours.codes = codes;
  fours.codes_end = codes + (kWide ? (p.inputs + 7) / 8 * 2 : p.inputs / 2);
  fours.start = -static_cast<int32_t>(total << (kWide ? 7 : 6));
  fours.mask = 0x00ff00ffu;
  fours.weights = p.weights;
  fours.extras = p.extras;
  fours.extra_counts = p.extra_counts;
  fours.channels = p.channels;
  fours.right_shift = p.right_shift;
  if (!kSums) {
    fours.output = output;
    fours.count = p.outputs / 4;
    if (!kWide) return DenseCodesThumb1(&fours);
    if (fours.count != 0) WideCodesThumb1(&fours);
    uint8_t last[4];
    fours.output = last;
    fours.count = 1;
    const int32_t rest = p.outputs & 3;
    if (rest != 0) WideCodesThumb1(&fours);
    for (int32_t i = 0; i < rest; ++i) output[p.outputs - rest + i] = last[i];
    return;
  }
  constexpr int32_t kMost = 16;
  int32_t sums[kMost];
  const uint32_t* channels = p.channels;
  for (int32_t left = p.outputs; left > 0; left -= kMost, channels += 3 * kMost, output += kMost) {
    const int32_t held = left < kMost ? left : kMost;
    fours.output = reinterpret_cast<uint8_t*>(sums);
    fours.count = (held + 3) / 4;
    kWide ? WideSumsThumb1(&fours) : DenseSumsThumb1(&fours);
    StoreSumsThumb1(sums, channels, held, p.range, output);
  }
}

/* Weights of 7 bits. */
template <bool kSums>
void DenseThumb1(const DenseThumb1Params& p, const uint8_t* input, uint8_t* output, uint8_t* scratch) {
  RunDenseThumb1<kSums, false>(p, input, output, scratch);
}

/* Weights of 8 bits. */
template <bool kSums>
void WideDenseThumb1(const DenseThumb1Params& p, const uint8_t* input, uint8_t* output, uint8_t* scratch) {
  RunDenseThumb1<kSums, true>(p, input, output, scratch);
}

/* KernelForm::kPixels: a filter of one tap and stride 1, a pixel at a time. Pixels are aligned to four bytes. */
template <bool kSums>
void WidePixelsThumb1(const DenseThumb1Params& p, const uint8_t* const* inputs, int32_t pixels, uint8_t* output,
                      uint8_t* scratch) {
  const uint8_t* input = inputs[0];
  for (; pixels > 0; --pixels, input += p.inputs, output += p.outputs) {
    WideDenseThumb1<kSums>(p, input, output, scratch);
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_FULLY_CONNECTED_THUMB1_H_
