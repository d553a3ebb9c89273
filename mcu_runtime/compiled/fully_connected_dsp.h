/* FULLY_CONNECTED of one row, and CONV_2D on one pixel, for cores with the DSP extension (Cortex-M4, M7, M33).
 *
 * Four output channels times eight inputs a round: 1 LDM of inputs, 2 LDM of weights and, of each of 8 words of weights
 * (two inputs, two channels a < b, 256 * w_b + w_a a halfword, as in dsp_block.h), SMLAD, SXTB16, SMLAD: 27
 * instructions for 32 products. What is left of four channels is four, some of which are not stored, or where one or
 * two are left a pair: a block of its own.
 *
 * Inputs are made int16 once (kWide; 2 bytes an input of scratch), or by each group of channels (31 instructions for 32
 * products, no scratch). Four bytes b0..b3 become (b0, b2), (b1, b3).
 *
 * The stream of a group of channels: with kTwoLines what sums begin with, for each pair of channels {256 * bias_b +
 * bias_a, bias_a} (kBytes: {bias_b, bias_a}); then for each chunk of 8 inputs, for its 4 pairs of them, a word of each
 * pair of channels; then {m, D} of each channel.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_FULLY_CONNECTED_DSP_H_
#define MOTE_MCU_RUNTIME_COMPILED_FULLY_CONNECTED_DSP_H_

#include "mcu_runtime/compiled/dsp_block.h"
#include "mcu_runtime/kernels/requantize.h"

namespace mote::compiled {

struct DenseDspParams {
  int32_t inputs;
  int32_t outputs;
  int32_t left_shift; /* k */
  int32_t offset;     /* C */
  const uint8_t* weights;
  /* DspRequantize::kSums. */
  const device::ChannelTerms* terms;
  device::OutputRange range;

  int32_t chunks() const { return (inputs + 7) >> 3; }
};

/* What the inner block finds on its stack. */
struct DenseDspFrame {
  uint32_t skipped; /* bytes of the unrolled loop's code that the first round leaves out; the block's own: its entry */
  const void* inputs;
  const void* inputs_end;
  int32_t scale_a; /* 2^k, for sums of a */
  int32_t scale_b; /* for sums of b: 2^(k - 8) where they come as 256 * B (kOneLine, kPaired) */
  int32_t offset;  /* C */
  uint8_t* output;
  uint8_t* output_end;
  const uint8_t* weights;
};

/* Code for eight inputs, in bytes. */
constexpr uint32_t DenseChunkBytes(int pairs, DspWeights weights, bool wide) {
  const uint32_t inputs = wide ? 4 : 20;
  return inputs + static_cast<uint32_t>(pairs) * (weights == DspWeights::kPaired ? 52 : 80);
}

/* kPairs (1 or 2) pairs of output channels at a time. Registers: r0, r2 sums 256 * B + A (kBytes: B), r1, r3 sums A,
 * r4-r7 inputs, r8-r11 weights, r12 the stream, lr the inputs. */
template <int kPairs, int kUnroll, DspWeights kWeights, DspRequantize kRequantize, bool kWide, int kShift>
__attribute__((noinline)) void DenseDspBlock(const DenseDspFrame* frame) {
  register const void* frame_register asm("r0") = frame;
  asm volatile(
      "push {r7}\n"
      "sub sp, #32\n"
      "ldmia.w r0, {r1, r2, r3, r4, r5, r6, r8, r9, r12}\n"
      ".balign 4\n" /* for ADR, which counts from a word */
      "adr.w r10, 3f\n"
      "sub.w r1, r10, r1\n"
      "orr.w r1, r1, #1\n"
      "stmia.w sp, {r1, r2, r3, r4, r5, r6, r8, r9}\n"
      ".macro mote_two_channels sum_b, sum_a, x, w\n"
      "  .if %c[bytes]\n"
      "    ldr r8, [r12], #4\n"
      "    sxtb16 r9, r8, ror #8\n"
      "    smlad \\sum_b, \\x, r9, \\sum_b\n"
      "    sxtb16 r8, r8\n"
      "    smlad \\sum_a, \\x, r8, \\sum_a\n"
      "  .else\n"
      "    smlad \\sum_b, \\x, \\w, \\sum_b\n"
      "    sxtb16 \\w, \\w\n"
      "    smlad \\sum_a, \\x, \\w, \\sum_a\n"
      "  .endif\n"
      ".endm\n"
      ".macro mote_weights\n"
      "  .if %c[bytes] == 0\n ldmia.w r12!, {r8, r9, r10, r11}\n .endif\n"
      ".endm\n"
      /* Eight inputs: DenseChunkBytes. */
      ".macro mote_chunk\n"
      "  .if %c[wide]\n"
      "    ldmia.w lr!, {r4, r5, r6, r7}\n"
      "  .else\n"
      "    ldmia.w lr!, {r4, r6}\n"
      "    sxtb16 r5, r4, ror #8\n"
      "    sxtb16 r4, r4\n"
      "    sxtb16 r7, r6, ror #8\n"
      "    sxtb16 r6, r6\n"
      "  .endif\n"
      "  mote_weights\n"
      "  .if %c[pairs] == 2\n"
      "    mote_two_channels r0, r1, r4, r8\n"
      "    mote_two_channels r2, r3, r4, r9\n"
      "    mote_two_channels r0, r1, r5, r10\n"
      "    mote_two_channels r2, r3, r5, r11\n"
      "    mote_weights\n"
      "    mote_two_channels r0, r1, r6, r8\n"
      "    mote_two_channels r2, r3, r6, r9\n"
      "    mote_two_channels r0, r1, r7, r10\n"
      "    mote_two_channels r2, r3, r7, r11\n"
      "  .else\n"
      "    mote_two_channels r0, r1, r4, r8\n"
      "    mote_two_channels r0, r1, r5, r9\n"
      "    mote_two_channels r0, r1, r6, r10\n"
      "    mote_two_channels r0, r1, r7, r11\n"
      "  .endif\n"
      ".endm\n"
      /* A sum becomes a code. */
      ".macro mote_code sum, scale, m, d\n"
      "  .if %c[lines] == 1\n"
      "    mla \\sum, \\sum, \\scale, \\d\n"
      "  .else\n"
      "    eor.w r7, \\d, \\sum, asr #31\n"
      "    mla \\sum, \\sum, r4, r7\n"
      "  .endif\n"
      "  smmla \\sum, \\sum, \\m, r6\n"
      "  ssat \\sum, #8, \\sum, asr %[shift]\n"
      ".endm\n"
      ".macro mote_pair sum_b, sum_a\n"
      "  ldmia.w r12!, {r8, r9, r10, r11}\n"
      "  mote_code \\sum_a, r4, r8, r9\n"
      "  mote_code \\sum_b, r5, r10, r11\n"
      "  bfi \\sum_a, \\sum_b, #8, #8\n"
      ".endm\n"

      "1:\n"
      "ldr.w lr, [sp, #4]\n"
      ".if %c[lines] == 2\n"
      "  .if %c[pairs] == 2\n ldmia.w r12!, {r0, r1, r2, r3}\n .else\n ldmia.w r12!, {r0, r1}\n .endif\n"
      ".else\n"
      "  movs r0, #0\n movs r1, #0\n movs r2, #0\n movs r3, #0\n"
      ".endif\n"
      "ldr.w pc, [sp]\n"
      ".balign 4\n"
      "2:\n"
      ".rept %c[unroll]\n"
      "mote_chunk\n"
      ".endr\n"
      "3:\n"
      MOTE_CODE_IS("%c[chunk_bytes] * %c[unroll]")
      "ldr.w r4, [sp, #8]\n"
      "cmp lr, r4\n"
      "bne.w 2b\n"
      ".if %c[bytes] == 0\n"
      "  sub.w r0, r0, r1\n"
      "  sub.w r2, r2, r3\n"
      "  .if %c[lines] != 1\n"
      "    asr.w r0, r0, #8\n"
      "    asr.w r2, r2, #8\n"
      "  .endif\n"
      ".endif\n"
      ".if %c[lines] == 0\n"
      "  ldrd r4, r5, [sp, #24]\n"
      "  strd r1, r0, [r4], #8\n"
      "  .if %c[pairs] == 2\n strd r3, r2, [r4], #8\n .endif\n"
      ".else\n"
      "  ldrd r4, r5, [sp, #12]\n" /* scale_a, scale_b */
      "  ldr.w r6, [sp, #20]\n"    /* C */
      "  mote_pair r0, r1\n"
      "  .if %c[pairs] == 2\n"
      "    mote_pair r2, r3\n"
      "    ldrd r4, r5, [sp, #24]\n" /* output, output_end */
      "    pkhbt r1, r1, r3, lsl #16\n"
      "    str r1, [r4], #4\n"
      "  .else\n"
      "    ldrd r4, r5, [sp, #24]\n"
      "    strh r1, [r4], #2\n"
      "  .endif\n"
      ".endif\n"
      "str.w r4, [sp, #24]\n"
      "cmp r4, r5\n"
      "bne.w 1b\n"
      "add sp, #32\n"
      "pop {r7}\n"
      ".purgem mote_two_channels\n .purgem mote_weights\n .purgem mote_chunk\n .purgem mote_code\n .purgem mote_pair\n"
      : "+r"(frame_register)
      : [pairs] "i"(kPairs), [unroll] "i"(kUnroll), [bytes] "i"(static_cast<int>(kWeights)),
        [lines] "i"(static_cast<int>(kRequantize)), [wide] "i"(kWide ? 1 : 0), [shift] "i"(kShift),
        [chunk_bytes] "i"(DenseChunkBytes(kPairs, kWeights, kWide))
      : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

/* KernelForm::kVector. Reads up to the next multiple of 4 inputs, without kWide of 8; `input` is aligned to 4.
 * Scratch: with kWide 2 bytes an input, their number rounded up to 8; behind it, with kSums, 4 bytes an output, rounded
 * up to 4 outputs. kUnroll: chunks of eight inputs in the loop's code. kFours: there are groups of four outputs;
 * kPair: the last one or two outputs are a pair. */
template <int kUnroll, DspWeights kWeights, DspRequantize kRequantize, bool kWide, int kShift, bool kFours, bool kPair>
struct DenseDsp {
  static_assert(kFours || kPair);
  static constexpr bool kSums = kRequantize == DspRequantize::kSums;

  static void Vector(const DenseDspParams& p, const uint8_t* input, uint8_t* output, uint8_t* scratch = nullptr) {
    constexpr bool kScaled = kWeights == DspWeights::kPaired && kRequantize == DspRequantize::kOneLine;
    const int32_t chunks = p.chunks();
    DenseDspFrame frame;
    frame.inputs = kWide ? scratch : input;
    frame.inputs_end = (kWide ? scratch : input) + chunks * (kWide ? 16 : 8);
    frame.scale_a = 1 << p.left_shift;
    frame.scale_b = frame.scale_a >> (kScaled ? 8 : 0);
    frame.offset = p.offset;
    frame.weights = p.weights;
    if (kWide) Widen(input, (p.inputs + 3) >> 2, reinterpret_cast<uint32_t*>(scratch));
    uint8_t* sums = scratch + (kWide ? chunks * 16 : 0);
    uint8_t* codes = kSums ? sums : output;
    const int32_t fours = p.outputs >> 2;
    const int32_t rest = p.outputs & 3;
    if (kFours && fours != 0) {
      Run<2>(&frame, fours, codes);
      frame.weights += fours * GroupBytes(2, chunks);
    }
    if (rest != 0) {
      uint8_t last[4];
      uint8_t* rest_codes = kSums ? sums + fours * 16 : last;
      Run<kPair ? 1 : 2>(&frame, 1, rest_codes);
      for (int32_t i = 0; !kSums && i < rest; ++i) output[4 * fours + i] = last[i];
    }
    if constexpr (kSums) StoreSums(p, reinterpret_cast<const int32_t*>(sums), output);
  }

 private:
  static constexpr int32_t GroupBytes(int32_t pairs, int32_t chunks) {
    constexpr int32_t kWords = kRequantize == DspRequantize::kTwoLines  ? 6
                               : kRequantize == DspRequantize::kOneLine ? 4
                                                                        : 0;
    return pairs * (16 * chunks + 4 * kWords);
  }

  template <int kPairs>
  static void Run(DenseDspFrame* frame, int32_t groups, uint8_t* output) {
    constexpr uint32_t kChunk = DenseChunkBytes(kPairs, kWeights, kWide);
    const auto* first = static_cast<const uint8_t*>(frame->inputs);
    const auto* end = static_cast<const uint8_t*>(frame->inputs_end);
    const uint32_t chunks = static_cast<uint32_t>(end - first) / (kWide ? 16 : 8);
    frame->skipped = ((chunks - 1) % kUnroll + 1) * kChunk;
    frame->output = output;
    frame->output_end = output + groups * kPairs * (kSums ? 8 : 2);
    DenseDspBlock<kPairs, kUnroll, kWeights, kRequantize, kWide, kShift>(frame);
  }

  /* `words` words of four inputs, and one of padding where they are odd. */
  static void Widen(const uint8_t* input, int32_t words, uint32_t* out) {
    if ((words & 1) != 0) out[2 * words] = out[2 * words + 1] = 0;
    asm volatile(
        "1:\n"
        "ldr r0, [%[input]], #4\n"
        "sxtb16 r1, r0, ror #8\n"
        "sxtb16 r0, r0\n"
        "subs %[words], #1\n"
        "stmia.w %[out]!, {r0, r1}\n"
        "bne 1b\n"
        : [input] "+r"(input), [out] "+r"(out), [words] "+r"(words)
        :
        : "r0", "r1", "cc", "memory");
  }

  static void StoreSums(const DenseDspParams& p, const int32_t* sums, uint8_t* output) {
    for (int32_t c = 0; c < p.outputs; ++c) {
      output[c] =
          static_cast<uint8_t>(device::RequantizeToInt8(sums[c] + p.terms[c].bias, p.terms[c].multiplier, p.range));
    }
  }
};

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_FULLY_CONNECTED_DSP_H_
