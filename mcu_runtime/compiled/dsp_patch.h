/* Patches for the block of convolutions (dsp_block.h): int8 inputs of some pixels become int16 and stand side by side.
 *
 * A filter's row is a segment of input bytes (of taps side by side; each tap is one where they are dilated). Four of
 * its bytes b0..b3 become the two products' inputs (b0, b2), (b1, b3), which is what SXTB16 makes of a word; weights
 * are packed in that order. Three pixels' words: 3 loads, 6 SXTB16, one STM, for 12 inputs. What four does not divide
 * comes after all whole words of all segments.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_DSP_PATCH_H_
#define MOTE_MCU_RUNTIME_COMPILED_DSP_PATCH_H_

#include <stdint.h>

namespace mote::compiled {

/* `words` words of each source become 2 * kPixels words each. Returns what follows in the patch. */
template <int kPixels>
inline uint32_t* GatherWords(const int8_t* const* sources, int32_t words, uint32_t* patch) {
  if (words == 0) return patch;
  const int8_t* s0 = sources[0];
  if constexpr (kPixels == 3) {
    const int8_t* s1 = sources[1];
    const int8_t* s2 = sources[2];
    asm volatile(
        "1:\n"
        "ldr r0, [%[s0]], #4\n"
        "ldr r1, [%[s1]], #4\n"
        "ldr r2, [%[s2]], #4\n"
        "sxtb16 r3, r0, ror #8\n"
        "sxtb16 r4, r1, ror #8\n"
        "sxtb16 r5, r2, ror #8\n"
        "sxtb16 r0, r0\n"
        "sxtb16 r1, r1\n"
        "sxtb16 r2, r2\n"
        "stmia.w %[patch]!, {r0, r1, r2, r3, r4, r5}\n"
        "subs %[words], #1\n"
        "bne 1b\n"
        : [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), [patch] "+r"(patch), [words] "+r"(words)
        :
        : "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory");
  } else if constexpr (kPixels == 2) {
    const int8_t* s1 = sources[1];
    asm volatile(
        "1:\n"
        "ldr r0, [%[s0]], #4\n"
        "ldr r1, [%[s1]], #4\n"
        "sxtb16 r2, r0, ror #8\n"
        "sxtb16 r3, r1, ror #8\n"
        "sxtb16 r0, r0\n"
        "sxtb16 r1, r1\n"
        "stmia.w %[patch]!, {r0, r1, r2, r3}\n"
        "subs %[words], #1\n"
        "bne 1b\n"
        : [s0] "+r"(s0), [s1] "+r"(s1), [patch] "+r"(patch), [words] "+r"(words)
        :
        : "r0", "r1", "r2", "r3", "cc", "memory");
  } else {
    asm volatile(
        "1:\n"
        "ldr r0, [%[s0]], #4\n"
        "sxtb16 r1, r0, ror #8\n"
        "sxtb16 r0, r0\n"
        "stmia.w %[patch]!, {r0, r1}\n"
        "subs %[words], #1\n"
        "bne 1b\n"
        : [s0] "+r"(s0), [patch] "+r"(patch), [words] "+r"(words)
        :
        : "r0", "r1", "cc", "memory");
  }
  return patch;
}

/* What a filter's rows see. */
struct PatchWindow {
  int32_t channels;       /* of the input */
  int32_t rows;           /* of the filter */
  int32_t taps;           /* of its row */
  int32_t stride;         /* pixels */
  int32_t dilation;       /* of taps within the row */
  int32_t left;           /* padding before the first pixel */
  int32_t width;          /* of the input's rows */
  int32_t segment_pixels; /* pixels that stand side by side: all taps, or one where they are dilated */
  int8_t zero;            /* what padding holds */

  int32_t segment_bytes() const { return segment_pixels * channels; }
  int32_t segments_a_row() const { return segment_pixels == taps ? 1 : taps; }
};

/* Bytes of a segment that begins with pixel `first` of a row, where some of it is padding. */
inline void PaddedSegment(const PatchWindow& w, const int8_t* row, int32_t first, int8_t* segment) {
  for (int32_t x = first; x < first + w.segment_pixels; ++x) {
    const bool inside = x >= 0 && x < w.width;
    const int8_t* pixel = row + x * w.channels;
    for (int32_t c = 0; c < w.channels; ++c) *segment++ = inside ? pixel[c] : w.zero;
  }
}

/* Patches of kPixels neighbouring output pixels. Made once a row. */
template <int kPixels>
class PatchGatherer {
 public:
  /* `edge`: room for kPixels segments, each rounded up to a multiple of 4 bytes. */
  PatchGatherer(const PatchWindow& w, const uint8_t* const* rows, uint32_t* patch, int8_t* edge)
      : w_(w), rows_(rows), patch_(patch), edge_(edge) {
    const int32_t segment = w.segment_bytes();
    segments_ = w.segments_a_row();
    words_ = segment >> 2;
    rest_ = segment & 3;
    rest_patch_ = patch + w.rows * segments_ * words_ * 2 * kPixels;
    pixel_ = w.stride * w.channels;
    last_inside_ = w.width - (kPixels - 1) * w.stride - (w.taps - 1) * w.dilation - 1;
  }

  /* Of output pixels [x, x + kPixels). */
  void Gather(int32_t x) const {
    const int32_t first = x * w_.stride - w_.left;
    if (first < 0 || first > last_inside_) return GatherEdge(first);
    uint32_t* patch = patch_;
    RestPlace rest = {rest_patch_, false};
    for (int32_t r = 0; r < w_.rows; ++r) {
      const int8_t* source = reinterpret_cast<const int8_t*>(rows_[r]) + first * w_.channels;
      for (int32_t s = 0; s < segments_; ++s, source += w_.dilation * w_.channels) {
        const int8_t* sources[kPixels];
        for (int32_t p = 0; p < kPixels; ++p) sources[p] = source + p * pixel_;
        patch = GatherWords<kPixels>(sources, words_, patch);
        if (rest_ != 0) GatherRest(sources, &rest);
      }
    }
  }

 private:
  /* Where products go that come after all whole words. */
  struct RestPlace {
    uint32_t* pair;
    bool second;
  };

  void GatherRest(const int8_t* const* sources, RestPlace* place) const {
    for (int32_t i = 4 * words_; i < 4 * words_ + rest_; ++i) {
      int16_t* out = reinterpret_cast<int16_t*>(place->pair) + (place->second ? 1 : 0);
      for (int32_t p = 0; p < kPixels; ++p) out[2 * p] = sources[p][i];
      if (place->second) place->pair += kPixels;
      place->second = !place->second;
    }
  }

  __attribute__((noinline)) void GatherEdge(int32_t first) const {
    uint32_t* patch = patch_;
    RestPlace rest = {rest_patch_, false};
    for (int32_t r = 0; r < w_.rows; ++r) {
      const int8_t* row = reinterpret_cast<const int8_t*>(rows_[r]);
      for (int32_t s = 0; s < segments_; ++s) {
        const int8_t* sources[kPixels];
        for (int32_t p = 0; p < kPixels; ++p) {
          const int32_t pixel = first + p * w_.stride + s * w_.dilation;
          sources[p] = row + pixel * w_.channels;
          if (pixel >= 0 && pixel + w_.segment_pixels <= w_.width) continue;
          int8_t* segment = edge_ + p * 4 * (words_ + 1);
          PaddedSegment(w_, row, pixel, segment);
          sources[p] = segment;
        }
        patch = GatherWords<kPixels>(sources, words_, patch);
        if (rest_ != 0) GatherRest(sources, &rest);
      }
    }
  }

  const PatchWindow& w_;
  const uint8_t* const* rows_;
  uint32_t* patch_;
  uint32_t* rest_patch_;
  int8_t* edge_;
  int32_t segments_;
  int32_t words_;
  int32_t rest_;
  int32_t pixel_;
  int32_t last_inside_;
};

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_DSP_PATCH_H_
