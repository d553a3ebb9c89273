/* CONV_2D for cores with the DSP extension: any filter, stride, dilation and number of channels, from int8 rows
 * [x][channel] as the file has them. Pixels are gathered three at a time into a patch of int16 (dsp_patch.h) and
 * multiplied with all output channels (dsp_block.h).
 *
 * Instructions a product, K products a sum, N output channels: 17/24 for products, about 0.11 * 64/K for codes and the
 * block's loop, 1.0/N to gather. 64 -> 64 channels, 1x1: 0.83.
 *
 * Scratch: DspConvScratch bytes; a patch and, in front of it and behind it, what the block wants to know.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_CONV_2D_DSP_H_
#define MOTE_MCU_RUNTIME_COMPILED_CONV_2D_DSP_H_

#include "mcu_runtime/compiled/dsp_block.h"
#include "mcu_runtime/compiled/dsp_patch.h"
#include "mcu_runtime/kernels/requantize.h"

namespace mote::compiled {

struct ConvDspParams {
  PatchWindow window;
  int32_t output_width;
  int32_t output_channels;
  int32_t output_step; /* nhwc8: bytes from a pixel to the next; planar8: from a channel to the next */
  int32_t output_left; /* planar8: bytes of padding before the first pixel */
  int32_t chunks;      /* of four products in a sum, the last one padded */
  int32_t left_shift;  /* k */
  int32_t offset;      /* C */
  const uint8_t* weights;
  /* Requantization::kSums: the contract's own two roundings, in C++. */
  const device::ChannelTerms* terms;
  device::OutputRange range;
};

/* What stands behind a patch of kPixels pixels. */
inline int32_t DspPatchBytes(const ConvDspParams& p, int32_t pixels) { return p.chunks * 8 * pixels; }

template <int kUnroll, DspWeights kWeights, DspRequantize kRequantize, DspLayout kLayout, int kShift, bool kTwo,
          bool kOne>
struct ConvDsp {
  /* Codes of kPixels pixels whose patch stands in scratch. output: of the first of them. */
  template <int kPixels>
  static void Block(const ConvDspParams& p, uint8_t* output, uint8_t* scratch) {
    auto* head = reinterpret_cast<DspBlockHead*>(scratch);
    uint8_t* patch = scratch + sizeof(DspBlockHead);
    auto* tail = reinterpret_cast<DspBlockTail*>(patch + DspPatchBytes(p, kPixels));
    const int32_t later = p.chunks - 1;
    head->rounds = later / kUnroll + 1;
    const uint32_t entry = static_cast<uint32_t>(later % kUnroll) * DspChunkBytes(kPixels, kWeights);
    constexpr bool kScaled = kWeights == DspWeights::kPaired && kRequantize == DspRequantize::kOneLine;
    tail->scale_a = 1 << p.left_shift;
    tail->scale_b = tail->scale_a >> (kScaled ? 8 : 0);
    tail->offset = p.offset;
    tail->patch = patch;
    const int32_t pairs = p.output_channels >> 1;
    constexpr int32_t kWordsOfCodes = kRequantize == DspRequantize::kOneLine    ? 4
                                      : kRequantize == DspRequantize::kTwoLines ? 6
                                                                                : 0;
    const uint8_t* weights = p.weights;
    const auto run = [&](uint8_t* to, int32_t step, int32_t count) {
      if (count == 0) return;
      head->entry = entry;
      tail->output = to;
      tail->step = step;
      const int32_t a_pair = kRequantize == DspRequantize::kSums ? kPixels * 8
                             : kLayout == DspLayout::kPlanar8    ? 2 * step
                                                                 : 2;
      tail->output_end = to + count * a_pair;
      DspBlock<kPixels, kUnroll, kWeights, kRequantize, kLayout, kShift>(weights, patch);
    };
    if constexpr (kRequantize == DspRequantize::kSums) {
      uint8_t* sums = reinterpret_cast<uint8_t*>(tail + 1);
      run(sums, 0, (p.output_channels + 1) >> 1);
      StoreSums<kPixels>(p, reinterpret_cast<const int32_t*>(sums), output);
    } else {
      run(output, p.output_step, pairs);
      if ((p.output_channels & 1) == 0) return;
      /* The last channel has none beside it. */
      weights += pairs * (p.chunks * 8 + kWordsOfCodes * 4);
      uint8_t* codes = reinterpret_cast<uint8_t*>(tail + 1);
      if constexpr (kLayout == DspLayout::kPlanar8) {
        run(codes, kPixels, 1);
        for (int32_t i = 0; i < kPixels; ++i) output[2 * pairs * p.output_step + i] = codes[i];
      } else {
        run(codes, 2, 1);
        for (int32_t i = 0; i < kPixels; ++i) output[2 * pairs + i * p.output_step] = codes[2 * i];
      }
    }
  }

  template <int kPixels>
  static void StoreSums(const ConvDspParams& p, const int32_t* sums, uint8_t* output) {
    for (int32_t c = 0; c < p.output_channels; ++c) {
      for (int32_t i = 0; i < kPixels; ++i) {
        const int32_t at = kLayout == DspLayout::kPlanar8 ? c * p.output_step + i : i * p.output_step + c;
        output[at] =
            static_cast<uint8_t>(device::RequantizeToInt8(*sums++ + p.terms[c].bias, p.terms[c].multiplier, p.range));
      }
    }
  }

  /* Pixels [x, x + pixels) of an output row. */
  static void Run(const ConvDspParams& p, const uint8_t* const* rows, int32_t pixels, uint8_t* output,
                  uint8_t* scratch) {
    const int32_t step = kLayout == DspLayout::kPlanar8 ? 1 : p.output_step;
    auto* patch = reinterpret_cast<uint32_t*>(scratch + sizeof(DspBlockHead));
    int32_t x = 0;
    const auto do_some = [&](auto pixels_tag) {
      constexpr int kPixels = decltype(pixels_tag)::value;
      int8_t* edge = reinterpret_cast<int8_t*>(patch) + DspPatchBytes(p, kPixels);
      GatherPatch<kPixels>(p.window, rows, x, patch, edge);
      Block<kPixels>(p, output + x * step, scratch);
      x += kPixels;
    };
    /* Four are two and two. */
    while (pixels - x >= 3 && !(kTwo && pixels - x == 4)) do_some(Count<3>());
    if constexpr (kTwo) {
      while (pixels - x >= 2) do_some(Count<2>());
    }
    if constexpr (kOne) {
      while (pixels - x >= 1) do_some(Count<1>());
    }
  }

  template <int kCount>
  struct Count {
    static constexpr int value = kCount;
  };

  /* KernelForm::kWindow: one output row. */
  static void Row(const ConvDspParams& p, const uint8_t* const* rows, uint8_t* output, uint8_t* scratch) {
    Run(p, rows, p.output_width, output + p.output_left, scratch);
  }
  /* KernelForm::kPixels, for filters of one tap and stride 1. */
  static void Pixels(const ConvDspParams& p, const uint8_t* const* inputs, int32_t pixels, uint8_t* output,
                     uint8_t* scratch) {
    ConvDspParams run = p;
    run.window.width = pixels;
    Run(run, inputs, pixels, output, scratch);
  }
};

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_CONV_2D_DSP_H_
