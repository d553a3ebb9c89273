/* Which taps of the filter of a convolution or pool meet the input at an output's place. */
#ifndef MOTE_MCU_RUNTIME_KERNELS_WINDOW_H_
#define MOTE_MCU_RUNTIME_KERNELS_WINDOW_H_

#include <stdint.h>

namespace mote::device {

/* Of one axis: taps [begin, begin + count) lie inside of the input, the first of them at `at`. */
struct Taps {
  int32_t begin;
  int32_t count;
  int32_t at;
};

struct Window {
  int32_t input;
  int32_t output;
  int32_t filter;
  int32_t stride;
  int32_t dilation;
  int32_t padding; /* before the first element */

  void TapsInside(int32_t position, Taps* taps) const {
    const int32_t origin = position * stride - padding; /* of tap 0; negative within the padding */
    int32_t begin = 0;
    int32_t end = filter;
    if (origin < 0) begin = (-origin + dilation - 1) / dilation;
    if (origin + (filter - 1) * dilation >= input) end = (input - origin + dilation - 1) / dilation;
    /* A dilation that steps over the whole input: no place far from it is to be computed with. */
    const bool some = end > begin;
    taps->begin = some ? begin : 0;
    taps->count = some ? end - begin : 0;
    taps->at = some ? origin + begin * dilation : 0;
  }
};

/* Walks over the output's pixels, of all batches in their order, and finds what the filter sees of the input at each.
 * Distances are in the unit in which `pixel`, the size of an input's pixel, is given. */
class PatchWalk {
 public:
  __attribute__((noinline)) PatchWalk(const Window& vertical, const Window& horizontal, int32_t pixel)
      : vertical_(vertical), horizontal_(horizontal), pixel_(pixel), x_(horizontal.output - 1) {}

  /* To the next pixel; at first to the first. Once in a program: kernels of all kinds walk. */
  __attribute__((noinline)) void Next() {
    if (++x_ == horizontal_.output) {
      x_ = 0;
      if (++y_ == vertical_.output) {
        y_ = 0;
        ++batch_;
      }
      vertical_.TapsInside(y_, &rows);
    }
    horizontal_.TapsInside(x_, &columns);
    at = ((batch_ * vertical_.input + rows.at) * horizontal_.input + columns.at) * pixel_;
    row_step = rows.count > 1 ? vertical_.dilation * horizontal_.input * pixel_ : 0;
    step = columns.count > 1 ? horizontal_.dilation * pixel_ : 0;
  }

  /* The first tap that meets the input, by its number among all. Of filters with weights: the file bounds how many taps
   * those have, but not those of a pool. */
  int32_t tap() const { return rows.begin * horizontal_.filter + columns.begin; }

  /* The taps that meet the input, and where the first of them meets it. */
  Taps rows;
  Taps columns;
  int32_t at;
  /* To the tap below and to the right. 0 where there is none: a dilation past the input is no distance in it. */
  int32_t row_step;
  int32_t step;

 private:
  const Window& vertical_;
  const Window& horizontal_;
  const int32_t pixel_;
  int32_t batch_ = 0;
  int32_t y_ = -1;
  int32_t x_;
};

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_WINDOW_H_
