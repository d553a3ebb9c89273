/* The inner block of convolutions for cores with the DSP extension (Cortex-M4, M7, M33): 3, 2 or 1 pixels times all
 * output channels, two channels at a time.
 *
 * A patch is what the filter sees of those pixels, as int16: [k / 2][pixel][2], so that one LDM loads two inputs of
 * every pixel. K is padded to a multiple of 4; what stands in the padding is multiplied by 0.
 *
 * Weights of two output channels a, b share a halfword, 256 * w_b + w_a: its low byte is w_a, and flash holds no more
 * than a byte a weight. SMLAD on halfwords as they stand sums 256 * B + A, SXTB16 makes w_a of them, another SMLAD sums
 * A. Four products of 3 pixels and 2 channels are 3 LDM, 2 SXTB16 and 12 SMLAD: 17 instructions for 24 products. A
 * w_b of -128 asks for w_a >= 0 (DspWeights::kPaired); where it does not, two SXTB16 a word take the bytes apart
 * (kBytes): 20 instructions.
 *
 * The loop over K is unrolled, and entered in its middle, so that any K takes no more than the products it has. kExact:
 * there is no loop, K is 4 * kUnroll; 2 instructions a round and 2 a pair of channels less.
 *
 * The stream of a pair of channels: K / 2 words of weights, bytes [a0 b0 a1 b1] for k and k + 1; then the constants of
 * a and those of b: kOneLine {m, D}, kTwoLines {bias, m, D}, kSums none.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_DSP_BLOCK_H_
#define MOTE_MCU_RUNTIME_COMPILED_DSP_BLOCK_H_

#include <stdint.h>

namespace mote::compiled {

enum class DspWeights { kPaired = 0, kBytes = 1 };

/* From a sum to a code; export/compiler/requantization.h finds and proves the constants.
 *   kOneLine:  SSAT((C + high((sum * 2^k + D) * m)) >> s)
 *   kTwoLines: SSAT((C + high((a * 2^k + (D ^ (a >> 31))) * m)) >> s), a = sum + bias
 *   kSums:     the sum itself, int32: somebody else goes on with it */
enum class DspRequantize { kOneLine = 1, kTwoLines = 2, kSums = 0 };

/* How codes of a block are stored; kPlanar16: as int16; scattered: planar, pixels where DspBlockPlaces says. (Sums:
 * [channel][pixel], int32.) */
enum class DspLayout { kNhwc8 = 0, kPlanar8 = 1, kPlanar16 = 2, kScattered8 = 3, kScattered16 = 4 };

constexpr bool IsScattered(DspLayout layout) {
  return layout == DspLayout::kScattered8 || layout == DspLayout::kScattered16;
}
/* Of planar rows. */
constexpr int32_t CodeBytes(DspLayout layout) {
  return layout == DspLayout::kPlanar16 || layout == DspLayout::kScattered16 ? 2 : 1;
}

/* What stands before and after the patch: the block has no register left for it. */
struct DspBlockHead {
  uint32_t skipped; /* bytes of the unrolled loop's code that the first round leaves out */
  int32_t rounds;   /* of that loop, and one */
  uint32_t entry;   /* the block's own: the address */
};
struct DspBlockTail {
  int32_t scale_a; /* 2^k, for sums of a */
  int32_t scale_b; /* for sums of b: 2^(k - 8) where they come as 256 * B (kOneLine, kPaired) */
  int32_t offset;  /* C */
  uint8_t* output;
  int32_t step;        /* nhwc8: bytes from a pixel to the next; planar: from a channel to the next */
  uint8_t* output_end; /* what `output` is after the last pair of channels */
  const void* patch;
};

/* Follows the tail where codes are scattered. */
struct DspBlockPlaces {
  int32_t second; /* bytes from the first pixel */
  int32_t third;
};

/* From label 2 to label 3 (clang's assembler cannot tell). */
#if defined(__clang__)
#define MOTE_CODE_IS(bytes)
#else
#define MOTE_CODE_IS(bytes) ".if 3b - 2b != " bytes "\n .error \"code of another size\"\n .endif\n"
#endif

/* Code for four products, in bytes. */
constexpr uint32_t DspChunkBytes(int pixels, DspWeights weights) {
  return weights == DspWeights::kPaired ? (pixels == 3   ? 68
                                           : pixels == 2 ? 48
                                                         : 32)
                                        : (pixels == 3   ? 80
                                           : pixels == 2 ? 60
                                                         : 44);
}

/* Head and tail of blocks in `scratch`, [head][patch][tail], but for outputs and step. */
template <int kPixels, int kUnroll, DspWeights kWeights, DspRequantize kRequantize>
inline DspBlockTail* PrepareDspBlock(int32_t chunks, int32_t left_shift, int32_t offset, uint8_t* scratch) {
  auto* head = reinterpret_cast<DspBlockHead*>(scratch);
  uint8_t* patch = scratch + sizeof(DspBlockHead);
  auto* tail = reinterpret_cast<DspBlockTail*>(patch + chunks * 8 * kPixels);
  const int32_t later = chunks - 1;
  head->rounds = later / kUnroll + 1;
  head->skipped = static_cast<uint32_t>(later % kUnroll) * DspChunkBytes(kPixels, kWeights);
  constexpr bool kScaled = kWeights == DspWeights::kPaired && kRequantize == DspRequantize::kOneLine;
  tail->scale_a = 1 << left_shift;
  tail->scale_b = tail->scale_a >> (kScaled ? 8 : 0);
  tail->offset = offset;
  tail->patch = patch;
  return tail;
}

/* Two products and a sum. The first argument is 1 where sums begin. */
#define MOTE_MAC_MACRO                 \
  ".macro mote_mac first, sum, x, w\n" \
  "  .if \\first\n"                    \
  "    smuad \\sum, \\x, \\w\n"        \
  "  .else\n"                          \
  "    smlad \\sum, \\x, \\w, \\sum\n" \
  "  .endif\n"                         \
  ".endm\n"

/* Registers: r0-r2 sums of a, r3-r5 of b; r6-r8 inputs (2 pixels: r5-r8; 1: r6, r7), r9, r10 weights, r11 rounds, r12
 * the weights' pointer, lr the patch's. */
template <int kPixels, int kUnroll, DspWeights kWeights, DspRequantize kRequantize, DspLayout kLayout, int kShift,
          bool kExact = false>
__attribute__((noinline)) void DspBlock(const void* weights, const void* patch) {
  register const void* weights_register asm("r0") = weights;
  register const void* patch_register asm("r1") = patch;
  asm volatile(
      "push {r7}\n"
      "mov r12, r0\n"
      "mov lr, r1\n"
      MOTE_MAC_MACRO
      /* Two products of all pixels. */
      ".macro mote_products first, w, x0, x1, x2\n"
      "  .if %c[bytes]\n"
      "    ldr r9, [r12], #4\n"
      "    sxtb16 r10, r9, ror #8\n"
      "    mote_mac \\first, r3, \\x0, r10\n"
      "    .if %c[pixels] > 1\n"
      "      mote_mac \\first, r4, \\x1, r10\n"
      "    .endif\n"
      "    .if %c[pixels] > 2\n"
      "      mote_mac \\first, r5, \\x2, r10\n"
      "    .endif\n"
      "    sxtb16 r9, r9\n"
      "    mote_mac \\first, r0, \\x0, r9\n"
      "    .if %c[pixels] > 1\n"
      "      mote_mac \\first, r1, \\x1, r9\n"
      "    .endif\n"
      "    .if %c[pixels] > 2\n"
      "      mote_mac \\first, r2, \\x2, r9\n"
      "    .endif\n"
      "  .else\n"
      "    mote_mac \\first, r3, \\x0, \\w\n"
      "    .if %c[pixels] > 1\n"
      "      mote_mac \\first, r4, \\x1, \\w\n"
      "    .endif\n"
      "    .if %c[pixels] > 2\n"
      "      mote_mac \\first, r5, \\x2, \\w\n"
      "    .endif\n"
      "    sxtb16 \\w, \\w\n"
      "    mote_mac \\first, r0, \\x0, \\w\n"
      "    .if %c[pixels] > 1\n"
      "      mote_mac \\first, r1, \\x1, \\w\n"
      "    .endif\n"
      "    .if %c[pixels] > 2\n"
      "      mote_mac \\first, r2, \\x2, \\w\n"
      "    .endif\n"
      "  .endif\n"
      ".endm\n"
      /* Four products of all pixels: DspChunkBytes. */
      ".macro mote_chunk first\n"
      "  .if %c[bytes] == 0\n"
      "    ldmia.w r12!, {r9, r10}\n"
      "  .endif\n"
      "  .if %c[pixels] == 3\n"
      "    ldmia.w lr!, {r6, r7, r8}\n"
      "    mote_products \\first, r9, r6, r7, r8\n"
      "    ldmia.w lr!, {r6, r7, r8}\n"
      "    mote_products 0, r10, r6, r7, r8\n"
      "  .elseif %c[pixels] == 2\n"
      "    ldmia.w lr!, {r5, r6, r7, r8}\n"
      "    mote_products \\first, r9, r5, r6, r6\n"
      "    mote_products 0, r10, r7, r8, r8\n"
      "  .else\n"
      "    ldmia.w lr!, {r6, r7}\n"
      "    mote_products \\first, r9, r6, r6, r6\n"
      "    mote_products 0, r10, r7, r7, r7\n"
      "  .endif\n"
      ".endm\n"
      /* A sum becomes a code. */
      ".macro mote_code sum, scale\n"
      "  .if %c[lines] == 1\n"
      "    mla \\sum, \\sum, \\scale, r10\n"
      "    smmla \\sum, \\sum, r9, r8\n"
      "    ssat \\sum, #8, \\sum, asr %[shift]\n"
      "  .else\n" /* r9 bias, r10 m, r11 D; r7 is free */
      "    add.w \\sum, \\sum, r9\n"
      "    eor.w r7, r11, \\sum, asr #31\n"
      "    mla \\sum, \\sum, r6, r7\n"
      "    smmla \\sum, \\sum, r10, r8\n"
      "    ssat \\sum, #8, \\sum, asr %[shift]\n"
      "  .endif\n"
      ".endm\n"
      /* The channel's constants, and the codes of all pixels. */
      ".macro mote_codes scale, s0, s1, s2\n"
      "  .if %c[lines] == 1\n"
      "    ldmia.w r12!, {r9, r10}\n"
      "  .else\n"
      "    ldmia.w r12!, {r9, r10, r11}\n"
      "  .endif\n"
      "  mote_code \\s0, \\scale\n"
      "  .if %c[pixels] > 1\n"
      "    mote_code \\s1, \\scale\n"
      "  .endif\n"
      "  .if %c[pixels] > 2\n"
      "    mote_code \\s2, \\scale\n"
      "  .endif\n"
      ".endm\n"

      ".macro mote_store code, at\n"
      "  .if %c[code_bytes] == 2\n strh.w \\code, \\at\n .else\n strb.w \\code, \\at\n .endif\n"
      ".endm\n"
      ".macro mote_store_pixels c0, c1, c2\n"
      "  mote_store \\c0, [r11]\n"
      "  .if %c[scattered]\n"
      "    .if %c[pixels] > 1\n mote_store \\c1, \"[r11, r6]\"\n .endif\n"
      "    .if %c[pixels] > 2\n mote_store \\c2, \"[r11, r7]\"\n .endif\n"
      "  .else\n"
      "    .if %c[pixels] > 1\n mote_store \\c1, \"[r11, #%c[code_bytes]]\"\n .endif\n"
      "    .if %c[pixels] > 2\n mote_store \\c2, \"[r11, #2 * %c[code_bytes]]\"\n .endif\n"
      "  .endif\n"
      ".endm\n"

      ".if %c[exact] == 0\n"
      "  .balign 4\n" /* for ADR, which counts from a word */
      "  adr.w r6, 3f\n"
      "  ldr r8, [lr, #-12]\n"
      "  sub.w r6, r6, r8\n"
      "  orr.w r6, r6, #1\n"
      "  str r6, [lr, #-4]\n"
      ".endif\n"
      "1:\n"
      ".if %c[exact] == 0\n"
      "  ldr r11, [lr, #-8]\n"
      ".endif\n"
      "mote_chunk 1\n"
      ".if %c[exact] == 0\n"
      "  ldr pc, [lr, %[entry]]\n"
      ".endif\n"
      "2:\n"
      ".rept %c[unroll] - %c[exact]\n"
      "mote_chunk 0\n"
      ".endr\n"
      "3:\n"
      MOTE_CODE_IS("%c[chunk_bytes] * (%c[unroll] - %c[exact])")
      ".if %c[exact] == 0\n"
      "  subs.w r11, r11, #1\n"
      "  bne.w 2b\n"
      ".endif\n"
      ".if %c[bytes] == 0\n"
      "  sub.w r3, r3, r0\n"
      "  .if %c[pixels] > 1\n"
      "    sub.w r4, r4, r1\n"
      "  .endif\n"
      "  .if %c[pixels] > 2\n"
      "    sub.w r5, r5, r2\n"
      "  .endif\n"
      "  .if %c[lines] != 1\n"
      "    asr.w r3, r3, #8\n"
      "    asr.w r4, r4, #8\n"
      "    asr.w r5, r5, #8\n"
      "  .endif\n"
      ".endif\n"
      ".if %c[lines] == 0\n"
      "  ldr.w r11, [lr, #12]\n"
      "  ldr.w r10, [lr, #20]\n"
      "  .if %c[pixels] == 3\n"
      "    stmia.w r11!, {r0, r1, r2, r3, r4, r5}\n"
      "  .elseif %c[pixels] == 2\n"
      "    stmia.w r11!, {r0, r1, r3, r4}\n"
      "  .else\n"
      "    stmia.w r11!, {r0, r3}\n"
      "  .endif\n"
      ".else\n"
      "  ldmia.w lr, {r6, r7, r8}\n" /* scale_a, scale_b, C */
      "  .if %c[lines] == 1\n"
      "    mote_codes r6, r0, r1, r2\n"
      "    mote_codes r7, r3, r4, r5\n"
      "  .else\n"
      "    mote_codes r6, r0, r1, r2\n"
      "    mote_codes r6, r3, r4, r5\n"
      "  .endif\n"
      "  ldr.w r11, [lr, #12]\n"
      "  ldrd r9, r10, [lr, #16]\n" /* step, output_end */
      "  .if %c[planar]\n"
      "    .if %c[scattered]\n"
      "      ldrd r6, r7, [lr, #28]\n"
      "    .endif\n"
      "    mote_store_pixels r0, r1, r2\n"
      "    add.w r11, r11, r9\n"
      "    mote_store_pixels r3, r4, r5\n"
      "    add.w r11, r11, r9\n"
      "  .else\n"
      "    bfi r0, r3, #8, #8\n"
      "    .if %c[pixels] > 1\n"
      "      bfi r1, r4, #8, #8\n"
      "      strh.w r1, [r11, r9]\n"
      "    .endif\n"
      "    .if %c[pixels] > 2\n"
      "      bfi r2, r5, #8, #8\n"
      "      strh.w r2, [r11, r9, lsl #1]\n"
      "    .endif\n"
      "    strh r0, [r11], #2\n"
      "  .endif\n"
      ".endif\n"
      "str.w r11, [lr, #12]\n"
      "ldr.w lr, [lr, #24]\n"
      "cmp r11, r10\n"
      "bne.w 1b\n"
      "pop {r7}\n"
      ".purgem mote_mac\n .purgem mote_products\n .purgem mote_chunk\n .purgem mote_code\n .purgem mote_codes\n "
      ".purgem mote_store\n .purgem mote_store_pixels\n"
      : "+r"(weights_register), "+r"(patch_register)
      : [pixels] "i"(kPixels), [unroll] "i"(kUnroll), [bytes] "i"(static_cast<int>(kWeights)),
        [lines] "i"(static_cast<int>(kRequantize)), [planar] "i"(kLayout == DspLayout::kNhwc8 ? 0 : 1),
        [code_bytes] "i"(CodeBytes(kLayout)), [scattered] "i"(IsScattered(kLayout) ? 1 : 0), [shift] "i"(kShift),
        [exact] "i"(kExact ? 1 : 0), [entry] "i"(-4 - 8 * kPixels), [chunk_bytes] "i"(DspChunkBytes(kPixels, kWeights))
      : "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_DSP_BLOCK_H_
