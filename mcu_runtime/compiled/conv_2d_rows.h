/* CONV_2D on any core, row by row: the runtime's own tiles (kernels/tiles.h), which read pixels that are gathered from
 * row pointers. A patch is gathered once for all output channels.
 *
 * Scratch: where pixels are packed (Cortex-M0) 8 bytes a tap, 64 taps at most; a tile's patches, unless the filter has
 * one tap; a tile's codes, where output may lie over input. A tile has 4 pixels where they are packed, else 2 at most.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_CONV_2D_ROWS_H_
#define MOTE_MCU_RUNTIME_COMPILED_CONV_2D_ROWS_H_

#include "mcu_runtime/compiled/plain.h"

namespace mote::compiled {

struct ConvRowsParams {
  device::ConvolutionParams layer; /* vertical.output is 1; all pixels of a run, at most, are horizontal.output */
  const int8_t* weights;
  const device::ChannelTerms* terms; /* with the zero point's share in their biases */
};

/* What the filter sees of a row at an output pixel, `columns` of its taps being inside; z_in elsewhere. */
inline void GatherRow(const device::ConvolutionParams& p, const device::Taps& columns, const uint8_t* row,
                      int8_t* patch) {
  const device::Window& h = p.horizontal;
  int32_t runs = columns.count;
  if (row == nullptr || runs != h.filter) {
    __builtin_memset(patch, p.input_zero_point, static_cast<uint32_t>(h.filter * p.input_channels));
  }
  if (row == nullptr || runs == 0) return;
  const int8_t* from = reinterpret_cast<const int8_t*>(row) + columns.at * p.input_channels;
  /* Where there is one tap there is no step, and a dilation past the input is no distance in it. */
  const int32_t step = runs > 1 ? h.dilation * p.input_channels : 0;
  int32_t bytes = p.input_channels;
  if (step == bytes) { /* taps side by side are one run */
    bytes *= runs;
    runs = 1;
  }
  patch += columns.begin * p.input_channels;
  for (; runs > 0; --runs, from += step) {
    for (int32_t i = 0; i < bytes; ++i) *patch++ = from[i];
  }
}

inline void GatherRows(const device::ConvolutionParams& p, const uint8_t* const* rows, int32_t x, int8_t* patch) {
  device::Taps columns;
  p.horizontal.TapsInside(x, &columns);
  for (int32_t tap = 0; tap < p.vertical.filter; ++tap, patch += p.horizontal.filter * p.input_channels) {
    GatherRow(p, columns, rows[tap], patch);
  }
}

/* All output channels of some pixels that stand at `x`. */
inline void ConvTile(const ConvRowsParams& params, const int8_t* const* x, int32_t pixels, uint8_t* packed,
                     int8_t* output) {
  const device::ConvolutionParams& p = params.layer;
  const int32_t taps = p.taps();
  device::ConvolutionBlock block = {};
  block.patches = reinterpret_cast<int8_t*>(packed);
  for (; block.first < p.output_channels; block.first += block.count) {
    block.count = p.output_channels - block.first;
    if (block.count > device::kBlockChannels) block.count = device::kBlockChannels;
    block.weights = params.weights + block.first * taps;
    int32_t sums[device::kTilePixels][device::kBlockChannels];
    device::DotBlock(x, pixels, 0, taps, block, sums[0]);
    for (int32_t i = 0; i < pixels; ++i) {
      device::StoreCodes(sums[i], params.terms + block.first, block.count, p.output,
                         output + i * p.output_channels + block.first);
    }
  }
}

/* kInPlace: the output may lie over the input's row. */
template <bool kInPlace>
inline void ConvRun(const ConvRowsParams& params, const uint8_t* const* rows, int32_t pixels, uint8_t* output,
                    uint8_t* scratch) {
  const device::ConvolutionParams& p = params.layer;
  const int32_t taps = p.taps();
  const bool gathers = device::GathersPatches(p);
  int8_t* const memory = reinterpret_cast<int8_t*>(scratch) + device::PackedBytes(p); /* of patches or codes */
  int8_t* to = reinterpret_cast<int8_t*>(output);
  for (int32_t x = 0; x < pixels;) {
    const int32_t count = pixels - x < device::kTilePixels ? 1 : device::kTilePixels;
    const int8_t* sources[device::kTilePixels] = {};
    for (int32_t i = 0; i < count; ++i) {
      if (gathers) GatherRows(p, rows, x + i, memory + i * taps);
      sources[i] = gathers
                       ? memory + i * taps
                       : reinterpret_cast<const int8_t*>(rows[0]) + (x + i) * p.horizontal.stride * p.input_channels;
    }
    ConvTile(params, sources, count, scratch, kInPlace ? memory : to);
    if (kInPlace) __builtin_memcpy(to, memory, static_cast<uint32_t>(count * p.output_channels));
    to += count * p.output_channels;
    x += count;
  }
}

/* KernelForm::kWindow; rows outside of the image are null. */
inline void ConvRow(const ConvRowsParams& params, const uint8_t* const* rows, uint8_t* output,
                    uint8_t* scratch = nullptr) {
  ConvRun<false>(params, rows, params.layer.horizontal.output, output, scratch);
}

/* KernelForm::kPixels, for filters of one tap and stride 1. */
template <bool kInPlace>
inline void ConvPixels(const ConvRowsParams& params, const uint8_t* const* inputs, int32_t pixels, uint8_t* output,
                       uint8_t* scratch = nullptr) {
  ConvRun<kInPlace>(params, inputs, pixels, output, scratch);
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_CONV_2D_ROWS_H_
