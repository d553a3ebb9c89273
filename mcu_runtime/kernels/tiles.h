/* The inner loops, instantiated once for the core (core.h) and shared by all operators with weights. They alone are
 * compiled for speed where all else is compiled for size (mcu_runtime/CMakeLists.txt).
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_TILES_H_
#define MOTE_MCU_RUNTIME_KERNELS_TILES_H_

#include <stdint.h>

#include "mcu_runtime/kernels/depthwise_tile.h"
#include "mcu_runtime/kernels/requantize.h"

namespace mote::device {

/* sums[p][c], kDotTile.pixels by kDotTile.channels, of products of codes as they are. Pixels are x_step apart, rows of
 * weights w_step, rows of sums kBlockChannels. */
void DotPixels(const int8_t* x, int32_t x_step, const int8_t* w, int32_t w_step, int32_t n, int32_t* sums);
/* Taps that are packed at a time, 8 bytes each. */
constexpr int32_t kPackedTaps = 64;
/* sums[p * sums_step + c] of four pixels and all channels of a block. `packed`: memory for min(n, kPackedTaps) taps. */
void DotPackedPixels(const int8_t* const* x, const int8_t* w, int32_t channels, int32_t n, uint32_t* packed,
                     int32_t* sums, int32_t sums_step);
/* The same of one pixel; z is taken off its codes. */
void DotPixel(const int8_t* x, int32_t z, const int8_t* w, int32_t w_step, int32_t n, int32_t* sums);

/* sums[c] of kDepthwiseTile channels, or of one. */
void SumDepthwiseTile(const DepthwiseTaps& taps, const int8_t* x, const int8_t* w, int32_t* sums);
void SumDepthwise(const DepthwiseTaps& taps, const int8_t* x, const int8_t* w, int32_t* sum);

/* Sums of `count` channels of one pixel, at least one, become codes. */
void StoreCodes(const int32_t* sums, const ChannelTerms* terms, int32_t count, const OutputRange& range,
                int8_t* output);
/* The code of one sum, for multipliers of 1/4 and more, or 0: rare, and out of the way of the registers of others. */
__attribute__((cold)) int8_t CodeOfRareSum(int32_t acc, const ChannelTerms& terms, const OutputRange& range);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_TILES_H_
