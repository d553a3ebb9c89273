#include "mcu_runtime/kernels/tiles.h"

#include "mcu_runtime/kernels/core_loops.h"
#include "mcu_runtime/kernels/dot_tile.h"

namespace mote::device {

MOTE_KERNEL void DotPixels(const int8_t* x, int32_t x_step, const int8_t* w, int32_t w_step, int32_t n, int32_t* sums) {
  DotTileOf<kDotTile.pixels, kDotTile.channels, kDotTile.unroll, false>(x, x_step, w, w_step, n, 0, sums,
                                                                        kBlockChannels);
}

MOTE_KERNEL void DotPackedPixels(const int8_t* const* x, const int8_t* w, int32_t channels, int32_t n, uint32_t* packed,
                                 int32_t* sums, int32_t sums_step) {
  for (int32_t first = 0; first < n; first += kPackedTaps) {
    const int32_t taps = n - first < kPackedTaps ? n - first : kPackedTaps;
    PackPixels(x, first, taps, packed);
    const int8_t* weights = w + first;
    for (int32_t c = 0; c < channels; ++c, weights += n) {
      if (first == 0) {
        SumPackedProducts(packed, weights, taps, sums + c, sums_step);
      } else {
        int32_t more[4];
        SumPackedProducts(packed, weights, taps, more, 1);
        for (int32_t p = 0; p < 4; ++p) sums[p * sums_step + c] += more[p];
      }
    }
  }
}

MOTE_KERNEL void DotPixel(const int8_t* x, int32_t z, const int8_t* w, int32_t w_step, int32_t n, int32_t* sums) {
  if (kDotTile.channels == 1) {
    DotPlain(x, w, n, z, sums);
  } else {
    DotTileOf<1, kDotTile.channels, kDotTile.unroll, true>(x, 0, w, w_step, n, z, sums, 0);
  }
}

MOTE_KERNEL void SumDepthwiseTile(const DepthwiseTaps& taps, const int8_t* x, const int8_t* w, int32_t* sums) {
  DepthwiseTileOf<kDepthwiseTile>(taps, x, w, sums);
}

/* RequantizeToInt8. For exponents under -1, the second rounding, h / 2^k half away from zero, is
 * (((h - [h < 0]) >> (k - 1)) + 1) >> 1, to whose 1 twice the zero point is added. Nothing overflows: the mantissa is
 * under 2^31, so that |h| < 2^31 - 1. */
MOTE_KERNEL void StoreCodes(const int32_t* sums, const ChannelTerms* terms, int32_t count, const OutputRange& range,
                            int8_t* output) {
  if (count < 1) __builtin_unreachable();
  const int32_t stored = StoreUsualCodes(sums, terms, count, range, output);
  sums += stored;
  output += stored;
  const int32_t offset = 2 * range.zero_point + 1;
  const int32_t min = range.min;
  const int32_t max = range.max;
  const ChannelTerms* const end = terms + count;
  for (terms += stored; terms != end; ++terms) {
    /* The sum without the zero point's share may lie past int32 on the way: modulo 2^32 it is right. */
    const int32_t acc = static_cast<int32_t>(static_cast<uint32_t>(*sums++) + static_cast<uint32_t>(terms->bias));
    const int32_t shift = -1 - terms->multiplier.exponent;
    int32_t code;
    if (__builtin_expect(shift > 0, 1)) {
      const int32_t high = HighFactor<kHasLongMultiply>(terms->multiplier.mantissa).Times(acc);
      code = (((high + (high >> 31)) >> shift) + offset) >> 1;
      code = code < min ? min : code;
      code = code > max ? max : code;
    } else {
      code = CodeOfRareSum(acc, *terms, range);
    }
    *output++ = static_cast<int8_t>(code);
  }
}

}  // namespace mote::device
