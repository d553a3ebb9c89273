/* Functions in assembly for ARMv6-M that use all registers: what they begin and end with. 36 bytes of stack. */
#ifndef MOTE_MCU_RUNTIME_KERNELS_THUMB1_FRAME_H_
#define MOTE_MCU_RUNTIME_KERNELS_THUMB1_FRAME_H_

#define MOTE_THUMB1_FUNCTION __attribute__((naked, noinline)) inline

#define MOTE_THUMB1_BEGIN       \
  ".syntax unified\n"           \
  "push {r4, r5, r6, r7, lr}\n" \
  "mov r4, r8\n"                \
  "mov r5, r9\n"                \
  "mov r6, r10\n"               \
  "mov r7, r11\n"               \
  "push {r4, r5, r6, r7}\n"

#define MOTE_THUMB1_END    \
  "pop {r4, r5, r6, r7}\n" \
  "mov r8, r4\n"           \
  "mov r9, r5\n"           \
  "mov r10, r6\n"          \
  "mov r11, r7\n"          \
  "pop {r4, r5, r6, r7, pc}\n"

#endif  // MOTE_MCU_RUNTIME_KERNELS_THUMB1_FRAME_H_
