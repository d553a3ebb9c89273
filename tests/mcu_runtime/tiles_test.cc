// The inner loops of the operators with weights, every choice that core.h makes for any core, against plain statements.
#include "mcu_runtime/kernels/tiles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "mcu_runtime/kernels/conv_2d.h"
#include "mcu_runtime/kernels/convolution_int16.h"
#include "mcu_runtime/kernels/depthwise_tile.h"
#include "mcu_runtime/kernels/dot_tile.h"
#include "mcu_runtime/kernels/high_multiply.h"
#include "mcu_runtime/kernels/int4.h"
#include "mcu_runtime/kernels/packed_products.h"

namespace mote::device {
namespace {

std::vector<int8_t> Codes(std::mt19937* random, int count) {
  std::vector<int8_t> codes(static_cast<size_t>(count));
  for (int8_t& code : codes) code = static_cast<int8_t>((*random)() >> 24);
  return codes;
}

template <int kPixels, int kChannels, int kUnroll, bool kCentred>
void DotTileEqualsItsStatement() {
  std::mt19937 random(kPixels * 100 + kChannels * 10 + kUnroll);
  for (const int n : {1, 2, 3, 4, 5, 7, 8, 31, 64, 65, 577}) {
    const int x_step = n + 3, w_step = n + 1, sums_step = kChannels + 2, z = kCentred ? -77 : 0;
    const std::vector<int8_t> x = Codes(&random, kPixels * x_step), w = Codes(&random, kChannels * w_step);
    std::vector<int32_t> sums(kPixels * sums_step, 12345);
    DotTileOf<kPixels, kChannels, kUnroll, kCentred>(x.data(), x_step, w.data(), w_step, n, z, sums.data(), sums_step);
    for (int p = 0; p < kPixels; ++p) {
      for (int c = 0; c < sums_step; ++c) {
        int32_t want = 0;
        for (int k = 0; k < n && c < kChannels; ++k) want += (x[p * x_step + k] - z) * w[c * w_step + k];
        ASSERT_EQ(sums[p * sums_step + c], c < kChannels ? want : 12345)
            << n << " products, pixel " << p << ", channel " << c;
      }
    }
  }
}

TEST(DotTile, EqualsItsStatementInEverySizeThatACoreTakes) {
  DotTileEqualsItsStatement<1, 1, 1, true>();
  DotTileEqualsItsStatement<1, 1, 1, false>();
  DotTileEqualsItsStatement<2, 3, 1, false>();
  DotTileEqualsItsStatement<1, 3, 1, true>();
  DotTileEqualsItsStatement<2, 3, 2, false>();
  DotTileEqualsItsStatement<2, 3, 4, false>();
  DotTileEqualsItsStatement<2, 4, 4, false>();
  DotTileEqualsItsStatement<1, 4, 4, true>();
}

TEST(DotTile, PlainEqualsTheTileOfOne) {
  std::mt19937 random(9);
  for (const int n : {1, 2, 15, 16, 17, 577}) {
    const std::vector<int8_t> x = Codes(&random, n), w = Codes(&random, n);
    for (const int z : {-128, 0, 127}) {
      int32_t plain = -1, tile = -1;
      DotPlain(x.data(), w.data(), n, z, &plain);
      DotTileOf<1, 1, 1, true>(x.data(), 0, w.data(), 0, n, z, &tile, 0);
      ASSERT_EQ(plain, tile) << n << " products, zero point " << z;
    }
  }
}

void ExpectPackedSums(const std::vector<int8_t>& x, const std::vector<int8_t>& w) {
  const int n = static_cast<int>(w.size());
  const int8_t* const pixels[4] = {x.data(), x.data() + n, x.data() + 2 * n, x.data() + 3 * n};
  std::vector<uint32_t> packed(2 * w.size());
  PackPixels(pixels, 0, n / 2, packed.data());
  PackPixels(pixels, n / 2, n - n / 2, packed.data() + n / 2 * 2);
  const int step = 3;
  std::vector<int32_t> sums(4 * step, 12345);
  SumPackedProducts(packed.data(), w.data(), n, sums.data(), step);
  for (int p = 0; p < 4; ++p) {
    int32_t want = 0;
    for (int k = 0; k < n; ++k) want += pixels[p][k] * w[static_cast<size_t>(k)];
    ASSERT_EQ(sums[static_cast<size_t>(p * step)], want) << n << " products, pixel " << p;
    ASSERT_EQ(sums[static_cast<size_t>(p * step + 1)], 12345);
  }
}

TEST(PackedProducts, EqualTheirStatementForAllCodesAndWeights) {
  std::mt19937 random(5);
  for (int n = 1; n <= 70; ++n) ExpectPackedSums(Codes(&random, 4 * n), Codes(&random, n));
  const std::vector<int8_t> ends = {-128, -127, -1, 0, 1, 126, 127};
  for (const int8_t a : ends) {
    for (const int8_t b : ends) {
      for (const int8_t weight : ends) {
        std::vector<int8_t> x(4 * 40);
        for (size_t i = 0; i < x.size(); ++i) x[i] = i / 40 % 2 == 0 ? a : b;
        ExpectPackedSums(x, std::vector<int8_t>(40, weight));
        for (size_t i = 0; i < x.size(); i += 2) x[i] = b;
        ExpectPackedSums(x, std::vector<int8_t>(40, weight));
      }
    }
  }
}

TEST(PackedProducts, AddUpOverMoreTapsThanArePackedAtATime) {
  std::mt19937 random(6);
  for (const int n : {1, 5, kPackedTaps, kPackedTaps + 1, 3 * kPackedTaps + 7}) {
    const int channels = 5, step = 8;
    const std::vector<int8_t> x = Codes(&random, 4 * n), w = Codes(&random, channels * n);
    const int8_t* const pixels[4] = {x.data(), x.data() + n, x.data() + 2 * n, x.data() + 3 * n};
    std::vector<uint32_t> packed(2 * static_cast<size_t>(std::min(n, kPackedTaps)));
    std::vector<int32_t> sums(4 * step, 12345);
    DotPackedPixels(pixels, w.data(), channels, n, packed.data(), sums.data(), step);
    for (int p = 0; p < 4; ++p) {
      for (int c = 0; c < step; ++c) {
        int32_t want = c < channels ? 0 : 12345;
        for (int k = 0; k < n && c < channels; ++k) want += pixels[p][k] * w[static_cast<size_t>(c * n + k)];
        ASSERT_EQ(sums[static_cast<size_t>(p * step + c)], want) << n << " products, pixel " << p << ", channel " << c;
      }
    }
  }
}

template <int kChannels>
void DepthwiseTileEqualsItsStatement() {
  std::mt19937 random(kChannels);
  const int width = 9, channels = kChannels + 5, filter = 5;
  const std::vector<int8_t> x = Codes(&random, 9 * width * channels), w = Codes(&random, filter * filter * channels);
  for (int rows = 0; rows <= 5; ++rows) {
    for (int columns = 0; columns <= 5; ++columns) {
      DepthwiseTaps taps = {};
      taps.rows = rows;
      taps.columns = columns;
      taps.x_step = channels;
      taps.w_step = channels;
      taps.x_row = (width - columns) * channels;
      taps.w_row = (filter - columns) * channels;
      taps.z = 31;
      int32_t sums[kChannels];
      DepthwiseTileOf<kChannels>(taps, x.data(), w.data(), sums);
      for (int c = 0; c < kChannels; ++c) {
        int32_t want = 0;
        for (int i = 0; i < rows; ++i) {
          for (int j = 0; j < columns; ++j) {
            want += (x[(i * width + j) * channels + c] - 31) * w[(i * filter + j) * channels + c];
          }
        }
        ASSERT_EQ(sums[c], want) << rows << " x " << columns << ", channel " << c;
      }
    }
  }
}

TEST(DepthwiseTile, EqualsItsStatement) {
  DepthwiseTileEqualsItsStatement<1>();
  DepthwiseTileEqualsItsStatement<4>();
}

// All magnitudes, with every pattern of the 16-bit parts that could carry.
std::vector<int32_t> Corners() {
  std::vector<int32_t> corners;
  for (int bit = 0; bit < 32; ++bit) {
    for (int64_t near = -3; near <= 3; ++near) {
      const uint32_t value = (1u << bit) + static_cast<uint32_t>(near);
      for (const uint32_t v : {value, ~value, value ^ 0x8000u, value | 0x7fff0000u, value << 16 | 0x8000u}) {
        corners.push_back(static_cast<int32_t>(v));
      }
    }
  }
  return corners;
}

TEST(HighMultiply, BySixteenBitPartsEqualsTheProductOfSixtyFourBits) {
  const std::vector<int32_t> corners = Corners();
  for (const int32_t b : corners) {
    const HighFactor<false> factor(b);
    for (const int32_t a : corners) {
      if (a == INT32_MIN && b == INT32_MIN) continue;
      ASSERT_EQ(factor.Times(a), HighMultiplyLong(a, b)) << a << " * " << b;
    }
  }
  std::mt19937 random(1);
  for (int i = 0; i < 20000000; ++i) {
    const int32_t a = static_cast<int32_t>(random()), b = static_cast<int32_t>(random());
    ASSERT_EQ(HighFactor<false>(b).Times(a), HighMultiplyLong(a, b)) << a << " * " << b;
  }
}

TEST(HighMultiply, ByTheUpperHalfEqualsTheProductOfSixtyFourBits) {
  std::mt19937 random(2);
  std::vector<int32_t> mantissas = {1 << 30, (1 << 30) + 1, INT32_MAX, INT32_MAX - 1, 0x60000000};
  for (int i = 0; i < 1000; ++i) mantissas.push_back(static_cast<int32_t>(random() >> 2 | 1u << 30));
  for (const int32_t b : mantissas) {
    const HighFactor<true> factor(b);
    for (const int32_t a : Corners()) ASSERT_EQ(factor.Times(a), HighMultiplyLong(a, b)) << a << " * " << b;
  }
}

TEST(StoreCodes, EqualsRequantizationForEveryExponent) {
  std::mt19937 random(3);
  for (int exponent = -31; exponent <= 30; ++exponent) {
    const int32_t limit = INT32_MAX >> (exponent > 0 ? exponent : 0);
    for (int i = 0; i < 3000; ++i) {
      int32_t acc = static_cast<int32_t>(random() >> random() % 31);
      if (i < 100) acc = limit - i;
      acc = acc % limit;
      if (i % 2 != 0) acc = -acc;
      const OutputRange range = {static_cast<int32_t>(random() % 256) - 128, -128 + i % 7, 127 - i % 11};
      const int32_t mantissa = i % 13 == 0 ? INT32_MAX : static_cast<int32_t>(random() >> 2 | 1u << 30);
      const int32_t bias = static_cast<int32_t>(random());  // the sum may lie past int32 without it
      const ChannelTerms terms = {bias, {mantissa, exponent}};
      const int32_t sum = static_cast<int32_t>(static_cast<uint32_t>(acc) - static_cast<uint32_t>(bias));
      int8_t code = 0;
      StoreCodes(&sum, &terms, 1, range, &code);
      ASSERT_EQ(code, RequantizeToInt8(acc, terms.multiplier, range)) << acc << " * " << mantissa << " e" << exponent;
    }
  }
  const ChannelTerms dead = {7, Multiplier()};
  const int32_t sum = INT32_MAX - 7;
  int8_t code = 0;
  StoreCodes(&sum, &dead, 1, {5, -128, 127}, &code);
  EXPECT_EQ(code, 5);
}

TEST(Int4, UnpacksFromAnyPlaceWithItsSign) {
  std::vector<uint8_t> packed;
  for (int byte = 0; byte < 256; ++byte) packed.push_back(static_cast<uint8_t>(byte));
  for (int first = 0; first < 3; ++first) {
    int8_t weights[509];
    UnpackInt4(packed.data(), first, 509, weights);
    for (int i = 0; i < 509; ++i) {
      const int byte = (first + i) / 2;
      const int nibble = (first + i) % 2 == 0 ? byte & 15 : byte >> 4;
      ASSERT_EQ(weights[i], nibble < 8 ? nibble : nibble - 16);
    }
  }
}

TEST(RequantizeWide, RoundsOnceFromTheMantissasUpperHalf) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 100000; ++i) {
    const int exponent = static_cast<int>(random() % 39) - 31;
    const int32_t mantissa = i % 5 == 0 ? INT32_MAX : static_cast<int32_t>(random() >> 34 | 1u << 30);
    const __int128 upper = std::min<int64_t>((int64_t{mantissa} + 32768) >> 16, 32767);
    const int64_t largest = std::min<int64_t>((int64_t{1} << 47) - 1,
                                              exponent > 0 ? INT32_MAX >> exponent : int64_t{INT32_MAX} << -exponent);
    const int64_t acc = static_cast<int64_t>(random() >> (random() % 40)) % largest * (i % 2 != 0 ? 1 : -1);
    const __int128 numerator = acc * upper * 2 + (__int128{1} << (15 - exponent));
    __int128 want = numerator / (__int128{1} << (16 - exponent));
    if (numerator < 0 && want * (__int128{1} << (16 - exponent)) != numerator) --want;
    ASSERT_EQ(RequantizeWide(acc, {mantissa, exponent}), static_cast<int32_t>(want)) << acc << " e" << exponent;
  }
}

TEST(Patch, HoldsWhatTheFilterSeesAndTheZeroPointBeyond) {
  std::mt19937 random(5);
  for (int i = 0; i < 20000; ++i) {
    const auto draw = [&random](int low, int high) {
      return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
    };
    ConvolutionParams p = {};
    const int groups = draw(1, 2);
    p.batches = draw(1, 2);
    p.filter_channels = draw(1, 4);
    p.input_channels = groups * p.filter_channels;
    p.input_zero_point = -3;
    for (Window* window : {&p.vertical, &p.horizontal}) {
      window->input = draw(1, 6);
      window->filter = draw(1, 4);
      window->stride = draw(1, 3);
      window->dilation = draw(1, 3);
      const int reach = (window->filter - 1) * window->dilation + 1;
      window->output = (window->input + window->stride - 1) / window->stride;
      window->padding = std::max(0, (window->output - 1) * window->stride + reach - window->input) / 2;
    }
    const std::vector<int8_t> input =
        Codes(&random, p.batches * p.vertical.input * p.horizontal.input * p.input_channels);
    const int batch = draw(0, p.batches - 1);
    const int row = draw(0, p.vertical.output - 1);
    const int column = draw(0, p.horizontal.output - 1);
    PatchWalk walk(p.vertical, p.horizontal, p.input_channels);
    for (int k = (batch * p.vertical.output + row) * p.horizontal.output + column; k >= 0; --k) walk.Next();
    const int group = draw(0, groups - 1);
    std::vector<int8_t> patch(static_cast<size_t>(p.taps()) + 1, 99);
    GatherPatch(p, walk, p.filter_channels, input.data() + group * p.filter_channels, patch.data());
    size_t at = 0;
    for (int ky = 0; ky < p.vertical.filter; ++ky) {
      for (int kx = 0; kx < p.horizontal.filter; ++kx) {
        const int y = row * p.vertical.stride - p.vertical.padding + ky * p.vertical.dilation;
        const int x = column * p.horizontal.stride - p.horizontal.padding + kx * p.horizontal.dilation;
        const bool inside = y >= 0 && y < p.vertical.input && x >= 0 && x < p.horizontal.input;
        for (int c = 0; c < p.filter_channels; ++c) {
          const int from = ((batch * p.vertical.input + y) * p.horizontal.input + x) * p.input_channels;
          const int want = inside ? input[static_cast<size_t>(from + group * p.filter_channels + c)] : -3;
          ASSERT_EQ(patch[at++], want) << "case " << i;
        }
      }
    }
    ASSERT_EQ(patch[at], 99);
  }
}

}  // namespace
}  // namespace mote::device
