#include "mcu_runtime/kernels/conv_2d.h"

#include "mcu_runtime/kernels/core.h"
#include "mcu_runtime/kernels/tiles.h"

namespace mote::device {

MOTE_KERNEL void GatherPatch(const ConvolutionParams& p, const PixelPlace& place, int32_t bytes, const int8_t* input,
                             int8_t* patch) {
  const Window& v = p.vertical;
  const Window& h = p.horizontal;
  const Taps rows = v.TapsInside(place.y);
  const Taps columns = h.TapsInside(place.x);
  int32_t lines = rows.end - rows.begin;
  int32_t runs = columns.end - columns.begin;
  if (runs != h.filter || lines != v.filter) { /* some are outside */
    __builtin_memset(patch, p.input_zero_point, static_cast<uint32_t>(p.taps() * bytes));
  }
  const int32_t pixel_bytes = p.input_channels * bytes;
  const int32_t tap_bytes = p.filter_channels * bytes;
  const int32_t y = place.batch * v.input + rows.origin + rows.begin * v.dilation;
  const int32_t x = columns.origin + columns.begin * h.dilation;
  const int8_t* from = input + (y * h.input + x) * pixel_bytes;
  /* Where there is one there is no step, and a dilation past the input is no distance in it. */
  const int32_t line_step = lines > 1 ? v.dilation * h.input * pixel_bytes : 0;
  int32_t step = runs > 1 ? h.dilation * pixel_bytes : 0;
  int32_t run_bytes = tap_bytes;
  if (step == tap_bytes) { /* taps that lie side by side in the input are one run */
    run_bytes *= runs;
    runs = 1;
  }
  patch += (rows.begin * h.filter + columns.begin) * tap_bytes;
  for (; lines > 0; --lines, from += line_step, patch += h.filter * tap_bytes) {
    const int8_t* run = from;
    int8_t* to = patch;
    for (int32_t i = runs; i > 0; --i, run += step) {
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
      DotPixels(x[0], static_cast<int32_t>(x[1] - x[0]), weights, step, taps, sums + c, kBlockChannels);
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
  PixelPlace place;
  for (int32_t left = p.pixels(); left > 0;) {
    const int32_t pixels = left < kTilePixels ? 1 : kTilePixels;
    const int8_t* x[kTilePixels] = {};
    for (int32_t i = 0; i < pixels; ++i) {
      if (gathers) {
        x[i] = patches + i * taps;
        GatherPatch(p, place, 1, group, patches + i * taps);
      } else {
        const int32_t y = place.batch * p.vertical.input + place.y * p.vertical.stride;
        x[i] = group + (y * p.horizontal.input + place.x * p.horizontal.stride) * p.input_channels;
      }
      place.Next(p);
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
