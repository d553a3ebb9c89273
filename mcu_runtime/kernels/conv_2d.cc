#include "mcu_runtime/kernels/conv_2d.h"

#include "mcu_runtime/kernels/core.h"
#include "mcu_runtime/kernels/tiles.h"

namespace mote::device {

MOTE_KERNEL void GatherPatch(const ConvolutionParams& p, const PatchWalk& walk, int32_t tap_bytes, const int8_t* input,
                             int8_t* patch) {
  const int32_t line_bytes = p.horizontal.filter * tap_bytes;
  int32_t runs = walk.columns.count;
  if (runs != p.horizontal.filter || walk.rows.count != p.vertical.filter) { /* some are outside */
    __builtin_memset(patch, p.input_zero_point, static_cast<uint32_t>(p.vertical.filter * line_bytes));
  }
  int32_t run_bytes = tap_bytes;
  if (walk.step == tap_bytes) { /* taps that lie side by side in the input are one run */
    run_bytes *= runs;
    runs = 1;
  }
  input += walk.at;
  patch += walk.tap() * tap_bytes;
  for (int32_t row = walk.rows.count; row > 0; --row, input += walk.row_step, patch += line_bytes) {
    const int8_t* run = input;
    int8_t* to = patch;
    for (int32_t i = runs; i > 0; --i, run += walk.step) {
      for (int32_t k = 0; k < run_bytes; ++k) *to++ = run[k];
    }
  }
}

/* All channels of a block for a tile, or for one pixel. */
static void DotBlock(const int8_t* const* x, int32_t pixels, int32_t z, int32_t taps, const ConvolutionBlock& block,
                     int32_t* sums) {
  if (kPacksPixels && pixels > 1) {
    DotPackedPixels(x, block.weights, block.count, taps, reinterpret_cast<uint32_t*>(block.patches), sums,
                    kBlockChannels);
    return;
  }
  /* Of few channels each makes a tile of its own. */
  const int32_t channels = block.count < kDotTile.channels ? 1 : kDotTile.channels;
  const int32_t step = block.count < kDotTile.channels ? 0 : taps;
  for (int32_t c = 0; c < block.count; c += channels) {
    if (c > block.count - channels) c = block.count - channels; /* the last tile is moved back to be whole */
    const int8_t* weights = block.weights + c * taps;
    if (pixels > 1) {
      DotPixels(x[0], static_cast<int32_t>(x[1] - x[0]), weights, step, taps, sums + c);
    } else {
      DotPixel(x[0], z, weights, step, taps, sums + c);
    }
  }
}

MOTE_KERNEL void Conv2d(const ConvolutionParams& p, const ConvolutionBlock& block) {
  static_assert(kDotTile.pixels <= 2, "a tile's pixels are its first and its second");
  const int32_t taps = p.taps();
  const int32_t z = FoldsZeroPoint(p) ? 0 : p.input_zero_point;
  const bool gathers = GathersPatches(p);
  const int8_t* group = block.input + block.first / p.channels_a_group() * p.filter_channels;
  int8_t* const patches = block.patches + PackedBytes(p);
  int8_t* output = block.output + block.first;
  PatchWalk walk(p.vertical, p.horizontal, p.input_channels);
  for (int32_t left = p.pixels(); left > 0;) {
    const int32_t pixels = left < kTilePixels ? 1 : kTilePixels;
    const int8_t* x[kTilePixels] = {};
    for (int32_t i = 0; i < pixels; ++i) {
      walk.Next();
      x[i] = group + walk.at;
      if (gathers) {
        GatherPatch(p, walk, p.filter_channels, group, patches + i * taps);
        x[i] = patches + i * taps;
      }
    }
    int32_t sums[kTilePixels][kBlockChannels];
    DotBlock(x, pixels, z, taps, block, sums[0]);
    for (int32_t i = 0; i < pixels; ++i, output += p.output_channels) {
      StoreCodes(sums[i], block.terms, block.count, p.output, output);
    }
    left -= pixels;
  }
}

}  // namespace mote::device
