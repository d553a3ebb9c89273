/* CONV_2D for cores with the DSP extension: any filter, stride, dilation and number of channels, from int8 rows
 * [x][channel] as the file has them. Pixels are gathered three at a time into a patch of int16 (dsp_patch.h) and
 * multiplied with all output channels (dsp_block.h).
 *
 * Instructions a product, K products a sum, N output channels: 17/24 for products, about 0.11 * 64/K for codes and the
 * block's loop, 0.9/N to gather. 64 -> 64 channels, 1x1: 0.82.
 *
 * Scratch of Row and Pixels: the block's head, a patch and tail, 12 + 24 * chunks + 28 bytes; behind them the most of
 * three padded segments (12 * (bytes / 4 + 1)), with kSums 12 * N, N rounded up to even, and 12 for an odd channel.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_CONV_2D_DSP_H_
#define MOTE_MCU_RUNTIME_COMPILED_CONV_2D_DSP_H_

#include "mcu_runtime/compiled/dsp_block.h"
#include "mcu_runtime/compiled/dsp_patch.h"
#include "mcu_runtime/compiled/rows.h"
#include "mcu_runtime/kernels/requantize.h"

namespace mote::compiled {

struct ConvDspParams {
  PatchWindow window;
  int32_t output_width;
  int32_t output_channels;
  int32_t output_step; /* nhwc8: bytes from a pixel to the next; planar: from a channel to the next */
  int32_t output_left; /* planar: bytes of padding before the first pixel */
  int32_t chunks;      /* of four products in a sum, the last one padded */
  int32_t left_shift;  /* k */
  int32_t offset;      /* C */
  const uint8_t* weights;
  /* Requantization::kSums: the contract's own two roundings, in C++. */
  const device::ChannelTerms* terms;
  device::OutputRange range;
};

struct ConvDspImageParams {
  ConvDspParams row;
  int32_t height;
  int32_t row_bytes; /* of the output, a multiple of 4 */
  uint32_t padding;  /* a word of it */
};

/* Where the pixels of an image of planar rows stand, one after the other. */
class PlanarPlace {
 public:
  /* Fills the image with padding. */
  PlanarPlace(const ConvDspImageParams& p, int32_t code_bytes, uint8_t* image)
      : step_(code_bytes),
        used_(p.row.output_width * code_bytes),
        row_bytes_(p.row_bytes),
        next_(image + p.row.output_left),
        row_end_(next_ + used_) {
    FillRow(image, p.height * p.row_bytes, p.padding);
  }

  uint8_t* Next() {
    if (next_ == row_end_) {
      row_end_ += row_bytes_;
      next_ = row_end_ - used_;
    }
    uint8_t* place = next_;
    next_ += step_;
    return place;
  }

 private:
  int32_t step_;
  int32_t used_; /* bytes of a row's pixels */
  int32_t row_bytes_;
  uint8_t* next_;
  uint8_t* row_end_;
};

/* kUnroll: chunks of four products in the inner loop's code; kExact: all of them (ConvDspParams::chunks). kTwo, kOne:
 * whether runs of pixels end with blocks of two, of one. */
template <int kUnroll, DspWeights kWeights, DspRequantize kRequantize, DspLayout kLayout, int kShift, bool kTwo,
          bool kOne, bool kExact = false>
struct ConvDsp {
  static constexpr bool kSums = kRequantize == DspRequantize::kSums;
  static constexpr bool kPlanar = kLayout != DspLayout::kNhwc8;
  static constexpr int32_t kCodeBytes = CodeBytes(kLayout);

  static uint32_t* PatchOf(uint8_t* scratch) { return reinterpret_cast<uint32_t*>(scratch + sizeof(DspBlockHead)); }

  /* What blocks of kPixels have in common. */
  template <int kPixels>
  static DspBlockTail* PrepareBlock(const ConvDspParams& p, uint8_t* scratch) {
    DspBlockTail* tail =
        PrepareDspBlock<kPixels, kUnroll, kWeights, kRequantize>(p.chunks, p.left_shift, p.offset, scratch);
    tail->step = p.output_step;
    return tail;
  }

  /* Pixels from x on, in blocks of kPixels as long as there are as many of `pixels`. Returns the one that comes next.
   */
  template <int kPixels>
  static int32_t Blocks(const ConvDspParams& p, const PatchWindow& window, const uint8_t* const* rows, int32_t x,
                        int32_t pixels, uint8_t* output, uint8_t* scratch) {
    DspBlockTail* tail = PrepareBlock<kPixels>(p, scratch);
    const uint8_t* patch = scratch + sizeof(DspBlockHead);
    uint8_t* after = reinterpret_cast<uint8_t*>(tail + 1); /* sums; or what padding makes of segments, and codes */
    const int32_t pairs = kSums ? (p.output_channels + 1) >> 1 : p.output_channels >> 1;
    const int32_t span = pairs * (kSums ? 8 * kPixels : kPlanar ? 2 * p.output_step : 2);
    const int32_t pixel = kPlanar ? kCodeBytes : p.output_step;
    const PatchGatherer<kPixels> gatherer(window, rows, PatchOf(scratch), reinterpret_cast<int8_t*>(after));
    output += x * pixel;
    /* Of four that are left, blocks of two take two and two. */
    for (; pixels - x >= kPixels && !(kTwo && kPixels == 3 && pixels - x == 4); x += kPixels) {
      gatherer.Gather(x);
      tail->output = kSums ? after : output;
      tail->output_end = tail->output + span;
      if (pairs != 0) DspBlock<kPixels, kUnroll, kWeights, kRequantize, kLayout, kShift, kExact>(p.weights, patch);
      if (kSums) {
        StoreSums<kPixels>(p, reinterpret_cast<const int32_t*>(after), output);
      } else if ((p.output_channels & 1) != 0) {
        LastChannel<kPixels>(p, tail, after, output);
      }
      output += kPixels * pixel;
    }
    return x;
  }

  /* The last of an odd number of channels has none beside it. */
  template <int kPixels>
  __attribute__((noinline)) static void LastChannel(const ConvDspParams& p, DspBlockTail* tail, uint8_t* codes,
                                                    uint8_t* output) {
    constexpr int32_t kWordBytes = kRequantize == DspRequantize::kOneLine ? 16 : 24;
    const int32_t pairs = p.output_channels >> 1;
    tail->output = codes;
    tail->step = kPlanar ? kPixels * kCodeBytes : 2;
    tail->output_end = codes + 2 * (kPlanar ? kPixels * kCodeBytes : 1);
    DspBlock<kPixels, kUnroll, kWeights, kRequantize, kLayout, kShift, kExact>(
        p.weights + pairs * (p.chunks * 8 + kWordBytes), tail->patch);
    tail->step = p.output_step;
    for (int32_t i = 0; i < kPixels; ++i) {
      const uint8_t code = codes[i * (kPlanar ? kCodeBytes : 2)];
      Store(code, output + (kPlanar ? 2 * pairs * p.output_step + i * kCodeBytes : 2 * pairs + i * p.output_step));
    }
  }

  static void Store(uint8_t code, uint8_t* at) {
    *at = code;
    if (kCodeBytes == 2) at[1] = code < 128 ? 0 : 255;
  }

  template <int kPixels>
  static void StoreSums(const ConvDspParams& p, const int32_t* sums, uint8_t* output) {
    for (int32_t c = 0; c < p.output_channels; ++c) {
      for (int32_t i = 0; i < kPixels; ++i) {
        const int32_t code = device::RequantizeToInt8(*sums++ + p.terms[c].bias, p.terms[c].multiplier, p.range);
        Store(static_cast<uint8_t>(code),
              output + (kPlanar ? c * p.output_step + i * kCodeBytes : i * p.output_step + c));
      }
    }
  }

  static void Run(const ConvDspParams& p, const PatchWindow& window, const uint8_t* const* rows, int32_t pixels,
                  uint8_t* output, uint8_t* scratch) {
    int32_t x = Blocks<3>(p, window, rows, 0, pixels, output, scratch);
    if constexpr (kTwo) x = Blocks<2>(p, window, rows, x, pixels, output, scratch);
    if constexpr (kOne) Blocks<1>(p, window, rows, x, pixels, output, scratch);
  }

  /* KernelForm::kWindow: one output row. */
  static void Row(const ConvDspParams& p, const uint8_t* const* rows, uint8_t* output, uint8_t* scratch) {
    Run(p, p.window, rows, p.output_width, output + p.output_left, scratch);
  }
  /* KernelForm::kWindow, for few input channels and no dilation: the rows are copied side by side first, so that a
   * patch is one run of bytes. kRows and kChannels are the window's. Weights are in the order ConvOrder::kColumns
   * (export/compiler/pack_dsp.h). Scratch: as for Row, without segments; in front of it ColumnBytes. */
  template <int kRows, int kChannels>
  static void Columns(const ConvDspParams& p, const uint8_t* const* rows, uint8_t* output, uint8_t* scratch) {
    using Side = PatchColumns<kRows, kChannels>;
    auto* columns = reinterpret_cast<int8_t*>(scratch);
    const int32_t pixels = (p.output_width - 1) * p.window.stride + p.window.taps;
    Side::Fill(p.window, rows, pixels, columns);
    const uint8_t* row = scratch;
    const int32_t bytes = ColumnBytes(kRows * kChannels * pixels);
    /* Each byte is a pixel: what a patch is longer than its taps is multiplied by 0. */
    const PatchWindow bytes_side_by_side = {
        1, 1, 4 * p.chunks, p.window.stride * Side::kColumn, 1, 0, bytes, 4 * p.chunks, 0};
    Run(p, bytes_side_by_side, &row, p.output_width, output + p.output_left, scratch + bytes);
  }
  static constexpr int32_t ColumnBytes(int32_t bytes) { return (bytes + 7) & ~3; }

  /* KernelForm::kPixels, for filters of one tap and stride 1. */
  static void Pixels(const ConvDspParams& p, const uint8_t* const* inputs, int32_t pixels, uint8_t* output,
                     uint8_t* scratch) {
    PatchWindow window = p.window;
    window.width = pixels;
    Run(p, window, inputs, pixels, output, scratch);
  }

  /* KernelForm::kVector: an image of planar rows (kScattered8, kScattered16), with their padding, from an nhwc8 one, by
   * a filter of one tap and stride 1; output_channels is even. Blocks of pixels go on from a row to the next. Scratch:
   * 12 + 24 * chunks + 36. */
  static void Image(const ConvDspImageParams& p, const uint8_t* input, uint8_t* output, uint8_t* scratch) {
    static_assert(IsScattered(kLayout) && !kSums);
    const int32_t pixels = p.height * p.row.output_width;
    PlanarPlace place(p, kCodeBytes, output);
    int32_t done = ImageBlocks<3>(p.row, input, 0, pixels, &place, scratch);
    if constexpr (kTwo) done = ImageBlocks<2>(p.row, input, done, pixels, &place, scratch);
    if constexpr (kOne) ImageBlocks<1>(p.row, input, done, pixels, &place, scratch);
  }

  template <int kPixels>
  static int32_t ImageBlocks(const ConvDspParams& p, const uint8_t* input, int32_t done, int32_t pixels,
                             PlanarPlace* place, uint8_t* scratch) {
    DspBlockTail* tail = PrepareBlock<kPixels>(p, scratch);
    auto* places = reinterpret_cast<DspBlockPlaces*>(tail + 1);
    PatchWindow window = p.window;
    window.width = pixels;
    const PatchGatherer<kPixels> gatherer(window, &input, PatchOf(scratch), nullptr);
    const int32_t span = p.output_channels * p.output_step;
    for (; pixels - done >= kPixels && !(kTwo && kPixels == 3 && pixels - done == 4); done += kPixels) {
      gatherer.Gather(done);
      uint8_t* first = place->Next();
      tail->output = first;
      tail->output_end = first + span;
      if (kPixels > 1) places->second = static_cast<int32_t>(place->Next() - first);
      if (kPixels > 2) places->third = static_cast<int32_t>(place->Next() - first);
      DspBlock<kPixels, kUnroll, kWeights, kRequantize, kLayout, kShift, kExact>(p.weights, tail->patch);
    }
    return done;
  }
};

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_CONV_2D_DSP_H_
