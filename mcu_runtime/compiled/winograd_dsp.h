/* CONV_2D of 3x3 taps and stride 1 for cores with the DSP extension, by Winograd's minimal filtering F(2x2, 3x3) in
 * integers: 16 products where the direct form takes 36, and the same sums to the last bit. From int8 rows [x][channel]
 * as the file has them, of an even number of channels, to such rows of an even number of channels.
 * (A. Lavin, S. Gray: Fast Algorithms for Convolutional Neural Networks, 2016.)
 *
 * The output is cut into tiles of 2x2 pixels. Of each, d being the 4x4 input pixels that it sees and g a filter:
 *   V = B'dB    of each input channel; elements are sums of 4 codes, within +-512
 *   U = Gg G'   of each pair of channels, made when the model is compiled; elements within +-9 * 128
 *   M = U * V   element by element, summed over the input channels: 16 products of matrices
 *   Y = A'MA    four times the sums of the tile's outputs
 * B' = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1], A' = [1 1 1 0; 0 1 -1 -1], and G = [2 0 0; 1 1 1; 1 -1 1; 0 0 2], which
 * is twice the paper's, so that U are integers.
 *
 * This is an identity of integers: it holds modulo 2^32, whatever wraps on the way. DspRequantize::kOneLine takes a sum
 * times 2^k modulo 2^32, and k >= 2 here: Y * 2^(k - 2) is the same word. The other forms look at signs: they ask for
 * sum + bias within +-2^29, which the compiler proves, so that 4 * (sum + bias) is an int32.
 *
 * Three tiles at a time (the last ones two, or one) times two output channels: 2 loads and 6 SMLAD for 12 products.
 * Instructions for a product of the direct form, C input and N output channels: 0.30 + 2.2 / C + 2.0 / N. 16 -> 16
 * channels: 0.53; 64 -> 64: 0.38.
 *
 * The stream of two output channels a, b: for each element of U, row by row, and each pair of input channels a word
 * {a0, a1} and a word {b0, b1}, int16; then the constants of a and those of b: kOneLine {m, D}, kTwoLines {4 * bias, m,
 * D}, kSums none. Pairs of input channels are, of each four, (0, 2) and (1, 3); of two that are left (0, 1).
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_WINOGRAD_DSP_H_
#define MOTE_MCU_RUNTIME_COMPILED_WINOGRAD_DSP_H_

#include "mcu_runtime/compiled/dsp_block.h"
#include "mcu_runtime/compiled/instructions_dsp.h"
#include "mcu_runtime/compiled/rows.h"
#include "mcu_runtime/kernels/codes.h"
#include "mcu_runtime/kernels/requantize.h"

namespace mote::compiled {

struct WinogradDspParams {
  int32_t height; /* of the input */
  int32_t width;
  int32_t top; /* padding above, and before the first column */
  int32_t left;
  int32_t output_height;
  int32_t output_width;
  int32_t output_channels;
  uint32_t padding; /* the zero point in each byte */
  int32_t offset;   /* C */
  int32_t stream_bytes;
  const uint8_t* weights;
  /* DspRequantize::kSums: the contract's own two roundings. */
  const device::ChannelTerms* terms;
  device::OutputRange range;
};

/* Where a tile's first pixel is stored, and the bytes from it to its neighbours: 0 where the image ends before. What is
 * outside is then overwritten by the pixel that it falls on. */
struct WinogradPlace {
  uint8_t* output;
  int32_t right;
  int32_t down;
};

/* What the block finds in memory. It moves `output` on by the channels that it stores; kSums: places[0].output has room
 * for Y instead, [channel][tile][4] int32. */
template <int kTiles>
struct WinogradFrame {
  const uint32_t* v;
  const uint8_t* stream_end;
  int32_t offset; /* C */
  WinogradPlace places[kTiles];
};

/* Codes of kTiles tiles, of as many pairs of channels as the stream has. V is [element][kSteps][tile] words of two
 * inputs, kPositionWords from an element to the next. M is on the stack, the last element first: [channel][tile].
 * Products: r0-r2 sums of a, r3-r5 of b, r6-r8 inputs, r9, r10 weights, r11 elements that are left but one and 256 a
 * round that is left but one, lr V. Codes: r0-r3 Y, r4-r6 free, r7 m, r8 D, r9 C, r10 places, lr M. r12 the stream. */
template <int kTiles, int kUnroll, int kRounds, int kPositionWords, DspRequantize kRequantize, int kScale, int kShift>
__attribute__((noinline)) void WinogradBlock(const uint8_t* stream, WinogradFrame<kTiles>* frame) {
  register const uint8_t* stream_register asm("r0") = stream;
  register WinogradFrame<kTiles>* frame_register asm("r1") = frame;
  asm volatile(
      "push {r1, r7}\n"
      "mov r12, r0\n" MOTE_MAC_MACRO
      /* Two inputs of all tiles times two weights of both channels. */
      ".macro mote_step first\n"
      "  .if %c[tiles] == 3\n"
      "    ldmia.w lr!, {r6, r7, r8}\n"
      "  .elseif %c[tiles] == 2\n"
      "    ldmia.w lr!, {r6, r7}\n"
      "  .else\n"
      "    ldr r6, [lr], #4\n"
      "  .endif\n"
      "  ldmia.w r12!, {r9, r10}\n"
      "  mote_mac \\first, r0, r6, r9\n"
      "  mote_mac \\first, r3, r6, r10\n"
      "  .if %c[tiles] > 1\n"
      "    mote_mac \\first, r1, r7, r9\n"
      "    mote_mac \\first, r4, r7, r10\n"
      "  .endif\n"
      "  .if %c[tiles] > 2\n"
      "    mote_mac \\first, r2, r8, r9\n"
      "    mote_mac \\first, r5, r8, r10\n"
      "  .endif\n"
      ".endm\n"
      /* A column of M: M0 + M1 + M2 and M1 - M2 - M3. */
      ".macro mote_column column, tile, above, below\n"
      "  ldr.w \\above, [lr, #(15 - 4 - \\column) * 8 * %c[tiles] + 4 * \\tile]\n"
      "  ldr.w r6, [lr, #(15 - 8 - \\column) * 8 * %c[tiles] + 4 * \\tile]\n"
      "  subs \\below, \\above, r6\n"
      "  adds \\above, \\above, r6\n"
      "  ldr.w r6, [lr, #(15 - \\column) * 8 * %c[tiles] + 4 * \\tile]\n"
      "  adds \\above, \\above, r6\n"
      "  ldr.w r6, [lr, #(15 - 12 - \\column) * 8 * %c[tiles] + 4 * \\tile]\n"
      "  subs \\below, \\below, r6\n"
      ".endm\n"
      ".macro mote_code sum\n"
      "  .if %c[lines] == 1\n"
      "    add.w \\sum, r8, \\sum, lsl %[scale]\n"
      "  .else\n"
      "    adds \\sum, \\sum, r4\n"
      "    eor.w r5, r8, \\sum, asr #31\n"
      "    add.w \\sum, r5, \\sum, lsl %[scale]\n"
      "  .endif\n"
      "  smmla \\sum, \\sum, r7, r9\n"
      "  ssat \\sum, #8, \\sum, asr %[shift]\n"
      ".endm\n"
      ".macro mote_tile tile\n"
      "  mote_column 0, \\tile, r0, r2\n"
      "  mote_column 1, \\tile, r1, r3\n"
      "  adds r0, r0, r1\n"
      "  adds r2, r2, r3\n"
      "  mote_column 2, \\tile, r4, r5\n"
      "  adds r0, r0, r4\n"
      "  subs r1, r1, r4\n"
      "  adds r2, r2, r5\n"
      "  subs r3, r3, r5\n"
      "  mote_column 3, \\tile, r4, r5\n"
      "  subs r1, r1, r4\n"
      "  subs r3, r3, r5\n"
      "  .if %c[lines] == 0\n"
      "    stmia.w r10!, {r0, r1, r2, r3}\n"
      "  .else\n"
      "    .if %c[lines] == 2\n"
      "      ldr r4, [r12, #-12]\n"
      "    .endif\n"
      "    mote_code r0\n"
      "    mote_code r1\n"
      "    mote_code r2\n"
      "    mote_code r3\n"
      "    ldmia.w r10!, {r4, r5, r6}\n"
      "    adds r6, r6, r4\n"
      "    strb r3, [r6, r5]\n"
      "    strb r2, [r6]\n"
      "    strb r1, [r4, r5]\n"
      "    strb r0, [r4], #1\n"
      "    str r4, [r10, #-12]\n"
      "  .endif\n"
      ".endm\n"

      "1:\n"
      "ldr lr, [r1]\n"
      "mov r11, #15\n"
      "2:\n"
      ".if %c[rounds] == 1\n"
      "  mote_step 1\n"
      "  .rept %c[unroll] - 1\n"
      "    mote_step 0\n"
      "  .endr\n"
      "  subs r11, r11, #1\n"
      ".else\n"
      "  add.w r11, r11, #(%c[rounds] - 1) * 256\n"
      "  movs r0, #0\n movs r1, #0\n movs r2, #0\n movs r3, #0\n movs r4, #0\n movs r5, #0\n"
      "  3:\n"
      "  .rept %c[unroll]\n"
      "    mote_step 0\n"
      "  .endr\n"
      "  subs.w r11, r11, #256\n"
      "  bpl.w 3b\n"
      "  adds.w r11, r11, #255\n"
      ".endif\n"
      ".if %c[tiles] == 3\n"
      "  push {r0, r1, r2, r3, r4, r5}\n"
      ".elseif %c[tiles] == 2\n"
      "  push {r0, r1, r3, r4}\n"
      ".else\n"
      "  push {r0, r3}\n"
      ".endif\n"
      ".if %c[rest] != 0\n"
      "  addw lr, lr, #%c[rest]\n"
      ".endif\n"
      "bpl.w 2b\n"
      "ldr r10, [sp, #16 * 8 * %c[tiles]]\n"
      "add.w r10, r10, #12\n"
      "ldr r9, [r10, #-4]\n"
      ".if %c[lines] == 0\n"
      "  ldr r10, [r10]\n"
      ".endif\n"
      "mov lr, sp\n"
      "4:\n"
      ".if %c[lines] == 1\n"
      "  ldmia.w r12!, {r7, r8}\n"
      ".elseif %c[lines] == 2\n"
      "  ldmia.w r12!, {r6, r7, r8}\n"
      ".endif\n"
      "mote_tile 0\n"
      ".if %c[tiles] > 1\n"
      "  mote_tile 1\n"
      ".endif\n"
      ".if %c[tiles] > 2\n"
      "  mote_tile 2\n"
      ".endif\n"
      "cmp sp, lr\n"
      "add.w lr, lr, #4 * %c[tiles]\n"
      ".if %c[lines] != 0\n"
      "  sub.w r10, r10, #12 * %c[tiles]\n"
      ".endif\n"
      "beq.w 4b\n"
      "add.w sp, sp, #16 * 8 * %c[tiles]\n"
      "ldr r1, [sp]\n"
      "ldr r0, [r1, #4]\n"
      "cmp r12, r0\n"
      "bne.w 1b\n"
      "pop {r1, r7}\n"
      ".purgem mote_mac\n .purgem mote_step\n .purgem mote_column\n .purgem mote_code\n .purgem mote_tile\n"
      : "+r"(stream_register), "+r"(frame_register)
      : [tiles] "i"(kTiles), [unroll] "i"(kUnroll), [rounds] "i"(kRounds), [lines] "i"(static_cast<int>(kRequantize)),
        [scale] "i"(kScale), [shift] "i"(kShift), [rest] "i"(4 * (kPositionWords - kTiles * kUnroll * kRounds))
      : "r2", "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

/* kChannels: of the input. kUnroll * kRounds pairs of them. kScale: k - 2. kThree, kTwo, kOne: whether there are blocks
 * of so many tiles. */
template <int kChannels, int kUnroll, DspRequantize kRequantize, int kScale, int kShift, bool kThree, bool kTwo,
          bool kOne>
struct WinogradDsp {
  static constexpr int kSteps = kChannels / 2;
  static constexpr int kPositionWords = 3 * kSteps; /* from an element of V to the next */
  static constexpr int kPatchBytes = 16 * kChannels;
  static constexpr int32_t kPairBytes = 16 * kSteps * 2 * 4; /* of the stream, without constants */

  static inline __attribute__((always_inline)) uint32_t Add(uint32_t a, uint32_t b) {
    uint32_t result;
    __asm__("sadd16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
  }
  static inline __attribute__((always_inline)) uint32_t Subtract(uint32_t a, uint32_t b) {
    uint32_t result;
    __asm__("ssub16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
    return result;
  }

  /* Which of a pixel's channels: bytes 0 and 2, bytes 1 and 3 of a word; the two of a halfword. */
  enum class Pair { kEven, kOdd, kLast };

  template <Pair kPair>
  static inline __attribute__((always_inline)) uint32_t Load(const uint8_t* pixel) {
    uint32_t result;
    if constexpr (kPair == Pair::kLast) {
      const uint32_t both = device::LoadUnaligned<uint16_t>(pixel);
      __asm__("sxtb16 %0, %1" : "=r"(result) : "r"(both | both << 8));
    } else if constexpr (kPair == Pair::kEven) {
      __asm__("sxtb16 %0, %1" : "=r"(result) : "r"(device::LoadUnaligned<uint32_t>(pixel)));
    } else {
      __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(device::LoadUnaligned<uint32_t>(pixel)));
    }
    return result;
  }

  /* A row of V of a row of B'd. */
  static inline __attribute__((always_inline)) void StoreRow(uint32_t a, uint32_t b, uint32_t c, uint32_t d,
                                                             uint32_t* v) {
    v[0] = Subtract(a, c);
    v[kPositionWords] = Add(b, c);
    v[2 * kPositionWords] = Subtract(c, b);
    v[3 * kPositionWords] = Subtract(b, d);
  }

  /* Two channels of a tile. `pixels`: the second row's. */
  template <Pair kPair>
  static inline __attribute__((always_inline)) void Transform(const uint8_t* pixels, int32_t row_bytes, uint32_t* v) {
    constexpr int kRow = 4 * kPositionWords;
    const uint32_t b0 = Load<kPair>(pixels);
    const uint32_t b1 = Load<kPair>(pixels + kChannels);
    const uint32_t b2 = Load<kPair>(pixels + 2 * kChannels);
    const uint32_t b3 = Load<kPair>(pixels + 3 * kChannels);
    pixels += row_bytes;
    const uint32_t c0 = Load<kPair>(pixels);
    const uint32_t c1 = Load<kPair>(pixels + kChannels);
    const uint32_t c2 = Load<kPair>(pixels + 2 * kChannels);
    const uint32_t c3 = Load<kPair>(pixels + 3 * kChannels);
    StoreRow(Add(b0, c0), Add(b1, c1), Add(b2, c2), Add(b3, c3), v + kRow);
    StoreRow(Subtract(c0, b0), Subtract(c1, b1), Subtract(c2, b2), Subtract(c3, b3), v + 2 * kRow);
    pixels -= 2 * row_bytes;
    StoreRow(Subtract(Load<kPair>(pixels), c0), Subtract(Load<kPair>(pixels + kChannels), c1),
             Subtract(Load<kPair>(pixels + 2 * kChannels), c2), Subtract(Load<kPair>(pixels + 3 * kChannels), c3), v);
    pixels += 3 * row_bytes;
    StoreRow(Subtract(b0, Load<kPair>(pixels)), Subtract(b1, Load<kPair>(pixels + kChannels)),
             Subtract(b2, Load<kPair>(pixels + 2 * kChannels)), Subtract(b3, Load<kPair>(pixels + 3 * kChannels)),
             v + 3 * kRow);
  }

  /* V of all channels of a tile, `tiles` of which stand side by side. */
  static __attribute__((noinline)) void TransformTile(const uint8_t* tile, int32_t row_bytes, int32_t tiles,
                                                      uint32_t* v) {
    const uint8_t* pixels = tile + row_bytes;
    for (const uint8_t* end = pixels + kChannels / 4 * 4; pixels != end; pixels += 4) {
      Transform<Pair::kEven>(pixels, row_bytes, v);
      v += tiles;
      Transform<Pair::kOdd>(pixels, row_bytes, v);
      v += tiles;
    }
    if constexpr (kChannels % 4 != 0) Transform<Pair::kLast>(pixels, row_bytes, v);
  }

  /* What a tile at the image's edge sees, padding included. */
  static __attribute__((noinline)) void CopyTile(const WinogradDspParams& p, const uint8_t* input, int32_t y, int32_t x,
                                                 uint8_t* patch) {
    FillRow(patch, kPatchBytes, p.padding);
    const int32_t first = x < 0 ? -x : 0;
    const int32_t last = p.width - x < 4 ? p.width - x : 4;
    for (int32_t row = 0; row < 4; ++row, patch += 4 * kChannels) {
      if (y + row < 0 || y + row >= p.height) continue;
      const uint8_t* from = input + ((y + row) * p.width + x + first) * kChannels;
      Copy(from, (last - first) * kChannels, patch + first * kChannels);
    }
  }

  /* Whole pixels; at words, where they are words. */
  static inline void Copy(const uint8_t* from, int32_t bytes, uint8_t* to) {
    if constexpr (kChannels % 4 == 0) {
      for (; bytes >= 16; bytes -= 16) {
        __asm__("ldmia %0!, {r2, r3, r12, lr}\n\tstmia %1!, {r2, r3, r12, lr}"
                : "+r"(from), "+r"(to)
                :
                : "r2", "r3", "r12", "lr", "memory");
      }
    }
    for (; bytes > 0; bytes -= 2, from += 2, to += 2) {
      device::StoreUnaligned<uint16_t>(to, device::LoadUnaligned<uint16_t>(from));
    }
  }

  /* V of the tile whose first output is at y, x. */
  static __attribute__((noinline)) void Prepare(const WinogradDspParams& p, const uint8_t* input, int32_t y, int32_t x,
                                                int32_t tiles, uint8_t* patch, uint32_t* v) {
    y -= p.top;
    x -= p.left;
    int32_t row_bytes = p.width * kChannels;
    const uint8_t* tile = patch;
    if (y < 0 || x < 0 || y + 4 > p.height || x + 4 > p.width) {
      CopyTile(p, input, y, x, patch);
      row_bytes = 4 * kChannels;
    } else {
      tile = input + y * row_bytes + x * kChannels;
    }
    TransformTile(tile, row_bytes, tiles, v);
  }

  /* All output channels of kTiles tiles. */
  template <int kTiles>
  static void Multiply(const WinogradDspParams& p, WinogradFrame<kTiles>* frame) {
    constexpr auto kBlock =
        WinogradBlock<kTiles, kUnroll, kSteps / kUnroll, kPositionWords, kRequantize, kScale, kShift>;
    if constexpr (kRequantize != DspRequantize::kSums) {
      frame->stream_end = p.weights + p.stream_bytes;
      kBlock(p.weights, frame);
    } else {
      int32_t sums[2 * kTiles * 4];
      WinogradFrame<kTiles> sums_frame = *frame;
      sums_frame.places[0].output = reinterpret_cast<uint8_t*>(sums);
      const uint8_t* stream = p.weights;
      for (int32_t c = 0; c < p.output_channels; c += 2) {
        sums_frame.stream_end = stream + kPairBytes;
        kBlock(stream, &sums_frame);
        stream = sums_frame.stream_end;
        for (int32_t i = 0; i < 2 * kTiles; ++i) {
          StoreSums(p, c + i / kTiles, sums + 4 * i, frame->places[i % kTiles]);
        }
      }
    }
  }

  /* The contract's own two roundings, of one channel of a tile. */
  static __attribute__((noinline)) void StoreSums(const WinogradDspParams& p, int32_t c, const int32_t* sums,
                                                  const WinogradPlace& place) {
    const device::ChannelTerms& terms = p.terms[c];
    const auto code = [&](int32_t sum) {
      const uint32_t fourfold = static_cast<uint32_t>(sum) + (static_cast<uint32_t>(terms.bias) << 2);
      return static_cast<uint8_t>(
          device::RequantizeToInt8(static_cast<int32_t>(fourfold) >> 2, terms.multiplier, p.range));
    };
    uint8_t* above = place.output + c;
    uint8_t* below = above + place.down;
    below[place.right] = code(sums[3]);
    *below = code(sums[2]);
    above[place.right] = code(sums[1]);
    *above = code(sums[0]);
  }

  /* Tiles of the image, row by row. */
  class Tiles {
   public:
    Tiles(const WinogradDspParams& p, const uint8_t* input, uint8_t* output, uint8_t* scratch)
        : p_(p),
          input_(input),
          output_(output),
          patch_(scratch),
          v_(reinterpret_cast<uint32_t*>(scratch + kPatchBytes)),
          left_(((p.output_height + 1) >> 1) * ((p.output_width + 1) >> 1)) {}

    /* Blocks of kTiles, as long as there are as many. */
    template <int kTiles>
    void Blocks() {
      WinogradFrame<kTiles> frame;
      frame.v = v_;
      frame.offset = p_.offset;
      /* Of four that are left, blocks of two take two and two. */
      for (; left_ >= kTiles && !(kTwo && kTiles == 3 && left_ == 4); left_ -= kTiles) {
        for (int32_t i = 0; i < kTiles; ++i) {
          frame.places[i] = Place();
          Prepare(p_, input_, y_, x_, kTiles, patch_, v_ + i);
          x_ += 2;
          if (x_ >= p_.output_width) {
            x_ = 0;
            y_ += 2;
          }
        }
        Multiply<kTiles>(p_, &frame);
      }
    }

   private:
    WinogradPlace Place() const {
      const int32_t row = p_.output_width * p_.output_channels;
      return {output_ + y_ * row + x_ * p_.output_channels, x_ + 1 < p_.output_width ? p_.output_channels : 0,
              y_ + 1 < p_.output_height ? row : 0};
    }

    const WinogradDspParams& p_;
    const uint8_t* input_;
    uint8_t* output_;
    uint8_t* patch_;
    uint32_t* v_;
    int32_t left_; /* tiles */
    int32_t y_ = 0;
    int32_t x_ = 0;
  };

  /* KernelForm::kVector. Scratch: 112 * kChannels bytes: a tile at the image's edge, and V of three tiles. */
  static void Image(const WinogradDspParams& p, const uint8_t* input, uint8_t* output, uint8_t* scratch) {
    Tiles tiles(p, input, output, scratch);
    if constexpr (kThree) tiles.template Blocks<3>();
    if constexpr (kTwo) tiles.template Blocks<2>();
    if constexpr (kOne) tiles.template Blocks<1>();
  }
};

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_WINOGRAD_DSP_H_
