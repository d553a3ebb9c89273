/* DEPTHWISE_CONV_2D of multiplier 1 for ARMv6-M, rows of [x][channel] int8 in and out, channels in fours: 5
 * instructions a product, and 25 (codes) or 60 (sums, and the contract's own requantization) a result. Where a filter
 * leaves the input, it sees the zero point.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_CONV_2D_THUMB1_H_
#define MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_CONV_2D_THUMB1_H_

#include <stdint.h>

#include "mcu_runtime/compiled/padded_rows.h"
#include "mcu_runtime/compiled/requantize_thumb1.h"
#include "mcu_runtime/kernels/thumb1_frame.h"

namespace mote::compiled {

struct DepthwiseThumb1Params {
  const int8_t* weights;    /* [channel / 4][tap][channel % 4] */
  const uint32_t* channels; /* m0, m1 << 8 | k, C of each; for sums its device::ChannelTerms */
  int32_t channel_count;
  int32_t columns; /* of the filter */
  int32_t step;    /* bytes of input from an output pixel to the next */
  int32_t width;   /* of a row of outputs */
  int32_t right_shift;
  device::OutputRange range; /* for sums */
  PaddedRow row;             /* with kPads */
};

/* Four channels of a row of pixels. */
struct DepthwiseFourThumb1 {
  const uint8_t* const* rows; /* of the input */
  int32_t offset;             /* of the pixel's first tap in them, channel included */
  const int8_t* weights;
  const int8_t* weights_end;
  int32_t row_weights; /* bytes of weights a row of taps */
  int32_t channels;    /* bytes from a tap to the next */
  uint8_t* output;     /* codes, or four int32_t */
  const uint32_t* terms;
  int32_t right_shift;
  int32_t pixels;
  int32_t step;
};

#define MOTE_DEPTHWISE_CHANNEL(index, sum) \
  "ldrsb r2, [r0, " index                  \
  "]\n"                                    \
  "ldrsb r3, [r1, " index                  \
  "]\n"                                    \
  "muls r2, r3, r2\n"                      \
  "add " sum ", r2\n"
/* The sums of one pixel to r8 to r11; the structure at [sp]. */
#define MOTE_DEPTHWISE_SUMS \
  "ldr r7, [sp]\n"                     \
  "ldr r6, [r7, #0]\n"                 \
  "ldr r5, [r7, #4]\n"                 \
  "ldr r1, [r7, #8]\n"                 \
  "ldr r3, [r7, #20]\n"                \
  "mov r12, r3\n"                      \
  "movs r4, #0\n"                      \
  "mov r8, r4\n"                       \
  "mov r9, r4\n"                       \
  "mov r10, r4\n"                      \
  "mov r11, r4\n"                      \
  "2:\n" /* a row of taps: its input, and the end of its weights */ \
  "ldm r6!, {r0}\n"                    \
  "adds r0, r0, r5\n"                  \
  "push {r5, r6}\n"                    \
  "ldr r3, [r7, #16]\n"                \
  "adds r3, r3, r1\n"                  \
  "mov lr, r3\n"                       \
  "movs r5, #1\n"                      \
  "movs r6, #2\n"                      \
  "movs r7, #3\n"                      \
  "3:\n" MOTE_DEPTHWISE_CHANNEL("r4", "r8") MOTE_DEPTHWISE_CHANNEL("r5", "r9") \
  MOTE_DEPTHWISE_CHANNEL("r6", "r10") MOTE_DEPTHWISE_CHANNEL("r7", "r11") \
  "add r0, r12\n"                      \
  "adds r1, r1, #4\n"                  \
  "cmp r1, lr\n"                       \
  "bne 3b\n"                           \
  "pop {r5, r6}\n"                     \
  "ldr r7, [sp]\n"                     \
  "ldr r3, [r7, #12]\n"                \
  "cmp r1, r3\n"                       \
  "bne 2b\n"

/* Four channels of a row of pixels under a filter of 3x3. */
struct Depthwise3x3Thumb1 {
  const uint8_t* rows[3]; /* the pixel's first tap in them, channel included */
  int32_t step;
  const int8_t* weights;
  int32_t channels;
  uint8_t* output;
  const uint32_t* terms;
  int32_t right_shift;
  int32_t pixels;
};

#define MOTE_DEPTHWISE_TAP                \
  MOTE_DEPTHWISE_CHANNEL("r4", "r8")      \
  MOTE_DEPTHWISE_CHANNEL("r5", "r9") /**/ \
  MOTE_DEPTHWISE_CHANNEL("r6", "r10") MOTE_DEPTHWISE_CHANNEL("r7", "r11") "adds r1, r1, #4\n"
/* A row of three taps; the structure at lr. */
#define MOTE_DEPTHWISE_THREE(at) \
  "mov r2, lr\n"                 \
  "ldr r0, [r2, #" at "]\n" MOTE_DEPTHWISE_TAP "add r0, r12\n" MOTE_DEPTHWISE_TAP "add r0, r12\n" MOTE_DEPTHWISE_TAP

/* One code of the sum in r3: constants at r7, output at r0, s in r2; k is the lowest byte of r5. */
#define MOTE_DEPTHWISE_CODE(sum, index) \
  "ldm r7!, {r4, r5, r6}\n"             \
  "mov r3, " sum                        \
  "\n"                                  \
  "muls r4, r3, r4\n"                   \
  "asrs r4, r4, r5\n"                   \
  "asrs r5, r5, #8\n"                   \
  "muls r3, r5, r3\n"                   \
  "adds r3, r3, r4\n"                   \
  "adds r3, r3, r6\n"                   \
  "asrs r3, r3, r2\n"                   \
  "lsrs r4, r3, #8\n"                   \
  "beq 5f\n"                            \
  "asrs r3, r3, #31\n"                  \
  "mvns r3, r3\n"                       \
  "5:\n"                                \
  "subs r3, r3, #128\n"                 \
  "strb r3, [r0, #" index "]\n"

/* All pixels of a row become codes. The structure is used up. */
MOTE_THUMB1_FUNCTION void DepthwiseCodesThumb1(DepthwiseFourThumb1*) {
  asm volatile(MOTE_THUMB1_BEGIN
               "push {r0}\n"
               "1:\n" MOTE_DEPTHWISE_SUMS
               "ldr r3, [r7, #4]\n"
               "ldr r4, [r7, #40]\n"
               "adds r3, r3, r4\n"
               "str r3, [r7, #4]\n"
               "ldr r0, [r7, #24]\n"
               "ldr r2, [r7, #32]\n"
               "ldr r7, [r7, #28]\n" MOTE_DEPTHWISE_CODE("r8", "0") MOTE_DEPTHWISE_CODE("r9", "1")
                   MOTE_DEPTHWISE_CODE("r10", "2") MOTE_DEPTHWISE_CODE("r11", "3") /**/
               "add r0, r12\n"
               "ldr r7, [sp]\n"
               "str r0, [r7, #24]\n"
               "ldr r3, [r7, #36]\n"
               "subs r3, r3, #1\n"
               "str r3, [r7, #36]\n"
               "beq 6f\n"
               "b 1b\n"
               "6:\n"
               "pop {r0}\n" MOTE_THUMB1_END);
}

MOTE_THUMB1_FUNCTION void Depthwise3x3CodesThumb1(Depthwise3x3Thumb1*) {
  asm volatile(MOTE_THUMB1_BEGIN
               "mov lr, r0\n"
               "ldr r3, [r0, #20]\n"
               "mov r12, r3\n"
               "1:\n"
               "mov r2, lr\n"
               "ldr r1, [r2, #16]\n"
               "movs r4, #0\n"
               "mov r8, r4\n"
               "mov r9, r4\n"
               "mov r10, r4\n"
               "mov r11, r4\n"
               "movs r5, #1\n"
               "movs r6, #2\n"
               "movs r7, #3\n" MOTE_DEPTHWISE_THREE("0") MOTE_DEPTHWISE_THREE("4") MOTE_DEPTHWISE_THREE("8") /**/
               "mov r7, lr\n"
               "ldm r7!, {r0, r1, r2, r3}\n"
               "adds r0, r0, r3\n"
               "adds r1, r1, r3\n"
               "adds r2, r2, r3\n"
               "subs r7, r7, #16\n"
               "stm r7!, {r0, r1, r2}\n"
               "ldr r0, [r7, #12]\n" /* r7 is 12 bytes into the structure */
               "ldr r2, [r7, #20]\n"
               "ldr r7, [r7, #16]\n" MOTE_DEPTHWISE_CODE("r8", "0") MOTE_DEPTHWISE_CODE("r9", "1")
                   MOTE_DEPTHWISE_CODE("r10", "2") MOTE_DEPTHWISE_CODE("r11", "3") /**/
               "add r0, r12\n"
               "mov r7, lr\n"
               "str r0, [r7, #24]\n"
               "ldr r3, [r7, #36]\n"
               "subs r3, r3, #1\n"
               "str r3, [r7, #36]\n"
               "beq 6f\n"
               "b 1b\n"
               "6:\n" MOTE_THUMB1_END);
}

/* The sums of one pixel. */
MOTE_THUMB1_FUNCTION void DepthwiseSumsThumb1(DepthwiseFourThumb1*) {
  asm volatile(MOTE_THUMB1_BEGIN "push {r0}\n" MOTE_DEPTHWISE_SUMS
                                 "ldr r0, [r7, #24]\n"
                                 "mov r4, r8\n"
                                 "mov r5, r9\n"
                                 "mov r6, r10\n"
                                 "mov r7, r11\n"
                                 "stm r0!, {r4, r5, r6, r7}\n"
                                 "pop {r0}\n" MOTE_THUMB1_END);
}

#undef MOTE_DEPTHWISE_CHANNEL
#undef MOTE_DEPTHWISE_SUMS
#undef MOTE_DEPTHWISE_TAP
#undef MOTE_DEPTHWISE_THREE
#undef MOTE_DEPTHWISE_CODE

/* KernelForm::kWindow, to codes. `scratch`: with kPads 3 of PaddedRow::bytes. */
template <bool kPads>
void Depthwise3x3RowThumb1(const DepthwiseThumb1Params& p, const uint8_t* const* rows, uint8_t* output,
                           uint8_t* scratch = nullptr) {
  const uint8_t* taps[3];
  for (int32_t i = 0; i < 3; ++i) {
    taps[i] = kPads ? PadRow(p.row, rows[i], scratch) : rows[i];
    if (kPads) scratch += p.row.bytes;
  }
  Depthwise3x3Thumb1 four;
  four.step = p.step;
  four.weights = p.weights;
  four.channels = p.channel_count;
  four.terms = p.channels;
  four.right_shift = p.right_shift;
  for (int32_t c = 0; c < p.channel_count; c += 4) {
    for (int32_t i = 0; i < 3; ++i) four.rows[i] = taps[i] + c;
    four.output = output + c;
    four.pixels = p.width;
    Depthwise3x3CodesThumb1(&four);
    four.weights += 36;
    four.terms += 12;
  }
}

/* KernelForm::kWindow. `scratch`: with kPads kRows of PaddedRow::bytes. */
template <bool kSums, bool kPads, int kRows>
void DepthwiseRowThumb1(const DepthwiseThumb1Params& p, const uint8_t* const* rows, uint8_t* output,
                        uint8_t* scratch = nullptr) {
  const uint8_t* padded[kRows];
  if (kPads) {
    for (int32_t i = 0; i < kRows; ++i, scratch += p.row.bytes) padded[i] = PadRow(p.row, rows[i], scratch);
  }
  DepthwiseFourThumb1 four;
  four.rows = kPads ? padded : rows;
  four.row_weights = p.columns * 4;
  four.channels = p.channel_count;
  four.right_shift = p.right_shift;
  four.step = p.step;
  four.weights = p.weights;
  four.terms = p.channels;
  for (int32_t c = 0; c < p.channel_count; c += 4) {
    four.weights_end = four.weights + kRows * four.row_weights;
    four.offset = c;
    if (kSums) {
      int32_t sums[4];
      for (int32_t x = 0; x < p.width; ++x, four.offset += p.step) {
        four.output = reinterpret_cast<uint8_t*>(sums);
        DepthwiseSumsThumb1(&four);
        StoreSumsThumb1(sums, four.terms, 4, p.range, output + x * p.channel_count + c);
      }
    } else {
      four.output = output + c;
      four.pixels = p.width;
      DepthwiseCodesThumb1(&four);
    }
    four.weights = four.weights_end;
    four.terms += 12;
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_CONV_2D_THUMB1_H_
