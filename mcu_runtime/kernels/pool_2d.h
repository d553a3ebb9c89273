/* AVERAGE_POOL_2D and MAX_POOL_2D, plain. Input and output share scale and zero point, so that codes are averaged and
 * compared as they are; elements of the padding do not count.
 *
 *   average: clamp(round(sum / count)), half away from zero on the signed sum        maximum: clamp(max)
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_POOL_2D_H_
#define MOTE_MCU_RUNTIME_KERNELS_POOL_2D_H_

#include "mcu_runtime/kernels/codes.h"
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

/* A pool takes a window's codes one by one. `Divisor` is made once a window, from the number of its elements. */
struct AverageOfInt8 {
  /* Small cores divide in a hundred instructions. A quotient of at most 8 bits is exact as a product: with
   * r = ceil(2^24 / count) and n < 2^8 * count, n * r / 2^24 is over n / count by less than
   * n / 2^24 < 1 / count, while count < 2^8; and n * r < 2^32. */
  struct Divisor {
    explicit Divisor(int32_t elements)
        : count(static_cast<uint32_t>(elements)), factor(count < 256 ? ((1u << 24) + count - 1) / count : 0) {}
    uint32_t count;
    uint32_t factor; /* 0: divide */
  };
  int32_t sum = 0;
  void Take(int32_t code) { sum += code; }
  int32_t Result(const Divisor& by) const {
    const uint32_t n = static_cast<uint32_t>(sum < 0 ? -sum : sum) + by.count / 2;
    const int32_t quotient = static_cast<int32_t>(by.factor != 0 ? n * by.factor >> 24 : n / by.count);
    return sum < 0 ? -quotient : quotient;
  }
};

struct AverageOfInt16 {
  struct Divisor {
    explicit Divisor(int32_t elements) : count(elements) {}
    int32_t count;
  };
  int32_t sum = 0;
  void Take(int32_t code) { sum += code; }
  int32_t Result(const Divisor& by) const { return (sum > 0 ? sum + by.count / 2 : sum - by.count / 2) / by.count; }
};

struct MaximumOf {
  struct Divisor {
    explicit Divisor(int32_t) {}
  };
  int32_t max = INT16_MIN;
  void Take(int32_t code) { max = code > max ? code : max; }
  int32_t Result(const Divisor&) const { return max; }
};

template <typename Reduction, typename T>
inline void Pool2d(const Pool2dParams& p, const T* input, T* output) {
  const Window& v = p.vertical;
  const Window& h = p.horizontal;
  const int32_t row_step = h.input * p.channels;
  for (int32_t b = 0; b < p.batches; ++b) {
    for (int32_t y = 0; y < v.output; ++y) {
      const Taps rows = v.TapsInside(y);
      const T* row = input + (rows.origin + rows.begin) * row_step;
      for (int32_t x = 0; x < h.output; ++x) {
        const Taps columns = h.TapsInside(x);
        const int32_t height = rows.end - rows.begin;
        const int32_t width = (columns.end - columns.begin) * p.channels;
        const typename Reduction::Divisor divisor(height * (columns.end - columns.begin));
        const T* corner = row + (columns.origin + columns.begin) * p.channels;
        for (int32_t c = 0; c < p.channels; ++c) {
          Reduction reduction;
          const T* line = corner++;
          for (int32_t ky = 0; ky < height; ++ky, line += row_step) {
            for (int32_t k = 0; k < width; k += p.channels) reduction.Take(LoadUnaligned<T>(line + k));
          }
          int32_t code = reduction.Result(divisor);
          if (code < p.output.min) code = p.output.min;
          if (code > p.output.max) code = p.output.max;
          *output++ = static_cast<T>(code);
        }
      }
    }
    input += v.input * row_step;
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_POOL_2D_H_
