#include "mcu_runtime/kernels/convolution_int16.h"

#include "mcu_runtime/kernels/codes.h"
#include "mcu_runtime/kernels/conv_2d.h"
#include "mcu_runtime/kernels/core.h"

namespace mote::device {
namespace {

/* A product is at most 2^22 in magnitude: so many of them fit into int32. */
constexpr int32_t kNarrowTerms = 256;

int64_t DotInt16(const int16_t* x, const int8_t* w, int32_t n) {
  int64_t sum = 0;
  while (n > 0) {
    const int8_t* end = w + (n < kNarrowTerms ? n : kNarrowTerms);
    n -= kNarrowTerms;
    int32_t narrow = 0;
    while (w != end) narrow += *x++ * *w++;
    sum += narrow;
  }
  return sum;
}

int16_t ToCode(int64_t sum, const WideTerms& terms, bool wide, const OutputRange& range) {
  sum += terms.bias;
  const int32_t code =
      wide ? RequantizeWide(sum, terms.multiplier) : Requantize(static_cast<int32_t>(sum), terms.multiplier);
  return static_cast<int16_t>(Clamp(code, range));
}

}  // namespace

MOTE_KERNEL void Conv2dInt16(const ConvolutionParams& p, const WideBlock& block) {
  const int32_t taps = p.taps();
  const int8_t* input =
      reinterpret_cast<const int8_t*>(block.input + block.first / p.channels_a_group() * p.filter_channels);
  int16_t* output = block.output + block.first;
  constexpr int32_t kBytes = sizeof(int16_t);
  PatchWalk walk(p.vertical, p.horizontal, p.input_channels * kBytes);
  for (int32_t left = p.pixels(); left > 0; --left, output += p.output_channels) {
    walk.Next();
    GatherPatch(p, walk, p.filter_channels * kBytes, input, reinterpret_cast<int8_t*>(block.patch));
    for (int32_t c = 0; c < block.count; ++c) {
      output[c] =
          ToCode(DotInt16(block.patch, block.weights + c * taps, taps), block.terms[c], block.has_wide_sums, p.output);
    }
  }
}

MOTE_KERNEL void DepthwiseConv2dInt16(const ConvolutionParams& p, const WideBlock& block) {
  const int32_t multiplier = p.channels_a_group();
  int16_t* output = block.output + block.first;
  PatchWalk walk(p.vertical, p.horizontal, p.input_channels);
  for (int32_t left = p.pixels(); left > 0; --left, output += p.output_channels) {
    walk.Next();
    for (int32_t c = 0; c < block.count; ++c) {
      const int32_t channel = (block.first + c) / multiplier;
      int64_t sum = 0;
      for (int32_t y = 0; y < walk.rows.count; ++y) {
        for (int32_t x = 0; x < walk.columns.count; ++x) {
          const int32_t tap = walk.tap() + y * p.horizontal.filter + x;
          sum += LoadCode<int16_t>(block.input, walk.at + y * walk.row_step + x * walk.step + channel) *
                 block.weights[tap * p.output_channels + c];
        }
      }
      output[c] = ToCode(sum, block.terms[c], block.has_wide_sums, p.output);
    }
  }
}

}  // namespace mote::device
