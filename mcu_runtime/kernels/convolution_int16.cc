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
  PixelPlace place;
  for (int32_t left = p.pixels(); left > 0; --left, output += p.output_channels, place.Next(p)) {
    GatherPatch(p, place, 2, input, reinterpret_cast<int8_t*>(block.patch));
    for (int32_t c = 0; c < block.count; ++c) {
      output[c] =
          ToCode(DotInt16(block.patch, block.weights + c * taps, taps), block.terms[c], block.has_wide_sums, p.output);
    }
  }
}

MOTE_KERNEL void DepthwiseConv2dInt16(const ConvolutionParams& p, const WideBlock& block) {
  const int32_t multiplier = p.channels_a_group();
  int16_t* output = block.output + block.first;
  PixelPlace place;
  for (int32_t left = p.pixels(); left > 0; --left, output += p.output_channels, place.Next(p)) {
    const Taps rows = p.vertical.TapsInside(place.y);
    const Taps columns = p.horizontal.TapsInside(place.x);
    for (int32_t c = 0; c < block.count; ++c) {
      int64_t sum = 0;
      for (int32_t ky = rows.begin; ky < rows.end; ++ky) {
        const int32_t y = place.batch * p.vertical.input + rows.origin + ky * p.vertical.dilation;
        for (int32_t kx = columns.begin; kx < columns.end; ++kx) {
          const int32_t x = columns.origin + kx * p.horizontal.dilation;
          const int32_t at = (y * p.horizontal.input + x) * p.input_channels + (block.first + c) / multiplier;
          sum += LoadCode<int16_t>(block.input, at) *
                 block.weights[(ky * p.horizontal.filter + kx) * p.output_channels + c];
        }
      }
      output[c] = ToCode(sum, block.terms[c], block.has_wide_sums, p.output);
    }
  }
}

}  // namespace mote::device
