/* AVERAGE_POOL_2D and MAX_POOL_2D, plain. Input and output share scale and zero point, so that codes are averaged and
 * compared as they are; elements of the padding do not count.
 *
 *   average: clamp(round(sum / count)), half away from zero on the signed sum        maximum: clamp(max)
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_POOL_2D_H_
#define MOTE_MCU_RUNTIME_KERNELS_POOL_2D_H_

#include "mcu_runtime/kernels/codes.h"
#include "mcu_runtime/kernels/core.h"
#include "mcu_runtime/kernels/requantize.h"
#include "mcu_runtime/kernels/window.h"

namespace mote::device {

struct Pool2dParams {
  int32_t batches;
  int32_t channels;
  Window vertical; /* dilation 1 */
  Window horizontal;
  OutputRange output;
};

/* What a window's codes come to, taken one by one. `Count` is made once a window, from the number of its elements. */
struct AverageByProduct {
  /* With u = sum + 128 * n and h = n / 2, the rounded quotient is (u + h) / n - 128, rounding down; of a sum that is 0
   * or less (u + n - 1 - h) / n - 128, which is one less in the numerator where n is even.
   *
   * Small cores divide in a hundred instructions. These quotients of 8 bits are exact as products: with
   * r = ceil(2^24 / n) and u + h < 2^8 * n, the product with r / 2^24 is too large by less than (u + h) / 2^24 < 1 / n
   * while n < 2^8, and it is within 32 bits. */
  struct Count {
    explicit Count(int32_t elements)
        : n(static_cast<uint32_t>(elements)),
          begin(128 * n + n / 2),
          even(1 - (n & 1)),
          factor(n < 256 ? ((1u << 24) + n - 1) / n : 0) {}
    uint32_t n;
    uint32_t begin; /* what u + h is where the sum is 0 */
    uint32_t even;
    uint32_t factor; /* 0: divide */
  };
  AverageByProduct() = default;
  explicit AverageByProduct(const Count& count) : sum(count.begin) {}
  uint32_t sum;
  void Take(int32_t code) { sum += static_cast<uint32_t>(code); }
  int32_t Result(const Count& count) const {
    const uint32_t numerator = sum > count.begin ? sum : sum - count.even;
    return static_cast<int32_t>(count.factor != 0 ? numerator * count.factor >> 24 : numerator / count.n) - 128;
  }
};

struct AverageByDivision {
  struct Count {
    explicit Count(int32_t elements) : n(elements), half(elements >> 1) {}
    int32_t n;
    int32_t half;
  };
  AverageByDivision() = default;
  explicit AverageByDivision(const Count&) : sum(0) {}
  int32_t sum;
  void Take(int32_t code) { sum += code; }
  int32_t Result(const Count& count) const { return (sum > 0 ? sum + count.half : sum - count.half) / count.n; }
};

/* Of int8 as the core has it. */
template <bool kDivides>
struct AverageOn : AverageByProduct {
  using AverageByProduct::AverageByProduct;
};
template <>
struct AverageOn<true> : AverageByDivision {
  using AverageByDivision::AverageByDivision;
};

struct AverageOfInt8 : AverageOn<kHasDivide> {
  using AverageOn<kHasDivide>::AverageOn;
};
struct AverageOfInt16 : AverageByDivision {
  using AverageByDivision::AverageByDivision;
};

struct MaximumOf {
  struct Count {
    explicit Count(int32_t) {}
  };
  MaximumOf() = default;
  explicit MaximumOf(const Count&) : max(INT16_MIN) {}
  int32_t max;
  void Take(int32_t code) { max = code > max ? code : max; }
  int32_t Result(const Count&) const { return max; }
};

template <typename Reduction, typename T>
inline void Pool2d(const Pool2dParams& p, const T* input, T* output) {
  PatchWalk walk(p.vertical, p.horizontal, p.channels);
  for (int32_t left = p.batches * p.vertical.output * p.horizontal.output; left > 0; --left) {
    walk.Next();
    const typename Reduction::Count count(walk.rows.count * walk.columns.count);
    const T* corner = input + walk.at;
    for (const T* const end = corner + p.channels; corner != end; ++corner) {
      Reduction window(count);
      const T* line = corner;
      for (int32_t y = walk.rows.count; y > 0; --y, line += walk.row_step) {
        const T* at = line;
        for (int32_t x = walk.columns.count; x > 0; --x, at += walk.step) window.Take(LoadUnaligned<T>(at));
      }
      *output++ = static_cast<T>(Clamp(window.Result(count), p.output));
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_POOL_2D_H_
