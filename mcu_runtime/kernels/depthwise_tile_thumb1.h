/* DepthwiseTileOf<4> (depthwise_tile.h) for ARMv6-M: 6.5 instructions a product. */
#ifndef MOTE_MCU_RUNTIME_KERNELS_DEPTHWISE_TILE_THUMB1_H_
#define MOTE_MCU_RUNTIME_KERNELS_DEPTHWISE_TILE_THUMB1_H_

#include "mcu_runtime/kernels/depthwise_tile.h"
#include "mcu_runtime/kernels/thumb1_frame.h"

namespace mote::device {

/* One channel of a tap: x in r0, w in r1, -z in r12. */
#define MOTE_CHANNEL(index, sum) \
  "ldrsb r2, [r0, " index        \
  "]\n"                          \
  "ldrsb r3, [r1, " index        \
  "]\n"                          \
  "add r2, r12\n"                \
  "muls r2, r3, r2\n"            \
  "add " sum ", r2\n"

/* r0 = taps, r1 = x, r2 = w, r3 = sums. Of DepthwiseTaps, words 0 to 6: rows, columns, x_step, w_step, x_row, w_row, z.
 */
template <>
MOTE_THUMB1_FUNCTION void DepthwiseTileOf<4>(const DepthwiseTaps&, const int8_t*, const int8_t*, int32_t*) {
  asm volatile(MOTE_THUMB1_BEGIN
               "movs r4, r0\n"
               "movs r0, r1\n"
               "movs r1, r2\n"
               "ldr r5, [r4, #0]\n"
               "ldr r6, [r4, #4]\n"
               "ldr r7, [r4, #12]\n"
               "muls r6, r7, r6\n"
               "push {r3, r4, r5, r6, r7}\n" /* sums, taps, rows to go, bytes of a row of weights, w_step */
               "movs r7, #0\n"
               "mov r8, r7\n"
               "mov r9, r7\n"
               "mov r10, r7\n"
               "mov r11, r7\n"
               "muls r5, r6, r5\n"
               "beq 3f\n" /* no taps */
               "ldr r5, [r4, #24]\n"
               "negs r5, r5\n"
               "mov r12, r5\n"
               "ldr r5, [r4, #8]\n"
               "mov lr, r5\n" /* x_step */
               "movs r4, #0\n"
               "movs r5, #1\n"
               "movs r6, #2\n"
               "movs r7, #3\n"
               "1:\n" /* a row */
               "ldr r2, [sp, #12]\n"
               "adds r2, r2, r1\n"
               "push {r2}\n" /* the end of its weights */
               "2:\n" MOTE_CHANNEL("r4", "r8") MOTE_CHANNEL("r5", "r9") MOTE_CHANNEL("r6", "r10")
                   MOTE_CHANNEL("r7", "r11") /**/
               "add r0, lr\n"
               "ldr r2, [sp, #20]\n"
               "adds r1, r1, r2\n"
               "ldr r2, [sp, #0]\n"
               "cmp r1, r2\n"
               "bne 2b\n"
               "pop {r2}\n"
               "ldr r2, [sp, #4]\n"
               "ldr r3, [r2, #16]\n"
               "adds r0, r0, r3\n"
               "ldr r3, [r2, #20]\n"
               "adds r1, r1, r3\n"
               "ldr r2, [sp, #8]\n"
               "subs r2, r2, #1\n"
               "str r2, [sp, #8]\n"
               "bne 1b\n"
               "3:\n"
               "pop {r3}\n"
               "add sp, #16\n"
               "mov r4, r8\n"
               "mov r5, r9\n"
               "mov r6, r10\n"
               "mov r7, r11\n"
               "stm r3!, {r4, r5, r6, r7}\n" MOTE_THUMB1_END);
}

#undef MOTE_CHANNEL

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_DEPTHWISE_TILE_THUMB1_H_
