/* MEAN, SUM and REDUCE_MAX over any set of axes, plain. Over the n elements that make one of the output:
 *
 *   sum:  clamp(z_out + requantize(sum of q - n * z_in, s_in / s_out))
 *   mean: the same, the multiplier's mantissa divided by n (docs/arithmetic.md)
 *   max:  max of q
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_REDUCE_H_
#define MOTE_MCU_RUNTIME_KERNELS_REDUCE_H_

#include "mcu_runtime/kernels/codes.h"
#include "mcu_runtime/kernels/requantize.h"

namespace mote::device {

/* Neighbouring axes that are both reduced or both kept are one: of six, at most three remain of each. The innermost
 * last; where there are fewer, size 1. Steps in elements of the input. */
struct ReduceShape {
  struct Axis {
    int32_t size;
    int32_t step;
  };
  Axis kept[3];
  Axis reduced[3];
};

struct SumParams {
  int32_t zero_points; /* n * z_in */
  Multiplier multiplier;
  OutputRange output;
};

struct SumOf {
  using Params = SumParams;
  int32_t sum = 0;
  void Take(int32_t code) { sum += code; }
  int32_t Result(const Params& p) const {
    const int32_t code = Requantize(sum - p.zero_points, p.multiplier) + p.output.zero_point;
    return code < p.output.min ? p.output.min : code > p.output.max ? p.output.max : code;
  }
};

struct LargestOf {
  struct Params {};
  int32_t max = INT16_MIN;
  void Take(int32_t code) { max = code > max ? code : max; }
  int32_t Result(const Params&) const { return max; }
};

template <typename Reduction, typename T>
inline void Reduce(const typename Reduction::Params& p, const ReduceShape& s, const T* input, T* output) {
  int32_t k[3];
  int32_t r[3];
  for (k[0] = 0; k[0] < s.kept[0].size; ++k[0]) {
    for (k[1] = 0; k[1] < s.kept[1].size; ++k[1]) {
      for (k[2] = 0; k[2] < s.kept[2].size; ++k[2]) {
        const T* first = input + k[0] * s.kept[0].step + k[1] * s.kept[1].step + k[2] * s.kept[2].step;
        Reduction reduction;
        for (r[0] = 0; r[0] < s.reduced[0].size; ++r[0]) {
          for (r[1] = 0; r[1] < s.reduced[1].size; ++r[1]) {
            const T* line = first + r[0] * s.reduced[0].step + r[1] * s.reduced[1].step;
            for (r[2] = 0; r[2] < s.reduced[2].size; ++r[2]) {
              reduction.Take(LoadUnaligned<T>(line));
              line += s.reduced[2].step;
            }
          }
        }
        *output++ = static_cast<T>(reduction.Result(p));
      }
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_REDUCE_H_
