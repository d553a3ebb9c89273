#include "mcu_runtime/kernels/conv_2d.h"

#include "mcu_runtime/kernels/core.h"
#include "mcu_runtime/kernels/tiles.h"

namespace mote::device {

MOTE_KERNEL void GatherPatch(const ConvolutionParams& p, const PixelPlace& place, int32_t bytes, const int8_t* input,
                             int8_t* patch) {
  const Window& h = p.horizontal;
  const Taps rows = p.vertical.TapsInside(place.y);
  const Taps columns = h.TapsInside(place.x);
  const int32_t tap_bytes = p.filter_channels * bytes;
  const int32_t pixel_bytes = p.input_channels * bytes;
  /* Taps that lie side by side in the input are one run. */
  int32_t runs = columns.end - columns.begin;
  int32_t run_bytes = tap_bytes;
  if (h.dilation == 1 && tap_bytes == pixel_bytes && runs > 1) {
    run_bytes *= runs;
    runs = 1;
  }
  const int32_t step = runs > 1 ? h.dilation * pixel_bytes : 0;
  for (int32_t ky = 0; ky < p.vertical.filter; ++ky) {
    const int8_t* end = patch + h.filter * tap_bytes;
    if (ky >= rows.begin && ky < rows.end) {
      const int32_t y = place.batch * p.vertical.input + rows.origin + ky * p.vertical.dilation;
      const int8_t* from = input + (y * h.input + columns.origin + columns.begin * h.dilation) * pixel_bytes;
      for (int32_t k = columns.begin * tap_bytes; k > 0; --k) *patch++ = static_cast<int8_t>(p.input_zero_point);
      for (int32_t i = runs; i > 0; --i) {
        for (int32_t k = 0; k < run_bytes; ++k) *patch++ = from[k];
        from += step;
      }
    }
    while (patch != end) *patch++ = static_cast<int8_t>(p.input_zero_point);
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
