/* The inner loop of DEPTHWISE_CONV_2D: neighbouring channels, their sums in registers over all taps.
 *
 *   sums[c] = sum over taps of (x[tap, c] - z) * w[tap, c]
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_DEPTHWISE_TILE_H_
#define MOTE_MCU_RUNTIME_KERNELS_DEPTHWISE_TILE_H_

#include <stdint.h>

namespace mote::device {

/* The taps of a filter that meet the input: `rows` of `columns`; distances in elements. */
struct DepthwiseTaps {
  int32_t rows;
  int32_t columns;
  int32_t x_step; /* from a tap to its right neighbour */
  int32_t w_step;
  int32_t x_row; /* past the last tap of a row, to the first of the next */
  int32_t w_row;
  int32_t z;
};

template <int kChannels>
inline void DepthwiseTileOf(const DepthwiseTaps& taps, const int8_t* x, const int8_t* w, int32_t* sums) {
  int32_t sum[kChannels] = {};
  const int32_t z = taps.z;
  for (int32_t row = taps.rows; row > 0; --row) {
    for (int32_t column = taps.columns; column > 0; --column) {
#pragma GCC unroll 8
      for (int c = 0; c < kChannels; ++c) sum[c] += (x[c] - z) * w[c];
      x += taps.x_step;
      w += taps.w_step;
    }
    x += taps.x_row;
    w += taps.w_row;
  }
#pragma GCC unroll 8
  for (int c = 0; c < kChannels; ++c) sums[c] = sum[c];
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_DEPTHWISE_TILE_H_
