/* CONV_2D for ARMv6-M, rows of [x][channel] int8 in and out: 2.1 to 2.6 instructions a product, and 25 (codes) or 60
 * (sums, and the contract's own requantization) a result. Where a filter leaves the input, it sees the zero point,
 * whose share of the sums is part of the channels' constants.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_CONV_2D_THUMB1_H_
#define MOTE_MCU_RUNTIME_COMPILED_CONV_2D_THUMB1_H_

#include <stdint.h>

#include "mcu_runtime/compiled/gemm_thumb1.h"
#include "mcu_runtime/compiled/padded_rows.h"
#include "mcu_runtime/compiled/requantize_thumb1.h"

namespace mote::compiled {

struct ConvThumb1Params {
  const int8_t* weights;    /* [channel][tap], taps rounded up to a multiple of four with zeros */
  const uint32_t* channels; /* m0, m1 << 8 | k, C of each; for sums its device::ChannelTerms */
  const uint32_t* fours;    /* a bit a channel (GemmTileThumb1) */
  int32_t output_channels;
  int32_t filter_rows;
  int32_t run;   /* taps in a row of the filter */
  int32_t taps;  /* of a channel's weights, zeros included */
  int32_t step;  /* bytes of input from an output pixel to the next */
  int32_t width; /* of a row of outputs */
  int32_t right_shift;
  device::OutputRange range; /* for sums */
  PaddedRow row;             /* for ConvRowThumb1 with kPads */
};

/* Four pixels; or one, four times over, where the steps are 0. `scratch`: 8 bytes a tap, and for sums 16 a channel. */
template <bool kSums>
inline void ConvTileThumb1(const ConvThumb1Params& p, const uint8_t* const* rows, int32_t offset, int32_t step,
                           uint8_t* output, int32_t output_step, uint8_t* scratch) {
  uint32_t* const packed = reinterpret_cast<uint32_t*>(scratch);
  uint32_t* end = packed;
  for (int32_t row = 0; row < p.filter_rows; ++row) {
    end = PackRunThumb1(reinterpret_cast<const int8_t*>(rows[row]) + offset, step, p.run, end);
  }
  uint32_t* const packed_end = packed + 2 * p.taps;
  while (end != packed_end) *end++ = 0;
  GemmTileThumb1 tile;
  tile.packed = packed;
  tile.packed_end = packed_end;
  tile.weights = p.weights;
  tile.channels = p.channels;
  tile.output = kSums ? reinterpret_cast<uint8_t*>(packed_end) : output;
  tile.output_step = kSums ? p.output_channels * 4 : output_step;
  tile.right_shift = p.right_shift;
  const uint32_t* fours = p.fours;
  for (int32_t left = p.output_channels; left > 0; left -= 32) {
    tile.count = left < 32 ? left : 32;
    tile.fours = *fours++;
    if (kSums) {
      GemmSumsThumb1(&tile);
    } else {
      GemmCodesThumb1(&tile);
    }
  }
  if (!kSums) return;
  const int32_t* sums = reinterpret_cast<const int32_t*>(packed_end);
  for (int32_t i = 0; i < 4; ++i, sums += p.output_channels, output += output_step) {
    StoreSumsThumb1(sums, p.channels, p.output_channels, p.range, output);
  }
}

/* Codes of two pixels; or of one, twice. */
inline void ConvTwoThumb1(const ConvThumb1Params& p, const uint8_t* const* rows, int32_t offset, int32_t step,
                          uint8_t* output, int32_t output_step, uint8_t* scratch) {
  uint32_t* const packed = reinterpret_cast<uint32_t*>(scratch);
  uint32_t* end = packed;
  for (int32_t row = 0; row < p.filter_rows; ++row) {
    end = PackRunOfTwoThumb1(reinterpret_cast<const int8_t*>(rows[row]) + offset, step, p.run, end);
  }
  while (end != packed + p.taps) *end++ = 0;
  GemmTileThumb1 tile;
  tile.packed = packed;
  tile.packed_end = end;
  tile.weights = p.weights;
  tile.channels = p.channels;
  tile.output = output;
  tile.output_step = output_step;
  tile.right_shift = p.right_shift;
  const uint32_t* fours = p.fours;
  for (int32_t left = p.output_channels; left > 0; left -= 32) {
    tile.count = left < 32 ? left : 32;
    tile.fours = *fours++;
    GemmCodesOfTwoThumb1(&tile);
  }
}

template <bool kSums>
inline void ConvRunThumb1(const ConvThumb1Params& p, const uint8_t* const* rows, int32_t pixels, uint8_t* output,
                          uint8_t* scratch) {
  const int32_t step = p.step, output_step = p.output_channels;
  int32_t x = 0;
  for (; x + 4 <= pixels; x += 4) {
    ConvTileThumb1<kSums>(p, rows, x * step, step, output + x * output_step, output_step, scratch);
  }
  if (x == pixels) return;
  /* The last tile is moved back to be whole. */
  if (!kSums && (pixels == 3 || pixels - x < 3)) {
    if (pixels - x == 3) ConvTwoThumb1(p, rows, 0, step, output, output_step, scratch);
    if (pixels == 1) {
      ConvTwoThumb1(p, rows, 0, 0, output, 0, scratch);
    } else {
      x = pixels - 2;
      ConvTwoThumb1(p, rows, x * step, step, output + x * output_step, output_step, scratch);
    }
  } else if (pixels < 4) {
    for (x = 0; x < pixels; ++x) ConvTileThumb1<kSums>(p, rows, x * step, 0, output + x * output_step, 0, scratch);
  } else {
    x = pixels - 4;
    ConvTileThumb1<kSums>(p, rows, x * step, step, output + x * output_step, output_step, scratch);
  }
}

/* KernelForm::kWindow. With kPads rows are copied into `scratch` first, filter_rows of PaddedRow::bytes. */
template <bool kSums, bool kPads, int kRows>
void ConvRowThumb1(const ConvThumb1Params& p, const uint8_t* const* rows, uint8_t* output, uint8_t* scratch) {
  if (kPads) {
    const uint8_t* padded[kRows];
    for (int32_t i = 0; i < kRows; ++i, scratch += p.row.bytes) padded[i] = PadRow(p.row, rows[i], scratch);
    ConvRunThumb1<kSums>(p, padded, p.width, output, scratch);
  } else {
    ConvRunThumb1<kSums>(p, rows, p.width, output, scratch);
  }
}

/* KernelForm::kPixels: filters of one tap and stride 1. */
template <bool kSums>
void ConvPixelsThumb1(const ConvThumb1Params& p, const uint8_t* const* inputs, int32_t pixels, uint8_t* output,
                      uint8_t* scratch) {
  ConvRunThumb1<kSums>(p, inputs, pixels, output, scratch);
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_CONV_2D_THUMB1_H_
