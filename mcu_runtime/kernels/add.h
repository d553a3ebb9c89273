/* ADD, plain. Both inputs are brought to the scale 2 * max(s1, s2) / 2^20, added, and requantized once:
 *
 *   r_k = requantize((x_k - z_k) * 2^20, s_k / (2 * max(s1, s2)))          k = 1, 2
 *   output = clamp(z_out + requantize(r_1 + r_2, 2 * max(s1, s2) / (2^20 * s_out)))
 *
 * |r_1 + r_2| <= 255 * 2^20, so that nothing leaves 32 bits. The last multiplier is under 1 (the reader checks it).
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_ADD_H_
#define MOTE_MCU_RUNTIME_KERNELS_ADD_H_

#include "mcu_runtime/kernels/requantize.h"

namespace mote::device {

struct AddInput {
  int32_t zero_point;
  Multiplier multiplier;
};

struct AddParams {
  AddInput a;
  AddInput b;
  Multiplier output_multiplier;
  OutputRange output;
};

inline int32_t AddTerm(int8_t code, const AddInput& input) {
  return Requantize((code - input.zero_point) * (int32_t{1} << 20), input.multiplier);
}

inline int8_t AddCodes(int8_t a, int8_t b, const AddParams& p) {
  return RequantizeToInt8(AddTerm(a, p.a) + AddTerm(b, p.b), p.output_multiplier, p.output);
}

/* Equal shapes. `output` may be one of the inputs. */
inline void Add(const AddParams& p, int32_t count, const int8_t* a, const int8_t* b, int8_t* output) {
  for (int32_t i = 0; i < count; ++i) output[i] = AddCodes(a[i], b[i], p);
}

/* Broadcast: six axes (leading ones of size 1 added), a step of 0 along an axis that an input repeats. `output` may be
 * an input that repeats nothing. */
struct BroadcastShape {
  int32_t size[6];
  int32_t step_a[6];
  int32_t step_b[6];
};

inline void AddBroadcast(const AddParams& p, const BroadcastShape& s, const int8_t* a, const int8_t* b,
                         int8_t* output) {
  int32_t index[6] = {};
  int32_t at_a = 0;
  int32_t at_b = 0;
  for (;;) {
    *output++ = AddCodes(a[at_a], b[at_b], p);
    int32_t axis = 5;
    for (; axis >= 0; --axis) {
      at_a += s.step_a[axis];
      at_b += s.step_b[axis];
      if (++index[axis] < s.size[axis]) break;
      at_a -= s.step_a[axis] * s.size[axis];
      at_b -= s.step_b[axis] * s.size[axis];
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_ADD_H_
