/* FULLY_CONNECTED on Helium: one input vector, eight outputs at a time.
 *
 * Constants, a stream of, for each block of eight outputs (fewer in the last):
 *   for each 16 bytes of the input: 16 weights of each output of the block; then of what is left (the tail, 1 to 15
 *     bytes) RoundUp4(tail) bytes of each;
 *   then, twice, of the outputs with even and of those with odd places in the block, four (fewer in the last block:
 *     four still, of which the missing are 0):
 *   one of
 *     kOneLine                       int32 offset[4]
 *     kClamped, kFull                int32 bias[4]
 *   then twice int32 multiplier[4] or mantissa[4], then, not for kOneLine, twice int8 exponent[4].
 *
 * Instructions for eight outputs of K bytes: K / 16 * 17 for the 8 K products, 4 to collect sums, 11 (kOneLine), 18
 * (kClamped) or 22 (kFull) to requantize, 1 to store, 4 to go on; where K is over 256, 8 + K / 64 more.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_FULLY_CONNECTED_MVE_H_
#define MOTE_MCU_RUNTIME_COMPILED_FULLY_CONNECTED_MVE_H_

#include <stdint.h>

#include "mcu_runtime/compiled/requantization_mve.h"

namespace mote::compiled {

/* What is known when code is generated. */
template <int kInputs_, int kOutputs_, RequantizationMve kForm_, int kShift_, bool kClamp_>
struct FullyConnectedShapeMve {
  static constexpr int kOutputs = kOutputs_; /* of a block: 8, or what is left for the last */
  static constexpr RequantizationMve kForm = kForm_;
  static constexpr int kShift = kShift_;
  static constexpr bool kClamp = kClamp_;
  static constexpr int kChunks = kInputs_ / 16;
  static constexpr int kTail = kInputs_ % 16;
  /* Long inputs are loops. */
  static constexpr int kUnrolled = kChunks <= 16 ? kChunks : 8;
  static constexpr int kRounds = kChunks <= 16 ? 1 : kChunks / kUnrolled;
  static constexpr int kRest = kChunks <= 16 ? 0 : kChunks % kUnrolled;
};

struct FullyConnectedMveParams {
  /* FullyConnectedBlocks of whole blocks, and of the outputs left over; null: there are none. */
  void (*blocks)(const FullyConnectedMveParams& p, const void* constants, const int8_t* input, int8_t* output);
  void (*left)(const FullyConnectedMveParams& p, const void* constants, const int8_t* input, int8_t* output);
  const void* constants;
  const void* end; /* of whole blocks; the block of the outputs left over follows */
  int32_t scalar;  /* kOneLine: what sums are multiplied by; the others: the output's zero point */
  int32_t min;     /* of the output's codes, where they are clamped */
  int32_t max;
  int32_t outputs; /* of whole blocks */
};

/* Blocks from `constants` to `end`. */
template <typename Shape>
__attribute__((noinline)) void FullyConnectedBlocks(const FullyConnectedMveParams& p, const void* constants,
                                                    const int8_t* input, int8_t* output) {
  struct {
    const int8_t* input; /* 0 */
    const void* end;     /* 4 */
    int32_t scalar;      /* 8 */
    int32_t min;         /* 12 */
    int32_t max;         /* 16 */
  } call = {input, p.end, p.scalar, p.min, p.max};
  register const void* const self asm("r11") = &call;
  register const void* stream asm("r5") = constants;
  register int8_t* out asm("r3") = output;
  /* r0 r2 r4 r6 r8 r10 r12 lr: sums of outputs 0 to 7   r1: the input   r9: rounds, scalar   r5: the stream
   * r3: the output   q0: 16 bytes of the input   q1: weights */
  asm volatile(
      "mov r0, #%c[tail]\n"
      "vctp.8 r0\n"
      ".macro mote_weights%= sum, step\n"
      "vldrw.u32 q1, [r5], #\\step\n"
      ".if .Lmote_first\n vmladav.s8 \\sum, q0, q1\n .else\n vmladava.s8 \\sum, q0, q1\n .endif\n"
      ".endm\n"
      ".macro mote_outputs%= step\n"
      "mote_weights%= r0, \\step\n"
      ".if %c[outputs] > 1\n mote_weights%= r2, \\step\n .endif\n"
      ".if %c[outputs] > 2\n mote_weights%= r4, \\step\n .endif\n"
      ".if %c[outputs] > 3\n mote_weights%= r6, \\step\n .endif\n"
      ".if %c[outputs] > 4\n mote_weights%= r8, \\step\n .endif\n"
      ".if %c[outputs] > 5\n mote_weights%= r10, \\step\n .endif\n"
      ".if %c[outputs] > 6\n mote_weights%= r12, \\step\n .endif\n"
      ".if %c[outputs] > 7\n mote_weights%= lr, \\step\n .endif\n"
      ".set .Lmote_first, 0\n"
      ".endm\n"
      ".macro mote_chunks%= count\n"
      ".rept \\count\n vldrb.u8 q0, [r1], #16\n mote_outputs%= 16\n .endr\n"
      ".endm\n"

      "1:\n"
      "ldr r1, [r11]\n"
      ".set .Lmote_first, %c[rounds] == 1\n"
      ".if %c[rounds] > 1\n"
      "mov r0, #0\n mov r2, #0\n mov r4, #0\n mov r6, #0\n mov r8, #0\n mov r10, #0\n mov r12, #0\n mov lr, #0\n"
      "mov r9, #%c[rounds]\n"
      "2:\n"
      ".endif\n"
      "mote_chunks%= %c[unrolled]\n"
      ".if %c[rounds] > 1\n subs r9, #1\n bne 2b\n mote_chunks%= %c[rest]\n .endif\n"
      ".if %c[tail]\n vpst\n vldrbt.u8 q0, [r1]\n mote_outputs%= ((%c[tail] + 3) & ~3)\n .endif\n"

      /* q0: sums of the outputs at even places, q1: at odd places; those of missing ones are anything. */
      "vmov q0[2], q0[0], r0, r8\n"
      "vmov q0[3], q0[1], r4, r12\n"
      "vmov q1[2], q1[0], r2, r10\n"
      "vmov q1[3], q1[1], r6, lr\n"
      "ldr r9, [r11, #8]\n"
      ".if %c[one_line]\n"
      "vldrw.u32 q2, [r5], #16\n"
      "vmla.s32 q2, q0, r9\n"
      "vldrw.u32 q0, [r5], #16\n"
      "vmla.s32 q0, q1, r9\n"
      "vldrw.u32 q1, [r5], #16\n"
      "vqdmulh.s32 q2, q2, q1\n"
      "vldrw.u32 q1, [r5], #16\n"
      "vqdmulh.s32 q0, q0, q1\n"
      "vqrshrnb.s32 q2, q2, #%c[first_shift]\n"
      "vqrshrnt.s32 q2, q0, #%c[first_shift]\n"
      "vqrshrnb.s16 q0, q2, #%c[second_shift]\n"
      ".else\n"
      "vldrw.u32 q2, [r5], #16\n"
      "vadd.i32 q0, q0, q2\n"
      "vldrw.u32 q2, [r5], #16\n"
      "vadd.i32 q1, q1, q2\n"
      "vldrw.u32 q2, [r5], #16\n"
      "vqrdmulh.s32 q0, q0, q2\n"
      "vldrw.u32 q2, [r5], #16\n"
      "vqrdmulh.s32 q1, q1, q2\n"
      ".if %c[full]\n"
      "vshr.s32 q2, q0, #31\n"
      "vqadd.s32 q0, q0, q2\n"
      "vshr.s32 q2, q1, #31\n"
      "vqadd.s32 q1, q1, q2\n"
      ".endif\n"
      "vldrb.s32 q2, [r5], #4\n"
      "vrshl.s32 q0, q0, q2\n"
      "vldrb.s32 q2, [r5], #4\n"
      "vrshl.s32 q1, q1, q2\n"
      "vqmovnb.s32 q0, q0\n"
      "vqmovnt.s32 q0, q1\n"
      "vqadd.s16 q0, q0, r9\n"
      "vqmovnb.s16 q0, q0\n"
      ".endif\n"
      ".if %c[clamp]\n"
      "ldrd r0, r2, [r11, #12]\n"
      "vdup.16 q1, r0\n"
      "vdup.16 q2, r2\n"
      "vmax.s8 q0, q0, q1\n"
      "vmin.s8 q0, q0, q2\n"
      ".endif\n"
      ".if %c[outputs] == 8\n"
      "ldr r0, [r11, #4]\n"
      "vstrb.16 q0, [r3], #8\n"
      "cmp r5, r0\n"
      "bne 1b\n"
      ".else\n"
      "mov r0, #%c[outputs]\n"
      "vctp.16 r0\n"
      "vpst\n"
      "vstrbt.16 q0, [r3]\n"
      ".endif\n"
      : "+r"(stream), "+r"(out)
      : "r"(self), [unrolled] "i"(Shape::kUnrolled), [rounds] "i"(Shape::kRounds), [rest] "i"(Shape::kRest),
        [tail] "i"(Shape::kTail), [outputs] "i"(Shape::kOutputs),
        [one_line] "i"(Shape::kForm == RequantizationMve::kOneLine),
        [full] "i"(Shape::kForm == RequantizationMve::kFull), [clamp] "i"(Shape::kClamp),
        [first_shift] "i"(FirstShiftMve(Shape::kShift)), [second_shift] "i"(SecondShiftMve(Shape::kShift))
      : "r0", "r1", "r2", "r4", "r6", "r8", "r9", "r10", "r12", "lr", "q0", "q1", "q2", "cc", "memory");
}

inline void DenseMve(const FullyConnectedMveParams& p, const uint8_t* input, uint8_t* output) {
  const auto* const in = reinterpret_cast<const int8_t*>(input);
  auto* const out = reinterpret_cast<int8_t*>(output);
  if (p.blocks != nullptr) p.blocks(p, p.constants, in, out);
  if (p.left != nullptr) p.left(p, p.end, in, out + p.outputs);
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_FULLY_CONNECTED_MVE_H_
