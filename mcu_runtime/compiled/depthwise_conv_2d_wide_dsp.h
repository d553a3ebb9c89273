/* DEPTHWISE_CONV_2D, 3x3, stride 1 or 2, for cores with the DSP extension, from planar rows of int16: [channel][left +
 * x + right], `plane` bytes a channel, a multiple of 4; padding holds the zero point, left is the layer's padding. A
 * third fewer instructions than from planar rows of bytes (depthwise_conv_2d_dsp.h) for twice their RAM.
 *
 * Two inputs side by side are a word. Of words a = (x0, x1), b = (x2, x3) and a filter's row (w0, w1, w2), stride 1:
 *   output 0: SMLAD(a, (w0, w1)), SMLABB(b, w2)      output 1: SMLATB(a, w0), SMLADX(b, (w2, w1))
 * and stride 2 has outputs like the first only. Weights are 2^k times what the file has, k <= 8, so that sums come as
 * the requantization wants them, and begin with its constant: a code is SMMLA and SSAT.
 *
 * The stream of a channel, P = (w0, w1) of each row of the filter, R = w2 of two rows: {m, P0, R01, P1, P2, R2, D},
 * with kTwoLines {m, P0, R01, P1, P2, R2, bias * 2^k, D} (dsp_block.h). kSums: m and D are 0, and k.
 *
 * Instructions a product, codes included: stride 1, six outputs side by side 1.46, five 1.49, three 1.63; stride 2,
 * four outputs 1.53, three 1.52.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_CONV_2D_WIDE_DSP_H_
#define MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_CONV_2D_WIDE_DSP_H_

#include "mcu_runtime/compiled/dsp_block.h"
#include "mcu_runtime/kernels/requantize.h"

namespace mote::compiled {

struct DepthwiseWideDspParams {
  int32_t channels;
  int32_t plane; /* bytes of a channel in an input row */
  int32_t output_width;
  int32_t output_pixel;   /* bytes from a pixel to the next: nhwc8 channels, planar8 1, planar16 2 */
  int32_t output_channel; /* and from a channel to the next: nhwc8 1, planar its plane */
  int32_t output_left;    /* bytes before the first pixel */
  int32_t offset;         /* C */
  const uint8_t* stream;
  /* DspRequantize::kSums. */
  const device::ChannelTerms* terms;
  device::OutputRange range;
};

/* What the inner block finds on its stack. */
struct DepthwiseWideDspFrame {
  uint8_t* output; /* of the channel's first pixel */
  int32_t output_pixel;
  int32_t output_channel;
  uint8_t* output_end; /* what `output` is after the last channel */
  int32_t offset;
  int32_t next_channel; /* from where a channel leaves a row's pointer to the next channel, where kPlane is 0 */
  const uint8_t* rows[3];
  const uint8_t* stream;
};

/* Bytes of a row that kOutputs outputs read. */
constexpr int32_t DepthwiseWideReads(int32_t outputs, int32_t stride) {
  return stride == 1 ? (outputs + 3) / 2 * 4 : (outputs + 1) * 4;
}

/* kOutputs outputs side by side of all channels: at most 6, with stride 2 at most 5. kPlane: bytes of a channel's row,
 * up to 256; 0: known only when it runs, four instructions a channel. kOutputBytes: of a code in the output.
 * Registers: r0-r5 sums; r6, r8 and those of r4, r5 that are left inputs; r9, r10 weights; r7, r11, lr the rows; r12
 * the stream. */
template <int kOutputs, int kStride, int kPlane, DspRequantize kRequantize, int kShift, int kOutputBytes>
__attribute__((noinline)) void DepthwiseWideDspBlock(const DepthwiseWideDspFrame* frame) {
  static_assert(kOutputs >= 1 && kOutputs <= (kStride == 1 ? 6 : 5));
  static_assert(kPlane % 4 == 0 && kPlane <= 256);
  register const void* frame_register asm("r0") = frame;
  asm volatile(
      "push {r7}\n"
      "sub sp, #24\n"
      "ldmia.w r0, {r1, r2, r3, r4, r5, r6, r7, r11, lr}\n"
      "ldr.w r12, [r0, #36]\n"
      "stmia.w sp, {r1, r2, r3, r4, r5, r6}\n"

      /* Products of words a and b and a row of the filter, to the sum of output `index`. The first row's sums begin
       * with the constant that stands in the last sum's register. \half: b or t, where w2 stands. */
      ".macro mote_even row, index, sum, a, b, half\n"
      "  .if %c[outputs] > \\index\n"
      "    .if \\row == 0\n smlad \\sum, \\a, r9, r%c[last]\n .else\n smlad \\sum, \\a, r9, \\sum\n .endif\n"
      "    smlab\\half \\sum, \\b, r10, \\sum\n"
      "  .endif\n"
      ".endm\n"
      ".macro mote_odd row, index, sum, a, b\n"
      "  .if %c[outputs] > \\index\n"
      "    .if \\row == 0\n smlatb \\sum, \\a, r9, r%c[last]\n .else\n smlatb \\sum, \\a, r9, \\sum\n .endif\n"
      "    smladx \\sum, \\b, r10, \\sum\n"
      "  .endif\n"
      ".endm\n"
      /* The weights of a filter's row, and of its outputs. */
      ".macro mote_row row, pointer\n"
      "  .if \\row == 0\n ldrd r9, r10, [r12, #4]\n"
      "  .elseif \\row == 1\n ldrd r10, r9, [r12, #8]\n"
      "  .else\n ldrd r9, r10, [r12, #16]\n .endif\n"
      "  .if %c[stride] == 2\n"
      "    .if \\row == 1\n mote_row_2 \\row, \\pointer, t\n .else\n mote_row_2 \\row, \\pointer, b\n .endif\n"
      "  .else\n"
      "    .if \\row == 1\n pkhtb r10, r9, r10, asr #16\n .else\n pkhbt r10, r10, r9\n .endif\n"
      "    mote_row_1 \\row, \\pointer\n"
      "  .endif\n"
      ".endm\n"
      ".macro mote_row_1 row, pointer\n"
      "  .if %c[outputs] == 6\n"
      "    ldrd r6, r8, [\\pointer], #8\n"
      "    mote_even \\row, 0, r0, r6, r8, b\n mote_odd \\row, 1, r1, r6, r8\n"
      "    ldr r6, [\\pointer], #4\n"
      "    mote_even \\row, 2, r2, r8, r6, b\n mote_odd \\row, 3, r3, r8, r6\n"
      "    ldr r8, [\\pointer], #(%c[advance] - 12)\n"
      "    mote_even \\row, 4, r4, r6, r8, b\n mote_odd \\row, 5, r5, r6, r8\n"
      "  .elseif %c[outputs] > 2\n"
      "    .if %c[outputs] == 5 || %c[advance] == 12\n"
      "      ldmia.w \\pointer!, {r5, r6, r8}\n"
      "    .else\n"
      "      ldrd r5, r6, [\\pointer], #8\n"
      "      ldr r8, [\\pointer], #(%c[advance] - 8)\n"
      "    .endif\n"
      "    mote_even \\row, 0, r0, r5, r6, b\n mote_odd \\row, 1, r1, r5, r6\n"
      "    mote_even \\row, 2, r2, r6, r8, b\n mote_odd \\row, 3, r3, r6, r8\n"
      "    .if %c[outputs] == 5\n"
      "      ldr r5, [\\pointer], #(%c[advance] - 12)\n"
      "      mote_even \\row, 4, r4, r8, r5, b\n"
      "    .endif\n"
      "  .else\n"
      "    ldrd r6, r8, [\\pointer], #%c[advance]\n"
      "    mote_even \\row, 0, r0, r6, r8, b\n mote_odd \\row, 1, r1, r6, r8\n"
      "  .endif\n"
      ".endm\n"
      ".macro mote_row_2 row, pointer, half\n"
      "  .if %c[outputs] == 5\n"
      "    ldmia.w \\pointer!, {r5, r6, r8}\n"
      "    mote_even \\row, 0, r0, r5, r6, \\half\n mote_even \\row, 1, r1, r6, r8, \\half\n"
      "    ldrd r5, r6, [\\pointer], #8\n"
      "    mote_even \\row, 2, r2, r8, r5, \\half\n mote_even \\row, 3, r3, r5, r6, \\half\n"
      "    ldr r8, [\\pointer], #(%c[advance] - 20)\n"
      "    mote_even \\row, 4, r4, r6, r8, \\half\n"
      "  .elseif %c[outputs] > 2\n"
      "    .if %c[outputs] == 4 || %c[advance] == 16\n"
      "      ldmia.w \\pointer!, {r4, r5, r6, r8}\n"
      "    .else\n"
      "      ldrd r4, r5, [\\pointer], #8\n"
      "      ldrd r6, r8, [\\pointer], #(%c[advance] - 8)\n"
      "    .endif\n"
      "    mote_even \\row, 0, r0, r4, r5, \\half\n mote_even \\row, 1, r1, r5, r6, \\half\n"
      "    mote_even \\row, 2, r2, r6, r8, \\half\n"
      "    .if %c[outputs] == 4\n"
      "      ldr r4, [\\pointer], #(%c[advance] - 16)\n"
      "      mote_even \\row, 3, r3, r8, r4, \\half\n"
      "    .endif\n"
      "  .elseif %c[outputs] == 2\n"
      "    .if %c[advance] == 12\n"
      "      ldmia.w \\pointer!, {r5, r6, r8}\n"
      "    .else\n"
      "      ldrd r5, r6, [\\pointer], #8\n"
      "      ldr r8, [\\pointer], #(%c[advance] - 8)\n"
      "    .endif\n"
      "    mote_even \\row, 0, r0, r5, r6, \\half\n mote_even \\row, 1, r1, r6, r8, \\half\n"
      "  .else\n"
      "    ldrd r6, r8, [\\pointer], #%c[advance]\n"
      "    mote_even \\row, 0, r0, r6, r8, \\half\n"
      "  .endif\n"
      ".endm\n"
      /* A sum becomes a code: r9 m, r10 C, r8 D. */
      ".macro mote_code index, sum\n"
      "  .if %c[outputs] > \\index && %c[lines] != 0\n"
      "    .if %c[lines] == 2\n"
      "      eor.w r6, r8, \\sum, asr #31\n"
      "      add.w \\sum, \\sum, r6\n"
      "    .endif\n"
      "    smmla \\sum, \\sum, r9, r10\n"
      "    ssat \\sum, #8, \\sum, asr %[shift]\n"
      "  .endif\n"
      ".endm\n"
      ".macro mote_store index, sum, at\n"
      "  .if %c[outputs] > \\index\n"
      "    .if %c[lines] == 0\n str.w \\sum, \\at\n"
      "    .elseif %c[output_bytes] == 2\n strh.w \\sum, \\at\n"
      "    .else\n strb.w \\sum, \\at\n .endif\n"
      "  .endif\n"
      ".endm\n"

      "1:\n"
      "ldr.w r%c[last], [r12, #24]\n"
      "mote_row 0, r7\n"
      "mote_row 1, r11\n"
      "mote_row 2, lr\n"
      ".if %c[plane] == 0\n"
      "  ldr.w r6, [sp, #20]\n"
      "  add.w r7, r7, r6\n add.w r11, r11, r6\n add.w lr, lr, r6\n"
      ".endif\n"
      ".if %c[lines] == 2\n"
      "  ldr.w r8, [r12, #28]\n"
      "  ldr r9, [r12], #32\n"
      ".else\n"
      "  ldr r9, [r12], #28\n"
      ".endif\n"
      "ldr.w r10, [sp, #16]\n"
      "mote_code 0, r0\n mote_code 1, r1\n mote_code 2, r2\n mote_code 3, r3\n mote_code 4, r4\n mote_code 5, r5\n"
      "ldrd r6, r8, [sp]\n" /* output, output_pixel */
      "mote_store 0, r0, [r6]\n"
      "mote_store 1, r1, \"[r6, r8]\"\n"
      "mote_store 2, r2, \"[r6, r8, lsl #1]\"\n"
      "mote_store 4, r4, \"[r6, r8, lsl #2]\"\n"
      ".if %c[outputs] > 3\n add.w r9, r6, r8\n .endif\n"
      "mote_store 3, r3, \"[r9, r8, lsl #1]\"\n"
      "mote_store 5, r5, \"[r9, r8, lsl #2]\"\n"
      "ldrd r9, r10, [sp, #8]\n" /* output_channel, output_end */
      "add.w r6, r6, r9\n"
      "str.w r6, [sp]\n"
      "cmp r6, r10\n"
      "bne.w 1b\n"
      "add sp, #24\n"
      "pop {r7}\n"
      ".purgem mote_even\n .purgem mote_odd\n .purgem mote_row\n .purgem mote_row_1\n .purgem mote_row_2\n"
      ".purgem mote_code\n .purgem mote_store\n"
      : "+r"(frame_register)
      : [outputs] "i"(kOutputs), [last] "i"(kOutputs - 1), [stride] "i"(kStride), [plane] "i"(kPlane),
        [advance] "i"(kPlane != 0 ? kPlane : DepthwiseWideReads(kOutputs, kStride)),
        [lines] "i"(static_cast<int>(kRequantize)), [output_bytes] "i"(kOutputBytes), [shift] "i"(kShift)
      : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

/* A row is some blocks of kOutputs, and one of kRest where that is not 0; with stride 1, kOutputs is even where there
 * are blocks behind the first (words of a row are aligned). ChooseDepthwiseBlocks (export/compiler/pack_dsp.h) says
 * which. */
template <int kOutputs, int kRest, int kStride, int kPlane, DspRequantize kRequantize, int kShift, int kOutputBytes>
struct DepthwiseWideDsp {
  static constexpr bool kCodes = kRequantize != DspRequantize::kSums;

  /* KernelForm::kWindow. Rows are aligned to 4. Scratch for kSums: 4 bytes an output of the row. */
  static void Row(const DepthwiseWideDspParams& p, const uint8_t* const* rows, uint8_t* output,
                  uint8_t* scratch = nullptr) {
    DepthwiseWideDspFrame frame;
    for (int32_t i = 0; i < 3; ++i) frame.rows[i] = rows[i];
    frame.output = kCodes ? output + p.output_left : scratch;
    frame.output_pixel = kCodes ? p.output_pixel : 4;
    frame.output_channel = kCodes ? p.output_channel : 4 * p.output_width;
    frame.output_end = frame.output + p.channels * frame.output_channel;
    frame.offset = p.offset;
    frame.stream = p.stream;
    int32_t left = p.output_width;
    for (; left > kRest; left -= kOutputs) Run<kOutputs>(p, &frame);
    if constexpr (kRest != 0) Run<kRest>(p, &frame);
    if constexpr (!kCodes) StoreSums(p, reinterpret_cast<const int32_t*>(scratch), output + p.output_left);
  }

 private:
  template <int kBlock>
  static void Run(const DepthwiseWideDspParams& p, DepthwiseWideDspFrame* frame) {
    frame->next_channel = p.plane - DepthwiseWideReads(kBlock, kStride);
    DepthwiseWideDspBlock<kBlock, kStride, kPlane, kRequantize, kShift, kOutputBytes>(frame);
    for (const uint8_t*& row : frame->rows) row += 2 * kBlock * kStride;
    frame->output += kBlock * frame->output_pixel;
    frame->output_end += kBlock * frame->output_pixel;
  }

  static void StoreSums(const DepthwiseWideDspParams& p, const int32_t* sums, uint8_t* output) {
    for (int32_t c = 0; c < p.channels; ++c) {
      for (int32_t x = 0; x < p.output_width; ++x) {
        const int32_t code = device::RequantizeToInt8(*sums++ + p.terms[c].bias, p.terms[c].multiplier, p.range);
        uint8_t* at = output + c * p.output_channel + x * p.output_pixel;
        if constexpr (kOutputBytes == 2) {
          *reinterpret_cast<int16_t*>(at) = static_cast<int16_t>(code);
        } else {
          *at = static_cast<uint8_t>(code);
        }
      }
    }
  }
};

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_CONV_2D_WIDE_DSP_H_
