/* The functions of packed_products.h for ARMv6-M: 2.5 instructions a product. GCC keeps running totals on the stack;
 * here they stand in the upper registers, where additions reach them.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_PACKED_PRODUCTS_THUMB1_H_
#define MOTE_MCU_RUNTIME_KERNELS_PACKED_PRODUCTS_THUMB1_H_

#include <stdint.h>

#include "mcu_runtime/kernels/thumb1_frame.h"

namespace mote::device {

/* r0 = x, r1 = first, r2 = n, r3 = packed. */
MOTE_THUMB1_FUNCTION void PackPixels(const int8_t* const*, int32_t, int32_t, uint32_t*) {
  asm volatile(
      ".syntax unified\n"
      "push {r4, r5, r6, r7, lr}\n"
      "ldm r0!, {r4, r5, r6, r7}\n"
      "adds r1, r1, r2\n"
      "adds r4, r4, r1\n" /* the ends of the taps, and an index that rises to 0 */
      "adds r5, r5, r1\n"
      "adds r6, r6, r1\n"
      "adds r7, r7, r1\n"
      "negs r2, r2\n"
      "1:\n"
      "ldrsb r0, [r4, r2]\n"
      "ldrsb r1, [r5, r2]\n"
      "lsls r0, r0, #16\n"
      "adds r0, r0, r1\n"
      "negs r0, r0\n"
      "stm r3!, {r0}\n"
      "ldrsb r0, [r6, r2]\n"
      "ldrsb r1, [r7, r2]\n"
      "lsls r0, r0, #16\n"
      "adds r0, r0, r1\n"
      "negs r0, r0\n"
      "stm r3!, {r0}\n"
      "adds r2, r2, #1\n"
      "bne 1b\n"
      "pop {r4, r5, r6, r7, pc}\n");
}

/* The words of two taps in r3 to r6; r2 is a weight. */
#define MOTE_TWO_TAPS(first, second) \
  "ldm r0!, {r3, r4, r5, r6}\n"      \
  "ldrb r2, [r1, #" first            \
  "]\n"                              \
  "sxtb r2, r2\n"                    \
  "muls r3, r2, r3\n"                \
  "muls r4, r2, r4\n"                \
  "ldrb r2, [r1, #" second           \
  "]\n"                              \
  "sxtb r2, r2\n"                    \
  "muls r5, r2, r5\n"                \
  "muls r6, r2, r6\n"                \
  "adds r3, r3, r5\n"                \
  "adds r4, r4, r6\n" MOTE_ADD_WORDS
/* T in r8 and r9, A in r10 and r11; r7 = 2^15. */
#define MOTE_ADD_WORDS \
  "add r8, r3\n"       \
  "add r9, r4\n"       \
  "adds r3, r3, r7\n"  \
  "adds r4, r4, r7\n"  \
  "asrs r3, r3, #16\n" \
  "asrs r4, r4, #16\n" \
  "add r10, r3\n"      \
  "add r11, r4\n"
/* The two sums to r0 and r0 + r1. */
#define MOTE_STORE_SUMS(total, upper) \
  "mov r4, " upper                    \
  "\n"                                \
  "mov r5, " total                    \
  "\n"                                \
  "negs r3, r4\n"                     \
  "str r3, [r0]\n"                    \
  "lsls r4, r4, #16\n"                \
  "subs r4, r4, r5\n"                 \
  "str r4, [r0, r1]\n"

/* r0 = packed, r1 = w, r2 = n, r3 = sums, on the stack: step. */
MOTE_THUMB1_FUNCTION void SumPackedProducts(const uint32_t*, const int8_t*, int32_t, int32_t*, int32_t) {
  asm volatile(MOTE_THUMB1_BEGIN
               "push {r3}\n"
               "lsls r3, r2, #3\n"
               "adds r3, r3, r0\n"
               "mov lr, r3\n" /* the end of the words */
               "lsrs r2, r2, #2\n"
               "lsls r2, r2, #5\n"
               "adds r2, r2, r0\n"
               "mov r12, r2\n" /* the end of those that come in fours of taps */
               "movs r3, #0\n"
               "mov r8, r3\n"
               "mov r9, r3\n"
               "mov r10, r3\n"
               "mov r11, r3\n"
               "movs r7, #1\n"
               "lsls r7, r7, #15\n"
               "b 2f\n"
               "1:\n" MOTE_TWO_TAPS("0", "1") MOTE_TWO_TAPS("2", "3") /**/
               "adds r1, r1, #4\n"
               "2:\n"
               "cmp r0, r12\n"
               "bne 1b\n"
               "b 4f\n"
               "3:\n" /* one by one */
               "ldm r0!, {r3, r4}\n"
               "ldrb r2, [r1]\n"
               "sxtb r2, r2\n"
               "muls r3, r2, r3\n"
               "muls r4, r2, r4\n" MOTE_ADD_WORDS
               "adds r1, r1, #1\n"
               "4:\n"
               "cmp r0, lr\n"
               "bne 3b\n"
               "pop {r0}\n"
               "ldr r1, [sp, #36]\n"
               "lsls r1, r1, #2\n" MOTE_STORE_SUMS("r8", "r10")
               "lsls r2, r1, #1\n"
               "adds r0, r0, r2\n" MOTE_STORE_SUMS("r9", "r11") MOTE_THUMB1_END);
}

#undef MOTE_TWO_TAPS
#undef MOTE_ADD_WORDS
#undef MOTE_STORE_SUMS

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_PACKED_PRODUCTS_THUMB1_H_
