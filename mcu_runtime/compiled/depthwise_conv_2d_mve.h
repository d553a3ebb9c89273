/* DEPTHWISE_CONV_2D on Helium: filters of up to 4 x 4 taps (up to 3 rows where two output rows are made at once), or of
 * up to 16 taps in one row; depth multiplier 1.
 *
 * Input rows are int8 and planar: [channel][x], a channel's row followed at once by the next one's. Padding stands in
 * the row: codes of the zero point before each channel's first element, or after its last one, are shared with the
 * channel next to it. Four rows (of which a filter of 3 rows sees 3 for an output row and 3 for the one below it) are
 * first interleaved into quads, [channel][x][4 rows]. Sixteen bytes of these are then all that a filter of 3 x 3 sees,
 * or 4 x 4: one load and one VMLADAV an output, and with stride 1 the same load serves the row below, with the weights
 * shifted by a row. A filter of one row needs no quads: sixteen bytes of the row itself do.
 *
 * Constants, a stream of, for each channel:
 *   weights, [x][4 rows] (rows beyond the filter's are 0), or [x] padded to 4 bytes where the filter has one row;
 *   int32 offset and int32 multiplier (kOneLine), or int32 bias, int32 mantissa, int32 exponent.
 *
 * Instructions: 9 for each 16 elements of a row that are interleaved; for eight outputs of a channel 25 (two rows by
 * four columns) or 29 (one row), kClamped 3 more, kFull 7 more; for what is left of a row at most as much, for four
 * outputs or fewer about half; for each channel 12.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_CONV_2D_MVE_H_
#define MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_CONV_2D_MVE_H_

#include <stdint.h>

#include "mcu_runtime/compiled/requantization_mve.h"
#include "mcu_runtime/compiled/rows_mve.h"

namespace mote::compiled {

/* What is known when code is generated. kRows: output rows made at once. kStep: bytes from what an output sees to what
 * its neighbour sees: 4 * stride in quads, stride in a row. kWeightBytes: of a channel, in the stream. kChannelBytes:
 * from a channel's input to the next one's. */
template <int kRows_, int kWidth_, int kStep_, bool kQuads_, int kWeightBytes_, int kChannelBytes_,
          RequantizationMve kForm_, int kShift_, bool kClamp_>
struct DepthwiseShapeMve {
  static constexpr int kRows = kRows_;
  static constexpr int kWidth = kWidth_; /* of the output */
  static constexpr int kStep = kStep_;
  static constexpr bool kQuads = kQuads_;
  static constexpr int kWeightBytes = kWeightBytes_;
  static constexpr RequantizationMve kForm = kForm_;
  static constexpr int kShift = kShift_;
  static constexpr bool kClamp = kClamp_;

  static constexpr int kBlockColumns = 8 / kRows;
  static constexpr int kBlocks = kWidth / kBlockColumns;
  /* Columns left over; missing ones are made of the last column, which is then stored more than once. */
  static constexpr int kRest = kWidth % kBlockColumns;
  static constexpr bool kRestIsHalf = kRest <= kBlockColumns / 2;
  static constexpr int kSkip = kChannelBytes_ - kBlocks * kBlockColumns * kStep;
};

/* Where an output left over finds its input: bytes from the first one's. */
template <typename Shape>
constexpr int RestAt(int column) {
  return (column < Shape::kRest ? column : Shape::kRest - 1) * Shape::kStep;
}

/* What the assembly reads, by these offsets. */
struct DepthwiseCallMve {
  const void* constants; /* 0 */
  const void* end;       /* 4 */
  int32_t scalar;        /* 8 */
  int32_t min;           /* 12 */
  int32_t max;           /* 16 */
  int32_t block_step;    /* 20: bytes of the output from a block to the next one in the row */
  int32_t channel_skip;  /* 24: from behind a channel's whole blocks to the next channel's first */
  int32_t unused;        /* 28 */
  uint16_t offsets[8];   /* 32: of a block's outputs */
  union {                /* 48: of the outputs left over */
    uint16_t eight[8];
    uint32_t four[4];
  } rest;
};

/* All channels of `kRows` output rows, from quads or a planar row. */
template <typename Shape>
__attribute__((noinline)) void DepthwiseChannels(const DepthwiseCallMve& call, const int8_t* input, int8_t* output) {
  register const void* const self asm("r11") = &call;
  register const int8_t* in asm("r1") = input;
  register int8_t* out asm("r3") = output;
  /* r0 r2 r4 r6: sums   r1: the input   r3: the output   r5 r7 r10: bias, mantissa, exponent or offset, multiplier
   * r8: block_step   r9: zero point   r12: the stream
   * q0 q1: weights for the first and second row   q2 q3: sums, codes   q4: scalar   q5 q6: offsets */
  asm volatile(
      "push {r7}\n"
      "ldr r12, [r11]\n"
      "ldr r9, [r11, #8]\n"
      ".if %c[one_line]\n vdup.32 q4, r9\n .endif\n"
      "ldr r8, [r11, #20]\n"
      "vldrh.u16 q5, [r11, #32]\n"
      "vldrw.u32 q6, [r11, #48]\n"
      "mov r0, #%c[weight_bytes]\n"
      "vctp.8 r0\n"

      /* One column's outputs; `at`: its input, from r1, or 'next' where r1 moves on. */
      ".macro mote_load%= at\n"
      ".if \\at < 0\n"
      ".if %c[quads]\n vldrw.u32 q3, [r1], #%c[step]\n .else\n vldrb.u8 q3, [r1], #%c[step]\n .endif\n"
      ".else\n"
      ".if %c[quads]\n vldrw.u32 q3, [r1, #\\at]\n .else\n vldrb.u8 q3, [r1, #\\at]\n .endif\n"
      ".endif\n"
      ".endm\n"
      /* Four sums to `sums`, from columns of which the first is `column`. */
      ".macro mote_sums%= sums, first, second, third, fourth\n"
      "mote_load%= \\first\n"
      "vmladav.s8 r0, q3, q0\n"
      ".if %c[rows] == 2\n"
      "vmladav.s8 r2, q3, q1\n"
      "mote_load%= \\second\n"
      "vmladav.s8 r4, q3, q0\n"
      "vmladav.s8 r6, q3, q1\n"
      ".else\n"
      "mote_load%= \\second\n"
      "vmladav.s8 r2, q3, q0\n"
      "mote_load%= \\third\n"
      "vmladav.s8 r4, q3, q0\n"
      "mote_load%= \\fourth\n"
      "vmladav.s8 r6, q3, q0\n"
      ".endif\n"
      "vmov \\sums[2], \\sums[0], r0, r4\n"
      "vmov \\sums[3], \\sums[1], r2, r6\n"
      ".endm\n"
      /* Codes before the two narrowings. */
      ".macro mote_scale%= sums, other\n"
      ".if %c[one_line]\n"
      "vmlas.s32 \\sums, q4, r5\n"
      "vqdmulh.s32 \\sums, \\sums, r7\n"
      ".else\n"
      "vadd.i32 \\sums, \\sums, r5\n"
      "vqrdmulh.s32 \\sums, \\sums, r7\n"
      ".if %c[full]\n vshr.s32 q4, \\sums, #31\n vqadd.s32 \\sums, \\sums, q4\n .endif\n"
      "vrshl.s32 \\sums, r10\n"
      ".endif\n"
      ".endm\n"
      ".macro mote_narrow%= half\n"
      ".if %c[one_line]\n"
      "vqrshrnb.s32 q2, q2, #%c[first_shift]\n"
      ".if !\\half\n vqrshrnt.s32 q2, q3, #%c[first_shift]\n .endif\n"
      "vqrshrnb.s16 q2, q2, #%c[second_shift]\n"
      ".else\n"
      "vqmovnb.s32 q2, q2\n"
      ".if !\\half\n vqmovnt.s32 q2, q3\n .endif\n"
      "vqadd.s16 q2, q2, r9\n"
      "vqmovnb.s16 q2, q2\n"
      ".endif\n"
      ".if %c[clamp]\n"
      "ldrd r0, r2, [r11, #12]\n"
      "vdup.16 q3, r0\n vmax.s8 q2, q2, q3\n"
      "vdup.16 q3, r2\n vmin.s8 q2, q2, q3\n"
      ".endif\n"
      ".endm\n"
      ".macro mote_block%=\n"
      "mote_sums%= q2, -1, -1, -1, -1\n"
      "mote_sums%= q3, -1, -1, -1, -1\n"
      "mote_scale%= q2\n"
      "mote_scale%= q3\n"
      "mote_narrow%= 0\n"
      "vstrb.16 q2, [r3, q5]\n"
      "add r3, r8\n"
      ".endm\n"

      "1:\n"
      "vpst\n"
      ".if %c[quads]\n vldrwt.u32 q0, [r12], #%c[weight_bytes]\n .else\n vldrbt.u8 q0, [r12], #%c[weight_bytes]\n "
      ".endif\n"
      ".if %c[rows] == 2\n vshl.i32 q1, q0, #8\n .endif\n"
      "ldrd r5, r7, [r12], #8\n"
      ".if !%c[one_line]\n ldr r10, [r12], #4\n .endif\n"
      ".if %c[blocks] > 3\n"
      "mov r0, #%c[blocks]\n"
      "dls lr, r0\n"
      "2: mote_block%=\n"
      "le lr, 2b\n"
      ".else\n"
      ".rept %c[blocks]\n mote_block%=\n .endr\n"
      ".endif\n"
      ".if %c[rest]\n"
      "mote_sums%= q2, 0, %c[rest1], %c[rest2], %c[rest3]\n"
      ".if %c[half]\n"
      "mote_scale%= q2\n"
      "mote_narrow%= 1\n"
      "vstrb.32 q2, [r3, q6]\n"
      ".else\n"
      ".if %c[rows] == 2\n mote_sums%= q3, %c[rest2], %c[rest3], 0, 0\n"
      ".else\n mote_sums%= q3, %c[rest4], %c[rest5], %c[rest6], %c[rest7]\n .endif\n"
      "mote_scale%= q2\n"
      "mote_scale%= q3\n"
      "mote_narrow%= 0\n"
      "vstrb.16 q2, [r3, q6]\n"
      ".endif\n"
      ".endif\n"
      "ldr r0, [r11, #4]\n"
      "ldr r2, [r11, #24]\n"
      ".if %c[skip] < 0\n sub r1, r1, #-(%c[skip])\n .else\n add r1, r1, #%c[skip]\n .endif\n"
      "add r3, r2\n"
      "cmp r12, r0\n"
      "bne 1b\n"
      "pop {r7}\n"
      : "+r"(in), "+r"(out)
      : "r"(self), [rows] "i"(Shape::kRows), [step] "i"(Shape::kStep), [quads] "i"(Shape::kQuads),
        [weight_bytes] "i"(Shape::kWeightBytes), [blocks] "i"(Shape::kBlocks), [rest] "i"(Shape::kRest),
        [half] "i"(Shape::kRestIsHalf), [skip] "i"(Shape::kSkip), [rest1] "i"(RestAt<Shape>(1)),
        [rest2] "i"(RestAt<Shape>(2)), [rest3] "i"(RestAt<Shape>(3)), [rest4] "i"(RestAt<Shape>(4)),
        [rest5] "i"(RestAt<Shape>(5)), [rest6] "i"(RestAt<Shape>(6)), [rest7] "i"(RestAt<Shape>(7)),
        [one_line] "i"(Shape::kForm == RequantizationMve::kOneLine),
        [full] "i"(Shape::kForm == RequantizationMve::kFull), [clamp] "i"(Shape::kClamp),
        [first_shift] "i"(FirstShiftMve(Shape::kShift)), [second_shift] "i"(SecondShiftMve(Shape::kShift))
      : "r0", "r2", "r4", "r5", "r6", "r8", "r9", "r10", "r12", "lr", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "cc",
        "memory");
}

struct DepthwiseMveParams {
  void (*channels)(const DepthwiseCallMve& call, const int8_t* input, int8_t* output); /* DepthwiseChannels */
  int32_t blocks; /* of the shape: kBlocks and kRest */
  int32_t rest;
  const void* constants;
  const void* end; /* of the constants */
  int32_t scalar;  /* kOneLine: what sums are multiplied by; the others: the output's zero point */
  int32_t min;     /* of the output's codes, where they are clamped */
  int32_t max;
  int32_t pixel_step; /* bytes of the output, as in ConvMveParams */
  int32_t channel_step;
};

/* `input`: quads, or the planar row of a filter of one row. Rows of the output are `outputs`. */
template <int kRows>
__attribute__((noinline)) void DepthwiseRowsMve(const DepthwiseMveParams& p, const int8_t* input,
                                                int8_t* const outputs[kRows]) {
  constexpr int kColumns = 8 / kRows;
  DepthwiseCallMve call;
  call.constants = p.constants;
  call.end = p.end;
  call.scalar = p.scalar;
  call.min = p.min;
  call.max = p.max;
  call.block_step = kColumns * p.pixel_step;
  call.channel_skip = p.channel_step - p.blocks * call.block_step;
  /* A scatter's offsets are not negative: they are from the row that comes first in memory. */
  int8_t* base = outputs[0];
  if (outputs[kRows - 1] < base) base = outputs[kRows - 1];
  for (int32_t i = 0; i < 4; ++i) {
    /* Of two vectors of four sums, which the codes of lie alternately. */
    const int32_t column = kRows == 2 ? i / 2 : i;
    const int32_t at = static_cast<int32_t>(outputs[kRows == 2 ? i % 2 : 0] - base);
    const auto offset = [&](int32_t x) { return static_cast<uint16_t>(at + x * p.pixel_step); };
    const auto left = [&](int32_t x) { return offset(x < p.rest ? x : p.rest - 1); };
    call.offsets[2 * i] = offset(column);
    call.offsets[2 * i + 1] = offset(column + kColumns / 2);
    if (p.rest <= kColumns / 2) {
      call.rest.four[i] = left(column);
    } else {
      call.rest.eight[2 * i] = left(column);
      call.rest.eight[2 * i + 1] = left(column + kColumns / 2);
    }
  }
  p.channels(call, input, base);
}

/* Four planar rows to quads. `bytes` of each are taken, up to a multiple of 16, which must be readable; `quads` is
 * aligned to 4. Rows that no output sees may be any. */
inline void InterleaveRowsMve(const int8_t* const rows[4], int32_t bytes, int8_t* quads) {
  const int8_t* a = rows[0];
  const int8_t* b = rows[1];
  const int8_t* c = rows[2];
  const int8_t* d = rows[3];
  asm volatile(
      "lsr lr, %[vectors], #4\n"
      "dls lr, lr\n"
      "1:\n"
      "vldrb.u8 q0, [%[a]], #16\n"
      "vldrb.u8 q1, [%[b]], #16\n"
      "vldrb.u8 q2, [%[c]], #16\n"
      "vldrb.u8 q3, [%[d]], #16\n"
      "vst40.8 {q0, q1, q2, q3}, [%[quads]]\n"
      "vst41.8 {q0, q1, q2, q3}, [%[quads]]\n"
      "vst42.8 {q0, q1, q2, q3}, [%[quads]]\n"
      "vst43.8 {q0, q1, q2, q3}, [%[quads]]!\n"
      "le lr, 1b\n"
      : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [quads] "+r"(quads)
      : [vectors] "r"(bytes + 15)
      : "lr", "q0", "q1", "q2", "q3", "memory");
}

/* A layer. `rows.pixel_step` and `channel_step` are those of output.strides. Of the input, rows are planar, padding in
 * them included: row_bytes is a multiple of 16, `left` 0 and seen_bytes row_bytes. */
struct DepthwiseImageMveParams {
  DepthwiseMveParams rows;
  InputMve input;
  OutputMve output;
};

/* A whole image, by quads; with kRows = 2 at least two rows. The last two are made together even where one of them was
 * made before. `scratch`: row_bytes of padding, quads of 4 * row_bytes + 16. */
template <int kRows, int kFilterRows, int kStride>
void DepthwiseImageMve(const DepthwiseImageMveParams& p, const uint8_t* input, uint8_t* output, uint8_t* scratch) {
  FillPaddingMve(p.output, output);
  auto* const outside = reinterpret_cast<int8_t*>(scratch);
  FillMve(outside, p.input.row_bytes, p.input.zero_point);
  int8_t* const quads = outside + p.input.row_bytes;
  const auto row_at = [&](int32_t y) {
    const bool inside = y >= 0 && y < p.input.height;
    return inside ? reinterpret_cast<const int8_t*>(input) + y * p.input.row_bytes : outside;
  };
  int8_t* const out = reinterpret_cast<int8_t*>(output) + p.output.strides.first;
  for (int32_t y = 0; y < p.output.height; y += kRows) {
    if (y + kRows > p.output.height) y = p.output.height - kRows;
    /* Rows that no output sees may be any. */
    constexpr int32_t kSeen = kFilterRows + kRows - 1;
    const int32_t top = y * kStride - p.input.top;
    const int8_t* four[4];
    for (int32_t i = 0; i < 4; ++i) four[i] = row_at(i < kSeen ? top + i : top);
    InterleaveRowsMve(four, p.input.row_bytes, quads);
    int8_t* outputs[kRows];
    for (int32_t i = 0; i < kRows; ++i) outputs[i] = out + (y + i) * p.output.strides.row;
    DepthwiseRowsMve<kRows>(p.rows, quads, outputs);
  }
}

/* A whole image, filters of one row. */
template <int kStride>
void DepthwiseLinesMve(const DepthwiseImageMveParams& p, const uint8_t* input, uint8_t* output) {
  FillPaddingMve(p.output, output);
  const int8_t* row = reinterpret_cast<const int8_t*>(input);
  int8_t* out = reinterpret_cast<int8_t*>(output) + p.output.strides.first;
  for (int32_t y = 0; y < p.output.height; ++y, row += kStride * p.input.row_bytes, out += p.output.strides.row) {
    int8_t* const outputs[1] = {out};
    DepthwiseRowsMve<1>(p.rows, row, outputs);
  }
}

/* One row of the output. `scratch`: quads of 4 * row_bytes + 16. */
template <int kFilterRows>
void DepthwiseRowMve(const DepthwiseImageMveParams& p, const uint8_t* const* rows, uint8_t* output, uint8_t* scratch) {
  FillPaddingMve(p.output, output);
  const int8_t* four[4];
  for (int i = 0; i < 4; ++i) four[i] = reinterpret_cast<const int8_t*>(rows[i < kFilterRows ? i : 0]);
  auto* const quads = reinterpret_cast<int8_t*>(scratch);
  InterleaveRowsMve(four, p.input.row_bytes, quads);
  int8_t* const outputs[1] = {reinterpret_cast<int8_t*>(output) + p.output.strides.first};
  DepthwiseRowsMve<1>(p.rows, quads, outputs);
}

/* One row of the output, filters of one row. */
inline void DepthwiseLineMve(const DepthwiseImageMveParams& p, const uint8_t* const* rows, uint8_t* output) {
  FillPaddingMve(p.output, output);
  int8_t* const outputs[1] = {reinterpret_cast<int8_t*>(output) + p.output.strides.first};
  DepthwiseRowsMve<1>(p.rows, reinterpret_cast<const int8_t*>(rows[0]), outputs);
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_DEPTHWISE_CONV_2D_MVE_H_
