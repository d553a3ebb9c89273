/* ADD and SUB of int8 on Helium: one line of both codes,
 *
 *   output = clamp(saturate(floor((a * x + b * y + c + RoundingMve(shift)) / 2^shift)))
 *
 * whose constants are proved over all 65536 pairs of codes (export/compiler/requantization_mve.h).
 *
 * Instructions: 14 for eight elements (4 more with a clamp), 20 for up to seven that are left.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_ADD_MVE_H_
#define MOTE_MCU_RUNTIME_COMPILED_ADD_MVE_H_

#include <stdint.h>

#include "mcu_runtime/compiled/requantization_mve.h"

namespace mote::compiled {

struct AddMveParams {
  int32_t a;
  int32_t b;
  int32_t c;
  int32_t min; /* of the output's codes, where they are clamped */
  int32_t max;
};

/* `count` elements at any addresses, `output` may be one of the inputs. */
template <int kShift, bool kClamp>
__attribute__((noinline)) void AddMve(const AddMveParams& p, const int8_t* x, const int8_t* y, int8_t* output,
                                      int32_t count) {
  /* The two narrowings put codes of the two vectors alternately. */
  static constexpr uint16_t kOrder[8] = {0, 4, 1, 5, 2, 6, 3, 7};
  asm volatile(
      "vldrh.u16 q7, [%[order]]\n"
      "vdup.32 q6, %[a]\n"
      ".if %c[clamp]\n vdup.8 q4, %[min]\n vdup.8 q5, %[max]\n .endif\n"
      ".macro mote_codes%=\n"
      "vmlas.s32 q0, q6, %[c]\n"
      "vmla.s32 q0, q2, %[b]\n"
      "vmlas.s32 q1, q6, %[c]\n"
      "vmla.s32 q1, q3, %[b]\n"
      "vqrshrnb.s32 q0, q0, #%c[first_shift]\n"
      "vqrshrnt.s32 q0, q1, #%c[first_shift]\n"
      "vqrshrnb.s16 q0, q0, #%c[second_shift]\n"
      ".if %c[clamp]\n vmax.s8 q0, q0, q4\n vmin.s8 q0, q0, q5\n .endif\n"
      ".endm\n"
      "lsrs lr, %[count], #3\n"
      "wls lr, lr, 2f\n"
      "1:\n"
      "vldrb.s32 q0, [%[x]], #4\n"
      "vldrb.s32 q2, [%[y]], #4\n"
      "vldrb.s32 q1, [%[x]], #4\n"
      "vldrb.s32 q3, [%[y]], #4\n"
      "mote_codes%=\n"
      "vstrb.16 q0, [%[output], q7]\n"
      "add %[output], #8\n"
      "le lr, 1b\n"
      "2:\n"
      /* Up to seven more: four at most to q0, the others to q1. */
      "ands %[count], %[count], #7\n"
      "beq 3f\n"
      "vctp.32 %[count]\n"
      "vpstt\n"
      "vldrbt.s32 q0, [%[x]], #4\n"
      "vldrbt.s32 q2, [%[y]], #4\n"
      "subs lr, %[count], #4\n"
      "it mi\n"
      "movmi lr, #0\n"
      "vctp.32 lr\n"
      "vpstt\n"
      "vldrbt.s32 q1, [%[x]]\n"
      "vldrbt.s32 q3, [%[y]]\n"
      "mote_codes%=\n"
      "vpt.s16 lt, q7, %[count]\n"
      "vstrbt.16 q0, [%[output], q7]\n"
      "3:\n"
      : [x] "+l"(x), [y] "+l"(y), [output] "+l"(output), [count] "+l"(count)
      : [order] "r"(kOrder), [a] "r"(p.a), [b] "r"(p.b), [c] "r"(p.c), [min] "r"(p.min), [max] "r"(p.max),
        [clamp] "i"(kClamp), [first_shift] "i"(FirstShiftMve(kShift)), [second_shift] "i"(SecondShiftMve(kShift))
      : "lr", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "cc", "memory");
}

struct AddPixelsMveParams {
  AddMveParams sum;
  int32_t channels;
};

template <int kShift, bool kClamp>
void AddPixelsMve(const AddPixelsMveParams& p, const uint8_t* const* inputs, int32_t pixels, uint8_t* output) {
  AddMve<kShift, kClamp>(p.sum, reinterpret_cast<const int8_t*>(inputs[0]), reinterpret_cast<const int8_t*>(inputs[1]),
                         reinterpret_cast<int8_t*>(output), pixels * p.channels);
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_ADD_MVE_H_
