/* The inner loops of convolutions for ARMv6-M, two products by one multiplication.
 *
 * A word holds the codes a and b of two pixels as 65536 a + b. Times a weight it is both products. Words of products
 * are added up in T, and what their upper halves hold in A, so that the sums are A and T - 65536 A, modulo 2^32.
 * Weights are known when the model is compiled: of four in a row whose magnitudes come to 255 at most, the products of
 * both pixels stay within 16 bits each, and four words are added before their upper half is taken; of others two.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_GEMM_THUMB1_H_
#define MOTE_MCU_RUNTIME_COMPILED_GEMM_THUMB1_H_

#include <stdint.h>

#include "mcu_runtime/kernels/thumb1_frame.h"

namespace mote::compiled {

/* `n` codes of each of four pixels, `step` bytes apart: two words a code. Returns the end of what it wrote. */
MOTE_THUMB1_FUNCTION uint32_t* PackRunThumb1(const int8_t*, int32_t, int32_t, uint32_t*) {
  /* r0 = x, r1 = step, r2 = n, r3 = packed */
  asm volatile(
      ".syntax unified\n"
      "push {r4, r5, r6, r7, lr}\n"
      "adds r4, r0, r2\n" /* the ends of the pixels, and an index that rises to 0 */
      "adds r5, r4, r1\n"
      "adds r6, r5, r1\n"
      "adds r7, r6, r1\n"
      "negs r2, r2\n"
      "1:\n"
      "ldrsb r0, [r4, r2]\n"
      "ldrsb r1, [r5, r2]\n"
      "lsls r0, r0, #16\n"
      "adds r0, r0, r1\n"
      "stm r3!, {r0}\n"
      "ldrsb r0, [r6, r2]\n"
      "ldrsb r1, [r7, r2]\n"
      "lsls r0, r0, #16\n"
      "adds r0, r0, r1\n"
      "stm r3!, {r0}\n"
      "adds r2, r2, #1\n"
      "bne 1b\n"
      "movs r0, r3\n"
      "pop {r4, r5, r6, r7, pc}\n");
}

/* The same of two pixels: a word a code. */
MOTE_THUMB1_FUNCTION uint32_t* PackRunOfTwoThumb1(const int8_t*, int32_t, int32_t, uint32_t*) {
  asm volatile(
      ".syntax unified\n"
      "push {r4, r5, lr}\n"
      "adds r4, r0, r2\n"
      "adds r5, r4, r1\n"
      "negs r2, r2\n"
      "1:\n"
      "ldrsb r0, [r4, r2]\n"
      "ldrsb r1, [r5, r2]\n"
      "lsls r0, r0, #16\n"
      "adds r0, r0, r1\n"
      "stm r3!, {r0}\n"
      "adds r2, r2, #1\n"
      "bne 1b\n"
      "movs r0, r3\n"
      "pop {r4, r5, pc}\n");
}

/* Four pixels, or two, and at most 32 channels. */
struct GemmTileThumb1 {
  const uint32_t* packed; /* a multiple of four taps */
  const uint32_t* packed_end;
  const int8_t* weights;    /* [channel][tap] */
  const uint32_t* channels; /* m0, m1 << 8 | k, C of each (requantization_thumb1.h); not read for sums */
  int32_t count;
  uint32_t fours; /* bit c: the weights of channel c are in fours that come to 255 at most; else pairs are */
  uint8_t* output;
  int32_t output_step; /* bytes from a pixel to the next */
  int32_t right_shift;
};

/* The products of a tap with the weight in `w`. */
#define MOTE_TAP(p, q, w) \
  "muls " p ", " w ", " p \
  "\n"                    \
  "muls " q ", " w ", " q "\n"
#define MOTE_ADD_TAP  \
  "adds r3, r3, r5\n" \
  "adds r4, r4, r6\n"
#define MOTE_NEXT_WEIGHT \
  "asrs r7, r7, #8\n"    \
  "sxtb r2, r7\n"
/* T in r8 and r9, A in r10 and r11; r12 = 2^15. */
#define MOTE_ADD_WORDS \
  "add r8, r3\n"       \
  "add r9, r4\n"       \
  "add r3, r12\n"      \
  "add r4, r12\n"      \
  "asrs r3, r3, #16\n" \
  "asrs r4, r4, #16\n" \
  "add r10, r3\n"      \
  "add r11, r4\n"
/* All taps of a channel: r0 runs through the words up to lr, r1 through the weights, r7 holds four of them. Then r10,
 * r8, r11, r9 are the sums of pixels 0 to 3. r7 is the tile at the begin. */
#define MOTE_CHANNEL_SUMS                                                                                  \
  "ldr r0, [r7, #0]\n"                                                                                     \
  "ldr r1, [r7, #8]\n"                                                                                     \
  "movs r3, #0\n"                                                                                          \
  "mov r8, r3\n"                                                                                           \
  "mov r9, r3\n"                                                                                           \
  "mov r10, r3\n"                                                                                          \
  "mov r11, r3\n"                                                                                          \
  "ldr r2, [r7, #20]\n"                                                                                    \
  "lsrs r2, r2, #1\n"                                                                                      \
  "str r2, [r7, #20]\n"                                                                                    \
  "bcc 3f\n"                                                                                               \
  "2:\n" /* four taps */                                                                                   \
  "ldm r1!, {r7}\n"                                                                                        \
  "ldm r0!, {r3, r4, r5, r6}\n"                                                                            \
  "sxtb r2, r7\n" MOTE_TAP("r3", "r4", "r2") MOTE_NEXT_WEIGHT MOTE_TAP("r5", "r6", "r2") MOTE_ADD_TAP      \
      "ldm r0!, {r5, r6}\n" MOTE_NEXT_WEIGHT MOTE_TAP("r5", "r6", "r2") MOTE_ADD_TAP                       \
      "ldm r0!, {r5, r6}\n"                                                                                \
      "asrs r7, r7, #8\n" MOTE_TAP("r5", "r6", "r7") MOTE_ADD_TAP MOTE_ADD_WORDS                           \
      "cmp r0, lr\n"                                                                                       \
      "bne 2b\n"                                                                                           \
      "b 4f\n"                                                                                             \
      "3:\n" /* two and two */                                                                             \
      "ldm r1!, {r7}\n"                                                                                    \
      "ldm r0!, {r3, r4, r5, r6}\n"                                                                        \
      "sxtb r2, r7\n" MOTE_TAP("r3", "r4", "r2") MOTE_NEXT_WEIGHT MOTE_TAP("r5", "r6", "r2")               \
          MOTE_ADD_TAP MOTE_ADD_WORDS "ldm r0!, {r3, r4, r5, r6}\n" MOTE_NEXT_WEIGHT MOTE_TAP(             \
              "r3", "r4", "r2") "asrs r7, r7, #8\n" MOTE_TAP("r5", "r6", "r7") MOTE_ADD_TAP MOTE_ADD_WORDS \
      "cmp r0, lr\n"                                                                                       \
      "bne 3b\n"                                                                                           \
      "4:\n"                                                                                               \
      "mov r3, r10\n"                                                                                      \
      "lsls r3, r3, #16\n"                                                                                 \
      "mov r4, r8\n"                                                                                       \
      "subs r4, r4, r3\n"                                                                                  \
      "mov r8, r4\n"                                                                                       \
      "mov r3, r11\n"                                                                                      \
      "lsls r3, r3, #16\n"                                                                                 \
      "mov r4, r9\n"                                                                                       \
      "subs r4, r4, r3\n"                                                                                  \
      "mov r9, r4\n"                                                                                       \
      "ldr r7, [sp]\n"                                                                                     \
      "str r1, [r7, #8]\n"
/* Two pixels: r10 and r8. */
#define MOTE_ADD_WORD  \
  "add r8, r3\n"       \
  "add r3, r12\n"      \
  "asrs r3, r3, #16\n" \
  "add r10, r3\n"
#define MOTE_CHANNEL_SUMS_OF_TWO                     \
  "ldr r0, [r7, #0]\n"                               \
  "ldr r1, [r7, #8]\n"                               \
  "movs r3, #0\n"                                    \
  "mov r8, r3\n"                                     \
  "mov r10, r3\n"                                    \
  "ldr r2, [r7, #20]\n"                              \
  "lsrs r2, r2, #1\n"                                \
  "str r2, [r7, #20]\n"                              \
  "bcc 3f\n"                                         \
  "2:\n" /* four taps */                             \
  "ldm r1!, {r7}\n"                                  \
  "ldm r0!, {r3, r4, r5, r6}\n"                      \
  "sxtb r2, r7\n"                                    \
  "muls r3, r2, r3\n" MOTE_NEXT_WEIGHT               \
  "muls r4, r2, r4\n"                                \
  "adds r3, r3, r4\n" MOTE_NEXT_WEIGHT               \
  "muls r5, r2, r5\n"                                \
  "adds r3, r3, r5\n"                                \
  "asrs r7, r7, #8\n"                                \
  "muls r6, r7, r6\n"                                \
  "adds r3, r3, r6\n" MOTE_ADD_WORD                  \
  "cmp r0, lr\n"                                     \
  "bne 2b\n"                                         \
  "b 4f\n"                                           \
  "3:\n" /* two and two */                           \
  "ldm r1!, {r7}\n"                                  \
  "ldm r0!, {r3, r4, r5, r6}\n"                      \
  "sxtb r2, r7\n"                                    \
  "muls r3, r2, r3\n" MOTE_NEXT_WEIGHT               \
  "muls r4, r2, r4\n"                                \
  "adds r3, r3, r4\n" MOTE_ADD_WORD MOTE_NEXT_WEIGHT \
  "muls r5, r2, r5\n"                                \
  "asrs r7, r7, #8\n"                                \
  "muls r6, r7, r6\n"                                \
  "adds r3, r5, r6\n" MOTE_ADD_WORD                  \
  "cmp r0, lr\n"                                     \
  "bne 3b\n"                                         \
  "4:\n"                                             \
  "mov r3, r10\n"                                    \
  "lsls r3, r3, #16\n"                               \
  "mov r4, r8\n"                                     \
  "subs r4, r4, r3\n"                                \
  "mov r8, r4\n"                                     \
  "ldr r7, [sp]\n"                                   \
  "str r1, [r7, #8]\n"
#define MOTE_TILE_BEGIN \
  "push {r0}\n"         \
  "ldr r3, [r0, #4]\n"  \
  "mov lr, r3\n"        \
  "movs r3, #1\n"       \
  "lsls r3, r3, #15\n"  \
  "mov r12, r3\n"       \
  "movs r7, r0\n"       \
  "1:\n"
#define MOTE_TILE_END   \
  "ldr r7, [sp]\n"      \
  "ldr r3, [r7, #16]\n" \
  "subs r3, r3, #1\n"   \
  "str r3, [r7, #16]\n" \
  "beq 6f\n"            \
  "b 1b\n"              \
  "6:\n"                \
  "pop {r0}\n"

/* r3 becomes a code at r0: m0, m1, C in r4, r5, r6, k and s in r1 and r2. */
#define MOTE_STORE_CODE \
  "movs r7, r3\n"       \
  "muls r7, r4, r7\n"   \
  "asrs r7, r7, r1\n"   \
  "muls r3, r5, r3\n"   \
  "adds r3, r3, r7\n"   \
  "adds r3, r3, r6\n"   \
  "asrs r3, r3, r2\n"   \
  "lsrs r7, r3, #8\n"   \
  "beq 5f\n"            \
  "asrs r3, r3, #31\n"  \
  "mvns r3, r3\n"       \
  "5:\n"                \
  "subs r3, r3, #128\n" \
  "strb r3, [r0]\n"

/* Of the channel at hand, for MOTE_STORE_CODE of r10's sum; what is from pixel to pixel to r10. */
#define MOTE_CODE_CONSTANTS                  \
  "ldr r2, [r7, #12]\n"                      \
  "ldm r2!, {r4, r5, r6}\n"                  \
  "str r2, [r7, #12]\n"                      \
  "ldr r0, [r7, #24]\n"                      \
  "adds r2, r0, #1\n"                        \
  "str r2, [r7, #24]\n"                      \
  "mov r3, r10\n"                            \
  "ldr r1, [r7, #28]\n"                      \
  "mov r10, r1\n"                            \
  "ldr r2, [r7, #32]\n"                      \
  "movs r1, r5\n" /* its lowest byte is k */ \
  "asrs r5, r5, #8\n"

/* Codes. `tile` is used up. */
MOTE_THUMB1_FUNCTION void GemmCodesThumb1(GemmTileThumb1*) {
  asm volatile(MOTE_THUMB1_BEGIN MOTE_TILE_BEGIN MOTE_CHANNEL_SUMS MOTE_CODE_CONSTANTS MOTE_STORE_CODE
               "add r0, r10\n"
               "mov r3, r8\n" MOTE_STORE_CODE
               "add r0, r10\n"
               "mov r3, r11\n" MOTE_STORE_CODE
               "add r0, r10\n"
               "mov r3, r9\n" MOTE_STORE_CODE MOTE_TILE_END MOTE_THUMB1_END);
}

/* Codes of two pixels. */
MOTE_THUMB1_FUNCTION void GemmCodesOfTwoThumb1(GemmTileThumb1*) {
  asm volatile(MOTE_THUMB1_BEGIN MOTE_TILE_BEGIN MOTE_CHANNEL_SUMS_OF_TWO MOTE_CODE_CONSTANTS MOTE_STORE_CODE
               "add r0, r10\n"
               "mov r3, r8\n" MOTE_STORE_CODE MOTE_TILE_END MOTE_THUMB1_END);
}

/* Sums, to output as int32_t. */
MOTE_THUMB1_FUNCTION void GemmSumsThumb1(GemmTileThumb1*) {
  asm volatile(MOTE_THUMB1_BEGIN MOTE_TILE_BEGIN MOTE_CHANNEL_SUMS
               "ldr r0, [r7, #24]\n"
               "adds r2, r0, #4\n"
               "str r2, [r7, #24]\n"
               "ldr r1, [r7, #28]\n"
               "mov r3, r10\n"
               "str r3, [r0]\n"
               "mov r3, r8\n"
               "str r3, [r0, r1]\n"
               "adds r0, r0, r1\n"
               "adds r0, r0, r1\n"
               "mov r3, r11\n"
               "str r3, [r0]\n"
               "mov r3, r9\n"
               "str r3, [r0, r1]\n" MOTE_TILE_END MOTE_THUMB1_END);
}

#undef MOTE_TAP
#undef MOTE_ADD_TAP
#undef MOTE_NEXT_WEIGHT
#undef MOTE_ADD_WORDS
#undef MOTE_CHANNEL_SUMS
#undef MOTE_ADD_WORD
#undef MOTE_CHANNEL_SUMS_OF_TWO
#undef MOTE_CODE_CONSTANTS
#undef MOTE_TILE_BEGIN
#undef MOTE_TILE_END
#undef MOTE_STORE_CODE

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_GEMM_THUMB1_H_
