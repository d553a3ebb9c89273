/* The inner loop of CONV_2D and FULLY_CONNECTED.
 *
 *   sums[p * sums_step + c] = sum over k < n of (x[p * x_step + k] - z) * w[c * w_step + k]
 *
 * Each code and each weight that is loaded takes part in several products; all sums stay in registers.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_DOT_TILE_H_
#define MOTE_MCU_RUNTIME_KERNELS_DOT_TILE_H_

#include <stdint.h>

#include "mcu_runtime/kernels/core.h"

namespace mote::device {

/* n is at least 1. With kCentred, z is the zero point; else it is 0. */
template <int kPixels, int kChannels, bool kCentred>
struct Dot {
  const int8_t* x[kPixels];
  const int8_t* w[kChannels];
  int32_t sums[kPixels][kChannels];
  int32_t z;

  /* Loads stand next to their first use: eight registers are few. */
  __attribute__((always_inline)) void Step(int32_t k) {
    int32_t weights[kChannels] = {};
#pragma GCC unroll 8
    for (int p = 0; p < kPixels; ++p) {
      const int32_t code = kCentred ? x[p][k] - z : x[p][k];
#pragma GCC unroll 8
      for (int c = 0; c < kChannels; ++c) {
        if (p == 0) weights[c] = w[c][k];
        sums[p][c] += code * weights[c];
      }
    }
  }
};

template <int kPixels, int kChannels, int kUnroll, bool kCentred>
inline void DotTileOf(const int8_t* x, int32_t x_step, const int8_t* w, int32_t w_step, int32_t n, int32_t z,
                      int32_t* sums, int32_t sums_step) {
  if (n < 1) __builtin_unreachable();
  Dot<kPixels, kChannels, kCentred> dot;
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) dot.x[p] = x + p * x_step;
#pragma GCC unroll 8
  for (int c = 0; c < kChannels; ++c) dot.w[c] = w + c * w_step;
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) {
#pragma GCC unroll 8
    for (int c = 0; c < kChannels; ++c) dot.sums[p][c] = 0;
  }
  dot.z = z;
  if (kUnroll > 1) {
    for (; n >= kUnroll; n -= kUnroll) {
#pragma GCC unroll 8
      for (int k = 0; k < kUnroll; ++k) dot.Step(k);
#pragma GCC unroll 8
      for (int p = 0; p < kPixels; ++p) dot.x[p] += kUnroll;
#pragma GCC unroll 8
      for (int c = 0; c < kChannels; ++c) dot.w[c] += kUnroll;
    }
  }
  /* Downwards: a core's flags tell for nothing when the index passes 0. */
  for (int32_t k = n - 1; k >= 0; --k) dot.Step(k);
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) {
#pragma GCC unroll 8
    for (int c = 0; c < kChannels; ++c) sums[p * sums_step + c] = dot.sums[p][c];
  }
}

/* A tile of one sum, upwards and written in 16-bit factors: compilers know a vector instruction for that. */
inline void DotPlain(const int8_t* x, const int8_t* w, int32_t n, int32_t z, int32_t* sum) {
  int32_t total = 0;
  for (int32_t k = 0; k < n; ++k) {
    const int16_t code = static_cast<int16_t>(x[k] - z);
    const int16_t weight = w[k];
    total += code * weight;
  }
  *sum = total;
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_DOT_TILE_H_
