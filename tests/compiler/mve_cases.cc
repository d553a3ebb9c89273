// Writes a program for a Cortex-M55: random layers, their constants packed as the compiler packs them, and the bytes
// that the runtime's plain kernels make of them. The program compares and counts (mve_program.h); test_mve.py runs it.
//
//   mve_cases SEED > cases.cc               random layers
//   mve_cases SEED MODEL.tflite > cases.cc  the layers of a model, by themselves, on random inputs
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "export/compiler/network.h"
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
  // With random inputs.
  void EmitConv(const Layer& layer, bool planar, bool without_line, bool patches);
  void EmitDepthwise(const Layer& layer, bool without_line);
  void EmitFullyConnected(const Layer& layer, bool without_line);
  void EmitAdd(const ContractSum& contract, int count);
  void EmitPool(int height, int width, int channels, bool average, const device::OutputRange& range);
  void Finish();

 private:
  int Uniform(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  std::vector<int8_t> Codes(int count, int low = -128, int high = 127) {
    std::vector<int8_t> codes(count);
    for (int8_t& code : codes) code = static_cast<int8_t>(Uniform(low, high));
    return codes;
  }
  device::OutputRange DrawRange(Activation activation);
  void SetRange(Activation activation, Layer* layer) {
    const device::OutputRange range = DrawRange(activation);
    layer->output_zero_point = range.zero_point;
    layer->output_min = range.min;
    layer->output_max = range.max;
  }
  void DrawChannels(int taps, double gain, Layer* layer);
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

device::Multiplier MultiplierOf(double m) {
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

device::OutputRange Writer::DrawRange(Activation activation) {
  if (activation == Activation::kNone) return {Uniform(-20, 20), -128, 127};
  const int32_t zero = activation == Activation::kRelu ? -128 : Uniform(-128, -100);
  return {zero, zero, activation == Activation::kRelu6 ? zero + 200 : 127};
}

std::string FormName(RequantizationMve form) {
  return form == RequantizationMve::kOneLine ? "kOneLine" : form == RequantizationMve::kClamped ? "kClamped" : "kFull";
}

// SAME padding.
Axis AxisOf(int input, int filter, int stride) {
  Axis axis = {input, (input + stride - 1) / stride, filter, stride, 1, 0};
  axis.padding = std::max((axis.output - 1) * stride + filter - input, 0) / 2;
  return axis;
}

device::Window WindowOf(const Axis& axis) {
  return {axis.input, axis.output, axis.filter, axis.stride, axis.dilation, axis.padding};
}

device::OutputRange RangeOf(const Layer& layer) {
  return {layer.output_zero_point, layer.output_min, layer.output_max};
}

// Of each output channel, as the search wants it.
std::vector<RequantizedChannel> ChannelsOf(const Layer& layer) {
  std::vector<RequantizedChannel> channels;
  const int taps = static_cast<int>(layer.weights.size() / layer.channels.size());
  for (size_t o = 0; o < layer.channels.size(); ++o) {
    const absl::Span<const int8_t> own(layer.weights.data() + o * taps, taps);
    int32_t sum = 0;
    for (const int8_t w : own) sum += w;
    const OutputChannel& channel = layer.channels[o];
    channels.push_back({ReachableAccumulators(channel.bias, own, layer.input_zero_point, {-128, 127}, false),
                        {channel.mantissa, channel.exponent},
                        channel.bias - layer.input_zero_point * sum});
  }
  return channels;
}

MveRequantization RequantizationOf(const Layer& layer, bool without_line) {
  const auto found = without_line ? FindMveContractForm(ChannelsOf(layer), RangeOf(layer))
                                  : FindMveRequantization(ChannelsOf(layer), RangeOf(layer));
  if (found.has_value()) return *found;
  std::cerr << layer.name << ": no requantization\n";
  std::exit(1);
}

device::ConvolutionParams ParamsOf(const Layer& layer, bool depthwise) {
  device::ConvolutionParams p = {};
  p.batches = 1;
  p.input_channels = layer.input_channels;
  p.filter_channels = depthwise ? 1 : layer.input_channels;
  p.output_channels = layer.output_channels;
  p.vertical = WindowOf(layer.vertical);
  p.horizontal = WindowOf(layer.horizontal);
  p.input_zero_point = layer.input_zero_point;
  p.output = RangeOf(layer);
  return p;
}

// What the runtime makes of it.
std::vector<int8_t> ConvExpected(const Layer& layer, const std::vector<int8_t>& input) {
  const device::ConvolutionParams p = ParamsOf(layer, false);
  std::vector<device::ChannelTerms> terms;
  for (const RequantizedChannel& channel : ChannelsOf(layer)) terms.push_back({channel.origin, channel.multiplier});
  if (!device::FoldsZeroPoint(p)) {  // then the kernel takes the zero point off
    for (size_t o = 0; o < terms.size(); ++o) terms[o].bias = layer.channels[o].bias;
  }
  std::vector<int8_t> expected(p.pixels() * layer.output_channels);
  std::vector<int8_t> patches(2 * p.taps() + 16);
  for (int first = 0; first < layer.output_channels; first += device::kBlockChannels) {
    const int count = std::min<int>(device::kBlockChannels, layer.output_channels - first);
    device::Conv2d(p, {first, count, input.data(), layer.weights.data() + first * p.taps(), 0, terms.data() + first,
                       patches.data(), expected.data()});
  }
  return expected;
}

std::vector<int8_t> DepthwiseExpected(const Layer& layer, const std::vector<int8_t>& input) {
  const device::ConvolutionParams p = ParamsOf(layer, true);
  const int channels = layer.output_channels;
  std::vector<int8_t> in_file(layer.weights.size());  // HWO
  for (int o = 0; o < channels; ++o) {
    for (int k = 0; k < layer.taps(); ++k) in_file[k * channels + o] = layer.weights[o * layer.taps() + k];
  }
  std::vector<device::ChannelTerms> terms;
  for (const OutputChannel& channel : layer.channels) {
    terms.push_back({channel.bias, {channel.mantissa, channel.exponent}});
  }
  std::vector<int8_t> expected(p.pixels() * channels);
  for (int first = 0; first < channels; first += device::kBlockChannels) {
    const int count = std::min<int>(device::kBlockChannels, channels - first);
    device::DepthwiseConv2d(p, {first, count, input.data(), in_file.data() + first, channels, terms.data() + first,
                                nullptr, expected.data()});
  }
  return expected;
}

void Writer::DrawChannels(int taps, double gain, Layer* layer) {
  const double spread = std::sqrt(taps) * 74 * 74;
  layer->weights = Codes(layer->output_channels * taps, -127, 127);
  layer->weights[Uniform(0, static_cast<int>(layer->weights.size()) - 1)] = -128;
  for (int o = 0; o < layer->output_channels; ++o) {
    double m = gain * 60 / spread * std::exp2(Uniform(-1000, 1000) / 1000.0);
    if (o % 13 == 7) m = 1e-11;
    const device::Multiplier multiplier = MultiplierOf(m);
    layer->channels.push_back(
        {Uniform(-static_cast<int>(spread), static_cast<int>(spread)), multiplier.mantissa, multiplier.exponent});
  }
}

void Writer::Conv(const ConvCase& c) {
  Layer layer;
  layer.name = c.name;
  layer.vertical = AxisOf(c.height, c.filter_height, c.stride);
  layer.horizontal = AxisOf(c.width, c.filter_width, c.stride);
  layer.input_channels = c.channels;
  layer.output_channels = c.outputs;
  layer.input_zero_point = Uniform(-128, 127);
  SetRange(c.activation, &layer);
  DrawChannels(c.filter_height * c.filter_width * c.channels, c.gain, &layer);
  EmitConv(layer, c.planar, c.without_line, c.patches);
}

void Writer::EmitConv(const Layer& layer, bool planar, bool without_line, bool patches) {
  const Axis& v = layer.vertical;
  const Axis& h = layer.horizontal;
  const int channels = layer.input_channels, outputs = layer.output_channels;
  const int taps = layer.taps() * channels;
  const std::vector<int8_t> input = Codes(v.input * h.input * channels);
  const MveRequantization requantization = RequantizationOf(layer, without_line);
  const std::vector<int8_t> expected = ConvExpected(layer, input);

  // Rows with their padding.
  const int rows = (v.output - 1) * v.stride + v.filter;
  const int pixels = std::max(h.input + h.padding, (h.output - 1) * h.stride + h.filter);
  const int row_bytes = (pixels * channels + 3) / 4 * 4;
  std::vector<int8_t> padded(rows * row_bytes, static_cast<int8_t>(layer.input_zero_point));
  for (int y = 0; y < v.input && y + v.padding < rows; ++y) {
    std::copy_n(input.data() + y * h.input * channels, h.input * channels,
                padded.data() + (y + v.padding) * row_bytes + h.padding * channels);
  }

  const std::string id = absl::StrCat("case", cases_++);
  const int segment_bytes = h.filter * channels;
  const int patch_bytes = (taps + 3) / 4 * 4;
  const PackedBlocksMve packed = patches ? PackGemmMve(layer.weights, 1, taps, requantization)
                                         : PackGemmMve(layer.weights, v.filter, segment_bytes, requantization);
  Array(id + "_input", padded, "int8_t");
  Array(id + "_constants", packed.bytes, "uint8_t");
  Array(id + "_expected", expected, "int8_t");
  const int input_step = h.stride * channels;
  const int pixel_step = planar ? 1 : outputs;
  const int channel_step = planar ? h.output + 1 : 1;
  const int output_row = planar ? outputs * channel_step : h.output * outputs;
  std::cout << absl::StrFormat(
      "static constexpr ConvMveParams %s_params = {%s_constants, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d};\n", id, id,
      packed.blocks_bytes, outputs / 4 * 4, requantization.scalar, requantization.min, requantization.max, h.output,
      patches ? 1 : v.stride, patches ? patch_bytes : input_step, pixel_step, channel_step);
  if (patches) {
    std::cout << absl::StrFormat(
        "static void Run_%s() { ConvPatchRowsMve<GemmShapeMve<1, %d, 4, RequantizationMve::%s, %d, %d, true>, %d, %d, "
        "%d, %d, %d, %d, %d>(%s_params, input_rows, output_rows, %d, quads); }\n",
        id, taps, FormName(requantization.form), requantization.shift, requantization.clamps, outputs % 4, v.filter,
        segment_bytes, input_step, patch_bytes, v.stride, 1 + h.output % 2, id, v.output);
  } else {
    std::cout << absl::StrFormat(
        "static void Run_%s() { ConvRowsMve<GemmShapeMve<%d, %d, 4, RequantizationMve::%s, %d, %d, %d>, %d>(%s_params, "
        "input_rows, output_rows, %d); }\n",
        id, v.filter, segment_bytes, FormName(requantization.form), requantization.shift, requantization.clamps,
        input_step % 4 == 0, outputs % 4, id, v.output);
  }
  absl::StrAppendFormat(&calls_,
                        "  SetRows(%s_input, %d, %d, %d, %d);\n  Check(\"%s %s\", Run_%s, %s_expected, %d, %d, %d, %d, "
                        "%d, %d);\n",
                        id, rows, row_bytes, v.output, output_row, layer.name, FormName(requantization.form), id, id,
                        v.output, h.output, outputs, pixel_step, channel_step, v.output * h.output * outputs * taps);
}

void Writer::Depthwise(const DepthwiseCase& c) {
  Layer layer;
  layer.name = c.name;
  layer.vertical = AxisOf(c.height, c.filter_height, c.stride);
  layer.horizontal = AxisOf(c.width, c.filter_width, c.stride);
  layer.input_channels = layer.output_channels = c.channels;
  layer.input_zero_point = Uniform(-128, 127);
  SetRange(c.activation, &layer);
  DrawChannels(c.filter_height * c.filter_width, 1, &layer);
  EmitDepthwise(layer, c.without_line);
}

void Writer::EmitDepthwise(const Layer& layer, bool without_line) {
  const Axis& v = layer.vertical;
  const Axis& h = layer.horizontal;
  const int channels = layer.output_channels;
  const std::vector<int8_t> input = Codes(v.input * h.input * channels);
  const MveRequantization requantization = RequantizationOf(layer, without_line);
  const std::vector<int8_t> expected = DepthwiseExpected(layer, input);

  const bool quads = v.filter > 1;
  const int made = v.stride == 1 && quads && v.filter <= 3 && v.output > 1 ? 2 : 1;
  const int pitch = h.input + std::max(h.padding, (h.output - 1) * h.stride + h.filter - h.input - h.padding);
  const int rows = (v.output - 1) * v.stride + v.filter;
  const int row_bytes = channels * pitch + 4;
  const int stored = (row_bytes + 15) / 16 * 16 + 16;
  std::vector<int8_t> padded(rows * stored, static_cast<int8_t>(layer.input_zero_point));
  for (int y = 0; y < v.input && y + v.padding < rows; ++y) {
    for (int o = 0; o < channels; ++o) {
      for (int x = 0; x < h.input; ++x) {
        padded[(y + v.padding) * stored + h.padding + o * pitch + x] = input[(y * h.input + x) * channels + o];
      }
    }
  }
  const std::string id = absl::StrCat("case", cases_++);
  const std::vector<uint8_t> packed = PackDepthwiseMve(layer.weights, v.filter, h.filter, quads, requantization);
  Array(id + "_input", padded, "int8_t");
  Array(id + "_constants", packed, "uint8_t");
  Array(id + "_expected", expected, "int8_t");
  std::cout << absl::StrFormat(
      "static constexpr DepthwiseMveParams %s_params = {%s_constants, %s_constants + %d, %d, %d, %d, %d, 1};\n", id, id,
      id, packed.size(), requantization.scalar, requantization.min, requantization.max, channels);
  const std::string shape = absl::StrFormat(
      "DepthwiseShapeMve<%d, %d, %d, %d, %d, %d, RequantizationMve::%s, %d, %d>", made, h.output,
      quads ? 4 * h.stride : h.stride, quads, quads ? 4 * h.filter : (layer.taps() + 3) / 4 * 4,
      quads ? 4 * pitch : pitch, FormName(requantization.form), requantization.shift, requantization.clamps);
  if (quads) {
    std::cout << absl::StrFormat(
        "static void Run_%s() { DepthwiseImageMve<%s, %d>(%s_params, input_rows, output_rows, %d, %d, %d, quads); }\n",
        id, shape, v.stride, id, v.output, row_bytes, v.filter);
  } else {
    std::cout << absl::StrFormat(
        "static void Run_%s() { for (int y = 0; y < %d; ++y) DepthwiseRowsMve<%s>(%s_params, input_rows[y * %d], "
        "output_rows + y); }\n",
        id, v.output, shape, id, v.stride);
  }
  absl::StrAppendFormat(&calls_,
                        "  SetRows(%s_input, %d, %d, %d, %d);\n  Check(\"%s %s\", Run_%s, %s_expected, %d, %d, %d, %d, "
                        "1, %d);\n",
                        id, rows, stored, v.output, h.output * channels, layer.name, FormName(requantization.form), id,
                        id, v.output, h.output, channels, channels, v.output * h.output * channels * layer.taps());
}

void Writer::FullyConnected(const FullyConnectedCase& c) {
  Layer layer;
  layer.name = c.name;
  layer.input_channels = c.inputs;
  layer.output_channels = c.outputs;
  layer.input_zero_point = Uniform(-128, 127);
  SetRange(c.activation, &layer);
  DrawChannels(c.inputs, 1, &layer);
  EmitFullyConnected(layer, c.without_line);
}

void Writer::EmitFullyConnected(const Layer& layer, bool without_line) {
  const int inputs = layer.input_channels, outputs = layer.output_channels;
  const std::vector<int8_t> input = Codes(inputs);
  const MveRequantization requantization = RequantizationOf(layer, without_line);
  const std::vector<int8_t> expected = ConvExpected(layer, input);
  const std::string id = absl::StrCat("case", cases_++);
  const PackedBlocksMve packed = PackFullyConnectedMve(layer.weights, inputs, requantization);
  Array(id + "_input", input, "int8_t");
  Array(id + "_constants", packed.bytes, "uint8_t");
  Array(id + "_expected", expected, "int8_t");
  std::cout << absl::StrFormat(
      "static constexpr FullyConnectedMveParams %s_params = {%s_constants, %s_constants + %d, %d, %d, %d, %d};\n", id,
      id, id, packed.blocks_bytes, requantization.scalar, requantization.min, requantization.max, outputs / 8 * 8);
  std::cout << absl::StrFormat(
      "static void Run_%s() { FullyConnectedMve<FullyConnectedShapeMve<%d, 8, RequantizationMve::%s, %d, %d>, "
      "%d>(%s_params, %s_input, output); }\n",
      id, inputs, FormName(requantization.form), requantization.shift, requantization.clamps, outputs % 8, id, id);
  absl::StrAppendFormat(
      &calls_, "  SetRows(%s_input, 1, 0, 1, 0);\n  Check(\"%s %s\", Run_%s, %s_expected, 1, 1, %d, 0, 1, %d);\n", id,
      layer.name, FormName(requantization.form), id, id, outputs, outputs * inputs);
}

void Writer::Add(int count, double scale_a, double scale_b, double scale_out, int sign, Activation activation) {
  const device::OutputRange range = DrawRange(activation);
  const double twice = 2 * std::max(scale_a, scale_b);
  ContractSum contract;
  contract.zero_a = Uniform(-128, 127);
  contract.zero_b = Uniform(-128, 127);
  contract.a = MultiplierOf(scale_a / twice);
  contract.b = MultiplierOf(scale_b / twice);
  contract.sum = MultiplierOf(twice / ((1 << 20) * scale_out));
  contract.output = range;
  contract.subtracts = sign < 0;
  EmitAdd(contract, count);
}

void Writer::EmitAdd(const ContractSum& contract, int count) {
  const device::OutputRange& range = contract.output;
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
  EmitPool(height, width, channels, average, DrawRange(activation));
}

void Writer::EmitPool(int height, int width, int channels, bool average, const device::OutputRange& range) {
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

// The same layer on the image turned over: columns are rows.
Layer Transposed(const Layer& layer) {
  Layer turned = layer;
  std::swap(turned.vertical, turned.horizontal);
  const int height = layer.vertical.filter, width = layer.horizontal.filter;
  const int inner = static_cast<int>(layer.weights.size()) / (layer.output_channels * height * width);
  for (int o = 0; o < layer.output_channels; ++o) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        std::copy_n(layer.weights.data() + ((o * height + y) * width + x) * inner, inner,
                    turned.weights.data() + ((o * width + x) * height + y) * inner);
      }
    }
  }
  return turned;
}

// Each layer of a model, on random inputs.
int WriteModel(uint32_t seed, const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string file((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  const auto network = ReadNetwork(std::move(file));
  if (!network.ok()) {
    std::cerr << network.status() << "\n";
    return 1;
  }
  Writer writer(seed);
  std::cout << "#include \"mve_program.h\"\n";
  for (const Layer& read : network->layers) {
    Layer layer = read;
    const bool narrow = layer.horizontal.output < layer.vertical.output && layer.horizontal.output < 8;
    switch (layer.kind) {
      case LayerKind::kConvolution:
        if (narrow && layer.horizontal.output == 1) layer = Transposed(layer);
        if (layer.taps() == 1 && layer.vertical.stride == 1) {
          layer.horizontal.output = layer.horizontal.input = layer.horizontal.output * layer.vertical.output;
          layer.vertical = {};
        }
        writer.EmitConv(layer, false, false, layer.taps() > 1 && layer.horizontal.filter * layer.input_channels <= 16);
        break;
      case LayerKind::kDepthwise:
        writer.EmitDepthwise(narrow || layer.horizontal.filter == 1 ? Transposed(layer) : layer, false);
        break;
      case LayerKind::kDense:
        writer.EmitFullyConnected(layer, false);
        break;
      case LayerKind::kAdd: {
        const SumOfTwo& sum = layer.sum;
        ContractSum contract;
        contract.zero_a = sum.zero_a;
        contract.zero_b = sum.zero_b;
        contract.a = {sum.mantissa_a, sum.exponent_a};
        contract.b = {sum.mantissa_b, sum.exponent_b};
        contract.sum = {sum.mantissa, sum.exponent};
        contract.output = {layer.output_zero_point, layer.output_min, layer.output_max};
        contract.subtracts = sum.subtracts;
        writer.EmitAdd(contract, static_cast<int>(network->tensors[layer.outputs[0]].bytes));
        break;
      }
      case LayerKind::kAveragePool:
        writer.EmitPool(layer.vertical.input, layer.horizontal.input, network->tensors[layer.inputs[0]].channels, true,
                        {layer.output_zero_point, layer.output_min, layer.output_max});
        break;
      default:
        std::cerr << "left out: " << layer.name << "\n";
    }
  }
  writer.Finish();
  return 0;
}

}  // namespace
}  // namespace mote::compiler

int main(int argc, char** argv) {
  if (argc > 2) return mote::compiler::WriteModel(static_cast<uint32_t>(std::atoi(argv[1])), argv[2]);
  mote::compiler::WriteAll(argc > 1 ? static_cast<uint32_t>(std::atoi(argv[1])) : 1);
  return 0;
}
