// Writes a program for a Cortex-M55: random layers, their constants packed as the compiler packs them, and the bytes
// that the runtime's plain kernels make of them. The program compares and counts (mve_program.h); test_mve.py runs it.
//
//   mve_cases SEED > cases.cc
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "export/compiler/pack_mve.h"
#include "export/compiler/requantization_mve.h"
#include "mcu_runtime/kernels/conv_2d.h"
#include "mcu_runtime/kernels/depthwise_conv_2d.h"
#include "mcu_runtime/kernels/pool_2d.h"

namespace mote::compiler {
namespace {

using compiled::RequantizationMve;

enum class Activation { kNone, kRelu, kRelu6 };

struct ConvCase {
  std::string name;
  int height, width, channels;
  int filter_height, filter_width, stride;
  int outputs;
  Activation activation = Activation::kRelu;
  bool planar = false;        // the output's rows: [channel][x]
  double gain = 1;            // of all multipliers
  bool without_line = false;  // takes one of the contract's forms
  bool patches = false;       // what a pixel sees is gathered first
};

struct DepthwiseCase {
  std::string name;
  int height, width, channels;
  int filter_height, filter_width, stride;
  Activation activation = Activation::kRelu;
  bool without_line = false;
};

struct FullyConnectedCase {
  std::string name;
  int inputs, outputs;
  Activation activation = Activation::kRelu;
  bool without_line = false;
};

class Writer {
 public:
  explicit Writer(uint32_t seed) : random_(seed) {}

  void Conv(const ConvCase& c);
  void Depthwise(const DepthwiseCase& c);
  void FullyConnected(const FullyConnectedCase& c);
  void Add(int count, double scale_a, double scale_b, double scale_out, int sign, Activation activation);
  void Pool(int height, int width, int channels, bool average, Activation activation);
  void Finish();

 private:
  int Uniform(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  std::vector<int8_t> Codes(int count, int low = -128, int high = 127) {
    std::vector<int8_t> codes(count);
    for (int8_t& code : codes) code = static_cast<int8_t>(Uniform(low, high));
    return codes;
  }
  device::Multiplier MultiplierOf(double m);
  device::OutputRange RangeOf(Activation activation);
  template <typename T>
  void Array(const std::string& name, const std::vector<T>& values, const char* type);

  std::mt19937 random_;
  int cases_ = 0;
  std::string calls_;
};

template <typename T>
void Writer::Array(const std::string& name, const std::vector<T>& values, const char* type) {
  std::string line =
      absl::StrFormat("alignas(16) __attribute__((section(\".cases\"))) static const %s %s[] = {", type, name);
  for (const T value : values) {
    absl::StrAppend(&line, static_cast<int64_t>(value), ",");
    if (line.size() > 110) {
      std::cout << line << "\n";
      line.clear();
    }
  }
  std::cout << line << "};\n";
}

device::Multiplier Writer::MultiplierOf(double m) {
  int exponent = 0;
  const double fraction = std::frexp(m, &exponent);
  auto mantissa = static_cast<int64_t>(std::llround(fraction * 2147483648.0));
  if (mantissa == int64_t{1} << 31) {
    mantissa /= 2;
    ++exponent;
  }
  if (exponent < -31) return {0, 0};
  return {static_cast<int32_t>(mantissa), exponent};
}

device::OutputRange Writer::RangeOf(Activation activation) {
  if (activation == Activation::kNone) return {Uniform(-20, 20), -128, 127};
  const int32_t zero = activation == Activation::kRelu ? -128 : Uniform(-128, -100);
  return {zero, zero, activation == Activation::kRelu6 ? zero + 200 : 127};
}

std::string FormName(RequantizationMve form) {
  return form == RequantizationMve::kOneLine ? "kOneLine" : form == RequantizationMve::kClamped ? "kClamped" : "kFull";
}

void Writer::Conv(const ConvCase& c) {
  const int taps = c.filter_height * c.filter_width * c.channels;
  const int out_h = (c.height + c.stride - 1) / c.stride;
  const int out_w = (c.width + c.stride - 1) / c.stride;
  const int pad_h = std::max((out_h - 1) * c.stride + c.filter_height - c.height, 0);
  const int pad_w = std::max((out_w - 1) * c.stride + c.filter_width - c.width, 0);
  const int top = pad_h / 2, left = pad_w / 2;
  const int32_t zero = Uniform(-128, 127);
  const device::OutputRange range = RangeOf(c.activation);
  const std::vector<int8_t> input = Codes(c.height * c.width * c.channels);
  std::vector<int8_t> weights = Codes(c.outputs * taps, -127, 127);
  weights[Uniform(0, static_cast<int>(weights.size()) - 1)] = -128;

  std::vector<device::ChannelTerms> terms;
  std::vector<RequantizedChannel> channels;
  const double spread = std::sqrt(taps) * 74 * 74;
  for (int o = 0; o < c.outputs; ++o) {
    const absl::Span<const int8_t> own(weights.data() + o * taps, taps);
    int32_t sum = 0;
    for (const int8_t w : own) sum += w;
    const int32_t bias = Uniform(-static_cast<int>(spread), static_cast<int>(spread));
    double m = c.gain * 60 / spread * std::exp2(Uniform(-1000, 1000) / 1000.0);
    if (o % 13 == 7) m = 1e-11;
    const device::Multiplier multiplier = MultiplierOf(m);
    const int32_t folded = bias - zero * sum;
    terms.push_back({folded, multiplier});
    const Range reachable = ReachableAccumulators(bias, own, zero, {-128, 127}, false);
    channels.push_back({reachable, multiplier, folded});
  }
  const auto found = FindMveRequantization(channels, range);
  if (!found.has_value()) {
    std::cerr << c.name << ": no requantization\n";
    std::exit(1);
  }
  MveRequantization requantization = *found;
  if (c.without_line) requantization = *FindMveContractForm(channels, range);

  // What the runtime makes of it.
  device::ConvolutionParams p = {};
  p.batches = 1;
  p.input_channels = p.filter_channels = c.channels;
  p.output_channels = c.outputs;
  p.vertical = {c.height, out_h, c.filter_height, c.stride, 1, top};
  p.horizontal = {c.width, out_w, c.filter_width, c.stride, 1, left};
  p.input_zero_point = zero;
  p.output = range;
  std::vector<int8_t> expected(out_h * out_w * c.outputs);
  std::vector<int8_t> patches(2 * taps + 16);
  for (int first = 0; first < c.outputs; first += device::kBlockChannels) {
    const int count = std::min<int>(device::kBlockChannels, c.outputs - first);
    std::vector<device::ChannelTerms> own(terms.begin() + first, terms.begin() + first + count);
    if (!device::FoldsZeroPoint(p)) {  // then the kernel takes the zero point off
      for (int i = 0; i < count; ++i) {
        int32_t sum = 0;
        for (int k = 0; k < taps; ++k) sum += weights[(first + i) * taps + k];
        own[i].bias += zero * sum;
      }
    }
    device::Conv2d(
        p, {first, count, input.data(), weights.data() + first * taps, 0, own.data(), patches.data(), expected.data()});
  }

  // Rows with their padding.
  const int rows = (out_h - 1) * c.stride + c.filter_height;
  const int pixels = std::max(c.width + left, (out_w - 1) * c.stride + c.filter_width);
  const int row_bytes = (pixels * c.channels + 3) / 4 * 4;
  std::vector<int8_t> padded(rows * row_bytes, static_cast<int8_t>(zero));
  for (int y = 0; y < c.height && y + top < rows; ++y) {
    std::copy_n(input.data() + y * c.width * c.channels, c.width * c.channels,
                padded.data() + (y + top) * row_bytes + left * c.channels);
  }

  const std::string id = absl::StrCat("case", cases_++);
  const int segment_bytes = c.filter_width * c.channels;
  const int patch_bytes = (taps + 3) / 4 * 4;
  const PackedBlocksMve packed = c.patches ? PackGemmMve(weights, 1, taps, requantization)
                                           : PackGemmMve(weights, c.filter_height, segment_bytes, requantization);
  Array(id + "_input", padded, "int8_t");
  Array(id + "_constants", packed.bytes, "uint8_t");
  Array(id + "_expected", expected, "int8_t");
  const int input_step = c.stride * c.channels;
  const int pixel_step = c.planar ? 1 : c.outputs;
  const int channel_step = c.planar ? out_w + 1 : 1;
  const int output_row = c.planar ? c.outputs * channel_step : out_w * c.outputs;
  std::cout << absl::StrFormat(
      "static constexpr ConvMveParams %s_params = {%s_constants, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d};\n", id, id,
      packed.blocks_bytes, c.outputs / 4 * 4, requantization.scalar, requantization.min, requantization.max, out_w,
      c.patches ? 1 : c.stride, c.patches ? patch_bytes : input_step, pixel_step, channel_step);
  if (c.patches) {
    std::cout << absl::StrFormat(
        "static void Run_%s() { ConvPatchRowsMve<GemmShapeMve<1, %d, 4, RequantizationMve::%s, %d, %d, true>, %d, %d, "
        "%d, %d, "
        "%d, %d, %d>(%s_params, input_rows, output_rows, %d, quads); }\n",
        id, taps, FormName(requantization.form), requantization.shift, requantization.clamps, c.outputs % 4,
        c.filter_height, segment_bytes, input_step, patch_bytes, c.stride, 1 + out_w % 2, id, out_h);
  } else {
    std::cout << absl::StrFormat(
        "static void Run_%s() { ConvRowsMve<GemmShapeMve<%d, %d, 4, RequantizationMve::%s, %d, %d, %d>, %d>(%s_params, "
        "input_rows, output_rows, %d); }\n",
        id, c.filter_height, segment_bytes, FormName(requantization.form), requantization.shift, requantization.clamps,
        input_step % 4 == 0, c.outputs % 4, id, out_h);
  }
  absl::StrAppendFormat(&calls_,
                        "  SetRows(%s_input, %d, %d, %d, %d);\n  Check(\"%s %s\", Run_%s, %s_expected, %d, %d, %d, %d, "
                        "%d, %d);\n",
                        id, rows, row_bytes, out_h, output_row, c.name, FormName(requantization.form), id, id, out_h,
                        out_w, c.outputs, pixel_step, channel_step, out_h * out_w * c.outputs * taps);
}

void Writer::Depthwise(const DepthwiseCase& c) {
  const int taps = c.filter_height * c.filter_width;
  const int out_h = (c.height + c.stride - 1) / c.stride;
  const int out_w = (c.width + c.stride - 1) / c.stride;
  const int pad_h = std::max((out_h - 1) * c.stride + c.filter_height - c.height, 0);
  const int pad_w = std::max((out_w - 1) * c.stride + c.filter_width - c.width, 0);
  const int top = pad_h / 2, left = pad_w / 2;
  const int32_t zero = Uniform(-128, 127);
  const device::OutputRange range = RangeOf(c.activation);
  const std::vector<int8_t> input = Codes(c.height * c.width * c.channels);
  std::vector<int8_t> weights = Codes(c.channels * taps, -127, 127);
  weights[Uniform(0, static_cast<int>(weights.size()) - 1)] = -128;
  const double spread = std::sqrt(taps) * 74 * 74;
  std::vector<device::ChannelTerms> terms;
  std::vector<RequantizedChannel> channels;
  for (int o = 0; o < c.channels; ++o) {
    const absl::Span<const int8_t> own(weights.data() + o * taps, taps);
    int32_t sum = 0;
    for (const int8_t w : own) sum += w;
    const int32_t bias = Uniform(-static_cast<int>(spread), static_cast<int>(spread));
    double m = 60 / spread * std::exp2(Uniform(-1000, 1000) / 1000.0);
    if (o % 13 == 7) m = 1e-11;
    const device::Multiplier multiplier = MultiplierOf(m);
    terms.push_back({bias, multiplier});
    channels.push_back({ReachableAccumulators(bias, own, zero, {-128, 127}, false), multiplier, bias - zero * sum});
  }
  const auto found = c.without_line ? FindMveContractForm(channels, range) : FindMveRequantization(channels, range);
  if (!found.has_value()) {
    std::cerr << c.name << ": no requantization\n";
    std::exit(1);
  }

  device::ConvolutionParams p = {};
  p.batches = 1;
  p.input_channels = p.output_channels = c.channels;
  p.filter_channels = 1;
  p.vertical = {c.height, out_h, c.filter_height, c.stride, 1, top};
  p.horizontal = {c.width, out_w, c.filter_width, c.stride, 1, left};
  p.input_zero_point = zero;
  p.output = range;
  std::vector<int8_t> in_file(weights.size());  // HWO
  for (int o = 0; o < c.channels; ++o) {
    for (int k = 0; k < taps; ++k) in_file[k * c.channels + o] = weights[o * taps + k];
  }
  std::vector<int8_t> expected(out_h * out_w * c.channels);
  for (int first = 0; first < c.channels; first += device::kBlockChannels) {
    const int count = std::min<int>(device::kBlockChannels, c.channels - first);
    device::DepthwiseConv2d(p, {first, count, input.data(), in_file.data() + first, c.channels, terms.data() + first,
                                nullptr, expected.data()});
  }

  const bool quads = c.filter_height > 1;
  const int made = c.stride == 1 && quads && c.filter_height <= 3 && out_h > 1 ? 2 : 1;
  const int pitch = c.width + std::max(left, (out_w - 1) * c.stride + c.filter_width - c.width - left);
  const int rows = (out_h - 1) * c.stride + c.filter_height;
  const int row_bytes = c.channels * pitch + 4;
  const int stored = (row_bytes + 15) / 16 * 16 + 16;
  std::vector<int8_t> padded(rows * stored, static_cast<int8_t>(zero));
  for (int y = 0; y < c.height && y + top < rows; ++y) {
    for (int o = 0; o < c.channels; ++o) {
      for (int x = 0; x < c.width; ++x) {
        padded[(y + top) * stored + left + o * pitch + x] = input[(y * c.width + x) * c.channels + o];
      }
    }
  }
  const std::string id = absl::StrCat("case", cases_++);
  const std::vector<uint8_t> packed = PackDepthwiseMve(weights, c.filter_height, c.filter_width, quads, *found);
  Array(id + "_input", padded, "int8_t");
  Array(id + "_constants", packed, "uint8_t");
  Array(id + "_expected", expected, "int8_t");
  std::cout << absl::StrFormat(
      "static constexpr DepthwiseMveParams %s_params = {%s_constants, %s_constants + %d, %d, %d, %d, %d, 1};\n", id, id,
      id, packed.size(), found->scalar, found->min, found->max, c.channels);
  const std::string shape =
      absl::StrFormat("DepthwiseShapeMve<%d, %d, %d, %d, %d, %d, RequantizationMve::%s, %d, %d>", made, out_w,
                      quads ? 4 * c.stride : c.stride, quads, quads ? 4 * c.filter_width : (taps + 3) / 4 * 4,
                      quads ? 4 * pitch : pitch, FormName(found->form), found->shift, found->clamps);
  if (quads) {
    std::cout << absl::StrFormat(
        "static void Run_%s() { DepthwiseImageMve<%s, %d>(%s_params, input_rows, output_rows, %d, %d, %d, quads); }\n",
        id, shape, c.stride, id, out_h, row_bytes, c.filter_height);
  } else {
    std::cout << absl::StrFormat(
        "static void Run_%s() { for (int y = 0; y < %d; ++y) DepthwiseRowsMve<%s>(%s_params, input_rows[y * %d], "
        "output_rows + y); }\n",
        id, out_h, shape, id, c.stride);
  }
  absl::StrAppendFormat(&calls_,
                        "  SetRows(%s_input, %d, %d, %d, %d);\n  Check(\"%s %s\", Run_%s, %s_expected, %d, %d, %d, %d, "
                        "1, %d);\n",
                        id, rows, stored, out_h, out_w * c.channels, c.name, FormName(found->form), id, id, out_h,
                        out_w, c.channels, c.channels, out_h * out_w * c.channels * taps);
}

void Writer::FullyConnected(const FullyConnectedCase& c) {
  const int32_t zero = Uniform(-128, 127);
  const device::OutputRange range = RangeOf(c.activation);
  const std::vector<int8_t> input = Codes(c.inputs);
  const std::vector<int8_t> weights = Codes(c.inputs * c.outputs);
  const double spread = std::sqrt(c.inputs) * 74 * 74;
  const device::Multiplier multiplier = MultiplierOf(60 / spread);
  std::vector<int8_t> expected;
  std::vector<RequantizedChannel> channels;
  for (int o = 0; o < c.outputs; ++o) {
    const absl::Span<const int8_t> own(weights.data() + o * c.inputs, c.inputs);
    const int32_t bias = Uniform(-static_cast<int>(spread), static_cast<int>(spread));
    int32_t sum = 0, dot = 0;
    for (int k = 0; k < c.inputs; ++k) {
      sum += own[k];
      dot += own[k] * (input[k] - zero);
    }
    channels.push_back({ReachableAccumulators(bias, own, zero, {-128, 127}, false), multiplier, bias - zero * sum});
    expected.push_back(device::RequantizeToInt8(bias + dot, multiplier, range));
  }
  const auto found = c.without_line ? FindMveContractForm(channels, range) : FindMveRequantization(channels, range);
  const std::string id = absl::StrCat("case", cases_++);
  const PackedBlocksMve packed = PackFullyConnectedMve(weights, c.inputs, *found);
  Array(id + "_input", input, "int8_t");
  Array(id + "_constants", packed.bytes, "uint8_t");
  Array(id + "_expected", expected, "int8_t");
  std::cout << absl::StrFormat(
      "static constexpr FullyConnectedMveParams %s_params = {%s_constants, %s_constants + %d, %d, %d, %d, %d};\n", id,
      id, id, packed.blocks_bytes, found->scalar, found->min, found->max, c.outputs / 8 * 8);
  std::cout << absl::StrFormat(
      "static void Run_%s() { FullyConnectedMve<FullyConnectedShapeMve<%d, 8, RequantizationMve::%s, %d, %d>, "
      "%d>(%s_params, "
      "%s_input, output); }\n",
      id, c.inputs, FormName(found->form), found->shift, found->clamps, c.outputs % 8, id, id);
  absl::StrAppendFormat(
      &calls_, "  SetRows(%s_input, 1, 0, 1, 0);\n  Check(\"%s %s\", Run_%s, %s_expected, 1, 1, %d, 0, 1, %d);\n", id,
      c.name, FormName(found->form), id, id, c.outputs, c.outputs * c.inputs);
}

void Writer::Add(int count, double scale_a, double scale_b, double scale_out, int sign, Activation activation) {
  const device::OutputRange range = RangeOf(activation);
  const double twice = 2 * std::max(scale_a, scale_b);
  ContractSum contract;
  contract.zero_a = Uniform(-128, 127);
  contract.zero_b = Uniform(-128, 127);
  contract.a = MultiplierOf(scale_a / twice);
  contract.b = MultiplierOf(scale_b / twice);
  contract.sum = MultiplierOf(twice / ((1 << 20) * scale_out));
  contract.output = range;
  contract.subtracts = sign < 0;
  const auto found = FindMveAddition(contract);
  if (!found.has_value()) {
    std::cerr << "add: no line\n";
    return;
  }
  const std::vector<int8_t> a = Codes(count), b = Codes(count);
  std::vector<int8_t> expected;
  for (int i = 0; i < count; ++i) expected.push_back(static_cast<int8_t>(contract.CodeOf(a[i], b[i])));
  const std::string id = absl::StrCat("case", cases_++);
  Array(id + "_a", a, "int8_t");
  Array(id + "_b", b, "int8_t");
  Array(id + "_expected", expected, "int8_t");
  std::cout << absl::StrFormat(
      "static void Run_%s() { static constexpr AddMveParams p = {%d, %d, %d, %d, %d}; AddMve<%d, %d>(p, %s_a, %s_b, "
      "output, %d); }\n",
      id, found->a, found->b, found->c, range.min, range.max, found->shift, found->clamps, id, id, count);
  absl::StrAppendFormat(&calls_,
                        "  SetRows(nullptr, 1, 0, 1, 0);\n  Check(\"add\", Run_%s, %s_expected, 1, 1, %d, 0, 1, %d);\n",
                        id, id, count, count);
}

void Writer::Pool(int height, int width, int channels, bool average, Activation activation) {
  const device::OutputRange range = RangeOf(activation);
  const std::vector<int8_t> input = Codes(height * width * channels);
  device::Pool2dParams p = {1, channels, {height, 1, height, 1, 1, 0}, {width, 1, width, 1, 1, 0}, range};
  std::vector<int8_t> expected(channels);
  if (average)
    device::Pool2d<device::AverageOfInt8>(p, input.data(), expected.data());
  else
    device::Pool2d<device::MaximumOf>(p, input.data(), expected.data());
  const std::string id = absl::StrCat("case", cases_++);
  Array(id + "_input", input, "int8_t");
  Array(id + "_expected", expected, "int8_t");
  const std::string kernel = !average ? "MaxPoolMve" : height * width > 255 ? "AveragePoolLargeMve" : "AveragePoolMve";
  std::cout << absl::StrFormat(
      "static void Run_%s() { static constexpr PoolMveParams p = {%d, %d, %d, %d, %d, %d}; %s(p, %s_input, output); "
      "}\n",
      id, channels, height, width, width * channels, range.min, range.max, kernel, id);
  absl::StrAppendFormat(&calls_,
                        "  SetRows(nullptr, 1, 0, 1, 0);\n  Check(\"%s\", Run_%s, %s_expected, 1, 1, %d, 0, 1, %d);\n",
                        kernel, id, id, channels, height * width * channels);
}

void Writer::Finish() { std::cout << "void Cases() {\n" << calls_ << "}\n"; }

void WriteAll(uint32_t seed) {
  Writer writer(seed);
  std::cout << "#include \"mve_program.h\"\n";
  writer.Conv({"1x1 64-64", 5, 5, 64, 1, 1, 1, 64});
  writer.Conv({"1x1 64-64", 5, 5, 64, 1, 1, 1, 64, Activation::kNone});
  writer.Conv({"1x1 64-64 clamped form", 5, 5, 64, 1, 1, 1, 64, Activation::kRelu, false, 1, true});
  writer.Conv({"1x1 8-16", 6, 6, 8, 1, 1, 1, 16});
  writer.Conv({"1x1 16-32 relu6", 6, 6, 16, 1, 1, 1, 32, Activation::kRelu6});
  writer.Conv({"1x1 32-32 planar", 6, 6, 32, 1, 1, 1, 32, Activation::kRelu, true});
  writer.Conv({"1x1 128-128", 6, 6, 128, 1, 1, 1, 128});
  writer.Conv({"1x1 256-256", 3, 3, 256, 1, 1, 1, 256});
  writer.Conv({"1x1 40-130", 4, 7, 40, 1, 1, 1, 130});
  writer.Conv({"3x3 3-8 s2", 16, 16, 3, 3, 3, 2, 8});
  writer.Conv({"3x3 3-8 s2 patches", 16, 16, 3, 3, 3, 2, 8, Activation::kRelu, true, 1, false, true});
  writer.Conv({"3x3 3-16 patches", 8, 8, 3, 3, 3, 1, 16, Activation::kRelu, false, 1, false, true});
  writer.Conv({"10x4 1-64 s2 patches", 20, 10, 1, 10, 4, 2, 64, Activation::kRelu, true, 1, false, true});
  writer.Conv({"5x5 2-7 patches", 5, 9, 2, 5, 5, 1, 7, Activation::kNone, false, 1, false, true});
  writer.Conv({"3x3 3-16", 8, 8, 3, 3, 3, 1, 16});
  writer.Conv({"3x3 16-16", 8, 8, 16, 3, 3, 1, 16});
  writer.Conv({"3x3 16-16 none", 8, 8, 16, 3, 3, 1, 16, Activation::kNone});
  writer.Conv({"3x3 32-64 s2", 8, 8, 32, 3, 3, 2, 64});
  writer.Conv({"3x3 64-64 none", 8, 8, 64, 3, 3, 1, 64, Activation::kNone});
  writer.Conv({"1x1 16-32 s2 none", 8, 8, 16, 1, 1, 2, 32, Activation::kNone});
  writer.Conv({"3x3 100-6", 5, 5, 100, 3, 3, 1, 6});
  writer.Conv({"10x4 1-64 s2", 20, 10, 1, 10, 4, 2, 64});
  writer.Add(4096, 0.02, 0.03, 0.025, 1, Activation::kRelu);
  writer.Add(4096, 0.02, 0.03, 0.035, 1, Activation::kNone);
  writer.Add(77, 0.3, 0.03, 0.1, -1, Activation::kRelu6);
  for (int i = 1; i < 8; ++i) writer.Add(8 + i, 0.1, 0.1 / i, 0.09 + 0.01 * i, 1, Activation::kRelu);
  writer.Add(3, 0.02, 0.03, 0.025, 1, Activation::kRelu);
  writer.Pool(25, 5, 64, true, Activation::kNone);
  writer.Pool(8, 8, 64, true, Activation::kRelu);
  writer.Pool(3, 3, 255, true, Activation::kNone);
  writer.Pool(16, 17, 13, true, Activation::kNone);
  writer.Pool(2, 2, 33, true, Activation::kNone);
  writer.Pool(2, 2, 64, false, Activation::kRelu6);
  writer.Pool(3, 3, 5, false, Activation::kNone);
  writer.FullyConnected({"dense 640-128", 640, 128});
  writer.FullyConnected({"dense 128-128", 128, 128});
  writer.FullyConnected({"dense 128-128 clamped", 128, 128, Activation::kRelu, true});
  writer.FullyConnected({"dense 128-640 none", 128, 640, Activation::kNone});
  writer.FullyConnected({"dense 8-128", 8, 128});
  writer.FullyConnected({"dense 64-10 none", 64, 10, Activation::kNone});
  writer.FullyConnected({"dense 300-13 relu6", 300, 13, Activation::kRelu6});
  writer.FullyConnected({"dense 1-1", 1, 1});
  for (int i = 0; i < 8; ++i) {
    writer.FullyConnected({"random dense", 1 + int(seed * 37 + i * 51) % 400, 1 + int(seed * 5 + i * 3) % 19,
                           static_cast<Activation>(i % 3), i % 4 == 0});
  }
  writer.Depthwise({"depthwise 3x3 25x5x64", 25, 5, 64, 3, 3, 1});
  writer.Depthwise({"depthwise 3x3 5x25x64", 5, 25, 64, 3, 3, 1});
  writer.Depthwise({"depthwise 3x3 5x25x64 clamped", 5, 25, 64, 3, 3, 1, Activation::kRelu, true});
  writer.Depthwise({"depthwise 3x3 24x24x16", 24, 24, 16, 3, 3, 1});
  writer.Depthwise({"depthwise 3x3 24x24x16 s2", 24, 24, 16, 3, 3, 2});
  writer.Depthwise({"depthwise 3x3 12x12x32 none", 12, 12, 32, 3, 3, 1, Activation::kNone});
  writer.Depthwise({"depthwise 3x3 12x12x32 s2 relu6", 12, 12, 32, 3, 3, 2, Activation::kRelu6});
  writer.Depthwise({"depthwise 3x3 6x6x128", 6, 6, 128, 3, 3, 1});
  writer.Depthwise({"depthwise 3x3 6x6x128 s2", 6, 6, 128, 3, 3, 2});
  writer.Depthwise({"depthwise 3x3 3x3x256", 3, 3, 256, 3, 3, 1});
  writer.Depthwise({"depthwise 1x3 1x28x40", 1, 28, 40, 1, 3, 1, Activation::kNone});
  for (int i = 0; i < 12; ++i) {
    DepthwiseCase c = {"random depthwise",
                       1 + int(seed * 7 + i * 5) % 9,
                       1 + int(seed + i * 3) % 37,
                       1 + int(seed * 3 + i * 11) % 23,
                       1 + i % 4,
                       1 + (i / 2) % 4,
                       1 + i % 2};
    c.activation = static_cast<Activation>(i % 3);
    c.without_line = i % 4 == 0;
    writer.Depthwise(c);
  }
  for (int i = 0; i < 12; ++i) {
    ConvCase c = {"random",
                  1 + int(seed * 7 + i * 5) % 7,
                  1 + int(seed + i * 3) % 6,
                  1 + int(seed * 3 + i * 11) % 23,
                  1 + i % 4,
                  1 + (i / 2) % 5,
                  1 + i % 2,
                  1 + int(seed + i) % 11};
    c.activation = static_cast<Activation>(i % 3);
    c.gain = std::exp2(i - 8);
    c.planar = i % 5 == 0;
    writer.Conv(c);
  }
  writer.Finish();
}

}  // namespace
}  // namespace mote::compiler

int main(int argc, char** argv) {
  mote::compiler::WriteAll(argc > 1 ? static_cast<uint32_t>(std::atoi(argv[1])) : 1);
  return 0;
}
