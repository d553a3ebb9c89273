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

/* What a filter's rows see, for kPixels pixels. */
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
};

/* Bytes [first, first + segment_pixels) of a row, where some of them are padding. */
inline const int8_t* PaddedSegment(const PatchWindow& w, const int8_t* row, int32_t first, int8_t* segment) {
  int8_t* out = segment;
  for (int32_t x = first; x < first + w.segment_pixels; ++x) {
    const bool inside = x >= 0 && x < w.width;
    const int8_t* pixel = row + x * w.channels;
    for (int32_t c = 0; c < w.channels; ++c) *out++ = inside ? pixel[c] : w.zero;
  }
  return segment;
}

/* The patch of output pixels [x, x + kPixels). `edge` has room for kPixels segments, each rounded up to a multiple of 4
 * bytes. */
template <int kPixels>
inline void GatherPatch(const PatchWindow& w, const uint8_t* const* rows, int32_t x, uint32_t* patch, int8_t* edge) {
  const int32_t segment = w.segment_pixels * w.channels;
  const int32_t words = segment >> 2;
  const int32_t rest = segment & 3;
  const int32_t segments_a_row = w.segment_pixels == w.taps ? 1 : w.taps;
  const int32_t first = x * w.stride - w.left;
  const bool inside = first >= 0 && first + (kPixels - 1) * w.stride + (w.taps - 1) * w.dilation < w.width;
  int16_t* rest_out = reinterpret_cast<int16_t*>(patch + w.rows * segments_a_row * words * 2 * kPixels);
  bool second = false; /* of a pair of products */
  for (int32_t r = 0; r < w.rows; ++r) {
    const int8_t* row = reinterpret_cast<const int8_t*>(rows[r]);
    for (int32_t s = 0; s < segments_a_row; ++s) {
      const int8_t* sources[kPixels];
      for (int32_t p = 0; p < kPixels; ++p) {
        const int32_t pixel = first + p * w.stride + s * w.dilation;
        const bool whole = inside || (pixel >= 0 && pixel + w.segment_pixels <= w.width);
        sources[p] = whole ? row + pixel * w.channels : PaddedSegment(w, row, pixel, edge + p * ((segment + 3) & ~3));
      }
      patch = GatherWords<kPixels>(sources, words, patch);
      for (int32_t i = segment - rest; i < segment; ++i) {
        for (int32_t p = 0; p < kPixels; ++p) rest_out[2 * p] = sources[p][i];
        rest_out += second ? 2 * kPixels - 1 : 1;
        second = !second;
      }
    }
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_DSP_PATCH_H_
