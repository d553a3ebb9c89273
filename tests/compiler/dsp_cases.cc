// Writes the cases of the kernels for cores with the DSP extension as a C++ source for the device
// (kernel_cases_device.h), to standard output: random layers of given shapes, packed by the compiler, with the bytes
// that the contract asks for.
//   dsp_cases [SEED] [random cases]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "export/compiler/pack_dsp.h"
#include "mcu_runtime/kernels/requantize.h"

namespace mote::compiler {
namespace {

struct Shape {
  std::string name;
  int height, width, channels, outputs;
  int filter_y, filter_x, stride_y, stride_x;
  bool same = true;
  bool relu = true;
  std::string layout = "kNhwc8";
  bool extreme = false;  // weights of -128
  bool pixels = false;   // KernelForm::kPixels: whole image as one run
  int dilation = 1;
  bool exact = false;    // multipliers that no cheap form fits
  bool columns = false;  // rows side by side first
  bool exact_unroll = false;
  bool narrow = false;  // a range of codes that nothing saturates to
  bool image = false;   // planar rows, pixels from row to row
};

constexpr unsigned kPadding = 0x11;  // a byte of it

class Writer {
 public:
  explicit Writer(unsigned seed) : random_(seed) {}

  void Conv(const Shape& s) { Conv(s, RandomLayer(s, s.filter_y * s.filter_x * s.channels)); }
  void Conv(const Shape& s, const Layer& layer) {
    const std::vector<int8_t> input = Codes(s.height * s.width * s.channels);
    const PackedConvDsp packed = PackConvDsp(layer, s.columns ? ConvOrder::kColumns : ConvOrder::kRows);
    const bool image = s.image && packed.requantization.form != RequantizationForm::kTwoRoundings && s.outputs % 2 == 0;
    const std::string k = "Case" + std::to_string(count_);
    const Axis& v = layer.vertical;
    const Axis& h = layer.horizontal;
    Table("int8_t", k + "Input", input);
    Table("uint8_t", k + "Weights", packed.stream);
    const int longest = s.width * s.channels;
    Table("int8_t", k + "Outside", std::vector<int8_t>(longest + 4, static_cast<int8_t>(layer.input_zero_point)));
    const DspRequantization& r = packed.requantization;
    Terms(k, r);
    const bool planar = s.layout != "kNhwc8";
    const int code_bytes = s.layout == "kPlanar16" ? 2 : 1;
    const int left = planar ? code_bytes : 0;
    const int plane = planar ? (h.output + 2 + 3) / 4 * 4 * code_bytes : 0;
    const int row_bytes = planar ? plane * s.outputs : h.output * s.outputs;
    std::vector<uint8_t> expected(row_bytes * v.output, image ? kPadding : 0x55);
    for (int y = 0; y < v.output; ++y) {
      for (int x = 0; x < h.output; ++x) {
        for (int c = 0; c < s.outputs; ++c) {
          int32_t sum = layer.channels[c].bias;
          for (int ky = 0; ky < v.filter; ++ky) {
            for (int kx = 0; kx < h.filter; ++kx) {
              const int iy = y * v.stride - v.padding + ky * v.dilation;
              const int ix = x * h.stride - h.padding + kx * h.dilation;
              if (iy < 0 || iy >= v.input || ix < 0 || ix >= h.input) continue;
              for (int i = 0; i < s.channels; ++i) {
                sum += (input[(iy * s.width + ix) * s.channels + i] - layer.input_zero_point) *
                       layer.weights[((c * v.filter + ky) * h.filter + kx) * s.channels + i];
              }
            }
          }
          const int at = y * row_bytes + (planar ? c * plane + left + x * code_bytes : x * s.outputs + c);
          expected[at] = Code(layer, c, sum);
          if (code_bytes == 2) expected[at + 1] = expected[at] > 127 ? 255 : 0;
        }
      }
    }
    if (r.clamps) ClampPadding(layer, s, &expected);
    Table("uint8_t", k + "Expected", expected);
    const bool whole_rows = h.dilation == 1;
    const char* form = r.form == RequantizationForm::kOneLine    ? "kOneLine"
                       : r.form == RequantizationForm::kTwoLines ? "kTwoLines"
                                                                 : "kSums";
    const int run = s.pixels || image ? h.output * v.output : h.output;
    std::printf(
        "constexpr ConvDspParams k%sParams = {{%d, %d, %d, %d, %d, %d, %d, %d, %d}, %d, %d, %d, %d, %d, %d, %d, "
        "k%sWeights, k%sTerms, {%d, %d, %d}};\n",
        k.c_str(), s.channels, v.filter, h.filter, h.stride, h.dilation, h.padding, h.input, whole_rows ? h.filter : 1,
        layer.input_zero_point, h.output, s.outputs, planar ? plane : s.outputs, left, packed.chunks, r.left_shift,
        r.offset, k.c_str(), k.c_str(), layer.output_zero_point, layer.output_min, layer.output_max);
    const std::string kernel = "ConvDsp<" + (s.exact_unroll ? std::to_string(packed.chunks) : "kUnroll") +
                               ", DspWeights::" + (packed.bytes ? "kBytes" : "kPaired") + ", DspRequantize::" + form +
                               ", DspLayout::" + (image ? "kScattered" + s.layout.substr(7) : s.layout) + ", " +
                               std::to_string(std::max(1, r.right_shift)) + ", " +
                               (run % 3 != 0 && run > 1 ? "true" : "false") + ", " + (run == 1 ? "true" : "false") +
                               (s.exact_unroll ? ", true>" : ">");
    const std::string entry =
        kernel + (s.pixels    ? "::Pixels"
                  : s.columns ? "::Columns<" + std::to_string(v.filter) + ", " + std::to_string(s.channels) + ">"
                              : "::Row");
    const Call call = Clamped(layer, r, s.pixels ? "Pixels" : "Row", {entry, "k" + k + "Params"}, "ConvDspParams",
                              s.pixels ? s.outputs : row_bytes, code_bytes == 2);
    std::printf("void %s(uint8_t* output, uint8_t* scratch) {\n", k.c_str());
    if (image) {
      std::printf(
          "  static constexpr ConvDspImageParams kImage = {k%sParams, %d, %d, 0x%08xu};\n  %s::Image(kImage, "
          "reinterpret_cast<const uint8_t*>(k%sInput), output, scratch);\n",
          k.c_str(), v.output, row_bytes, kPadding * 0x01010101u, kernel.c_str(), k.c_str());
    } else if (s.pixels) {
      std::printf(
          "  const uint8_t* inputs[] = {reinterpret_cast<const uint8_t*>(k%sInput)};\n  %s(%s, inputs, "
          "%d, output, scratch);\n",
          k.c_str(), call.function.c_str(), call.params.c_str(), run);
    } else {
      std::printf(
          "  for (int32_t y = 0; y < %d; ++y) {\n    const uint8_t* rows[%d];\n    for (int32_t i = 0; i < %d; ++i) {\n"
          "      const int32_t row = y * %d - %d + i * %d;\n      rows[i] = reinterpret_cast<const uint8_t*>(row >= 0 "
          "&& "
          "row < %d ? k%sInput + row * %d : k%sOutside);\n    }\n    %s(%s, rows, output + y * %d, "
          "scratch);\n  }\n",
          v.output, v.filter, v.filter, v.stride, v.padding, v.dilation, v.input, k.c_str(), longest, k.c_str(),
          call.function.c_str(), call.params.c_str(), row_bytes);
    }
    std::printf("}\n");
    const int macs = v.output * h.output * s.outputs * static_cast<int>(layer.weights.size() / layer.channels.size());
    Entry(s, k,
          std::string(form) + (packed.bytes ? "/bytes" : "") + (s.columns ? "/columns" : "") + (image ? "/image" : "") +
              (r.clamps ? "/clamped" : ""),
          expected.size(), macs);
  }

  // Planar input of halfwords.
  void DepthwiseWide(const Shape& s) { DepthwiseWide(s, RandomLayer(s, 9)); }
  void DepthwiseWide(const Shape& s, const Layer& layer) {
    const Axis& v = layer.vertical;
    const Axis& h = layer.horizontal;
    const int right = std::max(0, (h.output - 1) * h.stride - h.padding + 3 - h.input);
    const int plane = (h.padding + s.width + right + 1) / 2 * 2;
    const int input_row = plane * s.channels;
    std::vector<int16_t> input(static_cast<size_t>(input_row) * s.height, static_cast<int16_t>(layer.input_zero_point));
    for (int y = 0; y < s.height; ++y) {
      for (int c = 0; c < s.channels; ++c) {
        int16_t* row = &input[y * input_row + c * plane];
        for (int x = 0; x < s.width; ++x) row[h.padding + x] = static_cast<int16_t>(Between(-128, 127));
      }
    }
    const PackedDepthwiseDsp packed = PackDepthwiseWideDsp(layer, ClampOf(s));
    const DspRequantization& r = packed.requantization;
    const std::string k = "Case" + std::to_string(count_);
    Table("int16_t", k + "Input", input);
    Table("uint8_t", k + "Weights", packed.stream);
    Table("int16_t", k + "Outside", std::vector<int16_t>(input_row, static_cast<int16_t>(layer.input_zero_point)));
    Terms(k, r);
    const int code_bytes = s.layout == "kPlanar16" ? 2 : 1;
    const bool planar = s.layout != "kNhwc8";
    const int output_plane = (h.output + 2 + 3) / 4 * 4 * code_bytes;
    const int row_bytes = planar ? output_plane * s.channels : h.output * s.channels;
    std::vector<uint8_t> expected(row_bytes * v.output, 0x55);
    for (int y = 0; y < v.output; ++y) {
      for (int x = 0; x < h.output; ++x) {
        for (int c = 0; c < s.channels; ++c) {
          int32_t sum = layer.channels[c].bias;
          for (int tap = 0; tap < 9; ++tap) {
            const int iy = y * v.stride - v.padding + tap / 3;
            const int ix = x * h.stride + tap % 3;
            if (iy < 0 || iy >= s.height) continue;
            sum += (input[iy * input_row + c * plane + ix] - layer.input_zero_point) * layer.weights[c * 9 + tap];
          }
          const uint8_t code = Code(layer, c, sum);
          uint8_t* at =
              &expected[y * row_bytes + (planar ? c * output_plane + (1 + x) * code_bytes : x * s.channels + c)];
          at[0] = code;
          if (code_bytes == 2) at[1] = code > 127 ? 255 : 0;
        }
      }
    }
    if (r.clamps) ClampPadding(layer, s, &expected);
    Table("uint8_t", k + "Expected", expected);
    const DepthwiseBlocks blocks = ChooseDepthwiseBlocks(h.output, h.stride);
    const bool fixed_plane = plane <= 128 && Between(0, 3) != 0;
    std::printf(
        "constexpr DepthwiseWideDspParams k%sParams = {%d, %d, %d, %d, %d, %d, %d, k%sWeights, k%sTerms, {%d, %d, "
        "%d}};\n",
        k.c_str(), s.channels, 2 * plane, h.output, planar ? code_bytes : s.channels, planar ? output_plane : 1,
        planar ? code_bytes : 0, r.offset, k.c_str(), k.c_str(), layer.output_zero_point, layer.output_min,
        layer.output_max);
    const std::string kernel = "DepthwiseWideDsp<" + std::to_string(blocks.outputs) + ", " +
                               std::to_string(blocks.rest) + ", " + std::to_string(h.stride) + ", " +
                               std::to_string(fixed_plane ? 2 * plane : 0) + ", DspRequantize::" + FormName(r) + ", " +
                               std::to_string(std::max(1, r.right_shift)) + ", " + std::to_string(code_bytes) +
                               ">::Row";
    const Call call =
        Clamped(layer, r, "Row", {kernel, "k" + k + "Params"}, "DepthwiseWideDspParams", row_bytes, code_bytes == 2);
    std::printf(
        "void %s(uint8_t* output, uint8_t* scratch) {\n  for (int32_t y = 0; y < %d; ++y) {\n    const uint8_t* "
        "rows[3];\n    for (int32_t i = 0; i < 3; ++i) {\n      const int32_t row = y * %d - %d + i;\n      rows[i] = "
        "reinterpret_cast<const uint8_t*>(row >= 0 && row < %d ? k%sInput + row * %d : k%sOutside);\n    }\n    "
        "%s(%s, rows, output + y * %d, scratch);\n  }\n}\n",
        k.c_str(), v.output, v.stride, v.padding, s.height, k.c_str(), input_row, k.c_str(), call.function.c_str(),
        call.params.c_str(), row_bytes);
    Entry(s, k, FormName(r) + (fixed_plane ? "/wide/plane" : "/wide") + (r.clamps ? "/clamped" : ""), expected.size(),
          v.output * h.output * s.channels * 9);
  }

  // One row of inputs, read as it stands or made int16 first.
  void Dense(const Shape& s) { Dense(s, RandomLayer(s, s.channels)); }
  void Dense(const Shape& s, const Layer& layer) {
    const int inputs = s.channels;
    std::vector<int8_t> input = Codes(inputs);
    std::vector<uint8_t> expected(s.outputs);
    for (int c = 0; c < s.outputs; ++c) {
      int32_t sum = layer.channels[c].bias;
      for (int i = 0; i < inputs; ++i) sum += (input[i] - layer.input_zero_point) * layer.weights[c * inputs + i];
      expected[c] = Code(layer, c, sum);
    }
    for (int i = 0; i < 8; ++i) input.push_back(static_cast<int8_t>(Between(-128, 127)));  // what no sum may hold
    const PackedDenseDsp packed = PackDenseDsp(layer, ClampOf(s));
    const std::string k = "Case" + std::to_string(count_);
    const DspRequantization& r = packed.requantization;
    Table("int8_t", k + "Input", input);
    Table("uint8_t", k + "Weights", packed.stream);
    Table("uint8_t", k + "Expected", expected);
    Terms(k, r);
    std::printf("constexpr DenseDspParams k%sParams = {%d, %d, %d, %d, k%sWeights, k%sTerms, {%d, %d, %d}};\n",
                k.c_str(), inputs, s.outputs, r.left_shift, r.offset, k.c_str(), k.c_str(), layer.output_zero_point,
                layer.output_min, layer.output_max);
    const std::string form =
        FormName(r) + (packed.bytes ? "/bytes" : "") + (s.pixels ? "/wide" : "") + (r.clamps ? "/clamped" : "");
    const std::string kernel = std::string("DenseDsp<kUnroll, DspWeights::") + (packed.bytes ? "kBytes" : "kPaired") +
                               ", DspRequantize::" + FormName(r) + ", " + (s.pixels ? "true, " : "false, ") +
                               std::to_string(std::max(1, r.right_shift)) + (packed.fours ? ", true" : ", false") +
                               (packed.pair ? ", true" : ", false") + ">::Vector";
    const Call call = Clamped(layer, r, "Vector", {kernel, "k" + k + "Params"}, "DenseDspParams", s.outputs, false);
    std::printf(
        "void %s(uint8_t* output, uint8_t* scratch) {\n  %s(%s, reinterpret_cast<const uint8_t*>(k%sInput), output, "
        "scratch);\n}\n",
        k.c_str(), call.function.c_str(), call.params.c_str(), k.c_str());
    Entry(s, k, form, expected.size(), inputs * s.outputs);
  }

  // Planar input, with a pixel of padding on both sides where the layer has any.
  void Depthwise(const Shape& s) { Depthwise(s, RandomLayer(s, 9)); }
  void Depthwise(const Shape& s, const Layer& layer) {
    const Axis& v = layer.vertical;
    const Axis& h = layer.horizontal;
    const int right = std::max(0, (h.output - 1) * h.stride - h.padding + 3 - h.input);
    const int plane = (h.padding + s.width + right + 3) / 4 * 4;
    const int input_row = plane * s.channels + 4;
    std::vector<int8_t> input(static_cast<size_t>(input_row) * s.height, static_cast<int8_t>(layer.input_zero_point));
    for (int y = 0; y < s.height; ++y) {
      for (int c = 0; c < s.channels; ++c) {
        for (int x = 0; x < s.width; ++x) {
          input[y * input_row + c * plane + h.padding + x] = static_cast<int8_t>(Between(-128, 127));
        }
      }
    }
    const PackedDepthwiseDsp packed = PackDepthwiseDsp(layer);
    const std::string k = "Case" + std::to_string(count_);
    Table("int8_t", k + "Input", input);
    Table("uint8_t", k + "Weights", packed.stream);
    Table("int8_t", k + "Outside", std::vector<int8_t>(input_row, static_cast<int8_t>(layer.input_zero_point)));
    const DspRequantization& r = packed.requantization;
    Terms(k, r);
    const bool planar = s.layout == "kPlanar8";
    const int output_plane = (h.output + 2 + 3) / 4 * 4;
    const int row_bytes = planar ? output_plane * s.channels : h.output * s.channels;
    std::vector<uint8_t> expected(row_bytes * v.output, 0x55);
    for (int y = 0; y < v.output; ++y) {
      for (int x = 0; x < h.output; ++x) {
        for (int c = 0; c < s.channels; ++c) {
          int32_t sum = layer.channels[c].bias;
          for (int tap = 0; tap < 9; ++tap) {
            const int iy = y * v.stride - v.padding + tap / 3;
            const int ix = x * h.stride + tap % 3;
            if (iy < 0 || iy >= s.height) continue;
            sum += (input[iy * input_row + c * plane + ix] - layer.input_zero_point) * layer.weights[c * 9 + tap];
          }
          expected[y * row_bytes + (planar ? c * output_plane + 1 + x : x * s.channels + c)] = Code(layer, c, sum);
        }
      }
    }
    Table("uint8_t", k + "Expected", expected);
    int outputs = 6;
    while (h.output % outputs != 0) --outputs;
    const char* form = r.form == RequantizationForm::kOneLine    ? "kOneLine"
                       : r.form == RequantizationForm::kTwoLines ? "kTwoLines"
                                                                 : "kSums";
    std::printf(
        "constexpr DepthwiseDspParams k%sParams = {%d, %d, %d, %d, %d, %d, %d, %d, k%sWeights, k%sTerms, {%d, %d, "
        "%d}};\n",
        k.c_str(), s.channels, plane, h.output, planar ? 1 : s.channels, planar ? output_plane : 1, planar ? 1 : 0,
        r.left_shift, r.offset, k.c_str(), k.c_str(), layer.output_zero_point, layer.output_min, layer.output_max);
    std::printf(
        "void %s(uint8_t* output, uint8_t* scratch) {\n  for (int32_t y = 0; y < %d; ++y) {\n    const uint8_t* "
        "rows[3];\n    for (int32_t i = 0; i < 3; ++i) {\n      const int32_t row = y * %d - %d + i;\n      rows[i] = "
        "reinterpret_cast<const uint8_t*>(row >= 0 && row < %d ? k%sInput + row * %d : k%sOutside);\n    }\n    "
        "DepthwiseDsp<%d, %d, %d, DspRequantize::%s, %d>::Row(k%sParams, rows, output + y * %d, scratch);\n  }\n}\n",
        k.c_str(), v.output, v.stride, v.padding, s.height, k.c_str(), input_row, k.c_str(), outputs, h.stride,
        outputs == h.output && plane < 256 ? plane : 0, form, std::max(1, r.right_shift), k.c_str(), row_bytes);
    Entry(s, k, form, expected.size(), v.output * h.output * s.channels * 9);
  }

  void Finish() const {
    std::printf("}  // namespace\nconst Case kCases[] = {\n%s};\nconst int32_t kCaseCount = %d;\n}  // namespace\n",
                entries_.c_str(), count_);
  }

  Shape RandomShape() {
    Shape s;
    s.filter_y = Between(1, 4);
    s.filter_x = Between(1, 4);
    s.stride_y = Between(1, 3);
    s.stride_x = Between(1, 3);
    s.dilation = Between(0, 3) == 0 ? 2 : 1;
    s.height = Between((s.filter_y - 1) * s.dilation + 1, 9);
    s.width = Between((s.filter_x - 1) * s.dilation + 1, 12);
    s.channels = Between(0, 2) == 0 ? Between(1, 4) : Between(1, 20);
    s.outputs = Between(1, 18);
    s.same = Between(0, 1) != 0;
    s.relu = Between(0, 1) != 0;
    s.layout = Between(0, 1) != 0 ? "kNhwc8" : "kPlanar8";
    s.extreme = Between(0, 3) == 0;
    s.exact = Between(0, 5) == 0;
    s.exact_unroll = Between(0, 2) == 0;
    s.narrow = Between(0, 4) == 0;
    s.columns = s.channels <= 4 && s.dilation == 1 && Between(0, 3) != 0;
    if (Between(0, 3) == 0) {
      s.filter_y = s.filter_x = s.stride_y = s.stride_x = s.dilation = 1;
      s.columns = false;
      s.pixels = Between(0, 1) != 0;
      if (s.pixels) s.layout = "kNhwc8";
      s.image = s.layout == "kPlanar8" && Between(0, 1) != 0;
    }
    return s;
  }

 private:
  static DspClamp ClampOf(const Shape& s) { return s.narrow ? DspClamp::kAfterwards : DspClamp::kNever; }

  // What the kernel's clamp makes of bytes that no code stands in.
  static void ClampPadding(const Layer& layer, const Shape& s, std::vector<uint8_t>* expected) {
    const bool halves = s.layout == "kPlanar16";
    for (size_t i = 0; i + halves < expected->size(); i += halves ? 2 : 1) {
      uint8_t* code = &(*expected)[i];
      if (code[0] != 0x55 || (halves && code[1] != 0x55)) continue;
      code[0] = static_cast<uint8_t>(std::clamp(halves ? 0x5555 : 0x55, layer.output_min, layer.output_max));
      if (halves) code[1] = code[0] > 127 ? 255 : 0;
    }
  }

  struct Call {
    std::string function, params;
  };
  // The call, or one that clamps what it computes.
  static Call Clamped(const Layer& layer, const DspRequantization& r, const std::string& form, const Call& call,
                      const std::string& params_type, int count, bool halves) {
    if (!r.clamps) return call;
    const auto word = [halves](int code) {
      return halves ? 0x10001u * static_cast<uint16_t>(code) : 0x1010101u * static_cast<uint8_t>(code);
    };
    std::printf("constexpr ClampedDspParams<%s> %sClamped = {%s, %d, 0x%08xu, 0x%08xu};\n", params_type.c_str(),
                call.params.c_str(), call.params.c_str(), count, word(layer.output_min), word(layer.output_max));
    return {"Clamped" + form + "<" + call.function + ", " + params_type + (halves ? ", true>" : ">"),
            call.params + "Clamped"};
  }

  static std::string FormName(const DspRequantization& r) {
    if (r.form == RequantizationForm::kOneLine) return "kOneLine";
    return r.form == RequantizationForm::kTwoLines ? "kTwoLines" : "kSums";
  }

  int Between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  std::vector<int8_t> Codes(int count) {
    std::vector<int8_t> codes(count);
    for (int8_t& code : codes) code = static_cast<int8_t>(Between(-128, 127));
    return codes;
  }

  static Axis MakeAxis(int input, int filter, int stride, int dilation, bool same) {
    Axis axis;
    axis.input = input;
    axis.filter = filter;
    axis.stride = stride;
    axis.dilation = dilation;
    const int reach = (filter - 1) * dilation + 1;
    axis.output = same ? (input + stride - 1) / stride : (input - reach) / stride + 1;
    axis.padding = same ? std::max(0, (axis.output - 1) * stride + reach - input) / 2 : 0;
    return axis;
  }

  Layer RandomLayer(const Shape& s, int taps) {
    Layer layer;
    layer.vertical = MakeAxis(s.height, s.filter_y, s.stride_y, s.dilation, s.same);
    layer.horizontal = MakeAxis(s.width, s.filter_x, s.stride_x, s.dilation, s.same);
    layer.input_channels = s.channels;
    layer.output_channels = s.outputs;
    layer.input_zero_point = Between(-128, 127);
    layer.output_zero_point = s.relu ? -128 : Between(-60, 60);
    if (s.narrow) {
      layer.output_min = layer.output_zero_point = Between(-100, 0);
      layer.output_max = Between(30, 127);
    }
    layer.weights.resize(static_cast<size_t>(s.outputs) * taps);
    for (int8_t& weight : layer.weights) weight = static_cast<int8_t>(Between(s.extreme ? -128 : -127, 127));
    for (int c = 0; c < s.outputs; ++c) {
      OutputChannel channel;
      channel.bias = Between(-8000, 8000);
      const double slope = (s.exact ? 1 : 60) / (std::sqrt(taps) * 74 * 73) * std::exp2(Between(-100, 100) / 100.0);
      int exponent;
      channel.mantissa = static_cast<int32_t>(std::frexp(slope, &exponent) * std::exp2(31.0));
      channel.exponent = exponent;
      if (s.exact && c % 2 == 0) channel.exponent = 0, channel.mantissa = (1 << 30) + Between(0, 3);
      layer.channels.push_back(channel);
    }
    return layer;
  }

  static uint8_t Code(const Layer& layer, int c, int32_t sum) {
    const OutputChannel& channel = layer.channels[c];
    return static_cast<uint8_t>(device::RequantizeToInt8(
        sum, {channel.mantissa, channel.exponent}, {layer.output_zero_point, layer.output_min, layer.output_max}));
  }

  template <typename T>
  static void Table(const std::string& type, const std::string& name, const std::vector<T>& values) {
    std::printf("alignas(4) constexpr %s k%s[] = {", type.c_str(), name.c_str());
    for (const T value : values) std::printf("%d,", static_cast<int>(value));
    std::printf("};\n");
  }

  static void Terms(const std::string& k, const DspRequantization& r) {
    std::printf("constexpr mote::device::ChannelTerms k%sTerms[] = {", k.c_str());
    for (const device::ChannelTerms& t : r.terms)
      std::printf("{%d, {%d, %d}},", t.bias, t.multiplier.mantissa, t.multiplier.exponent);
    std::printf("};\n");
  }

  void Entry(const Shape& s, const std::string& k, const std::string& how, size_t bytes, int macs) {
    char name[200];
    std::snprintf(name, sizeof(name), "%s %dx%dx%d->%d %dx%d/%d %s%s", s.name.c_str(), s.height, s.width, s.channels,
                  s.outputs, s.filter_y, s.filter_x, s.stride_x, (s.layout + "/" + how).c_str(),
                  s.pixels ? "/run" : "");
    entries_ += "  {\"" + std::string(name) + "\", " + k + ", k" + k + "Expected, " + std::to_string(bytes) + ", " +
                std::to_string(macs) + "},\n";
    ++count_;
  }

  std::mt19937 random_;
  std::string entries_;
  int count_ = 0;
};

const Shape kConvolutions[] = {
    {"conv", 5, 5, 64, 64, 1, 1, 1, 1, true, true, "kPlanar8"},
    {"conv", 25, 5, 64, 64, 1, 1, 1, 1, true, true, "kNhwc8", false, true},
    {"conv", 25, 5, 64, 64, 1, 1, 1, 1, true, true, "kPlanar16", false, false, 1, false, false, true, true},
    {"conv", 49, 10, 1, 64, 10, 4, 2, 2, true, true, "kPlanar8"},
    {"conv", 49, 10, 1, 64, 10, 4, 2, 2, true, true, "kPlanar8", false, false, 1, false, true},
    {"conv", 24, 96, 3, 8, 3, 3, 2, 2, true, true, "kPlanar8"},
    {"conv", 24, 96, 3, 8, 3, 3, 2, 2, true, true, "kPlanar8", false, false, 1, false, true},
    {"conv", 6, 48, 8, 16, 1, 1, 1, 1, true, true, "kPlanar8"},
    {"conv", 6, 24, 16, 32, 1, 1, 1, 1, true, true, "kPlanar8"},
    {"conv", 6, 24, 32, 32, 1, 1, 1, 1, true, true, "kPlanar8"},
    {"conv", 3, 6, 128, 128, 1, 1, 1, 1, true, true, "kPlanar8"},
    {"conv", 3, 3, 256, 256, 1, 1, 1, 1, true, true, "kPlanar8"},
    {"conv", 8, 32, 3, 16, 3, 3, 1, 1},
    {"conv", 8, 32, 3, 16, 3, 3, 1, 1, true, true, "kNhwc8", false, false, 1, false, true},
    {"conv", 8, 32, 16, 16, 3, 3, 1, 1},
    {"conv", 8, 32, 16, 16, 3, 3, 1, 1, true, false},
    {"conv", 8, 32, 16, 32, 3, 3, 2, 2},
    {"conv", 8, 16, 32, 32, 3, 3, 1, 1},
    {"conv", 8, 8, 64, 64, 3, 3, 1, 1, true, false},
    {"conv", 8, 16, 32, 64, 1, 1, 2, 2, true, false},
    {"conv", 28, 1, 40, 128, 1, 1, 1, 1, true, true, "kNhwc8", false, true},
    {"conv", 15, 1, 128, 128, 1, 1, 1, 1, true, true, "kNhwc8", false, true},
    {"dense", 1, 1, 640, 128, 1, 1, 1, 1, true, true, "kNhwc8", false, true},
};

const Shape kDense[] = {
    {"dense", 1, 1, 640, 128, 1, 1, 1, 1, true, true, "kNhwc8", false, true},
    {"dense", 1, 1, 128, 128, 1, 1, 1, 1, true, true, "kNhwc8", false, true},
    {"dense", 1, 1, 128, 128, 1, 1, 1, 1},
    {"dense", 1, 1, 128, 8, 1, 1, 1, 1, true, true, "kNhwc8", false, true},
    {"dense", 1, 1, 8, 128, 1, 1, 1, 1, true, true, "kNhwc8", false, true},
    {"dense", 1, 1, 128, 640, 1, 1, 1, 1, true, false, "kNhwc8", false, true},
    {"dense", 1, 1, 64, 12, 1, 1, 1, 1, true, false},
    {"dense", 1, 1, 64, 10, 1, 1, 1, 1, true, false},
    {"dense", 1, 1, 256, 2, 1, 1, 1, 1, true, false},
};

const Shape kDepthwise[] = {
    {"depthwise", 25, 5, 64, 64, 3, 3, 1, 1},
    {"depthwise", 6, 48, 8, 8, 3, 3, 1, 1},
    {"depthwise", 12, 24, 32, 32, 3, 3, 1, 1},
    {"depthwise", 6, 48, 16, 16, 3, 3, 2, 2},
    {"depthwise", 6, 24, 32, 32, 3, 3, 2, 2},
    {"depthwise", 12, 12, 64, 64, 3, 3, 1, 1},
    {"depthwise", 12, 12, 64, 64, 3, 3, 2, 2},
    {"depthwise", 6, 6, 128, 128, 3, 3, 1, 1},
    {"depthwise", 6, 6, 128, 128, 3, 3, 2, 2},
    {"depthwise", 3, 3, 256, 256, 3, 3, 1, 1},
    {"depthwise", 3, 3, 256, 256, 3, 3, 1, 1, true, false},
    {"depthwise", 6, 6, 16, 16, 3, 3, 1, 1, true, false, "kPlanar8"},
};

}  // namespace
}  // namespace mote::compiler

int main(int argc, char** argv) {
  using namespace mote::compiler;
  std::printf(
      "#include \"mcu_runtime/compiled/clamped_dsp.h\"\n"
      "#include \"mcu_runtime/compiled/conv_2d_dsp.h\"\n"
      "#include \"mcu_runtime/compiled/depthwise_conv_2d_dsp.h\"\n"
      "#include \"mcu_runtime/compiled/depthwise_conv_2d_wide_dsp.h\"\n"
      "#include \"mcu_runtime/compiled/fully_connected_dsp.h\"\n"
      "#include \"tests/compiler/kernel_cases_device.h\"\n"
      "namespace mote::kernel_cases {\nusing namespace mote::compiled;\nnamespace {\nconstexpr int kUnroll = 8;\n");
  Writer writer(argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 1);
  const int random_cases = argc > 2 ? std::atoi(argv[2]) : 0;
  if (random_cases == 0) {
    for (const Shape& shape : kConvolutions) writer.Conv(shape);
    for (const Shape& shape : kDense) writer.Dense(shape);
    for (const Shape& shape : kDepthwise) {
      writer.Depthwise(shape);
      writer.DepthwiseWide(shape);
    }
  }
  for (int i = 0; i < random_cases; ++i) {
    Shape shape = writer.RandomShape();
    shape.name = "random" + std::to_string(i);
    if (i % 4 == 1) {
      shape.channels *= shape.stride_y * shape.height;
      shape.pixels = shape.stride_x != 1;
      writer.Dense(shape);
      continue;
    }
    if (i % 3 != 0) {
      if (shape.layout == "kPlanar8" && shape.channels % 2 != 0) shape.layout = "kPlanar16";
      writer.Conv(shape);
      continue;
    }
    shape.outputs = shape.channels;
    shape.filter_y = shape.filter_x = 3;
    shape.stride_x = shape.stride_y = 1 + shape.stride_x % 2;
    shape.dilation = 1;
    shape.pixels = false;
    shape.height += 3;
    shape.width += 3;
    if (i % 2 == 0) {
      writer.Depthwise(shape);
    } else {
      if (shape.channels % 2 != 0 && shape.layout == "kPlanar8") shape.layout = "kPlanar16";
      writer.DepthwiseWide(shape);
    }
  }
  writer.Finish();
}
