/* FULLY_CONNECTED on one row for ARMv6-M, two products by one multiplication: 2.8 instructions a product.
 *
 * Codes are held as x = q + 128, weights as u = w + 64 in 7 bits. Of two codes and two weights
 *   (65536 u1 + u0) * (65536 x0 + x1) = 65536 (u0 x0 + u1 x1) + u0 x1   modulo 2^32
 * whose halves do not meet: u0 x1 is under 2^16, and so are both products together. The few weights that 7 bits do not
 * hold stand in a list with what is left of them.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_FULLY_CONNECTED_THUMB1_H_
#define MOTE_MCU_RUNTIME_COMPILED_FULLY_CONNECTED_THUMB1_H_

#include <stdint.h>

#include "mcu_runtime/compiled/requantize_thumb1.h"
#include "mcu_runtime/kernels/thumb1_frame.h"

namespace mote::compiled {

struct DenseThumb1Params {
  const uint8_t* weights;   /* [output / 4][input / 2][two words]: bytes u of (a, k), (b, k), (a, k + 1), (b, k + 1) */
  const uint32_t* channels; /* m0, m1 << 8 | k, C of each; for sums its device::ChannelTerms */
  const uint32_t* extras;   /* input << 16 | (output % 4) << 8 | (what is left of the weight) & 255, by output / 4 */
  const uint8_t* extra_counts; /* of each four outputs */
  int32_t inputs;              /* a multiple of eight */
  int32_t outputs;             /* a multiple of four */
  int32_t right_shift;
  device::OutputRange range; /* for sums */
};

#define MOTE_TWO_OUTPUTS(word, a, b) \
  "movs r5, r6\n"                    \
  "ands r5, r5, " word               \
  "\n"                               \
  "lsrs " word ", " word             \
  ", #8\n"                           \
  "ands " word ", " word             \
  ", r6\n"                           \
  "muls r5, r2, r5\n"                \
  "muls " word ", r2, " word         \
  "\n"                               \
  "lsrs r5, r5, #16\n"               \
  "add " a                           \
  ", r5\n"                           \
  "lsrs " word ", " word             \
  ", #16\n"                          \
  "add " b ", " word "\n"
#define MOTE_TWO_INPUTS \
  "ldm r0!, {r2}\n"     \
  "ldm r1!, {r3, r4}\n" MOTE_TWO_OUTPUTS("r3", "r8", "r9") MOTE_TWO_OUTPUTS("r4", "r10", "r11")

/* r0 = codes, r1 = weights, r2 = the codes' end, r3 = four sums. */
MOTE_THUMB1_FUNCTION void DenseSumsThumb1(const uint32_t*, const uint8_t*, const uint32_t*, int32_t*) {
  asm volatile(MOTE_THUMB1_BEGIN
               "push {r3}\n"
               "mov lr, r2\n"
               "movs r6, #255\n"
               "lsls r5, r6, #16\n"
               "orrs r6, r6, r5\n"
               "movs r5, #0\n"
               "mov r8, r5\n"
               "mov r9, r5\n"
               "mov r10, r5\n"
               "mov r11, r5\n"
               "subs r2, r2, r0\n"
               "lsls r2, r2, #27\n" /* eight inputs over a multiple of sixteen: 16 bytes over one of 32 */
               "bmi 2f\n"
               "1:\n" MOTE_TWO_INPUTS MOTE_TWO_INPUTS MOTE_TWO_INPUTS MOTE_TWO_INPUTS /**/
               "2:\n" MOTE_TWO_INPUTS MOTE_TWO_INPUTS MOTE_TWO_INPUTS MOTE_TWO_INPUTS
               "cmp r0, lr\n"
               "beq 3f\n"
               "b 1b\n"
               "3:\n"
               "pop {r3}\n"
               "mov r4, r8\n"
               "mov r5, r9\n"
               "mov r6, r10\n"
               "mov r7, r11\n"
               "stm r3!, {r4, r5, r6, r7}\n" MOTE_THUMB1_END);
}

#undef MOTE_TWO_OUTPUTS
#undef MOTE_TWO_INPUTS

/* KernelForm::kVector. `scratch`: two bytes an input. */
template <bool kSums>
void DenseThumb1(const DenseThumb1Params& p, const uint8_t* input, uint8_t* output, uint8_t* scratch) {
  uint32_t* const codes = reinterpret_cast<uint32_t*>(scratch);
  uint32_t* const end = codes + p.inputs / 2;
  uint32_t total = 0;
  for (uint32_t* word = codes; word != end; input += 2) {
    const uint32_t first = input[0] ^ 128u, second = input[1] ^ 128u;
    total += first + second;
    *word++ = first << 16 | second;
  }
  const uint8_t* weights = p.weights;
  const uint32_t* channels = p.channels;
  const uint32_t* extra = p.extras;
  int32_t sums[16];
  int32_t held = 0;
  for (int32_t first = 0; first < p.outputs; first += 4, weights += 4 * p.inputs) {
    int32_t* const four = sums + held;
    DenseSumsThumb1(codes, weights, end, four);
    for (int32_t i = 0; i < 4; ++i) four[i] -= static_cast<int32_t>(total << 6);
    for (int32_t n = p.extra_counts[first / 4]; n > 0; --n, ++extra) {
      const uint32_t word = codes[*extra >> 17];
      const int32_t code = static_cast<int32_t>((*extra >> 16 & 1) != 0 ? word & 0xffff : word >> 16);
      four[*extra >> 8 & 3] += code * static_cast<int8_t>(*extra);
    }
    held += 4;
    if (held != 16 && first + 4 != p.outputs) continue;
    if (kSums) {
      StoreSumsThumb1(sums, channels, held, p.range, output);
    } else {
      for (int32_t i = 0; i < held; ++i) {
        output[i] = static_cast<uint8_t>(CodeOfSumThumb1(sums[i], channels + 3 * i, p.right_shift));
      }
    }
    channels += 3 * held;
    output += held;
    held = 0;
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_FULLY_CONNECTED_THUMB1_H_
