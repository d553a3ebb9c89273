/* DEPTHWISE_CONV_2D for cores with the DSP extension: any filter, stride, dilation and multiplier, from int8 rows
 * [x][channel] as the file has them. (3x3 from planar rows: depthwise_conv_2d_dsp.h.)
 *
 * Four channels at a time: of each tap a word of inputs, bytes b0..b3, becomes the halfwords (b0, b2) and (b1, b3), as
 * weights stand in flash, and four SMLABB or SMLATT sum. 9 instructions for 4 products (11 where weights are bytes),
 * and about 8 an output to begin, to make its code and to store it.
 *
 * Taps are a list of pointers, made anew for each output pixel, so that neither windows nor padding matter to the
 * block. Where an input channel has several output channels, or there are less than four, taps' pixels are copied
 * first.
 *
 * The stream of four channels: kTwoLines their biases, with which sums begin; for each tap the halfwords {w0, w2}, {w1,
 * w3}, or (DepthwiseWeights::kBytes) the bytes w0..w3; then {m, D} of each channel. What four does not divide: the last
 * four channels once more.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_GENERAL_DSP_H_
#define MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_GENERAL_DSP_H_

#include "mcu_runtime/compiled/dsp_block.h"
#include "mcu_runtime/compiled/rows.h"
#include "mcu_runtime/kernels/requantize.h"

namespace mote::compiled {

enum class DepthwiseWeights { kHalfwords = 0, kBytes = 1 };

struct DepthwiseGeneralParams {
  uint16_t channels;   /* of the output */
  uint16_t multiplier; /* output channels an input channel */
  uint16_t rows;       /* of the filter */
  uint16_t taps;       /* of its row */
  uint16_t stride;     /* pixels */
  uint16_t dilation;   /* of taps within the row */
  int16_t left;        /* padding before the first pixel */
  uint16_t width;      /* of the input's rows */
  uint16_t output_width;
  int8_t zero;        /* what padding holds */
  uint8_t left_shift; /* k */
  int32_t offset;     /* C */
  const uint8_t* stream;
};

/* With DspRequantize::kSums. */
struct DepthwiseGeneralSumsParams : DepthwiseGeneralParams {
  const device::ChannelTerms* terms;
  device::OutputRange range;
};
template <DspRequantize kRequantize>
struct DepthwiseGeneralParamsOf {
  using Type = DepthwiseGeneralParams;
};
template <>
struct DepthwiseGeneralParamsOf<DspRequantize::kSums> {
  using Type = DepthwiseGeneralSumsParams;
};

/* What the inner block finds on its stack. */
struct DepthwiseQuadFrame {
  const uint8_t* const* taps;
  int32_t rounds;   /* of the unrolled loop */
  uint32_t entered; /* bytes of its code that the first round executes */
  int32_t scale;    /* 2^k */
  int32_t offset;
  int32_t end; /* the channel after the last one */
};

/* Four channels at a time of one pixel, from `channel` on. Codes are stored side by side; kSums: int32, likewise.
 * Returns what follows in the stream.
 * Registers: r0-r3 sums, r4 taps, r5 rounds, r6 channel, r7 output, r8, r9 inputs, r10, r11 weights, r12 the stream. */
template <int kUnroll, DepthwiseWeights kWeights, DspRequantize kRequantize, int kShift>
__attribute__((noinline)) const uint8_t* DepthwiseQuads(const DepthwiseQuadFrame* frame, const uint8_t* stream,
                                                        int32_t channel, uint8_t* output) {
  register const void* frame_register asm("r0") = frame;
  register const uint8_t* stream_register asm("r1") = stream;
  register int32_t channel_register asm("r2") = channel;
  register uint8_t* output_register asm("r3") = output;
  asm volatile(
      "push {r7}\n"
      "sub sp, #24\n"
      "mov r12, r1\n mov r6, r2\n mov r7, r3\n"
      "ldmia.w r0, {r1, r2, r3, r4, r5, r8}\n"
      "adr.w r9, 3f\n"
      "sub.w r3, r9, r3\n"
      "orr.w r3, r3, #1\n"
      "stmia.w sp, {r1, r2, r3, r4, r5, r8}\n"
      ".macro mote_code sum, m, d\n"
      "  .if %c[lines] == 1\n"
      "    mla \\sum, \\sum, r4, \\d\n"
      "  .else\n"
      "    eor.w \\d, \\d, \\sum, asr #31\n"
      "    mla \\sum, \\sum, r4, \\d\n"
      "  .endif\n"
      "  smmla \\sum, \\sum, \\m, r5\n"
      "  ssat \\sum, #8, \\sum, asr %[shift]\n"
      ".endm\n"
      "1:\n"
      "ldrd r4, r5, [sp]\n"
      ".if %c[lines] == 2\n"
      "  ldmia.w r12!, {r0, r1, r2, r3}\n"
      ".else\n"
      "  movs r0, #0\n movs r1, #0\n movs r2, #0\n movs r3, #0\n"
      ".endif\n"
      "ldr.w pc, [sp, #8]\n"
      ".balign 4\n" /* for ADR */
      "2:\n"
      ".rept %c[unroll]\n"
      "  ldr.w r8, [r4], #4\n"
      "  .if %c[bytes]\n"
      "    ldr.w r10, [r12], #4\n"
      "    sxtb16 r11, r10, ror #8\n"
      "    sxtb16 r10, r10\n"
      "  .else\n"
      "    ldmia.w r12!, {r10, r11}\n"
      "  .endif\n"
      "  ldr.w r8, [r8, r6]\n"
      "  sxtb16 r9, r8, ror #8\n"
      "  sxtb16 r8, r8\n"
      "  smlabb r0, r8, r10, r0\n"
      "  smlabb r1, r9, r11, r1\n"
      "  smlatt r2, r8, r10, r2\n"
      "  smlatt r3, r9, r11, r3\n"
      ".endr\n"
      "3:\n"
      MOTE_CODE_IS("%c[tap_bytes] * %c[unroll]")
      "subs.w r5, r5, #1\n"
      "bne.w 2b\n"
      ".if %c[lines] == 0\n"
      "  stmia.w r7!, {r0, r1, r2, r3}\n"
      ".else\n"
      "  ldrd r4, r5, [sp, #12]\n" /* scale, offset */
      "  ldmia.w r12!, {r8, r9, r10, r11}\n"
      "  mote_code r0, r8, r9\n"
      "  mote_code r1, r10, r11\n"
      "  ldmia.w r12!, {r8, r9, r10, r11}\n"
      "  mote_code r2, r8, r9\n"
      "  mote_code r3, r10, r11\n"
      "  bfi r0, r1, #8, #8\n"
      "  bfi r2, r3, #8, #8\n"
      "  pkhbt r0, r0, r2, lsl #16\n"
      "  str.w r0, [r7], #4\n"
      ".endif\n"
      "ldr.w r8, [sp, #20]\n"
      "add.w r6, r6, #4\n"
      "cmp r6, r8\n"
      "bne.w 1b\n"
      "mov r1, r12\n"
      "add sp, #24\n"
      "pop {r7}\n"
      ".purgem mote_code\n"
      : "+r"(frame_register), "+r"(stream_register), "+r"(channel_register), "+r"(output_register)
      : [unroll] "i"(kUnroll), [bytes] "i"(static_cast<int>(kWeights)), [lines] "i"(static_cast<int>(kRequantize)),
        [shift] "i"(kShift), [tap_bytes] "i"(kWeights == DepthwiseWeights::kBytes ? 44 : 36)
      : "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
  return stream_register;
}

/* kCopies: an input channel has several output channels, or there are less than four. */
template <int kUnroll, DepthwiseWeights kWeights, DspRequantize kRequantize, int kShift, bool kCopies>
struct DepthwiseGeneralDsp {
  static constexpr int32_t kTapBytes = kWeights == DepthwiseWeights::kBytes ? 44 : 36; /* of the block's code */
  using Params = typename DepthwiseGeneralParamsOf<kRequantize>::Type;
  static constexpr bool kSums = kRequantize == DspRequantize::kSums;
  static constexpr bool kDirect = !kSums && !kCopies; /* codes are stored where they belong */

  /* What stands in the scratch: pointers to all taps, a pixel of padding, codes or sums of a pixel, copies of taps. */
  struct Scratch {
    const uint8_t** list;
    uint8_t* padding;
    uint8_t* results;
    uint8_t* copies;
  };

  static int32_t Rounded(int32_t channels) { return (channels + 3) & ~3; }

  static Scratch Divide(const DepthwiseGeneralParams& p, uint8_t* scratch) {
    Scratch s;
    s.list = reinterpret_cast<const uint8_t**>(scratch);
    s.padding = scratch + 4 * p.rows * p.taps;
    s.results = s.padding + Rounded(p.channels);
    s.copies = s.results + (kSums ? 4 : 1) * (Rounded(p.channels) + 4);
    return s;
  }

  static DepthwiseQuadFrame FrameOf(const DepthwiseGeneralParams& p, int32_t taps, const uint8_t* const* list) {
    DepthwiseQuadFrame frame;
    frame.taps = list;
    frame.rounds = (taps + kUnroll - 1) / kUnroll;
    frame.entered = static_cast<uint32_t>((taps + kUnroll - 1) % kUnroll + 1) * kTapBytes;
    frame.scale = 1 << p.left_shift;
    frame.offset = p.offset;
    return frame;
  }

  /* KernelForm::kWindow: one output row of a column, one pixel wide: rows are the list. */
  static void Column(const Params& p, const uint8_t* const* rows, uint8_t* output, uint8_t* = nullptr) {
    static_assert(kDirect);
    DepthwiseQuadFrame frame = FrameOf(p, p.rows, rows);
    Pixel(p, &frame, output);
  }

  /* KernelForm::kWindow: one output row. */
  static void Row(const Params& p, const uint8_t* const* rows, uint8_t* output, uint8_t* scratch) {
    const Scratch s = Divide(p, scratch);
    DepthwiseQuadFrame frame = FrameOf(p, p.rows * p.taps, s.list);
    const int32_t last = (p.output_width - 1) * p.stride + (p.taps - 1) * p.dilation - p.left;
    if (p.left != 0 || last >= p.width) {
      FillRow(s.padding, Rounded(p.channels), static_cast<uint8_t>(p.zero) * 0x01010101u);
    }
    for (int32_t x = 0; x < p.output_width; ++x, output += p.channels) {
      ListTaps(p, rows, x * p.stride - p.left, s);
      if constexpr (kCopies) CopyTaps(p, s);
      Pixel(p, &frame, kDirect ? output : s.results);
      if constexpr (!kDirect) StoreResults(p, s.results, output);
    }
  }

  /* Pointers to the pixels that taps read, the window's first one at `first`. */
  static void ListTaps(const DepthwiseGeneralParams& p, const uint8_t* const* rows, int32_t first, const Scratch& s) {
    const int32_t pixel = p.multiplier == 1 ? p.channels : p.channels / p.multiplier;
    const uint8_t** list = s.list;
    for (int32_t r = 0; r < p.rows; ++r) {
      int32_t x = first;
      for (int32_t t = 0; t < p.taps; ++t, x += p.dilation) {
        *list++ = x >= 0 && x < p.width ? rows[r] + x * pixel : s.padding;
      }
    }
  }

  /* Copies of the listed pixels with an input for every output channel, whole words each. */
  __attribute__((noinline)) static void CopyTaps(const DepthwiseGeneralParams& p, const Scratch& s) {
    uint8_t* to = s.copies;
    for (int32_t t = 0; t < p.rows * p.taps; ++t) {
      const uint8_t* from = s.list[t];
      s.list[t] = to;
      for (int32_t c = 0; c < p.channels; c += p.multiplier, ++from) {
        for (int32_t i = 0; i < p.multiplier; ++i) to[c + i] = *from;
      }
      to += Rounded(p.channels);
    }
  }

  /* The last channels are computed once more where four does not divide them. */
  static void Pixel(const DepthwiseGeneralParams& p, DepthwiseQuadFrame* frame, uint8_t* results) {
    const uint8_t* stream = p.stream;
    frame->end = p.channels < 4 ? 4 : p.channels & ~3;
    stream = DepthwiseQuads<kUnroll, kWeights, kRequantize, kShift>(frame, stream, 0, results);
    if (p.channels < 4 || (p.channels & 3) == 0) return;
    frame->end = p.channels;
    DepthwiseQuads<kUnroll, kWeights, kRequantize, kShift>(frame, stream, p.channels - 4,
                                                           results + (kSums ? 4 : 1) * (p.channels - 4));
  }

  static void StoreResults(const Params& p, const uint8_t* results, uint8_t* output) {
    for (int32_t c = 0; c < p.channels; ++c) {
      if constexpr (kSums) {
        const int32_t sum = reinterpret_cast<const int32_t*>(results)[c] + p.terms[c].bias;
        output[c] = static_cast<uint8_t>(device::RequantizeToInt8(sum, p.terms[c].multiplier, p.range));
      } else {
        output[c] = results[c];
      }
    }
  }
};

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_GENERAL_DSP_H_
