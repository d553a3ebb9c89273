/* ADD and SUB of two int8 activations, on any core.
 *
 *   code + 128 = saturate((C + floor(A * a / 2^8) + floor(B * b / 2^8)) >> s)
 *
 * A, B, C and s are found and proved for all 65,536 pairs of codes when the model is compiled
 * (export/compiler/sum_of_two.h). No tables; the constants are three words a layer.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_ADD_H_
#define MOTE_MCU_RUNTIME_COMPILED_ADD_H_

#include <stdint.h>

namespace mote::compiled {

struct AddParams {
  int32_t channels;
  int32_t a; /* A, B, C */
  int32_t b;
  int32_t offset;
  int32_t min; /* of code + 128 */
  int32_t max;
};

/* floor(m * q / 2^8) for a code q: the product has up to 38 bits, its parts have not. */
inline int32_t ScaledCode(int32_t m, int32_t q) { return q * (m >> 8) + (q * (m & 255) >> 8); }

/* The output may be the first input. */
template <int kShift>
inline void Add(const AddParams& params, const uint8_t* const* inputs, int32_t pixels, uint8_t* output) {
  const AddParams p = params; /* in registers: stores might change what is behind a reference */
  const int8_t* a = reinterpret_cast<const int8_t*>(inputs[0]);
  const int8_t* b = reinterpret_cast<const int8_t*>(inputs[1]);
  for (const uint8_t* const end = output + pixels * p.channels; output != end; ++output) {
    int32_t code = (p.offset + ScaledCode(p.a, *a++) + ScaledCode(p.b, *b++)) >> kShift;
    if (code < p.min) code = p.min;
    if (code > p.max) code = p.max;
    *output = static_cast<uint8_t>(code - 128);
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_ADD_H_
