/* CONV_2D and FULLY_CONNECTED; weights are OHWI.
 *
 * What a filter sees of the input is gathered side by side into a patch, with z_in where it leaves the input; a filter
 * of one tap reads the input itself. The zero point's share of the sum, -z_in * sum of weights, is then the same for
 * all pixels and is part of the terms.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_CONV_2D_H_
#define MOTE_MCU_RUNTIME_KERNELS_CONV_2D_H_

#include "mcu_runtime/kernels/convolution.h"
#include "mcu_runtime/kernels/tiles.h"

namespace mote::device {

inline bool GathersPatches(const ConvolutionParams& p) { return p.vertical.filter * p.horizontal.filter != 1; }
/* Pixels of a tile; those that are left of all tiles are computed one by one. */
constexpr int32_t kPackedPixels = 4;
constexpr int32_t kTilePixels = kPacksPixels ? kPackedPixels : kDotTile.pixels;
/* Memory for a packed tile, in bytes, on a core that packs pixels. */
inline uint32_t PackedBytes(const ConvolutionParams& p, bool packs = kPacksPixels) {
  if (!packs || p.pixels() < kPackedPixels) return 0;
  return static_cast<uint32_t>(p.taps() < kPackedTaps ? p.taps() : kPackedTaps) * 8;
}
/* And for a tile's patches where they are gathered. Cores with tiles of one pixel ask for as much as those with two: a
 * model's arena is the same wherever tiles are not packed. */
inline uint32_t ScratchBytes(const ConvolutionParams& p, bool packs = kPacksPixels) {
  const int32_t tile = packs ? kPackedPixels : 2;
  const int32_t pixels = !GathersPatches(p) ? 0 : p.pixels() < tile ? 1 : tile;
  return PackedBytes(p, packs) + static_cast<uint32_t>(pixels * p.taps());
}
/* Of a single pixel the weights' sums would cost as much as its products: the tile takes z_in off the codes then. */
inline bool FoldsZeroPoint(const ConvolutionParams& p) { return p.pixels() != 1; }

/* What the filter sees where `walk` stands, in the order of its weights; a tap is `tap_bytes` of a pixel, which `walk`
 * counts in bytes. `input` begins with the group's first channel. Elements of two bytes have the zero point 0. */
void GatherPatch(const ConvolutionParams& p, const PatchWalk& walk, int32_t tap_bytes, const int8_t* input,
                 int8_t* patch);

/* Channels of one group. */
void Conv2d(const ConvolutionParams& p, const ConvolutionBlock& block);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_CONV_2D_H_
