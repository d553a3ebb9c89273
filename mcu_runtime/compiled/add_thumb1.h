/* ADD and SUB of two int8 activations for ARMv6-M, by the formula of add.h: 24 instructions an element. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_ADD_THUMB1_H_
#define MOTE_MCU_RUNTIME_COMPILED_ADD_THUMB1_H_

#include <stdint.h>

#include "mcu_runtime/compiled/add.h"
#include "mcu_runtime/kernels/thumb1_frame.h"

namespace mote::compiled {

struct AddElementsThumb1 {
  int32_t low_a, high_a; /* A & 255 and A >> 8 */
  int32_t low_b, high_b;
  int32_t offset;
  int32_t right_shift;
  const uint8_t* a_end;
  const uint8_t* b_end;
  uint8_t* output_end;
  int32_t index; /* less the number of elements, not 0 */
};

MOTE_THUMB1_FUNCTION void AddCodesThumb1(const AddElementsThumb1*) {
  asm volatile(MOTE_THUMB1_BEGIN
               "ldm r0!, {r1, r2, r3, r4, r5, r6}\n"
               "mov r8, r1\n"
               "mov r9, r2\n"
               "mov r10, r3\n"
               "mov r11, r4\n"
               "mov r12, r5\n"
               "mov lr, r6\n"
               "ldm r0, {r0, r1, r2, r3}\n"
               "1:\n"
               "ldrsb r4, [r0, r3]\n"
               "ldrsb r5, [r1, r3]\n"
               "mov r6, r8\n"
               "muls r6, r4, r6\n"
               "asrs r6, r6, #8\n"
               "mov r7, r9\n"
               "muls r4, r7, r4\n"
               "adds r4, r4, r6\n"
               "mov r6, r10\n"
               "muls r6, r5, r6\n"
               "asrs r6, r6, #8\n"
               "mov r7, r11\n"
               "muls r5, r7, r5\n"
               "adds r4, r4, r5\n"
               "adds r4, r4, r6\n"
               "add r4, r12\n"
               "mov r7, lr\n"
               "asrs r4, r4, r7\n"
               "lsrs r6, r4, #8\n"
               "beq 2f\n"
               "asrs r4, r4, #31\n"
               "mvns r4, r4\n"
               "2:\n"
               "subs r4, r4, #128\n"
               "strb r4, [r2, r3]\n"
               "adds r3, r3, #1\n"
               "bne 1b\n" MOTE_THUMB1_END);
}

/* KernelForm::kPixels. The output may be the first input. For sums that need no clamp but to 0 and 255. */
template <int kShift>
void AddThumb1(const AddParams& p, const uint8_t* const* inputs, int32_t pixels, uint8_t* output) {
  const int32_t count = pixels * p.channels;
  const AddElementsThumb1 elements = {p.a & 255, p.a >> 8,          p.b & 255,         p.b >> 8,       p.offset,
                                      kShift,    inputs[0] + count, inputs[1] + count, output + count, -count};
  AddCodesThumb1(&elements);
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_ADD_THUMB1_H_
