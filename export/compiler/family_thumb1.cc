// Kernels for ARMv6-M. All read and write rows as the file has them; padding is put around copies.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "export/compiler/elementwise_use.h"
#include "export/compiler/pack_thumb1.h"
#include "export/compiler/sizes.h"
#include "export/compiler/variant.h"

namespace mote::compiler {
namespace {

bool LeavesInput(const Axis& axis) {
  return axis.padding != 0 || (axis.output - 1) * axis.stride + axis.filter > axis.input;
}

bool LeavesInput(const Layer& layer) { return LeavesInput(layer.vertical) || LeavesInput(layer.horizontal); }

// PaddedRow of the rows that a layer copies; `channels` of its input.
struct Padding {
  int left = 0, input = 0, bytes = 0;
  bool words = false;
};

Padding PaddingOf(const Layer& layer) {
  const Axis& h = layer.horizontal;
  Padding padding;
  padding.left = h.padding * layer.input_channels;
  padding.input = h.input * layer.input_channels;
  const int reach = ((h.output - 1) * h.stride + h.filter) * layer.input_channels;
  padding.bytes = (std::max(reach, padding.left + padding.input) + 3) / 4 * 4;
  padding.words = layer.input_channels % 4 == 0;
  return padding;
}

std::string RowText(const Layer& layer) {
  if (!LeavesInput(layer)) return "{}";
  const Padding padding = PaddingOf(layer);
  const uint32_t fill = static_cast<uint8_t>(layer.input_zero_point) * 0x01010101u;
  return absl::StrCat("{/*left=*/", padding.left, ", /*input=*/", padding.input, ", /*bytes=*/", padding.bytes,
                      ", /*fill=*/", fill, "u, /*words=*/", padding.words ? "true" : "false", "}");
}

std::string RangeText(const Layer& layer) {
  return absl::StrCat("{", layer.output_zero_point, ", ", layer.output_min, ", ", layer.output_max, "}");
}

const char* Text(bool value) { return value ? "true" : "false"; }

// For such a core, int8 codes in, and int8 codes out as the file has them.
bool TakesCodes(const Network& network, const Layer& layer, const Request& request) {
  if (!request.target.core.is_thumb1) return false;
  const Tensor& input = network.tensors[layer.inputs[0]];
  const Tensor& output = network.tensors[layer.outputs[0]];
  return input.type == "int8" && output.type == "int8" && (!request.output || *request.output == Nhwc8(output));
}

// What both kinds of layers have in common.
KernelUse UseOf(const Network& network, const Layer& layer, const Thumb1Codes& codes) {
  KernelUse use;
  use.form = KernelForm::kWindow;
  use.reads = {Nhwc8(network.tensors[layer.inputs[0]])};
  use.writes = Nhwc8(network.tensors[layer.outputs[0]]);
  use.takes_null_rows = true;
  use.constants.push_back({"channels", "uint32_t", 4, codes.channels});
  for (int64_t& word : use.constants.back().values) word &= 0xffffffff;
  if (codes.sums) use.remark = "requantized by the contract's formula: no cheaper one was proved";
  if (LeavesInput(layer)) use.scratch_bytes = int64_t{layer.vertical.filter} * PaddingOf(layer).bytes;
  return use;
}

constexpr int kInstructionsACode = 25, kInstructionsASum = 65;

// What tiles compute, the pixels of tiles that overlap twice. The last one is of two pixels where that will do; of sums
// all are of four, and of fewer pixels than four each is a tile.
int64_t PixelsOfTiles(const Layer& layer, bool in_one_run, bool sums) {
  const int64_t width = int64_t{layer.horizontal.output} * (in_one_run ? layer.vertical.output : 1);
  const int64_t rows = in_one_run ? 1 : layer.vertical.output;
  if (!sums) return rows * (width % 4 == 3 ? width + 1 : (width + 1) / 2 * 2);
  return rows * 4 * (width < 4 ? width : (width + 3) / 4);
}

class ConvolutionThumb1 : public Variant {
 public:
  std::string name() const override { return "conv_2d_thumb1"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (layer.kind != LayerKind::kConvolution || !TakesCodes(network, layer, request)) return std::nullopt;
    if (layer.horizontal.dilation != 1 && layer.horizontal.filter != 1) return std::nullopt;
    const std::optional<Thumb1Weights> weights = PackThumb1Gemm(layer);
    if (!weights) return std::nullopt;
    const Thumb1Codes codes = PackThumb1Codes(layer);
    KernelUse use = UseOf(network, layer, codes);
    use.variant = name();
    use.header = "mcu_runtime/compiled/conv_2d_thumb1.h";
    use.params_type = "mote::compiled::ConvThumb1Params";
    const bool pixels =
        layer.taps() == 1 && layer.vertical.stride == 1 && layer.horizontal.stride == 1 && !LeavesInput(layer);
    use.form = pixels ? KernelForm::kPixels : KernelForm::kWindow;
    use.block_pixels = 4;
    use.function = pixels ? absl::StrCat("mote::compiled::ConvPixelsThumb1<", Text(codes.sums), ">")
                          : absl::StrCat("mote::compiled::ConvRowThumb1<", Text(codes.sums), ", ",
                                         Text(LeavesInput(layer)), ", ", layer.vertical.filter, ">");
    use.constants.push_back({"weights", "int8_t", 4, weights->weights});
    use.constants.push_back({"fours", "uint32_t", 4, weights->fours});
    use.params =
        absl::StrCat("{$weights, $channels, $fours, /*output_channels=*/", layer.output_channels, ", /*filter_rows=*/",
                     layer.vertical.filter, ", /*run=*/", layer.horizontal.filter * layer.input_channels, ", /*taps=*/",
                     weights->taps, ", /*step=*/", layer.horizontal.stride * layer.input_channels, ", /*width=*/",
                     layer.horizontal.output, ", /*right_shift=*/", codes.right_shift, ", /*range=*/", RangeText(layer),
                     ", /*row=*/", RowText(layer), "}");
    use.scratch_bytes += 8 * weights->taps + (codes.sums ? 16 * layer.output_channels : 0);
    const int64_t results = PixelsOfTiles(layer, pixels && !request.streams, codes.sums) * layer.output_channels;
    use.instructions =
        results * weights->taps * 5 / 2 + results * (codes.sums ? kInstructionsASum : kInstructionsACode);
    use.code_bytes = 900;
    return use;
  }
};

class DepthwiseThumb1 : public Variant {
 public:
  std::string name() const override { return "depthwise_conv_2d_thumb1"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (layer.kind != LayerKind::kDepthwise || !TakesCodes(network, layer, request)) return std::nullopt;
    if (layer.horizontal.dilation != 1 && layer.horizontal.filter != 1) return std::nullopt;
    if (layer.input_channels != layer.output_channels || layer.input_channels % 4 != 0) return std::nullopt;
    const Thumb1Codes codes = PackThumb1Codes(layer);
    KernelUse use = UseOf(network, layer, codes);
    use.variant = name();
    use.header = "mcu_runtime/compiled/depthwise_conv_2d_thumb1.h";
    use.params_type = "mote::compiled::DepthwiseThumb1Params";
    const bool is_3x3 = layer.vertical.filter == 3 && layer.horizontal.filter == 3 && !codes.sums;
    use.function = is_3x3 ? absl::StrCat("mote::compiled::Depthwise3x3RowThumb1<", Text(LeavesInput(layer)), ">")
                          : absl::StrCat("mote::compiled::DepthwiseRowThumb1<", Text(codes.sums), ", ",
                                         Text(LeavesInput(layer)), ", ", layer.vertical.filter, ">");
    use.constants.push_back({"weights", "int8_t", 4, PackThumb1Depthwise(layer)});
    use.params = absl::StrCat("{$weights, $channels, /*channel_count=*/", layer.output_channels, ", /*columns=*/",
                              layer.horizontal.filter, ", /*step=*/", layer.horizontal.stride * layer.input_channels,
                              ", /*width=*/", layer.horizontal.output, ", /*right_shift=*/", codes.right_shift,
                              ", /*range=*/", RangeText(layer), ", /*row=*/", RowText(layer), "}");
    const int64_t results = int64_t{layer.vertical.output} * layer.horizontal.output * layer.output_channels;
    use.instructions = layer.macs * 5 + results * (codes.sums ? kInstructionsASum : kInstructionsACode);
    use.code_bytes = 700;
    return use;
  }
};

// What dense layers and pixels have in common.
KernelUse DenseUse(const Network& network, const Layer& layer, const Thumb1Codes& codes, bool wide,
                   const std::string& function) {
  KernelUse use = UseOf(network, layer, codes);
  const int outputs = static_cast<int>(layer.channels.size());
  const int inputs = static_cast<int>(layer.weights.size()) / outputs;
  use.form = KernelForm::kVector;
  use.takes_null_rows = false;
  use.header = "mcu_runtime/compiled/fully_connected_thumb1.h";
  use.params_type = "mote::compiled::DenseThumb1Params";
  use.function = absl::StrCat("mote::compiled::", function, "<", Text(codes.sums), ">");
  const std::string extras = wide ? "/*extras=*/nullptr, /*extra_counts=*/nullptr" : "$extras, $counts";
  use.params = absl::StrCat("{$weights, $channels, ", extras, ", /*inputs=*/", inputs, ", /*outputs=*/", outputs,
                            ", /*right_shift=*/", codes.right_shift, ", /*range=*/", RangeText(layer), "}");
  const int64_t rounded = AlignedUp(outputs, 4);
  use.instructions =
      rounded * inputs * (wide ? 7 : 6) / 2 + rounded * (codes.sums ? kInstructionsASum : kInstructionsACode);
  use.code_bytes = 600;
  return use;
}

constexpr int kMostDenseInputs = (1 << 15) - 1;

// Weights of 8 bits, of one pixel.
std::optional<KernelUse> WideDenseUse(const Network& network, const Layer& layer, const std::string& function) {
  constexpr int kChannelBytes = 12;        // of constants beside the weights
  constexpr int kMostRoundingBytes = 600;  // that outputs in fours may take: less than the plain kernel's code
  const int outputs = static_cast<int>(layer.channels.size()), rounded = static_cast<int>(AlignedUp(outputs, 4));
  const int inputs = static_cast<int>(layer.weights.size()) / outputs;
  if (inputs % 4 != 0 || inputs > kMostDenseInputs) return std::nullopt;
  if ((rounded - outputs) * (inputs + kChannelBytes) > kMostRoundingBytes) return std::nullopt;
  Thumb1Codes codes = PackThumb1Codes(layer, 128);
  codes.channels.resize(static_cast<size_t>(rounded * kChannelBytes / 4));
  KernelUse use = DenseUse(network, layer, codes, true, function);
  use.constants.push_back({"weights", "uint8_t", 4, PackThumb1WideDense(layer)});
  use.scratch_bytes = AlignedUp(inputs, 8);
  return use;
}

class WideDenseThumb1 : public Variant {
 public:
  std::string name() const override { return "fully_connected_wide_thumb1"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (layer.kind != LayerKind::kDense || !TakesCodes(network, layer, request)) return std::nullopt;
    std::optional<KernelUse> use = WideDenseUse(network, layer, "WideDenseThumb1");
    if (use) use->variant = name();
    return use;
  }
};

// Weights of 7 bits, but for a few.
class DenseThumb1 : public Variant {
 public:
  std::string name() const override { return "fully_connected_thumb1"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (layer.kind != LayerKind::kDense || !TakesCodes(network, layer, request)) return std::nullopt;
    const int outputs = static_cast<int>(layer.channels.size());
    const int inputs = static_cast<int>(layer.weights.size()) / outputs;
    if (outputs % 4 != 0 || inputs % 8 != 0 || inputs > kMostDenseInputs) return std::nullopt;
    const std::optional<Thumb1Dense> weights = PackThumb1Dense(layer);
    if (!weights) return std::nullopt;
    KernelUse use = DenseUse(network, layer, PackThumb1Codes(layer, 128), false, "DenseThumb1");
    use.variant = name();
    use.constants.push_back({"weights", "uint8_t", 4, weights->weights});
    use.constants.push_back({"extras", "uint32_t", 4, weights->extras});
    use.constants.push_back({"counts", "uint8_t", 1, weights->extra_counts});
    use.scratch_bytes = 2 * inputs;
    return use;
  }
};

// A filter of one tap, a pixel at a time, where rows that come one by one have too few pixels for a tile.
class ConvolutionPixelThumb1 : public Variant {
 public:
  std::string name() const override { return "conv_2d_pixel_thumb1"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (layer.kind != LayerKind::kConvolution || !TakesCodes(network, layer, request)) return std::nullopt;
    if (!request.streams || layer.taps() != 1) return std::nullopt;
    if (layer.vertical.stride != 1 || layer.horizontal.stride != 1 || LeavesInput(layer)) return std::nullopt;
    if (static_cast<int>(layer.weights.size()) != layer.input_channels * layer.output_channels) return std::nullopt;
    std::optional<KernelUse> use = WideDenseUse(network, layer, "WidePixelsThumb1");
    if (!use) return std::nullopt;
    use->variant = name();
    use->form = KernelForm::kPixels;
    use->instructions *= int64_t{layer.vertical.output} * layer.horizontal.output;
    return use;
  }
};

class AddThumb1 : public Variant {
 public:
  std::string name() const override { return "add_thumb1"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (!request.target.core.is_thumb1) return std::nullopt;
    ProvedSum sum;
    std::optional<KernelUse> use = AddUse(network, layer, request, &sum);
    if (!use || sum.clamps) return std::nullopt;
    use->variant = name();
    use->function = absl::StrCat("mote::compiled::AddThumb1<", sum.shift, ">");
    use->header = "mcu_runtime/compiled/add_thumb1.h";
    use->instructions = network.tensors[layer.outputs[0]].bytes * 24;
    use->code_bytes = 140;
    return use;
  }
};

}  // namespace

void AddThumb1Variants(VariantList* variants) {
  variants->push_back(std::make_unique<ConvolutionThumb1>());
  variants->push_back(std::make_unique<DepthwiseThumb1>());
  variants->push_back(std::make_unique<DenseThumb1>());
  variants->push_back(std::make_unique<WideDenseThumb1>());
  variants->push_back(std::make_unique<ConvolutionPixelThumb1>());
  variants->push_back(std::make_unique<AddThumb1>());
}

}  // namespace mote::compiler
