/* DEPTHWISE_CONV_2D, 3x3, stride 1 or 2, for cores with the DSP extension, from planar rows of int8: [channel][left + x
 * + right], `plane` bytes a channel, padding holding the zero point.
 *
 * Up to six outputs of a channel stay in registers. SXTB16 makes of four bytes b0..b3 of a row the halfwords (b0, b2)
 * and (b1, b3), with which SMLAD takes the taps 0 and 2 and SMLABB the middle one.
 *
 * Instructions, stride 1: 20 a row of the filter for six outputs, four to make a code of each sum, and about 17 a
 * block: 1.75 a product; five outputs 1.9. A channel's constants are 32 bytes (40 with kTwoLines).
 *
 * The stream of a channel: for each row of the filter the halfwords {w0, w2}, {w1, 0}; then {m, D}, or {bias, m, D}, as
 * in dsp_block.h.
 *
 * A kernel reads up to 3 bytes past the end of a row.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_CONV_2D_DSP_H_
#define MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_CONV_2D_DSP_H_

#include "mcu_runtime/compiled/dsp_block.h"
#include "mcu_runtime/kernels/requantize.h"

namespace mote::compiled {

struct DepthwiseDspParams {
  int32_t channels;
  int32_t plane; /* bytes of a channel in an input row */
  int32_t output_width;
  int32_t output_pixel;   /* bytes from a pixel to the next: nhwc8 channels, planar8 1 */
  int32_t output_channel; /* and from a channel to the next: nhwc8 1, planar8 its plane */
  int32_t output_left;    /* bytes before the first pixel */
  int32_t left_shift;     /* k */
  int32_t offset;         /* C */
  const uint8_t* stream;
  /* DspRequantize::kSums. */
  const device::ChannelTerms* terms;
  device::OutputRange range;
};

/* What the inner block finds on its stack. */
struct DepthwiseDspFrame {
  const uint8_t* rows[3];
  const uint8_t* stream;
  int32_t scale; /* 2^k */
  int32_t offset;
  uint8_t* output; /* of the channel's first pixel */
  int32_t output_pixel;
  int32_t output_channel;
  uint8_t* output_end;  /* what `output` is after the last channel */
  int32_t next_channel; /* from where a channel's last block leaves a row's pointer to the next channel */
  int32_t blocks;       /* a channel */
  int32_t blocks_left;
  uint8_t* output_block;
  int32_t output_step; /* from a block to the next */
};

/* A row of all channels: blocks of kOutputs outputs, side by side. kPlane: bytes of a channel where a row is one block;
 * 0: there are several.
 * Registers: r0-r5 sums, r6 and r8 inputs, r9 and r10 weights, r7, r11 and lr the rows, r12 the stream. */
template <int kOutputs, int kStride, int kPlane, DspRequantize kRequantize, int kShift>
__attribute__((noinline)) void DepthwiseDspBlocks(const DepthwiseDspFrame* frame) {
  register const void* frame_register asm("r0") = frame;
  asm volatile(
      "push {r7}\n"
      "sub sp, #64\n" /* the frame and a word more */
      "ldmia.w r0!, {r1, r2, r3, r4, r5, r6, r8, r9}\n"
      "stmia.w sp, {r1, r2, r3, r4, r5, r6, r8, r9}\n"
      "mov r7, r1\n mov r11, r2\n mov lr, r3\n mov r12, r4\n"
      "add r8, sp, #32\n"
      "ldmia.w r0, {r1, r2, r3, r4, r5, r6, r9}\n"
      "stmia.w r8, {r1, r2, r3, r4, r5, r6, r9}\n"

      ".macro mote_pair first, sum, x\n" /* taps 0 and 2 */
      "  .if \\first\n smuad \\sum, \\x, r9\n .else\n smlad \\sum, \\x, r9, \\sum\n .endif\n"
      ".endm\n"
      ".macro mote_top first, sum, x\n" /* tap 0, of the upper halfword */
      "  .if \\first\n smultb \\sum, \\x, r9\n .else\n smlatb \\sum, \\x, r9, \\sum\n .endif\n"
      ".endm\n"
      ".macro mote_load row, advance\n"
      "  ldr r6, [\\row], #\\advance\n"
      "  sxtb16 r8, r6, ror #8\n"
      "  sxtb16 r6, r6\n"
      ".endm\n"
      ".macro mote_row_1 first, row\n"
      "  ldmia.w r12!, {r9, r10}\n"
      "  .if %c[outputs] > 2\n mote_load \\row, 4\n .else\n mote_load \\row, %c[advance]\n .endif\n"
      "  mote_pair \\first, r0, r6\n smlabb r0, r8, r10, r0\n"
      "  .if %c[outputs] > 1\n mote_pair \\first, r1, r8\n smlatb r1, r6, r10, r1\n .endif\n"
      "  .if %c[outputs] > 2\n mote_top \\first, r2, r6\n smlatb r2, r8, r10, r2\n .endif\n"
      "  .if %c[outputs] > 3\n mote_top \\first, r3, r8\n .endif\n"
      "  .if %c[outputs] > 2\n mote_load \\row, (%c[advance] - 4)\n smlabt r2, r6, r9, r2\n .endif\n"
      "  .if %c[outputs] > 3\n smlabb r3, r6, r10, r3\n smlabt r3, r8, r9, r3\n .endif\n"
      "  .if %c[outputs] > 4\n mote_pair \\first, r4, r6\n smlabb r4, r8, r10, r4\n .endif\n"
      "  .if %c[outputs] > 5\n mote_pair \\first, r5, r8\n smlatb r5, r6, r10, r5\n .endif\n"
      ".endm\n"
      /* Stride 2, outputs at `even` and `odd` of a word of the row; the odd one wants a byte of the next word too. */
      ".macro mote_word_2 first, row, index, even, odd, before\n"
      "  .if %c[outputs] > \\index + 1\n mote_load \\row, 4\n .else\n mote_load \\row, (%c[advance] - 2 * \\index)\n "
      ".endif\n"
      "  .if \\index > 0\n smlabt \\before, r6, r9, \\before\n .endif\n"
      "  mote_pair \\first, \\even, r6\n smlabb \\even, r8, r10, \\even\n"
      "  .if %c[outputs] > \\index + 1\n mote_top \\first, \\odd, r6\n smlatb \\odd, r8, r10, \\odd\n .endif\n"
      "  .if %c[outputs] == \\index + 2\n"
      "    ldrsb r6, [\\row], #(%c[advance] - 2 * \\index - 4)\n smlabt \\odd, r6, r9, \\odd\n"
      "  .endif\n"
      ".endm\n"
      ".macro mote_row_2 first, row\n"
      "  ldmia.w r12!, {r9, r10}\n"
      "  mote_word_2 \\first, \\row, 0, r0, r1, r1\n"
      "  .if %c[outputs] > 2\n mote_word_2 \\first, \\row, 2, r2, r3, r1\n .endif\n"
      "  .if %c[outputs] > 4\n mote_word_2 \\first, \\row, 4, r4, r5, r3\n .endif\n"
      ".endm\n"
      ".macro mote_code index, sum\n"
      "  .if %c[outputs] > \\index\n"
      "    .if %c[lines] == 1\n"
      "      mla \\sum, \\sum, r6, r10\n"
      "      smmla \\sum, \\sum, r9, r8\n"
      "    .else\n" /* r9 bias, r10 m, r12 D */
      "      add.w \\sum, \\sum, r9\n"
      "      eor.w r6, r12, \\sum, asr #31\n"
      "      mla \\sum, \\sum, r8, r6\n"
      "      ldr.w r6, [sp, #20]\n"
      "      smmla \\sum, \\sum, r10, r6\n"
      "    .endif\n"
      "    ssat \\sum, #8, \\sum, asr %[shift]\n"
      "  .endif\n"
      ".endm\n"

      "1:\n"
      "mote_row_%c[stride] 1, r7\n"
      "mote_row_%c[stride] 0, r11\n"
      "mote_row_%c[stride] 0, lr\n"
      ".if %c[lines] == 1\n"
      "  ldmia.w r12!, {r9, r10}\n"
      "  ldrd r6, r8, [sp, #16]\n" /* scale, offset */
      ".elseif %c[lines] == 2\n"
      "  add.w r6, r12, #12\n"
      "  ldmia.w r12, {r9, r10, r12}\n"
      "  str.w r6, [sp, #60]\n"
      "  ldr.w r8, [sp, #16]\n"
      ".endif\n"
      ".if %c[lines] != 0\n"
      "  mote_code 0, r0\n mote_code 1, r1\n mote_code 2, r2\n mote_code 3, r3\n mote_code 4, r4\n mote_code 5, r5\n"
      ".endif\n"
      ".if %c[lines] == 2\n"
      "  ldr.w r12, [sp, #60]\n"
      ".endif\n"
      ".if %c[single]\n ldrd r6, r8, [sp, #24]\n .else\n ldr.w r6, [sp, #52]\n ldr.w r8, [sp, #28]\n .endif\n"
      ".macro mote_store index, sum, at\n"
      "  .if %c[outputs] > \\index\n"
      "    .if %c[lines]\n strb.w \\sum, \\at\n .else\n str.w \\sum, \\at\n .endif\n"
      "  .endif\n"
      ".endm\n"
      "mote_store 0, r0, [r6]\n"
      "mote_store 1, r1, \"[r6, r8]\"\n"
      "mote_store 2, r2, \"[r6, r8, lsl #1]\"\n"
      "mote_store 4, r4, \"[r6, r8, lsl #2]\"\n"
      ".if %c[outputs] > 3\n add.w r9, r6, r8\n .endif\n"
      "mote_store 3, r3, \"[r9, r8, lsl #1]\"\n"
      "mote_store 5, r5, \"[r9, r8, lsl #2]\"\n"
      ".if %c[single] == 0\n"       /* The next block of the channel. */
      "  ldrd r9, r10, [sp, #44]\n" /* blocks, blocks_left */
      "  ldr.w r8, [sp, #56]\n"
      "  add.w r6, r6, r8\n"
      "  str.w r6, [sp, #52]\n"
      "  subs.w r10, r10, #1\n"
      "  itte ne\n"
      "  strne.w r10, [sp, #48]\n"
      "  ldrne.w r12, [sp, #12]\n"
      "  streq.w r9, [sp, #48]\n"
      "  bne.w 1b\n"
      "  ldr.w r6, [sp, #24]\n"
      "  ldr.w r8, [sp, #40]\n"
      "  add.w r7, r7, r8\n add.w r11, r11, r8\n add.w lr, lr, r8\n"
      "  str.w r12, [sp, #12]\n"
      ".endif\n"
      "ldrd r9, r10, [sp, #32]\n" /* output_channel, output_end */
      "add.w r6, r6, r9\n"
      "str.w r6, [sp, #24]\n"
      ".if %c[single] == 0\n str.w r6, [sp, #52]\n .endif\n"
      "cmp r6, r10\n"
      "bne.w 1b\n"
      "add sp, #64\n"
      "pop {r7}\n"
      ".purgem mote_pair\n .purgem mote_top\n .purgem mote_load\n .purgem mote_row_1\n .purgem mote_word_2\n"
      ".purgem mote_row_2\n .purgem mote_code\n .purgem mote_store\n"
      : "+r"(frame_register)
      : [outputs] "i"(kOutputs), [stride] "i"(kStride), [advance] "i"(kPlane != 0 ? kPlane : kOutputs * kStride),
        [single] "i"(kPlane != 0 ? 1 : 0), [lines] "i"(static_cast<int>(kRequantize)), [shift] "i"(kShift)
      : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

/* kOutputs divides the width. */
template <int kOutputs, int kStride, int kPlane, DspRequantize kRequantize, int kShift>
struct DepthwiseDsp {
  /* KernelForm::kWindow. Scratch for kSums: 4 bytes an output of the row. */
  static void Row(const DepthwiseDspParams& p, const uint8_t* const* rows, uint8_t* output,
                  uint8_t* scratch = nullptr) {
    constexpr bool kCodes = kRequantize != DspRequantize::kSums;
    DepthwiseDspFrame frame;
    for (int32_t i = 0; i < 3; ++i) frame.rows[i] = rows[i];
    frame.stream = p.stream;
    frame.scale = 1 << p.left_shift;
    frame.offset = p.offset;
    frame.output = kCodes ? output + p.output_left : scratch;
    frame.output_pixel = kCodes ? p.output_pixel : 4;
    frame.output_channel = kCodes ? p.output_channel : 4 * p.output_width;
    frame.output_end = frame.output + p.channels * frame.output_channel;
    frame.blocks = frame.blocks_left = p.output_width / kOutputs;
    frame.next_channel = p.plane - kOutputs * kStride * frame.blocks;
    frame.output_block = frame.output;
    frame.output_step = kOutputs * frame.output_pixel;
    DepthwiseDspBlocks<kOutputs, kStride, kPlane, kRequantize, kShift>(&frame);
    if constexpr (!kCodes) StoreSums(p, reinterpret_cast<const int32_t*>(scratch), output + p.output_left);
  }

  static void StoreSums(const DepthwiseDspParams& p, const int32_t* sums, uint8_t* output) {
    for (int32_t c = 0; c < p.channels; ++c) {
      for (int32_t x = 0; x < p.output_width; ++x) {
        output[c * p.output_channel + x * p.output_pixel] =
            static_cast<uint8_t>(device::RequantizeToInt8(*sums++ + p.terms[c].bias, p.terms[c].multiplier, p.range));
      }
    }
  }
};

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_CONV_2D_DSP_H_
