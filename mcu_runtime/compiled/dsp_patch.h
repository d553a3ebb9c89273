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

/* Defines, for kPixels sources s0, s1, s2: mote_gather_word, a word of each; mote_gather, `words` (not 0) of each. */
#define MOTE_GATHER_MACROS                            \
  ".macro mote_gather_word\n"                         \
  "  ldr r0, [%[s0]], #4\n"                           \
  "  .if %c[pixels] == 3\n"                           \
  "    ldr r1, [%[s1]], #4\n"                         \
  "    ldr r2, [%[s2]], #4\n"                         \
  "    sxtb16 r3, r0, ror #8\n"                       \
  "    sxtb16 r4, r1, ror #8\n"                       \
  "    sxtb16 r5, r2, ror #8\n"                       \
  "    sxtb16 r0, r0\n"                               \
  "    sxtb16 r1, r1\n"                               \
  "    sxtb16 r2, r2\n"                               \
  "    stmia.w %[patch]!, {r0, r1, r2, r3, r4, r5}\n" \
  "  .elseif %c[pixels] == 2\n"                       \
  "    ldr r1, [%[s1]], #4\n"                         \
  "    sxtb16 r2, r0, ror #8\n"                       \
  "    sxtb16 r3, r1, ror #8\n"                       \
  "    sxtb16 r0, r0\n"                               \
  "    sxtb16 r1, r1\n"                               \
  "    stmia.w %[patch]!, {r0, r1, r2, r3}\n"         \
  "  .else\n"                                         \
  "    sxtb16 r1, r0, ror #8\n"                       \
  "    sxtb16 r0, r0\n"                               \
  "    stmia.w %[patch]!, {r0, r1}\n"                 \
  "  .endif\n"                                        \
  ".endm\n"                                           \
  ".macro mote_gather words\n"                        \
  "  subs \\words, #4\n"                              \
  "  blt 2f\n"                                        \
  "1:\n"                                              \
  "  mote_gather_word\n"                              \
  "  mote_gather_word\n"                              \
  "  mote_gather_word\n"                              \
  "  mote_gather_word\n"                              \
  "  subs \\words, #4\n"                              \
  "  bge 1b\n"                                        \
  "2:\n"                                              \
  "  adds \\words, #4\n"                              \
  "  beq 4f\n"                                        \
  "3:\n"                                              \
  "  mote_gather_word\n"                              \
  "  subs \\words, #1\n"                              \
  "  bne 3b\n"                                        \
  "4:\n"                                              \
  ".endm\n"
#define MOTE_GATHER_MACROS_END ".purgem mote_gather_word\n .purgem mote_gather\n"

/* `words` words of each of the first kPixels sources become 2 * kPixels words each. Returns what follows in the patch.
 */
template <int kPixels>
inline uint32_t* GatherWords(const int8_t* s0, const int8_t* s1, const int8_t* s2, int32_t words, uint32_t* patch) {
  if (words == 0) return patch;
  asm volatile(MOTE_GATHER_MACROS "mote_gather %[words]\n" MOTE_GATHER_MACROS_END
               : [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), [patch] "+r"(patch), [words] "+r"(words)
               : [pixels] "i"(kPixels)
               : "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory");
  return patch;
}

/* Of all rows of a filter, a segment each. */
struct GatherPlan {
  int32_t first; /* bytes from the begin of a row to the segment of the first pixel */
  int32_t pixel; /* and from there to the next pixel's */
  int32_t words; /* of a segment, not 0 */
  const uint8_t* const* rows_end;
};

template <int kPixels>
__attribute__((noinline)) void GatherRows(const GatherPlan* plan, const uint8_t* const* rows, uint32_t* patch) {
  int32_t words;
  const int8_t *s0, *s1, *s2;
  asm volatile(
      MOTE_GATHER_MACROS
      "5:\n"
      "ldmia %[plan], {r0, r1, r2}\n"
      "ldr %[s0], [%[rows]], #4\n"
      "add %[s0], r0\n"
      "add %[s1], %[s0], r1\n"
      "add %[s2], %[s1], r1\n"
      "mov %[words], r2\n"
      "mote_gather %[words]\n"
      "ldr r0, [%[plan], #12]\n"
      "cmp %[rows], r0\n"
      "bne 5b\n" MOTE_GATHER_MACROS_END
      : [s0] "=&r"(s0), [s1] "=&r"(s1), [s2] "=&r"(s2), [patch] "+r"(patch), [words] "=&r"(words), [rows] "+r"(rows)
      : [plan] "r"(plan), [pixels] "i"(kPixels)
      : "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory");
}

inline int8_t* CopyBytes(const int8_t* from, int32_t count, int8_t* to) {
  for (; count >= 16; count -= 16, from += 16, to += 16) {
    uint32_t a, b, c, d;
    __builtin_memcpy(&a, from, 4);
    __builtin_memcpy(&b, from + 4, 4);
    __builtin_memcpy(&c, from + 8, 4);
    __builtin_memcpy(&d, from + 12, 4);
    __builtin_memcpy(to, &a, 4);
    __builtin_memcpy(to + 4, &b, 4);
    __builtin_memcpy(to + 8, &c, 4);
    __builtin_memcpy(to + 12, &d, 4);
  }
  for (; count >= 4; count -= 4, from += 4, to += 4) __builtin_memcpy(to, from, 4);
  for (; count > 0; --count) *to++ = *from++;
  return to;
}
inline int8_t* FillBytes(int8_t value, int32_t count, int8_t* to) {
  const uint32_t word = static_cast<uint8_t>(value) * 0x01010101u;
  for (; count >= 4; count -= 4, to += 4) __builtin_memcpy(to, &word, 4);
  for (; count > 0; --count) *to++ = value;
  return to;
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

/* `pixels` pixels from pixel `first` of a row on, some of which may be padding. Returns what follows in `out`. */
inline int8_t* PaddedPixels(const PatchWindow& w, const int8_t* row, int32_t first, int32_t pixels, int8_t* out) {
  const int32_t before = first < 0 ? (-first < pixels ? -first : pixels) : 0;
  const int32_t end = first + pixels < w.width ? first + pixels : w.width;
  const int32_t inside = end - first - before > 0 ? end - first - before : 0;
  out = FillBytes(w.zero, before * w.channels, out);
  out = CopyBytes(row + (first + before) * w.channels, inside * w.channels, out);
  return FillBytes(w.zero, (pixels - before - inside) * w.channels, out);
}

/* The rows that a filter sees, side by side: [x][row][channel], kRows rows of kChannels (at most 4) channels, with
 * their padding. What an output sees of a few channels is one run of bytes there. */
template <int kRows, int kChannels>
struct PatchColumns {
  static constexpr int32_t kColumn = kRows * kChannels; /* bytes */

  /* `pixels` columns, padding and all, the first one w.left pixels before the row. */
  static void Fill(const PatchWindow& w, const uint8_t* const* rows, int32_t pixels, int8_t* columns) {
    const int32_t inside = w.width < pixels - w.left ? w.width : pixels - w.left;
    for (int32_t r = 0; r < kRows; ++r) {
      int8_t* out = Pad(w.zero, w.left, columns + r * kChannels);
      out = Copy(reinterpret_cast<const int8_t*>(rows[r]), inside, r == kRows - 1, out);
      Pad(w.zero, pixels - w.left - inside, out);
    }
  }

 private:
  static int8_t* Pad(int8_t zero, int32_t pixels, int8_t* out) {
    for (; pixels > 0; --pixels, out += kColumn) {
      for (int32_t c = 0; c < kChannels; ++c) out[c] = zero;
    }
    return out;
  }

  /* Three channels are copied as four where the next row comes behind them, and writes what is right there. */
  static int8_t* Copy(const int8_t* from, int32_t pixels, bool last_row, int8_t* out) {
    constexpr int32_t kWhole = kChannels == 3 ? 4 : kChannels;
    if (!last_row) {
      for (; pixels > 4; pixels -= 4) out = CopyFour<kWhole>(&from, out);
    } else {
      for (; pixels > 4; pixels -= 4) out = CopyFour<kChannels>(&from, out);
    }
    for (; pixels > 0; --pixels, from += kChannels, out += kColumn) __builtin_memcpy(out, from, kChannels);
    return out;
  }

  template <int kBytes>
  static int8_t* CopyFour(const int8_t** from, int8_t* out) {
    for (int32_t i = 0; i < 4; ++i) __builtin_memcpy(out + i * kColumn, *from + i * kChannels, kBytes);
    *from += 4 * kChannels;
    return out + 4 * kColumn;
  }
};

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
    simple_ = segments_ == 1 && words_ != 0 && rest_ == 0;
    pixel_ = w.stride * w.channels;
    last_inside_ = w.width - (kPixels - 1) * w.stride - (w.taps - 1) * w.dilation - 1;
  }

  /* Of output pixels [x, x + kPixels). */
  void Gather(int32_t x) const {
    const int32_t first = x * w_.stride - w_.left;
    const bool inside = first >= 0 && first <= last_inside_;
    if (inside && simple_) {
      const GatherPlan plan = {first * w_.channels, pixel_, words_, rows_ + w_.rows};
      return GatherRows<kPixels>(&plan, rows_, patch_);
    }
    uint32_t* patch = patch_;
    RestPlace rest = {reinterpret_cast<int16_t*>(rest_patch_), 1};
    for (int32_t r = 0; r < w_.rows; ++r) {
      const int8_t* source = reinterpret_cast<const int8_t*>(rows_[r]) + first * w_.channels;
      for (int32_t s = 0; s < segments_; ++s, source += w_.dilation * w_.channels) {
        const int8_t* s0 = source;
        const int8_t* s1 = source + pixel_;
        const int8_t* s2 = source + 2 * pixel_;
        if (!inside) {
          const int8_t* padded[3] = {s0, s1, s2};
          PadSources(r, first + s * w_.dilation, padded);
          s0 = padded[0], s1 = padded[1], s2 = padded[2];
        }
        patch = GatherWords<kPixels>(s0, s1, s2, words_, patch);
        if (rest_ != 0) GatherRest(s0, s1, s2, &rest);
      }
    }
  }

 private:
  /* Where products go that come after all whole words. */
  struct RestPlace {
    int16_t* out;
    int32_t step; /* to the next product's: the other half of the word, or the next words */
  };

  void GatherRest(const int8_t* s0, const int8_t* s1, const int8_t* s2, RestPlace* place) const {
    int16_t* out = place->out;
    for (int32_t i = 4 * words_; i < 4 * words_ + rest_; ++i) {
      out[0] = s0[i];
      if (kPixels > 1) out[2] = s1[i];
      if (kPixels > 2) out[4] = s2[i];
      out += place->step;
      place->step = 2 * kPixels - place->step;
    }
    place->out = out;
  }

  /* Segments of which some is padding, that begin with pixels first, first + stride, ... of row r. */
  __attribute__((noinline)) void PadSources(int32_t r, int32_t first, const int8_t** sources) const {
    const int8_t* row = reinterpret_cast<const int8_t*>(rows_[r]);
    for (int32_t p = 0; p < kPixels; ++p, first += w_.stride) {
      if (first >= 0 && first + w_.segment_pixels <= w_.width) continue;
      int8_t* segment = edge_ + p * 4 * (words_ + 1);
      PaddedPixels(w_, row, first, w_.segment_pixels, segment);
      sources[p] = segment;
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
  bool simple_; /* whole words, one segment a row */
};

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_DSP_PATCH_H_
