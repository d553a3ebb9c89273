// Variants that run on any core: convolutions and pools by rows, ADD, SUB, and operators that are tables.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "export/compiler/elementwise_use.h"
#include "export/compiler/variant.h"

namespace mote::compiler {
namespace {

std::string WindowText(const Axis& axis, int output) {
  return absl::StrCat("{/*input=*/", axis.input, ", /*output=*/", output, ", /*filter=*/", axis.filter, ", /*stride=*/",
                      axis.stride, ", /*dilation=*/", axis.dilation, ", /*padding=*/", axis.padding, "}");
}

// device::ConvolutionParams of one row, or of a run of `pixels`.
std::string LayerText(const Layer& layer, bool depthwise, int64_t pixels) {
  return absl::StrCat("{/*batches=*/1, /*input_channels=*/", layer.input_channels, ", /*filter_channels=*/",
                      depthwise ? 1 : layer.input_channels, ", /*output_channels=*/", layer.output_channels,
                      ", /*vertical=*/", WindowText(layer.vertical, 1), ", /*horizontal=*/",
                      WindowText(layer.horizontal, static_cast<int>(pixels)), ", /*input_zero_point=*/",
                      layer.input_zero_point, ", /*output=*/{", layer.output_zero_point, ", ", layer.output_min, ", ",
                      layer.output_max, "}}");
}

bool IsRowConvolution(const Network& network, const Layer& layer, LayerKind kind, const Request& request) {
  if (request.target.is(Optimize::kSize)) return false;  // the plain kernels are less code
  const Tensor& output = network.tensors[layer.outputs[0]];
  return layer.kind == kind && network.tensors[layer.inputs[0]].type == "int8" && output.type == "int8" &&
         (!request.output || *request.output == Nhwc8(output));
}

// What both kinds of convolutions have in common. `folded`: the zero point's share of sums is in their biases.
KernelUse RowConvolutionUse(const Network& network, const Layer& layer, bool folded) {
  KernelUse use;
  use.form = KernelForm::kWindow;
  use.reads = {Nhwc8(network.tensors[layer.inputs[0]])};
  use.writes = Nhwc8(network.tensors[layer.outputs[0]]);
  use.takes_null_rows = true;
  use.code_bytes = 700;
  const size_t taps = layer.weights.size() / layer.channels.size();
  Constant terms = {"terms", "mote::device::ChannelTerms", 4, {}, "{$, {$, $}}"};
  for (size_t c = 0; c < layer.channels.size(); ++c) {
    const OutputChannel& channel = layer.channels[c];
    int64_t sum = 0;
    for (size_t k = 0; k < taps; ++k) sum += layer.weights[c * taps + k];
    const int64_t bias = channel.bias - (folded ? sum * layer.input_zero_point : 0);
    terms.values.insert(terms.values.end(),
                        {static_cast<int32_t>(static_cast<uint32_t>(bias)), channel.mantissa, channel.exponent});
  }
  use.constants.push_back(std::move(terms));
  return use;
}

class ConvRows : public Variant {
 public:
  std::string name() const override { return "conv_2d_rows"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (!IsRowConvolution(network, layer, LayerKind::kConvolution, request)) return std::nullopt;
    const Axis& v = layer.vertical;
    const Axis& h = layer.horizontal;
    const bool one_tap = layer.taps() == 1;
    if (one_tap && (v.padding != 0 || h.padding != 0)) return std::nullopt;  // its pixels are not gathered
    const bool pixels = one_tap && v.stride == 1 && h.stride == 1 && v.input == v.output && h.input == h.output;
    const int64_t run = int64_t{h.output} * (pixels ? v.output : 1);
    KernelUse use = RowConvolutionUse(network, layer, true);
    use.variant = name();
    use.header = "mcu_runtime/compiled/conv_2d_rows.h";
    use.params_type = "mote::compiled::ConvRowsParams";
    use.params = absl::StrCat("{", LayerText(layer, false, run), ", $weights, $terms}");
    Constant weights = {"weights", "int8_t", 4, {}, {}};
    weights.values.assign(layer.weights.begin(), layer.weights.end());
    use.constants.push_back(std::move(weights));
    use.in_place = pixels && layer.output_channels <= layer.input_channels;
    use.form = pixels ? KernelForm::kPixels : KernelForm::kWindow;
    use.block_pixels = 4;  // where pixels are packed; else fewer
    use.reads_block_again = true;
    use.function = !pixels        ? "mote::compiled::ConvRow"
                   : use.in_place ? "mote::compiled::ConvPixels<true>"
                                  : "mote::compiled::ConvPixels<false>";
    const bool packs = request.target.core.is_thumb1;
    use.scratch_bytes = ScratchBytes(layer, run, use.in_place, packs);
    const int64_t elements = network.tensors[layer.outputs[0]].bytes;
    use.instructions = (packs ? layer.macs * 11 / 2 + 70 * elements : 4 * layer.macs + 40 * elements) + 20 * v.output;
    return use;
  }

 private:
  static int64_t ScratchBytes(const Layer& layer, int64_t run, bool in_place, bool packs) {
    const int64_t products = int64_t{layer.taps()} * layer.input_channels;
    const int64_t tile = packs ? 4 : 2;
    const int64_t packed = packs && run >= tile ? 8 * std::min<int64_t>(products, 64) : 0;
    const int64_t pixels = run < tile ? 1 : tile;
    return packed + pixels * ((layer.taps() == 1 ? 0 : products) + (in_place ? layer.output_channels : 0));
  }
};

class DepthwiseRows : public Variant {
 public:
  std::string name() const override { return "depthwise_conv_2d_rows"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (!IsRowConvolution(network, layer, LayerKind::kDepthwise, request)) return std::nullopt;
    KernelUse use = RowConvolutionUse(network, layer, false);
    use.variant = name();
    use.header = "mcu_runtime/compiled/depthwise_conv_2d_rows.h";
    use.params_type = "mote::compiled::DepthwiseRowsParams";
    use.function = "mote::compiled::DepthwiseRow";
    use.params = absl::StrCat("{", LayerText(layer, true, layer.horizontal.output), ", $weights, $terms}");
    Constant weights = {"weights", "int8_t", 4, {}, {}};
    for (int k = 0; k < layer.taps(); ++k) {
      for (int c = 0; c < layer.output_channels; ++c) weights.values.push_back(layer.weights[c * layer.taps() + k]);
    }
    use.constants.push_back(std::move(weights));
    // A product as measured: eight registers are few.
    const int64_t product = request.target.core.is_thumb1 ? 24 : 11;
    use.instructions = product * layer.macs + 40 * network.tensors[layer.outputs[0]].bytes + 20 * layer.vertical.output;
    return use;
  }
};

class TableVariant : public Variant {
 public:
  std::string name() const override { return "table"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (layer.kind != LayerKind::kTable) return std::nullopt;
    const Tensor& input = network.tensors[layer.inputs[0]];
    const Tensor& output = network.tensors[layer.outputs[0]];
    if (request.output && *request.output != Nhwc8(output)) return std::nullopt;
    KernelUse use;
    use.variant = name();
    use.form = KernelForm::kPixels;
    use.function = "mote::compiled::LookUp";
    use.header = "mcu_runtime/compiled/table.h";
    use.params_type = "mote::compiled::TableParams";
    use.params = absl::StrCat("{/*results=*/$results, /*channels=*/", output.channels, "}");
    Constant results = {"results", "uint8_t", 4, {}};
    for (const int8_t code : layer.table) results.values.push_back(static_cast<uint8_t>(code));
    use.constants = {results};
    use.reads = {Nhwc8(input)};
    use.writes = Nhwc8(output);
    use.in_place = true;
    use.instructions = 9 * output.bytes / 2;
    use.code_bytes = 80;
    return use;
  }
};

class SoftmaxTable : public Variant {
 public:
  std::string name() const override { return "softmax_table"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (layer.kind != LayerKind::kSoftmax || layer.input_channels > kMostDepth) return std::nullopt;
    const Tensor& output = network.tensors[layer.outputs[0]];
    if (request.output && *request.output != Nhwc8(output)) return std::nullopt;
    KernelUse use;
    use.variant = name();
    use.form = KernelForm::kPixels;
    use.function = "mote::compiled::Softmax";
    use.header = "mcu_runtime/compiled/softmax.h";
    use.params_type = "mote::compiled::SoftmaxParams";
    use.params = absl::StrCat("{/*terms=*/$terms, /*count=*/", layer.exponentials.size(), ", /*depth=*/",
                              layer.input_channels, "}");
    use.constants = {{"terms", "int32_t", 4, {layer.exponentials.begin(), layer.exponentials.end()}}};
    use.reads = {Nhwc8(network.tensors[layer.inputs[0]])};
    use.writes = Nhwc8(output);
    use.in_place = true;
    use.instructions = 30 * output.bytes;
    use.code_bytes = 200;
    return use;
  }

 private:
  static constexpr int kMostDepth = 511;
};

class AddPortable : public Variant {
 public:
  std::string name() const override { return "add"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    ProvedSum sum;
    std::optional<KernelUse> use = AddUse(network, layer, request, &sum);
    if (!use) return std::nullopt;
    use->variant = name();
    use->function = absl::StrCat("mote::compiled::Add<", sum.shift, ">");
    use->header = "mcu_runtime/compiled/add.h";
    use->instructions = network.tensors[layer.outputs[0]].bytes * (request.target.core.is_thumb1 ? 41 : 20);
    use->code_bytes = 100;
    return use;
  }
};

class PoolRows : public Variant {
 public:
  std::string name() const override { return "pool_rows"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    const bool average = layer.kind == LayerKind::kAveragePool;
    if (!average && layer.kind != LayerKind::kMaxPool) return std::nullopt;
    std::optional<KernelUse> use = PoolRowUse(network, layer, request);
    if (!use) return std::nullopt;
    use->variant = name();
    use->function = average ? "mote::compiled::PoolRow<mote::device::AverageOfInt8>"
                            : "mote::compiled::PoolRow<mote::device::MaximumOf>";
    use->header = "mcu_runtime/compiled/pool_2d.h";
    use->instructions = network.tensors[layer.outputs[0]].bytes * (5 * PoolElements(layer) + 12);
    use->code_bytes = 400;
    return use;
  }
};

class GlobalRows : public Variant {
 public:
  std::string name() const override { return "global_rows"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    std::optional<KernelUse> use = GlobalUse(network, layer, request);
    if (!use) return std::nullopt;
    use->variant = name();
    use->function = GlobalFunction("GlobalRow", layer);
    use->header = "mcu_runtime/compiled/pool_2d.h";
    use->state_bytes = int64_t{4} * layer.output_channels;
    use->instructions = network.tensors[layer.inputs[0]].bytes * 4 + 12 * layer.output_channels;
    use->code_bytes = 300;
    return use;
  }
};

}  // namespace

void AddPortableVariants(VariantList* variants) {
  variants->push_back(std::make_unique<ConvRows>());
  variants->push_back(std::make_unique<DepthwiseRows>());
  variants->push_back(std::make_unique<TableVariant>());
  variants->push_back(std::make_unique<SoftmaxTable>());
  variants->push_back(std::make_unique<AddPortable>());
  variants->push_back(std::make_unique<PoolRows>());
  variants->push_back(std::make_unique<GlobalRows>());
}

}  // namespace mote::compiler
