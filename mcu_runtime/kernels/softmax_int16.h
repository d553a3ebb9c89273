/* SOFTMAX of int16, by two tables of 513 values with straight lines between:
 *
 *   d = clamp(requantize(x - max, beta * s_in / (10 / 65535)) + 32767, -32768, 32767)
 *   e = Exp(d), the table of exp from -10 to 0               Q0.15
 *   S = sum of e over the row
 *   output = clamp(round(e * R / 2^(31 - l)), 0, 32767)      l: leading zero bits of S as 32 bits
 *
 * where R = Reciprocal(clamp(round(S * 2^(l - 1) / 2^14) - 2^15 - 2^16, -32768, 32767)), the table of 1 / (1 + a) for a
 * from 0 to 1. Roundings are halves up.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_SOFTMAX_INT16_H_
#define MOTE_MCU_RUNTIME_KERNELS_SOFTMAX_INT16_H_

#include "mcu_runtime/kernels/codes.h"
#include "mcu_runtime/kernels/requantize.h"

namespace mote::device {

/* A function on the int16 codes: 512 steps of 128 codes. */
struct Int16Table {
  int16_t values[513];

  int32_t At(int32_t code) const {
    const int16_t* entry = values + 256 + (code >> 7);
    return entry[0] + (((entry[1] - entry[0]) * (code & 127) + 64) >> 7);
  }
};

/* The tables are made when this is compiled, in the float32 steps that the reference takes; no floating point is left
 * in the program. Values at the ends of a step, corrected by half of what the line between them lacks in the middle. */
constexpr float RoundFloat(float x) {
  return static_cast<float>(static_cast<int32_t>(x < 0 ? static_cast<double>(x) - 0.5 : static_cast<double>(x) + 0.5));
}

template <typename Function>
constexpr Int16Table MakeInt16Table(float begin, float end, Function function) {
  const float step = (end - begin) / 512;
  const float half_step = step / 2;
  const float unit = 2.0f / 65535;
  const float scale = 65536 / (unit * 32767 - unit * -32768);
  Int16Table table{};
  for (int32_t i = 0; i <= 512; ++i) {
    const float here = i < 512 ? begin + static_cast<float>(i) * step : end;
    float value = RoundFloat(function(here) * scale);
    if (i < 512) {
      const float next = function(begin + static_cast<float>(i + 1) * step);
      const float line = RoundFloat((next * scale + value) / 2);
      const float middle = RoundFloat(function(here + half_step) * scale);
      value -= RoundFloat((line - middle) / 2);
    }
    table.values[i] = static_cast<int16_t>(value < 32767 ? value : 32767);
  }
  return table;
}

/* exp by its series, after halving the argument 2^5 times. */
constexpr float ExpForTable(float x) {
  double term = 1;
  double root = 1;
  for (int k = 1; k < 20; ++k) {
    term *= static_cast<double>(x) / 32 / k;
    root += term;
  }
  for (int k = 0; k < 5; ++k) root *= root;
  return static_cast<float>(root);
}

constexpr float ReciprocalForTable(float x) { return 1.0f / (1.0f + x); }

inline constexpr Int16Table kExpTable = MakeInt16Table(10.0f / 65535 * -65535, 10.0f / 65535 * 0, ExpForTable);
inline constexpr Int16Table kReciprocalTable =
    MakeInt16Table(1.0f / 65535 * 0, 1.0f / 65535 * 65535, ReciprocalForTable);

struct SoftmaxInt16Params {
  int32_t rows;
  int32_t depth;         /* at most 65535: the sum is then within int32 */
  Multiplier multiplier; /* exponent at most 15: 65535 * 2^15 is within int32 */
};

inline int32_t ClampToInt16Codes(int32_t x) { return x < -32768 ? -32768 : x > 32767 ? 32767 : x; }

/* `output` may be the input; `input` may be unaligned. */
inline void SoftmaxInt16(const SoftmaxInt16Params& p, const void* input, int16_t* output) {
  for (int32_t row = 0; row < p.rows * p.depth; row += p.depth, output += p.depth) {
    int32_t max = -32768;
    for (int32_t i = 0; i < p.depth; ++i) {
      const int32_t x = LoadCode<int16_t>(input, row + i);
      max = x > max ? x : max;
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < p.depth; ++i) {
      const int32_t e =
          kExpTable.At(ClampToInt16Codes(Requantize(LoadCode<int16_t>(input, row + i) - max, p.multiplier) + 32767));
      sum += e;
      output[i] = static_cast<int16_t>(e);
    }
    int32_t shift = 30; /* the sum has 31 - l bits but one; it is at least exp(0) = 32767 */
    while (sum >> shift == 0) --shift;
    const int64_t mantissa = static_cast<int64_t>(sum) << (30 - shift);
    const int32_t over = static_cast<int32_t>((mantissa + (1 << 13)) >> 14) - (1 << 15) - (1 << 16);
    const int32_t reciprocal = kReciprocalTable.At(ClampToInt16Codes(over));
    for (int32_t i = 0; i < p.depth; ++i) {
      const int64_t product = static_cast<int64_t>(output[i]) * reciprocal;
      const int64_t code = (product + (int64_t{1} << (shift - 1))) >> shift;
      output[i] = static_cast<int16_t>(code < 0 ? 0 : code > 32767 ? 32767 : code);
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_SOFTMAX_INT16_H_
