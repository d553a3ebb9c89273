/* The inner block of convolutions on Helium: two pixels times all output channels, four channels at a time.
 *
 * A pixel is seen through one or more segments, each a run of bytes (for a convolution of k_h rows: k_h segments of
 * k_w * C bytes; for a 1x1 convolution one segment of C bytes). Weights and requantization constants are one stream
 * that is read once from its beginning to its end (export/compiler/pack_mve.h writes it), for each block of channels:
 *
 *   for each segment, for each 16 bytes of it: 16 weights of each channel of the block;
 *     then of what is left of the segment (its tail, 1 to 15 bytes): RoundUp4(tail) bytes of each channel
 *   one of:
 *     Requantization::kOneLine  int32 offset[n], int32 multiplier[n]
 *     the two others             int32 bias[n], int32 mantissa[n], int8 exponent[n] (padded to 4 bytes)
 *
 * where n is the block's channels, 4 but perhaps in the last block. Tails are loaded under a predicate, so that nothing
 * beyond a segment is read; of the stream up to 16 bytes beyond its end are read.
 *
 * Results go where a scatter store puts them: element i of eight (pixel i % 2, channel i / 2) to out + offsets[i]. So
 * rows of any layout are written in the same number of instructions.
 *
 * Instructions a block of 4 channels (K bytes a pixel, all of whole 16 bytes, one segment):
 *   K / 16 * 14 for the 8 K products, 4 to collect sums, 10 (kOneLine), 14 (kClamped) or 18 (kFull) to requantize, 1 to
 *   store, 4 to go on. A tail costs 15, a second and further segment 1 each.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_GEMM_MVE_H_
#define MOTE_MCU_RUNTIME_COMPILED_GEMM_MVE_H_

#include <stdint.h>

#include "mcu_runtime/compiled/requantization_mve.h"

namespace mote::compiled {

/* Pairs of pixels, and what is to be done with them; the assembly reads and writes it by these offsets. */
template <int kSegments>
struct GemmPairsMve {
  const void* constants;             /* 0: the stream */
  const void* end;                   /* 4: of the stream */
  int32_t block_step;                /* 8: bytes from a channel's output to that of the channel four further */
  int8_t* output;                    /* 12: of the first pair; moves on */
  int32_t scalar;                    /* 16: kOneLine: what sums are multiplied by; else: the output's zero point */
  int32_t min;                       /* 20: of the output's codes, where they are clamped */
  int32_t max;                       /* 24 */
  int32_t pairs;                     /* 28: how many, at least 1; left 0 */
  int32_t input_advance;             /* 32: bytes from a pair's inputs to the next pair's */
  int32_t output_advance;            /* 36 */
  uint16_t offsets[8];               /* 40 */
  const int8_t* input[kSegments][2]; /* 56: of the first pair; moves on to the last one's */
};

/* What is known when code is generated: layers of the same shape share a function. */
template <int kSegments_, int kSegmentBytes_, int kChannels_, RequantizationMve kForm_, int kShift_, bool kClamp_,
          bool kWords_>
struct GemmShapeMve {
  static constexpr int kSegments = kSegments_;
  static constexpr int kSegmentBytes = kSegmentBytes_;
  static constexpr int kChannels = kChannels_; /* of a block: 4; 1, 2 or 3 for what is left of the channels */
  static constexpr RequantizationMve kForm = kForm_;
  static constexpr int kShift = kShift_;  /* kOneLine: 2 to 24 */
  static constexpr bool kClamp = kClamp_; /* whether saturated codes are clamped to [min, max] */
  static constexpr bool kWords = kWords_; /* whether every segment begins at a multiple of 4 */

  static constexpr int kChunks = kSegmentBytes / 16;
  static constexpr int kTail = kSegmentBytes % 16;
  /* Long segments are loops. */
  static constexpr int kUnrolled = kChunks <= 16 ? kChunks : 8;
  static constexpr int kRounds = kChunks <= 16 ? 1 : kChunks / kUnrolled;
  static constexpr int kRest = kChunks <= 16 ? 0 : kChunks % kUnrolled;
  /* Whether the inputs' pointers stand still while a segment is read: loads reach 508 bytes, those of a tail that is
   * not of whole words 127. */
  static constexpr bool kStay = kWords && kRounds == 1 && (kTail % 4 == 0 || kChunks < 8);
};

/* All blocks of all pairs. */
template <typename Shape>
__attribute__((noinline)) void GemmPairs(GemmPairsMve<Shape::kSegments>* pairs) {
  register void* const self asm("r11") = pairs;
  /* r0 r2 r4 r6 r8 r10 r12 lr: sums of channel 0 (first pixel, second), 1, 2, 3: VMLADAV wants even registers
   * r1 r3: the pixels   r5: the stream   r7: the output   r9: scalar, or rounds of a loop
   * q0 q1: 16 bytes of each pixel   q2: weights   q3: offsets of the outputs */
  asm volatile(
      "push {r7}\n"
      "vldrh.u16 q3, [r11, #40]\n"
      ".if %c[tail]\n mov r0, #%c[tail]\n vctp.8 r0\n .endif\n"
      ".if %c[rounds] == 1\n ldr r9, [r11, #16]\n .endif\n"

      /* Sixteen weights of a channel, times both pixels. */
      ".macro mote_weights%= sum0, sum1, step\n"
      "vldrw.u32 q2, [r5], #\\step\n"
      ".if .Lmote_first\n vmladav.s8 \\sum0, q0, q2\n vmladav.s8 \\sum1, q1, q2\n"
      ".else\n vmladava.s8 \\sum0, q0, q2\n vmladava.s8 \\sum1, q1, q2\n .endif\n"
      ".endm\n"
      ".macro mote_channels%= step\n"
      "mote_weights%= r0, r2, \\step\n"
      ".if %c[channels] > 1\n mote_weights%= r4, r6, \\step\n .endif\n"
      ".if %c[channels] > 2\n mote_weights%= r8, r10, \\step\n .endif\n"
      ".if %c[channels] > 3\n mote_weights%= r12, lr, \\step\n .endif\n"
      ".set .Lmote_first, 0\n"
      ".endm\n"
      ".macro mote_chunks%= count\n"
      ".rept \\count\n"
      ".if %c[stay]\n vldrw.u32 q0, [r1, #.Lmote_at]\n vldrw.u32 q1, [r3, #.Lmote_at]\n .set .Lmote_at, .Lmote_at + "
      "16\n"
      ".elseif %c[words]\n vldrw.u32 q0, [r1], #16\n vldrw.u32 q1, [r3], #16\n"
      ".else\n vldrb.u8 q0, [r1], #16\n vldrb.u8 q1, [r3], #16\n .endif\n"
      "mote_channels%= 16\n"
      ".endr\n"
      ".endm\n"

      "0:\n"
      "ldr r5, [r11]\n"
      "ldr r7, [r11, #12]\n"
      ".if %c[stay] && %c[segments] == 1\n ldrd r1, r3, [r11, #56]\n .endif\n"
      "1:\n"
      ".set .Lmote_first, %c[rounds] == 1\n"
      ".if %c[rounds] > 1\n"
      "mov r0, #0\n mov r2, #0\n mov r4, #0\n mov r6, #0\n mov r8, #0\n mov r10, #0\n mov r12, #0\n mov lr, #0\n"
      ".endif\n"
      ".set .Lmote_pointers, 56\n"
      ".rept %c[segments]\n"
      ".set .Lmote_at, 0\n"
      ".if !(%c[stay] && %c[segments] == 1)\n ldrd r1, r3, [r11, #.Lmote_pointers]\n .endif\n"
      ".set .Lmote_pointers, .Lmote_pointers + 8\n"
      ".if %c[rounds] > 1\n mov r9, #%c[rounds]\n 2:\n .endif\n"
      "mote_chunks%= %c[unrolled]\n"
      ".if %c[rounds] > 1\n subs r9, #1\n bne 2b\n mote_chunks%= %c[rest]\n .endif\n"
      ".if %c[tail]\n vpstt\n"
      ".if !%c[stay]\n vldrbt.u8 q0, [r1]\n vldrbt.u8 q1, [r3]\n"
      ".elseif %c[tail] %% 4\n vldrbt.u8 q0, [r1, #.Lmote_at]\n vldrbt.u8 q1, [r3, #.Lmote_at]\n"
      ".else\n vldrwt.u32 q0, [r1, #.Lmote_at]\n vldrwt.u32 q1, [r3, #.Lmote_at]\n .endif\n"
      "mote_channels%= ((%c[tail] + 3) & ~3)\n"
      ".endif\n"
      ".endr\n"

      /* q0: sums of the first pixel, q1: of the second. Lanes of channels that are not there hold anything. */
      "vmov q0[2], q0[0], r0, r8\n"
      "vmov q0[3], q0[1], r4, r12\n"
      "vmov q1[2], q1[0], r2, r10\n"
      "vmov q1[3], q1[1], r6, lr\n"
      ".if %c[rounds] > 1\n ldr r9, [r11, #16]\n .endif\n"
      ".if %c[one_line]\n"
      "vldrw.u32 q2, [r5]\n"
      "vmla.s32 q2, q0, r9\n"
      "vldrw.u32 q0, [r5], #4 * %c[channels]\n"
      "vmla.s32 q0, q1, r9\n"
      "vldrw.u32 q1, [r5], #4 * %c[channels]\n"
      "vqdmulh.s32 q2, q2, q1\n"
      "vqdmulh.s32 q0, q0, q1\n"
      "vqrshrnb.s32 q2, q2, #%c[first_shift]\n"
      "vqrshrnt.s32 q2, q0, #%c[first_shift]\n"
      "vqrshrnb.s16 q0, q2, #%c[second_shift]\n"
      ".else\n"
      "vldrw.u32 q2, [r5], #4 * %c[channels]\n"
      "vadd.i32 q0, q0, q2\n"
      "vadd.i32 q1, q1, q2\n"
      "vldrw.u32 q2, [r5], #4 * %c[channels]\n"
      "vqrdmulh.s32 q0, q0, q2\n"
      "vqrdmulh.s32 q1, q1, q2\n"
      ".if %c[full]\n"
      "vshr.s32 q2, q0, #31\n"
      "vqadd.s32 q0, q0, q2\n"
      "vshr.s32 q2, q1, #31\n"
      "vqadd.s32 q1, q1, q2\n"
      ".endif\n"
      "vldrb.s32 q2, [r5], #4\n"
      "vrshl.s32 q0, q0, q2\n"
      "vrshl.s32 q1, q1, q2\n"
      "vqmovnb.s32 q0, q0\n"
      "vqmovnt.s32 q0, q1\n"
      "vqadd.s16 q0, q0, r9\n"
      "vqmovnb.s16 q0, q0\n"
      ".endif\n"
      ".if %c[clamp]\n"
      "ldrd r0, r2, [r11, #20]\n"
      "vdup.16 q1, r0\n"
      "vdup.16 q2, r2\n"
      "vmax.s8 q0, q0, q1\n"
      "vmin.s8 q0, q0, q2\n"
      ".endif\n"
      ".if %c[channels] == 4\n"
      "vstrb.16 q0, [r7, q3]\n"
      "ldrd r0, r2, [r11, #4]\n"
      "add r7, r2\n"
      "cmp r5, r0\n"
      "bne 1b\n"
      ".else\n"
      "mov r0, #2 * %c[channels]\n"
      "vctp.16 r0\n"
      "vpst\n"
      "vstrbt.16 q0, [r7, q3]\n"
      ".endif\n"
      /* The next pair. */
      "ldr r0, [r11, #28]\n"
      "subs r0, #1\n"
      "str r0, [r11, #28]\n"
      "beq 3f\n"
      "ldrd r0, r2, [r11, #32]\n"
      "ldr r4, [r11, #12]\n"
      "add r4, r2\n"
      "str r4, [r11, #12]\n"
      ".set .Lmote_pointers, 56\n"
      ".rept %c[segments]\n"
      "ldrd r2, r4, [r11, #.Lmote_pointers]\n"
      "add r2, r0\n"
      "add r4, r0\n"
      "strd r2, r4, [r11, #.Lmote_pointers]\n"
      ".set .Lmote_pointers, .Lmote_pointers + 8\n"
      ".endr\n"
      ".if %c[tail] && %c[channels] < 4\n mov r0, #%c[tail]\n vctp.8 r0\n .endif\n"
      "b 0b\n"
      "3:\n"
      "pop {r7}\n"
      :
      : "r"(self), [segments] "i"(Shape::kSegments), [unrolled] "i"(Shape::kUnrolled), [rounds] "i"(Shape::kRounds),
        [rest] "i"(Shape::kRest), [tail] "i"(Shape::kTail), [channels] "i"(Shape::kChannels),
        [words] "i"(Shape::kWords), [stay] "i"(Shape::kStay),
        [one_line] "i"(Shape::kForm == RequantizationMve::kOneLine),
        [full] "i"(Shape::kForm == RequantizationMve::kFull), [clamp] "i"(Shape::kClamp),
        [first_shift] "i"(FirstShiftMve(Shape::kShift)), [second_shift] "i"(SecondShiftMve(Shape::kShift))
      : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r12", "lr", "q0", "q1", "q2", "q3", "cc",
        "memory");
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_GEMM_MVE_H_
