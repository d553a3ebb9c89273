/* AVERAGE_POOL_2D, MAX_POOL_2D, and MEAN and SUM over the image, of int8, row by row, on any core. The arithmetic of
 * pools is that of kernels/pool_2d.h.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_POOL_2D_H_
#define MOTE_MCU_RUNTIME_COMPILED_POOL_2D_H_

#include "mcu_runtime/kernels/pool_2d.h"
#include "mcu_runtime/kernels/reduce.h"

namespace mote::compiled {

struct PoolRowParams {
  int32_t channels;
  int32_t filter_rows;
  device::Window horizontal;
  int32_t min; /* what the fused activation leaves */
  int32_t max;
};

inline uint8_t Clamped(int32_t code, int32_t min, int32_t max) {
  return static_cast<uint8_t>(code < min ? min : code > max ? max : code);
}

/* The columns of the input that the window of an output column has; there is always one. */
struct Columns {
  int32_t begin;
  int32_t end;
};
inline Columns ColumnsInside(const device::Window& w, int32_t x) {
  const int32_t begin = x * w.stride - w.padding;
  const int32_t end = begin + w.filter;
  return {begin < 0 ? 0 : begin, end > w.input ? w.input : end};
}

/* Rows that are there: null ones, above and below the image, do not count. They come first or last. */
inline int32_t RowsInside(const uint8_t* const* rows, int32_t count, const uint8_t* const** first) {
  while (count > 0 && rows[count - 1] == nullptr) --count;
  while (count > 0 && rows[0] == nullptr) ++rows, --count;
  *first = rows;
  return count;
}

/* Reduction: device::AverageOfInt8 or device::MaximumOf. Four channels at a time stay in registers. */
template <typename Reduction>
inline void PoolRow(const PoolRowParams& p, const uint8_t* const* all_rows, uint8_t* output) {
  const uint8_t* const* rows = nullptr;
  const int32_t height = RowsInside(all_rows, p.filter_rows, &rows);
  for (int32_t x = 0; x < p.horizontal.output; ++x) {
    const Columns columns = ColumnsInside(p.horizontal, x);
    const int32_t begin = columns.begin * p.channels, end = columns.end * p.channels;
    const typename Reduction::Count count(height * (columns.end - columns.begin));
    int32_t c = 0;
    for (; c + 4 <= p.channels; c += 4) {
      Reduction r0(count), r1(count), r2(count), r3(count);
      for (int32_t y = 0; y < height; ++y) {
        const int8_t* const row = reinterpret_cast<const int8_t*>(rows[y]) + c;
        const int8_t* const last = row + end;
        for (const int8_t* at = row + begin; at != last; at += p.channels) {
          r0.Take(at[0]);
          r1.Take(at[1]);
          r2.Take(at[2]);
          r3.Take(at[3]);
        }
      }
      *output++ = Clamped(r0.Result(count), p.min, p.max);
      *output++ = Clamped(r1.Result(count), p.min, p.max);
      *output++ = Clamped(r2.Result(count), p.min, p.max);
      *output++ = Clamped(r3.Result(count), p.min, p.max);
    }
    for (; c < p.channels; ++c) {
      Reduction reduction(count);
      for (int32_t y = 0; y < height; ++y) {
        const int8_t* const row = reinterpret_cast<const int8_t*>(rows[y]) + c;
        for (int32_t at = begin; at < end; at += p.channels) reduction.Take(row[at]);
      }
      *output++ = Clamped(reduction.Result(count), p.min, p.max);
    }
  }
}

/* Sums of each channel over all rows, a row at a time. `first`: of the image. */
inline void AddRowToSums(int32_t channels, int32_t width, bool first, const uint8_t* input, int32_t* sums) {
  if (first) {
    for (int32_t c = 0; c < channels; ++c) sums[c] = 0;
  }
  const int8_t* const begin = reinterpret_cast<const int8_t*>(input);
  const int8_t* const last = begin + width * channels;
  int32_t c = 0;
  for (; c + 4 <= channels; c += 4) {
    int32_t s0 = sums[c], s1 = sums[c + 1], s2 = sums[c + 2], s3 = sums[c + 3];
    for (const int8_t *at = begin + c, *const end = last + c; at != end; at += channels) {
      s0 += at[0];
      s1 += at[1];
      s2 += at[2];
      s3 += at[3];
    }
    sums[c] = s0;
    sums[c + 1] = s1;
    sums[c + 2] = s2;
    sums[c + 3] = s3;
  }
  for (; c < channels; ++c) {
    for (const int8_t *at = begin + c, *const end = last + c; at != end; at += channels) sums[c] += *at;
  }
}

/* A window as large as the image. */
struct GlobalPoolParams {
  int32_t channels;
  int32_t width;
  int32_t height;
  int32_t min;
  int32_t max;
};

/* From a channel's sum to its code. */
struct GlobalAverage {
  explicit GlobalAverage(const GlobalPoolParams& p) : count(p.width * p.height), min(p.min), max(p.max) {}
  uint8_t operator()(int32_t sum) const {
    device::AverageOfInt8 average(count);
    average.Take(sum);
    return Clamped(average.Result(count), min, max);
  }

  device::AverageOfInt8::Count count;
  int32_t min;
  int32_t max;
};

/* MEAN and SUM over the image: the arithmetic is that of kernels/reduce.h. */
struct GlobalSumParams {
  int32_t channels;
  int32_t width;
  int32_t height;
  device::SumParams sum;
};

struct GlobalSum {
  explicit GlobalSum(const GlobalSumParams& p) : params(p.sum) {}
  uint8_t operator()(int32_t sum) const {
    device::SumOf of;
    of.sum = sum;
    return static_cast<uint8_t>(of.Result(params));
  }

  const device::SumParams& params;
};

/* Result: GlobalAverage or GlobalSum. `state` holds an int32 for each channel. */
template <typename Result, typename Params>
inline void GlobalRow(const Params& p, int32_t row, const uint8_t* input, uint8_t* state, uint8_t* output) {
  int32_t* const sums = reinterpret_cast<int32_t*>(state);
  AddRowToSums(p.channels, p.width, row == 0, input, sums);
  if (row != p.height - 1) return;
  const Result result(p);
  for (int32_t c = 0; c < p.channels; ++c) output[c] = result(sums[c]);
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_POOL_2D_H_
