/* CONV_2D on Helium: rows of pixels, two at a time, through gemm_mve.h.
 *
 * ConvRowsMve sees rows of int8, [x][channel] with the padding in the row (as many codes of the zero point before the
 * first pixel and after the last one as the filter reaches); rows above and below the image are rows of the zero point.
 * The functions of layers, below it, make them from rows as the file has them: copies of those that are seen at once. A
 * pixel's segment is then k_w * C bytes in a row, and a layer of 1x1 filters is one of a single segment, whose pixels
 * may be taken as one long row where tensors are whole. Channels need not be a multiple of anything; where rows and
 * pixels begin at multiples of 4 the kernel is faster (GemmShapeMve::kWords).
 *
 * Output rows are of any layout in which an element's place is
 *   row + x * pixel_step + channel * channel_step      3 * channel_step + 2 * pixel_step < 2^16
 *
 * Instructions: those of gemm_mve.h, for a pair of pixels 11 + 5 * segments, for each run of pairs in a row about 100.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_CONV_2D_MVE_H_
#define MOTE_MCU_RUNTIME_COMPILED_CONV_2D_MVE_H_

#include "mcu_runtime/compiled/gemm_mve.h"
#include "mcu_runtime/compiled/rows_mve.h"

namespace mote::compiled {

/* kSegments: as in GemmShapeMve. */
template <int kSegments>
struct ConvMveParams {
  void (*blocks)(GemmPairsMve<kSegments>* pairs); /* GemmPairs of whole blocks of 4 channels; null: there are none */
  void (*left)(GemmPairsMve<kSegments>* pairs);   /* of the channels that are left; likewise */
  const void* constants;
  uint32_t blocks_bytes;  /* of whole blocks of 4 channels; constants of the channels that are left follow */
  int32_t block_channels; /* how many channels whole blocks have together */
  int32_t scalar;         /* as in GemmPairMve */
  int32_t min;
  int32_t max;
  int32_t width;      /* of the output */
  int32_t row_stride; /* how many input rows further the next output row's begin */
  int32_t input_step; /* bytes from what an output pixel sees to what the next one sees */
  int32_t pixel_step; /* of the output */
  int32_t channel_step;
};

template <int kSegments>
class ConvPairsMve {
 public:
  ConvPairsMve(const ConvMveParams<kSegments>& p, const int8_t* const* rows, int8_t* const* outputs)
      : p_(p), rows_(rows), outputs_(outputs) {
    pairs_.block_step = 4 * p.channel_step;
    pairs_.scalar = p.scalar;
    pairs_.min = p.min;
    pairs_.max = p.max;
    pairs_.input_advance = 2 * p.input_step;
    pairs_.output_advance = 2 * p.pixel_step;
  }

  /* `count` pairs, each but the first two pixels further in their row than the one before; the first has its pixels at
   * these places. */
  void Run(int32_t y0, int32_t x0, int32_t y1, int32_t x1, int32_t count) {
    const auto* const constants = static_cast<const uint8_t*>(p_.constants);
    const auto* const end = constants + p_.blocks_bytes;
    if (p_.blocks != nullptr) {
      Place(y0, x0, y1, x1, 0);
      pairs_.constants = constants;
      pairs_.end = end;
      pairs_.pairs = count;
      p_.blocks(&pairs_);
    }
    if (p_.left != nullptr) {
      Place(y0, x0, y1, x1, p_.block_channels * p_.channel_step);
      pairs_.constants = end;
      pairs_.pairs = count;
      p_.left(&pairs_);
    }
  }

 private:
  void Place(int32_t y0, int32_t x0, int32_t y1, int32_t x1, int32_t channels_at) {
    for (int32_t s = 0; s < kSegments; ++s) {
      pairs_.input[s][0] = rows_[y0 * p_.row_stride + s] + x0 * p_.input_step;
      pairs_.input[s][1] = rows_[y1 * p_.row_stride + s] + x1 * p_.input_step;
    }
    /* A scatter's offsets are not negative: they are from the place that comes first. */
    int8_t* const first = outputs_[y0] + x0 * p_.pixel_step;
    int8_t* const second = outputs_[y1] + x1 * p_.pixel_step;
    int8_t* const base = second < first ? second : first;
    pairs_.output = base + channels_at;
    const auto first_at = static_cast<uint32_t>(first - base);
    const auto second_at = static_cast<uint32_t>(second - base);
    for (uint32_t c = 0; c < 4; ++c) {
      const uint32_t channel = c * static_cast<uint32_t>(p_.channel_step);
      pairs_.offsets[2 * c] = static_cast<uint16_t>(first_at + channel);
      pairs_.offsets[2 * c + 1] = static_cast<uint16_t>(second_at + channel);
    }
  }

  const ConvMveParams<kSegments>& p_;
  const int8_t* const* rows_;
  int8_t* const* outputs_;
  GemmPairsMve<kSegments> pairs_;
};

/* `count` output rows. Row y's are rows[y * row_stride] to rows[y * row_stride + segments - 1] and outputs[y]. */
template <int kSegments>
__attribute__((noinline)) void ConvRowsMve(const ConvMveParams<kSegments>& p, const int8_t* const* rows,
                                           int8_t* const* outputs, int32_t count) {
  ConvPairsMve<kSegments> pairs(p, rows, outputs);
  int32_t y = 0;
  int32_t x = 0;
  while (y < count) {
    int32_t in_row = (p.width - x) / 2;
    if (in_row != 0) {
      pairs.Run(y, x, y, x + 1, in_row);
    } else if (y + 1 < count) {
      pairs.Run(y, x, y + 1, 0, 1);
      in_row = 1;
    } else {
      pairs.Run(y, x, y, x, 1); /* the last of an odd number of pixels is computed twice */
      in_row = 1;
    }
    for (x += 2 * in_row; x >= p.width; x -= p.width) ++y;
  }
}

/* What the pixels of an output row see, gathered: of each pixel kSegments runs of kSegmentBytes (1 to 16) side by side,
 * a pixel kPatchBytes after the one before. For filters that see few channels: what are many short segments is one
 * then. 4 instructions a segment of a pixel. */
template <int kSegments, int kSegmentBytes, int kInputStep, int kPatchBytes>
inline void GatherPatchesMve(const int8_t* const* rows, int32_t pixels, int8_t* patches) {
  static_assert(kSegmentBytes <= 16 && kInputStep < 128 && kPatchBytes < 128, "what one instruction reaches");
  for (int s = 0; s < kSegments; ++s) {
    const int8_t* from = rows[s];
    int8_t* to = patches + s * kSegmentBytes;
    asm volatile(
        "vctp.8 %[bytes]\n"
        "dls lr, %[pixels]\n"
        "1:\n"
        "vpstt\n"
        "vldrbt.u8 q0, [%[from]], #%c[step]\n"
        "vstrbt.8 q0, [%[to]], #%c[patch]\n"
        "le lr, 1b\n"
        : [from] "+r"(from), [to] "+r"(to)
        : [pixels] "r"(pixels), [bytes] "r"(kSegmentBytes), [step] "i"(kInputStep), [patch] "i"(kPatchBytes)
        : "lr", "q0", "memory");
  }
}

/* A layer: what ConvRowsMve is given, and where the rows come from and go. `rows.pixel_step` and `channel_step` are
 * those of output.strides. */
template <int kSegments>
struct ConvImageMveParams {
  ConvMveParams<kSegments> rows;
  InputMve input;
  OutputMve output;
  int32_t patches_bytes; /* of the scratch, in front of the copied rows */
};

/* How a layer sees rows. kRowsAtOnce: 2 where the width is odd, so that no pixel is left without its partner; else 1.
 */
template <int kFilterRows_, int kStride_, int kRowsAtOnce_, bool kCopies_>
struct ConvWindowMve {
  static constexpr int kFilterRows = kFilterRows_;
  static constexpr int kStride = kStride_; /* of rows */
  static constexpr int kRowsAtOnce = kRowsAtOnce_;
  static constexpr bool kCopies = kCopies_; /* WindowMve */
  static constexpr int kSeen = kFilterRows + (kRowsAtOnce - 1) * kStride;
};

/* What pixels see is taken from the rows themselves. */
struct NoPatchesMve {
  static const int8_t* const* Gather(const int8_t* const* rows, int32_t, int32_t, int32_t, int8_t*, const int8_t**) {
    return rows;
  }
};

/* What a pixel sees is gathered first, kPatchBytes of it; then there is one segment, `rows.input_step` is kPatchBytes
 * and `rows.row_stride` 1. The patches stand in front of the scratch, kRowsAtOnce * width * kPatchBytes bytes. */
template <int kSegments, int kSegmentBytes, int kInputStep, int kPatchBytes>
struct PatchesMve {
  static const int8_t* const* Gather(const int8_t* const* rows, int32_t count, int32_t stride, int32_t width,
                                     int8_t* patches, const int8_t** gathered) {
    for (int32_t i = 0; i < count; ++i, patches += width * kPatchBytes) {
      GatherPatchesMve<kSegments, kSegmentBytes, kInputStep, kPatchBytes>(rows + i * stride, width, patches);
      gathered[i] = patches;
    }
    return gathered;
  }
};

/* A whole image. */
template <typename Window, typename Patches, int kSegments>
void ConvImageMve(const ConvImageMveParams<kSegments>& p, const uint8_t* input, uint8_t* output,
                  uint8_t* scratch = nullptr) {
  FillPaddingMve(p.output, output);
  auto* const patches = reinterpret_cast<int8_t*>(scratch);
  WindowMve<Window::kSeen, Window::kCopies> window(p.input, input, patches + p.patches_bytes);
  int8_t* out = reinterpret_cast<int8_t*>(output) + p.output.strides.first;
  for (int32_t y = 0;;) {
    const int32_t left = p.output.height - y;
    const int32_t count = left < Window::kRowsAtOnce ? left : Window::kRowsAtOnce;
    const int8_t* gathered[2];
    int8_t* const outputs[2] = {out, out + p.output.strides.row};
    const int8_t* const* rows = Patches::Gather(window.rows(), count, Window::kStride, p.rows.width, patches, gathered);
    ConvRowsMve(p.rows, rows, outputs, count);
    y += Window::kRowsAtOnce;
    if (y >= p.output.height) return;
    out += Window::kRowsAtOnce * p.output.strides.row;
    window.MoveDown(Window::kRowsAtOnce * Window::kStride);
  }
}

/* One row of the output. Rows above and below the image are null pointers. */
template <typename Window, typename Patches, int kSegments>
void ConvRowMve(const ConvImageMveParams<kSegments>& p, const uint8_t* const* rows, uint8_t* output,
                uint8_t* scratch = nullptr) {
  FillPaddingMve(p.output, output);
  auto* const patches = reinterpret_cast<int8_t*>(scratch);
  const int8_t* seen[Window::kFilterRows];
  for (int i = 0; i < Window::kFilterRows; ++i) {
    seen[i] = reinterpret_cast<const int8_t*>(rows[i]);
    if constexpr (Window::kCopies) {
      int8_t* const copy = patches + p.patches_bytes + i * p.input.seen_bytes;
      PadRowMve(p.input, rows[i], copy);
      seen[i] = copy;
    }
  }
  const int8_t* gathered[1];
  int8_t* const outputs[1] = {reinterpret_cast<int8_t*>(output) + p.output.strides.first};
  ConvRowsMve(p.rows, Patches::Gather(seen, 1, Window::kStride, p.rows.width, patches, gathered), outputs, 1);
}

/* A layer of 1x1 filters without padding: any number of pixels. */
template <int kSegments>
void ConvPixelsMve(const ConvMveParams<kSegments>& p, const uint8_t* const* inputs, int32_t pixels, uint8_t* output) {
  ConvMveParams<kSegments> run = p;
  run.width = pixels;
  const auto* const row = reinterpret_cast<const int8_t*>(inputs[0]);
  int8_t* const out = reinterpret_cast<int8_t*>(output);
  ConvRowsMve(run, &row, &out, 1);
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_CONV_2D_MVE_H_
