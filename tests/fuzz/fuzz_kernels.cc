// libFuzzer's target for kernels: draws parameters and data, and compares every variant of a kernel, whichever core it
// is for, with its formula, written here as plainly as can be.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "mcu_runtime/kernels/dot_tile.h"
#include "mcu_runtime/kernels/int4.h"
#include "mcu_runtime/kernels/packed_products.h"
#include "mcu_runtime/kernels/pool_2d.h"
#include "mcu_runtime/kernels/tiles.h"
#include "tests/fuzz/kernel_cases.h"

namespace mote::test {
namespace {

constexpr const KernelVariant* kVariants[] = {&kernels_of_host, &kernels_of_cortex_m0, &kernels_of_cortex_m,
                                              &kernels_of_riscv};

// Numbers out of the fuzzer's bytes; zeros where they end.
class Draw {
 public:
  Draw(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  uint8_t Byte() { return at_ < size_ ? data_[at_++] : Next(); }
  uint32_t Word() {
    return Byte() | static_cast<uint32_t>(Byte()) << 8 | static_cast<uint32_t>(Byte()) << 16 |
           static_cast<uint32_t>(Byte()) << 24;
  }
  int32_t From(int32_t low, int32_t high) {
    return low + static_cast<int32_t>((high - low < 256 ? Byte() : Word()) % static_cast<uint32_t>(high - low + 1));
  }
  // Any number, edges more often than not.
  int32_t Number() {
    static constexpr int32_t kEdges[] = {
        0, 1, -1, 1 << 30, -(1 << 30), INT32_MAX, INT32_MIN, INT32_MIN + 1, 1 << 15, -(1 << 15), 1 << 16};
    const uint8_t kind = Byte();
    if (kind < 64) return kEdges[kind % std::size(kEdges)];
    if (kind < 128) return static_cast<int32_t>(Word()) >> (kind % 32);
    return static_cast<int32_t>(Word());
  }
  int32_t Mantissa() {
    const uint8_t kind = Byte();
    if (kind < 32) return 1 << 30;
    if (kind < 64) return INT32_MAX - kind % 2;
    return static_cast<int32_t>(Word() >> 2 | 1u << 30);
  }

 private:
  // Beyond the end: numbers that depend on what came before.
  uint8_t Next() {
    state_ = (state_ ^ static_cast<uint32_t>(size_)) * 0x01000193u + 0x9e3779b9u;
    return size_ == 0 ? 0 : static_cast<uint8_t>(state_ >> 24);
  }
  const uint8_t* data_;
  size_t size_;
  size_t at_ = 0;
  uint32_t state_ = 1;
};

void Expect(bool equal, const char* kernel, const char* variant, int64_t got, int64_t expected) {
  if (equal) return;
  std::fprintf(stderr, "mote: %s, %s: %lld where the formula gives %lld\n", kernel, variant,
               static_cast<long long>(got), static_cast<long long>(expected));
  std::abort();
}

template <typename T, typename U>
void ExpectAll(const std::vector<T>& got, const std::vector<U>& expected, const char* kernel, const char* variant) {
  Expect(got.size() == expected.size(), kernel, variant, static_cast<int64_t>(got.size()),
         static_cast<int64_t>(expected.size()));
  for (size_t i = 0; i < got.size(); ++i) Expect(got[i] == expected[i], kernel, variant, got[i], expected[i]);
}

// The contract's formulas, in 128 bits and with the roundings as they are stated.

using Wide = __int128;

int32_t StatedHighMultiply(int32_t a, int32_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  const Wide nudge = product >= 0 ? Wide{1} << 30 : 1 - (Wide{1} << 30);
  return static_cast<int32_t>((product + nudge) / (Wide{1} << 31));
}

int32_t StatedRequantize(int64_t acc, int32_t mantissa, int32_t exponent) {
  const int64_t high = StatedHighMultiply(static_cast<int32_t>(acc << std::max(exponent, 0)), mantissa);
  const int shift = std::max(-exponent, 0);
  if (shift == 0) return static_cast<int32_t>(high);
  const int64_t magnitude = ((high < 0 ? -high : high) + (int64_t{1} << (shift - 1))) >> shift;
  return static_cast<int32_t>(high < 0 ? -magnitude : magnitude);
}

int32_t StatedWideRequantize(int64_t acc, int32_t mantissa, int32_t exponent) {
  const int64_t half = std::min<int64_t>((static_cast<int64_t>(mantissa) + 0x8000) >> 16, 0x7fff);
  return static_cast<int32_t>((static_cast<Wide>(acc) * half + (Wide{1} << (14 - exponent))) >> (15 - exponent));
}

int32_t Clamped(int64_t code, int32_t min, int32_t max) {
  return static_cast<int32_t>(std::min<int64_t>(std::max<int64_t>(code, min), max));
}

// One number and one multiplier.

void CheckHighMultiply(Draw& draw) {
  const int32_t a = draw.Number(), b = draw.Mantissa();
  const int32_t expected = StatedHighMultiply(a, b);
  for (const KernelVariant* v : kVariants) {
    Expect(v->high_multiply(a, b) == expected, "high multiply", v->name, v->high_multiply(a, b), expected);
    const int32_t prepared = v->prepared_high_multiply(a, b);
    Expect(prepared == expected, "prepared high multiply", v->name, prepared, expected);
  }
  const int32_t any = draw.Number();
  if (any == INT32_MIN && a == INT32_MIN) return;
  Expect(device::HighMultiplyLong(a, any) == StatedHighMultiply(a, any), "long high multiply", "any factor",
         device::HighMultiplyLong(a, any), StatedHighMultiply(a, any));
  if (a < -0x7fff0000 && any < -0x7fff0000) return;
  const int32_t parts = device::HighFactor<false>(any).Times(a);
  Expect(parts == StatedHighMultiply(a, any), "high multiply of parts", "any factor", parts,
         StatedHighMultiply(a, any));
}

void CheckRequantize(Draw& draw) {
  const int32_t mantissa = draw.Byte() == 0 ? 0 : draw.Mantissa();
  const int32_t exponent = mantissa == 0 ? 0 : draw.From(-31, 30);  // the zero multiplier's is 0
  const int32_t limit = INT32_MAX >> std::max(exponent, 0);
  const int32_t acc = Clamped(draw.Number(), -limit, limit);
  const int32_t expected = StatedRequantize(acc, mantissa, exponent);
  const int32_t z = draw.From(-128, 127), min = draw.From(-128, z), max = draw.From(std::max(z, min), 127);
  const int32_t code = Clamped(static_cast<int64_t>(expected) + z, min, max);
  const int32_t bias = draw.Number();
  const int32_t sum = static_cast<int32_t>(static_cast<uint32_t>(acc) - static_cast<uint32_t>(bias));
  for (const KernelVariant* v : kVariants) {
    const int32_t got = v->requantize(acc, mantissa, exponent);
    Expect(got == expected, "requantize", v->name, got, expected);
    const int32_t stored = v->store_code(sum, bias, mantissa, exponent, z, min, max);
    Expect(stored == code, "store codes", v->name, stored, code);
  }
}

// Tiles.

template <int kPixels, int kChannels, int kUnroll, bool kCentred>
void CheckDotTile(Draw& draw) {
  const int32_t n = draw.From(1, 70);
  const int32_t x_step = draw.From(0, 3) == 0 ? draw.From(0, n) : n, w_step = draw.From(0, 3) == 0 ? 0 : n;
  const int32_t z = kCentred ? draw.From(-128, 127) : 0;
  std::vector<int8_t> x(static_cast<size_t>(x_step * (kPixels - 1) + n)),
      w(static_cast<size_t>(w_step * (kChannels - 1) + n));
  for (int8_t& code : x) code = static_cast<int8_t>(draw.Byte());
  for (int8_t& code : w) code = static_cast<int8_t>(draw.Byte());
  const int32_t sums_step = draw.From(kChannels, kChannels + 4);
  std::vector<int32_t> sums(static_cast<size_t>(sums_step * (kPixels - 1) + kChannels), -7), expected = sums;
  for (int32_t p = 0; p < kPixels; ++p) {
    for (int32_t c = 0; c < kChannels; ++c) {
      int32_t sum = 0;
      for (int32_t k = 0; k < n; ++k)
        sum += (x[static_cast<size_t>(p * x_step + k)] - z) * w[static_cast<size_t>(c * w_step + k)];
      expected[static_cast<size_t>(p * sums_step + c)] = sum;
    }
  }
  device::DotTileOf<kPixels, kChannels, kUnroll, kCentred>(x.data(), x_step, w.data(), w_step, n, z, sums.data(),
                                                           sums_step);
  char name[64];
  std::snprintf(name, sizeof name, "%d x %d, %d a round%s", kPixels, kChannels, kUnroll, kCentred ? ", centred" : "");
  ExpectAll(sums, expected, "dot tile", name);
}

// Codes and weights are mostly at their ends, where the halves of words are full.
void CheckPackedProducts(Draw& draw) {
  const auto code = [&draw] {
    const int32_t kind = draw.From(0, 3);
    return static_cast<int8_t>(kind == 0 ? -128 : kind == 1 ? 127 : draw.Byte());
  };
  const int32_t n = draw.From(1, 70), step = draw.From(1, 3);
  std::vector<int8_t> w(static_cast<size_t>(n)), x(static_cast<size_t>(4 * n));
  for (int8_t& weight : w) weight = code();
  for (int8_t& value : x) value = code();
  const int8_t* const pixels[4] = {x.data(), x.data() + n, x.data() + 2 * n, x.data() + 3 * n};
  std::vector<int32_t> sums(static_cast<size_t>(3 * step + 1), -7), expected = sums;
  for (int32_t p = 0; p < 4; ++p) {
    int32_t sum = 0;
    for (int32_t k = 0; k < n; ++k) sum += pixels[p][k] * w[static_cast<size_t>(k)];
    expected[static_cast<size_t>(p * step)] = sum;
  }
  std::vector<uint32_t> packed(static_cast<size_t>(2 * n));
  device::PackPixels(pixels, 0, n, packed.data());
  device::SumPackedProducts(packed.data(), w.data(), n, sums.data(), step);
  ExpectAll(sums, expected, "packed products", "four pixels");
}

template <int kChannels>
void CheckDepthwiseTile(Draw& draw) {
  device::DepthwiseTaps taps;
  taps.rows = draw.From(0, 4);
  taps.columns = draw.From(0, 4);
  taps.x_step = kChannels + draw.From(0, 5);
  taps.w_step = kChannels + draw.From(0, 5);
  taps.x_row = draw.From(0, 9);
  taps.w_row = draw.From(0, 9);
  taps.z = draw.From(-128, 127);
  const int32_t x_line = taps.columns * taps.x_step + taps.x_row, w_line = taps.columns * taps.w_step + taps.w_row;
  std::vector<int8_t> x(static_cast<size_t>(taps.rows * x_line + kChannels)),
      w(static_cast<size_t>(taps.rows * w_line + kChannels));
  for (int8_t& code : x) code = static_cast<int8_t>(draw.Byte());
  for (int8_t& code : w) code = static_cast<int8_t>(draw.Byte());
  std::vector<int32_t> sums(kChannels, -7), expected(kChannels);
  for (int32_t r = 0; r < taps.rows; ++r) {
    for (int32_t k = 0; k < taps.columns; ++k) {
      for (int32_t c = 0; c < kChannels; ++c) {
        expected[static_cast<size_t>(c)] += (x[static_cast<size_t>(r * x_line + k * taps.x_step + c)] - taps.z) *
                                            w[static_cast<size_t>(r * w_line + k * taps.w_step + c)];
      }
    }
  }
  device::DepthwiseTileOf<kChannels>(taps, x.data(), w.data(), sums.data());
  ExpectAll(sums, expected, "depthwise tile", std::to_string(kChannels).c_str());
}

void CheckInt4(Draw& draw) {
  const int32_t count = draw.From(1, 40), first = draw.From(0, count - 1);
  std::vector<uint8_t> packed(static_cast<size_t>((count + 1) / 2));
  std::vector<int8_t> weights(static_cast<size_t>(count)), unpacked(static_cast<size_t>(count - first));
  for (int32_t i = 0; i < count; ++i) {
    const int32_t code = draw.From(-8, 7);
    weights[static_cast<size_t>(i)] = static_cast<int8_t>(code);
    packed[static_cast<size_t>(i / 2)] |= static_cast<uint8_t>((code & 15) << (i % 2 * 4));
  }
  device::UnpackInt4(packed.data(), first, count - first, unpacked.data());
  ExpectAll(unpacked, std::vector<int8_t>(weights.begin() + first, weights.end()), "int4", "unpacked");
}

// Whole convolutions.

Axis DrawAxis(Draw& draw, bool pooled) {
  Axis a;
  a.input = draw.From(1, 7);
  a.filter = draw.From(1, pooled ? a.input : 4);
  a.stride = draw.From(1, 3);
  a.dilation = pooled || draw.From(0, 2) != 0 ? 1 : draw.From(1, draw.From(0, 7) == 0 ? 1 << 20 : 9);
  if (a.filter == 1) a.dilation = 1;
  const int32_t reach = (a.filter - 1) * a.dilation + 1;
  if (draw.From(0, 1) == 0 && reach <= a.input) {
    a.output = (a.input - reach) / a.stride + 1;
    a.padding = 0;
  } else {
    a.output = (a.input + a.stride - 1) / a.stride;
    a.padding = std::max((a.output - 1) * a.stride + reach - a.input, 0) / 2;
  }
  return a;
}

ConvolutionCase DrawConvolution(Draw& draw, bool wide) {
  ConvolutionCase c;
  c.depthwise = draw.From(0, 1) == 0;
  c.batches = draw.From(1, 2);
  c.vertical = DrawAxis(draw, false);
  c.horizontal = DrawAxis(draw, false);
  const int32_t groups = draw.From(1, c.depthwise ? 17 : 3);
  c.filter_channels = c.depthwise ? 1 : draw.From(1, 9);
  c.input_channels = groups * c.filter_channels;
  c.output_channels = groups * draw.From(1, c.depthwise ? (groups > 4 ? 1 : 14) : 17);
  c.input_zero_point = wide ? 0 : draw.From(-128, 127);
  const int32_t low = wide ? INT16_MIN : INT8_MIN, high = wide ? INT16_MAX : INT8_MAX;
  c.output_zero_point = wide ? 0 : draw.From(low, high);
  c.min = draw.From(0, 3) == 0 ? c.output_zero_point : low;
  c.max = draw.From(0, 3) == 0 ? draw.From(std::max(c.output_zero_point, c.min), high) : high;
  c.wide_sums = wide && draw.From(0, 1) == 0;
  c.input.resize(static_cast<size_t>(c.batches * c.vertical.input * c.horizontal.input * c.input_channels));
  for (int16_t& code : c.input)
    code = static_cast<int16_t>(wide ? draw.From(INT16_MIN, INT16_MAX) : draw.From(-128, 127));
  c.weights.resize(static_cast<size_t>(c.taps() * c.output_channels));
  for (int8_t& code : c.weights) code = static_cast<int8_t>(draw.Byte());
  // What the model reader asks for: no sum leaves its type, no result leaves int32.
  const int64_t largest = static_cast<int64_t>(c.taps()) * 128 * (wide ? 32768 : 255);
  for (int32_t o = 0; o < c.output_channels; ++o) {
    int32_t exponent = draw.From(0, 9) == 0 ? draw.From(-31, 7) : draw.From(-18, -4);
    int64_t bias = draw.Number();
    if (c.wide_sums) {
      bias <<= 8;
      while ((largest + std::abs(bias)) * 0x7fff >> (15 - exponent) >= INT32_MAX) --exponent;
    } else {
      while (largest > INT32_MAX >> std::max(exponent, 0)) --exponent;
      const int64_t room = (INT32_MAX >> std::max(exponent, 0)) - largest;
      bias = std::min(std::max(bias, -room), room);
    }
    const bool is_zero = draw.Byte() == 0;
    c.exponents.push_back(is_zero ? 0 : exponent);
    c.mantissas.push_back(is_zero ? 0 : draw.Mantissa());
    c.bias.push_back(bias);
  }
  return c;
}

std::vector<int16_t> StatedConvolution(const ConvolutionCase& c) {
  std::vector<int16_t> output;
  const Axis &v = c.vertical, &h = c.horizontal;
  const int32_t a_group = c.output_channels / (c.input_channels / c.filter_channels);
  for (int32_t b = 0; b < c.batches; ++b) {
    for (int32_t y = 0; y < v.output; ++y) {
      for (int32_t x = 0; x < h.output; ++x) {
        for (int32_t o = 0; o < c.output_channels; ++o) {
          const auto channel = static_cast<size_t>(o);
          int64_t acc = c.bias[channel];
          for (int32_t ky = 0; ky < v.filter; ++ky) {
            for (int32_t kx = 0; kx < h.filter; ++kx) {
              const int64_t in_y =
                  static_cast<int64_t>(y) * v.stride + static_cast<int64_t>(ky) * v.dilation - v.padding;
              const int64_t in_x =
                  static_cast<int64_t>(x) * h.stride + static_cast<int64_t>(kx) * h.dilation - h.padding;
              if (in_y < 0 || in_y >= v.input || in_x < 0 || in_x >= h.input) continue;
              for (int32_t i = 0; i < c.filter_channels; ++i) {
                const int64_t at =
                    ((b * v.input + in_y) * h.input + in_x) * c.input_channels + o / a_group * c.filter_channels + i;
                const int32_t w = c.depthwise ? (ky * h.filter + kx) * c.output_channels + o
                                              : ((o * v.filter + ky) * h.filter + kx) * c.filter_channels + i;
                acc += (c.input[static_cast<size_t>(at)] - c.input_zero_point) *
                       static_cast<int64_t>(c.weights[static_cast<size_t>(w)]);
              }
            }
          }
          const int64_t result = c.wide_sums ? StatedWideRequantize(acc, c.mantissas[channel], c.exponents[channel])
                                             : StatedRequantize(acc, c.mantissas[channel], c.exponents[channel]);
          output.push_back(static_cast<int16_t>(Clamped(result + c.output_zero_point, c.min, c.max)));
        }
      }
    }
  }
  return output;
}

void CheckConvolution(Draw& draw) {
  const ConvolutionCase c = DrawConvolution(draw, false);
  const std::vector<int16_t> expected = StatedConvolution(c);
  for (const KernelVariant* v : kVariants)
    ExpectAll(v->convolution(c), expected, c.depthwise ? "depthwise" : "convolution", v->name);
}

void CheckConvolutionInt16(Draw& draw) {
  const ConvolutionCase c = DrawConvolution(draw, true);
  const std::vector<int16_t> expected = StatedConvolution(c);
  for (const KernelVariant* v : kVariants) {
    ExpectAll(v->convolution_int16(c), expected, c.depthwise ? "depthwise of int16" : "convolution of int16", v->name);
  }
}

// Pools.

template <typename Reduction, typename T, bool kAverage>
void CheckPool(Draw& draw) {
  const Axis v = DrawAxis(draw, true), h = DrawAxis(draw, true);
  const int32_t batches = draw.From(1, 2), channels = draw.From(1, 9);
  const int32_t low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  const int32_t min = draw.From(0, 3) == 0 ? draw.From(low, 0) : low,
                max = draw.From(0, 3) == 0 ? draw.From(0, high) : high;
  std::vector<T> input(static_cast<size_t>(batches * v.input * h.input * channels)), expected;
  for (T& code : input) code = static_cast<T>(draw.From(low, high));
  for (int32_t b = 0; b < batches; ++b) {
    for (int32_t y = 0; y < v.output; ++y) {
      for (int32_t x = 0; x < h.output; ++x) {
        for (int32_t c = 0; c < channels; ++c) {
          int64_t sum = 0, count = 0, largest = low;
          for (int32_t ky = 0; ky < v.filter; ++ky) {
            for (int32_t kx = 0; kx < h.filter; ++kx) {
              const int32_t in_y = y * v.stride + ky - v.padding, in_x = x * h.stride + kx - h.padding;
              if (in_y < 0 || in_y >= v.input || in_x < 0 || in_x >= h.input) continue;
              const int64_t code = input[static_cast<size_t>(((b * v.input + in_y) * h.input + in_x) * channels + c)];
              sum += code;
              ++count;
              largest = std::max(largest, code);
            }
          }
          const int64_t mean = count == 0 ? 0 : (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
          expected.push_back(static_cast<T>(Clamped(kAverage ? mean : largest, min, max)));
        }
      }
    }
  }
  device::Pool2dParams p;
  p.batches = batches;
  p.channels = channels;
  p.vertical = {v.input, v.output, v.filter, v.stride, 1, v.padding};
  p.horizontal = {h.input, h.output, h.filter, h.stride, 1, h.padding};
  p.output = {0, min, max};
  std::vector<T> output(expected.size(), T{0x55});
  device::Pool2d<Reduction, T>(p, input.data(), output.data());
  ExpectAll(output, expected, kAverage ? "average pool" : "max pool", sizeof(T) == 1 ? "int8" : "int16");
}

// One line a kernel variant that is not fitted to a core; the others are in kVariants.
constexpr void (*kChecks[])(Draw&) = {
    CheckHighMultiply,
    CheckRequantize,
    CheckConvolution,
    CheckConvolutionInt16,
    CheckInt4,
    CheckDotTile<1, 1, 1, false>,
    CheckDotTile<1, 1, 1, true>,
    CheckDotTile<1, 2, 1, true>,
    CheckDotTile<1, 3, 1, true>,
    CheckDotTile<1, 4, 2, true>,
    CheckDotTile<2, 2, 1, false>,
    CheckDotTile<2, 3, 1, false>,
    CheckDotTile<2, 3, 2, false>,
    CheckDotTile<2, 4, 4, false>,
    CheckPackedProducts,
    CheckDepthwiseTile<1>,
    CheckDepthwiseTile<2>,
    CheckDepthwiseTile<4>,
    CheckDepthwiseTile<8>,
    CheckPool<device::AverageOfInt8, int8_t, true>,
    CheckPool<device::AverageOfInt16, int16_t, true>,
    CheckPool<device::MaximumOf, int8_t, false>,
    CheckPool<device::MaximumOf, int16_t, false>,
};

}  // namespace
}  // namespace mote::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mote::test::Draw draw(data, size);
  mote::test::kChecks[draw.Byte() % std::size(mote::test::kChecks)](draw);
  return 0;
}
