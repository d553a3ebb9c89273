/* CONV_2D for cores with the DSP extension where what an output pixel sees is one run of bytes: of a filter of one tap
 * the pixel as it lies in memory; of other filters copies (PatchColumns, dsp_patch.h; WindowRuns). A run has 4 * chunks
 * bytes, products in the order ConvOrder::kRun or kColumns (export/compiler/pack_dsp.h). Other layers: conv_2d_dsp.h.
 *
 * Less code than with patches of any shape: runs become a patch by one loop, blocks are of three pixels and, with kTwo,
 * of two. Without it what three does not divide ends with a block that begins one or two pixels early and computes
 * those once more, so outputs must not lie over inputs there. Where there are less than three pixels, three times the
 * same one. The number of output channels is even.
 *
 * Scratch, behind what copies take: 12 + 24 * chunks + 36 bytes.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_CONV_2D_RUNS_DSP_H_
#define MOTE_MCU_RUNTIME_COMPILED_CONV_2D_RUNS_DSP_H_

#include "mcu_runtime/compiled/dsp_block.h"
#include "mcu_runtime/compiled/dsp_patch.h"
#include "mcu_runtime/compiled/rows.h"

namespace mote::compiled {

struct RunConvParams {
  uint16_t pixel;  /* bytes from a pixel's run to the next */
  uint16_t chunks; /* of four products in a sum */
  uint16_t output_channels;
  uint8_t left_shift; /* k */
  int32_t offset;     /* C */
  const uint8_t* weights;
};

/* Where the pixels of an output row stand. */
struct RunPlaces {
  uint16_t width; /* pixels */
  uint16_t left;  /* planar: bytes before the first one; else 0 */
  int32_t step;   /* planar: bytes from a channel to the next */
};

struct RunConvRowParams {
  RunConvParams run;
  RunPlaces places;
};

struct RunConvWindowParams {
  RunConvParams run;
  RunPlaces places;
  PatchWindow window;
};

struct RunConvImageParams {
  RunConvParams run;
  RunPlaces places;
  int32_t height;
  int32_t row_bytes; /* of the output, a multiple of 4 */
  uint32_t padding;  /* a word of it */
};

/* Runs side by side, or copies of them: the first one's place, and bytes from one to the next. */
struct Runs {
  const int8_t* first;
  int32_t pixel;
};

/* Runs as they lie in memory. At: of pixels x, x + apart, x + 2 * apart. */
struct RunsInPlace {
  const uint8_t* runs;
  int32_t pixel;

  Runs At(int32_t x, int32_t apart) const { return {reinterpret_cast<const int8_t*>(runs) + x * pixel, apart * pixel}; }
};

/* Runs [row][tap][channel] of any filter, copied three at a time with their padding. */
struct WindowRuns {
  const PatchWindow& window;
  const uint8_t* const* rows;
  int8_t* copies; /* 3 * bytes */
  int32_t bytes;  /* of a run */

  __attribute__((noinline)) Runs At(int32_t x, int32_t apart) const {
    const PatchWindow& w = window;
    for (int32_t i = 0; i < 3; ++i, x += apart) {
      int8_t* out = copies + i * bytes;
      for (int32_t r = 0; r < w.rows; ++r) {
        int32_t first = x * w.stride - w.left;
        for (int32_t t = 0; t < w.taps; t += w.segment_pixels, first += w.dilation) {
          out = PaddedPixels(w, reinterpret_cast<const int8_t*>(rows[r]), first, w.segment_pixels, out);
        }
      }
    }
    return {copies, bytes};
  }
};

/* Runs of `words` words become a patch of kPixels pixels. kSmall: of less code. */
template <int kPixels, bool kSmall>
__attribute__((noinline)) void GatherRuns(const Runs& runs, int32_t words, uint32_t* patch) {
  const int8_t* s0 = runs.first;
  const int8_t* s1 = s0 + runs.pixel;
  const int8_t* s2 = s1 + runs.pixel;
  if constexpr (kSmall) {
    asm volatile(MOTE_GATHER_MACROS
                 "1:\n"
                 "mote_gather_word\n"
                 "subs %[words], #1\n"
                 "bne 1b\n" MOTE_GATHER_MACROS_END
                 : [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), [patch] "+r"(patch), [words] "+r"(words)
                 : [pixels] "i"(kPixels)
                 : "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory");
  } else {
    asm volatile(MOTE_GATHER_MACROS "mote_gather %[words]\n" MOTE_GATHER_MACROS_END
                 : [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), [patch] "+r"(patch), [words] "+r"(words)
                 : [pixels] "i"(kPixels)
                 : "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory");
  }
}

/* kUnroll: chunks in the inner loop's code; 1: all else is of less code too. kLayout: kNhwc8, or a scattered one. */
template <int kUnroll, DspWeights kWeights, DspRequantize kRequantize, DspLayout kLayout, int kShift, bool kTwo>
struct RunConvDsp {
  static_assert(kRequantize != DspRequantize::kSums);
  static constexpr bool kScattered = IsScattered(kLayout);
  static_assert(kScattered || kLayout == DspLayout::kNhwc8);

  /* Blocks of one size. */
  template <int kPixels>
  class Blocks {
   public:
    Blocks(const RunConvParams& p, const RunPlaces* places, int32_t row_bytes, uint8_t* output, uint8_t* scratch)
        : p_(p),
          places_(places),
          row_bytes_(row_bytes),
          output_(output),
          patch_(scratch + sizeof(DspBlockHead)),
          tail_(PrepareDspBlock<kPixels, kUnroll, kWeights, kRequantize>(p.chunks, p.left_shift, p.offset, scratch)) {}

    /* Pixels x, x + apart, ... */
    template <typename Source>
    void Compute(const Source& source, int32_t x, int32_t apart) {
      GatherRuns<kPixels, kUnroll == 1>(source.At(x, apart), p_.chunks, reinterpret_cast<uint32_t*>(patch_));
      if constexpr (kScattered) {
        auto* others = reinterpret_cast<DspBlockPlaces*>(tail_ + 1);
        const int32_t first = PlaceOf(x);
        tail_->output = output_ + first;
        others->second = PlaceOf(x + apart) - first;
        if (kPixels > 2) others->third = PlaceOf(x + 2 * apart) - first;
        tail_->step = places_->step;
        tail_->output_end = tail_->output + p_.output_channels * places_->step;
      } else {
        tail_->output = output_ + x * p_.output_channels;
        tail_->step = apart * p_.output_channels;
        tail_->output_end = tail_->output + p_.output_channels;
      }
      DspBlock<kPixels, kUnroll, kWeights, kRequantize, kLayout, kShift>(p_.weights, patch_);
    }

   private:
    int32_t PlaceOf(int32_t x) const {
      const int32_t row = x / places_->width;
      return places_->left + row * row_bytes_ + (x - row * places_->width) * CodeBytes(kLayout);
    }

    const RunConvParams& p_;
    const RunPlaces* places_;
    int32_t row_bytes_;
    uint8_t* output_;
    uint8_t* patch_;
    DspBlockTail* tail_;
  };

  /* Whether blocks of two do what is left. */
  static constexpr bool IsOfTwo(int32_t left) { return kTwo && (left == 2 || left == 4); }

  /* `places`: null with kNhwc8. */
  template <typename Source>
  static void Run(const RunConvParams& p, const RunPlaces* places, int32_t row_bytes, const Source& source,
                  int32_t pixels, uint8_t* output, uint8_t* scratch) {
    int32_t x = 0;
    if (!IsOfTwo(pixels)) {
      Blocks<3> blocks(p, places, row_bytes, output, scratch);
      const int32_t apart = pixels < 3 ? 0 : 1;
      const int32_t step = pixels < 3 ? 1 : 3;
      while (true) {
        blocks.Compute(source, x, apart);
        x += step;
        if (x >= pixels || IsOfTwo(pixels - x)) break;
        if (!kTwo && x + step > pixels) x = pixels - step;
      }
    }
    if constexpr (kTwo) {
      if (x >= pixels) return;
      Blocks<2> blocks(p, places, row_bytes, output, scratch);
      for (; x < pixels; x += 2) blocks.Compute(source, x, 1);
    }
  }

  /* KernelForm::kPixels, nhwc8, a filter of one tap. */
  static void Pixels(const RunConvParams& p, const uint8_t* const* inputs, int32_t pixels, uint8_t* output,
                     uint8_t* scratch) {
    Run(p, nullptr, 0, RunsInPlace{inputs[0], p.pixel}, pixels, output, scratch);
  }

  /* KernelForm::kVector, likewise: an image is one row. */
  static void Image(const RunConvRowParams& p, const uint8_t* input, uint8_t* output, uint8_t* scratch) {
    Run(p.run, nullptr, 0, RunsInPlace{input, p.run.pixel}, p.places.width, output, scratch);
  }

  /* KernelForm::kVector: an image of planar rows, with their padding. */
  static void PlanarImage(const RunConvImageParams& p, const uint8_t* input, uint8_t* output, uint8_t* scratch) {
    FillRow(output, p.height * p.row_bytes, p.padding);
    Run(p.run, &p.places, p.row_bytes, RunsInPlace{input, p.run.pixel}, p.height * p.places.width, output, scratch);
  }

  /* KernelForm::kWindow, few input channels and no dilation: the rows are copied side by side first. kRows and
   * kChannels are the window's. Scratch: the copies in front. */
  template <int kRows, int kChannels>
  static void Columns(const RunConvWindowParams& p, const uint8_t* const* rows, uint8_t* output, uint8_t* scratch) {
    const int32_t pixels = (p.places.width - 1) * p.window.stride + p.window.taps;
    PatchColumns<kRows, kChannels>::Fill(p.window, rows, pixels, reinterpret_cast<int8_t*>(scratch));
    const int32_t bytes = (kRows * kChannels * pixels + 7) & ~3; /* a run may be read up to 3 bytes too far */
    Run(p.run, &p.places, 0, RunsInPlace{scratch, p.run.pixel}, p.places.width, output, scratch + bytes);
  }

  /* KernelForm::kWindow, nhwc8, any filter. Scratch: in front the copies of three runs, 12 * chunks bytes. */
  static void Windows(const RunConvWindowParams& p, const uint8_t* const* rows, uint8_t* output, uint8_t* scratch) {
    const int32_t bytes = 4 * p.run.chunks;
    const WindowRuns source = {p.window, rows, reinterpret_cast<int8_t*>(scratch), bytes};
    Run(p.run, nullptr, 0, source, p.places.width, output, scratch + 3 * bytes);
  }
};

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_CONV_2D_RUNS_DSP_H_
