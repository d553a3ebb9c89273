/* StoreCodes (tiles.h) for ARMv6-M: 40 instructions a code. What is shifted out last is in the carry, so that an
 * addition with carry rounds halves up.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_STORE_CODES_THUMB1_H_
#define MOTE_MCU_RUNTIME_KERNELS_STORE_CODES_THUMB1_H_

#include <stdint.h>

#include "mcu_runtime/kernels/requantize.h"
#include "mcu_runtime/kernels/thumb1_frame.h"

namespace mote::device {

/* Stores codes up to the first whose exponent is over -2; returns their number. r0 = sums, r1 = terms, r2 = count, r3 =
 * range, on the stack: output. a and the mantissa b are split as in HighFactor<false>: h = 2 a1 b1 + (a1 b0 + a0 b1 +
 * (a0 b0 >> 16) + 2^14 >> 15). */
MOTE_THUMB1_FUNCTION int32_t StoreUsualCodes(const int32_t*, const ChannelTerms*, int32_t, const OutputRange&,
                                             int8_t*) {
  asm volatile(MOTE_THUMB1_BEGIN
               "ldm r3!, {r4, r5, r6}\n"
               "mov r10, r4\n" /* zero point */
               "mov r11, r5\n" /* min */
               "mov r12, r6\n" /* max */
               "ldr r4, [sp, #36]\n"
               "mov r9, r4\n" /* output */
               "mov r8, r4\n"
               "add r8, r2\n" /* its end */
               "mov lr, r4\n"
               "b 4f\n"
               "1:\n"
               "ldm r1!, {r3, r4, r5}\n" /* bias, b, -k */
               "negs r5, r5\n"
               "cmp r5, #1\n"
               "ble 5f\n"
               "ldm r0!, {r2}\n"
               "adds r2, r2, r3\n" /* a */
               "movs r7, #0\n"
               "sxth r3, r4\n" /* b0 */
               "asrs r4, r4, #16\n"
               "adcs r4, r4, r7\n" /* b1 */
               "sxth r6, r2\n"     /* a0 */
               "asrs r2, r2, #16\n"
               "adcs r2, r2, r7\n" /* a1 */
               "movs r7, r6\n"
               "muls r7, r3, r7\n"
               "asrs r7, r7, #16\n"
               "muls r6, r4, r6\n"
               "adds r7, r7, r6\n"
               "muls r3, r2, r3\n"
               "adds r7, r7, r3\n"
               "muls r2, r4, r2\n"
               "lsls r2, r2, #1\n"
               "asrs r7, r7, #15\n"
               "adcs r2, r2, r7\n" /* h */
               "asrs r7, r2, #31\n"
               "adds r2, r2, r7\n" /* halves away from zero */
               "movs r7, #0\n"
               "asrs r2, r2, r5\n"
               "adcs r2, r2, r7\n"
               "add r2, r10\n"
               "cmp r2, r11\n"
               "bge 2f\n"
               "mov r2, r11\n"
               "2:\n"
               "cmp r2, r12\n"
               "ble 3f\n"
               "mov r2, r12\n"
               "3:\n"
               "mov r7, r9\n"
               "strb r2, [r7]\n"
               "adds r7, r7, #1\n"
               "mov r9, r7\n"
               "4:\n"
               "cmp r9, r8\n"
               "bne 1b\n"
               "5:\n"
               "mov r0, r9\n"
               "mov r1, lr\n"
               "subs r0, r0, r1\n" MOTE_THUMB1_END);
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_STORE_CODES_THUMB1_H_
