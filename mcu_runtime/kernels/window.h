/* One spatial axis of a convolution or pool: which taps of the filter meet the input at an output's place. */
#ifndef MOTE_MCU_RUNTIME_KERNELS_WINDOW_H_
#define MOTE_MCU_RUNTIME_KERNELS_WINDOW_H_

#include <stdint.h>

namespace mote::device {

struct Taps {
  int32_t origin; /* of tap 0 in the input; negative within the padding */
  int32_t begin;  /* taps [begin, end) lie inside of the input: at origin + tap * dilation */
  int32_t end;
};

struct Window {
  int32_t input;
  int32_t output;
  int32_t filter;
  int32_t stride;
  int32_t dilation;
  int32_t padding; /* before the first element */

  Taps TapsInside(int32_t position) const {
    Taps taps;
    taps.origin = position * stride - padding;
    taps.begin = 0;
    taps.end = filter;
    if (taps.origin < 0) taps.begin = (-taps.origin + dilation - 1) / dilation;
    if (taps.origin + (filter - 1) * dilation >= input) taps.end = (input - taps.origin + dilation - 1) / dilation;
    /* A dilation that steps over the whole input: no place far from it is to be computed with. */
    if (taps.end <= taps.begin) taps = {0, 0, 0};
    return taps;
  }
};

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_WINDOW_H_
