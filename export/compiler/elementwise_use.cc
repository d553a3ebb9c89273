#include "export/compiler/elementwise_use.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace mote::compiler {
namespace {

bool CoversAll(const Axis& axis) {
  return axis.output == 1 && axis.padding >= 0 && axis.filter - axis.padding >= axis.input;
}

std::optional<KernelUse> Int8Use(const Network& network, const Layer& layer, const Request& request) {
  const Tensor& output = network.tensors[layer.outputs[0]];
  if (request.output && *request.output != Nhwc8(output)) return std::nullopt;
  KernelUse use;
  for (const int input : layer.inputs) use.reads.push_back(Nhwc8(network.tensors[input]));
  use.writes = Nhwc8(output);
  return use;
}

}  // namespace

std::optional<ContractSum> ContractOfAdd(const Layer& layer) {
  if (layer.kind != LayerKind::kAdd || layer.sum.left_shift != 20) return std::nullopt;
  const SumOfTwo& sum = layer.sum;
  ContractSum contract;
  contract.zero_a = sum.zero_a;
  contract.zero_b = sum.zero_b;
  contract.a = {sum.mantissa_a, sum.exponent_a};
  contract.b = {sum.mantissa_b, sum.exponent_b};
  contract.sum = {sum.mantissa, sum.exponent};
  contract.output = {layer.output_zero_point, layer.output_min, layer.output_max};
  contract.subtracts = sum.subtracts;
  return contract;
}

std::optional<KernelUse> AddUse(const Network& network, const Layer& layer, const Request& request, ProvedSum* sum) {
  const std::optional<ContractSum> contract = ContractOfAdd(layer);
  if (!contract) return std::nullopt;
  std::optional<KernelUse> use = Int8Use(network, layer, request);
  if (!use) return std::nullopt;
  const std::optional<ProvedSum> found = FindSum(*contract);
  if (!found) return std::nullopt;
  *sum = *found;
  use->form = KernelForm::kPixels;
  use->in_place = true;
  use->params_type = "mote::compiled::AddParams";
  use->params = absl::StrCat("{/*channels=*/", network.tensors[layer.outputs[0]].channels, ", /*a=*/", sum->a,
                             ", /*b=*/", sum->b, ", /*offset=*/", sum->offset, ", /*min=*/", layer.output_min + 128,
                             ", /*max=*/", layer.output_max + 128, "}");
  return use;
}

bool IsGlobalPool(const Layer& layer) { return CoversAll(layer.vertical) && CoversAll(layer.horizontal); }

int64_t PoolElements(const Layer& layer) {
  return int64_t{std::min(layer.vertical.filter, layer.vertical.input)} *
         std::min(layer.horizontal.filter, layer.horizontal.input);
}

std::optional<KernelUse> PoolRowUse(const Network& network, const Layer& layer, const Request& request) {
  std::optional<KernelUse> use = Int8Use(network, layer, request);
  if (!use) return std::nullopt;
  const Axis& h = layer.horizontal;
  use->form = KernelForm::kWindow;
  use->takes_null_rows = true;
  use->params_type = "mote::compiled::PoolRowParams";
  use->params =
      absl::StrCat("{/*channels=*/", layer.output_channels, ", /*filter_rows=*/", layer.vertical.filter,
                   ", /*horizontal=*/{", h.input, ", ", h.output, ", ", h.filter, ", ", h.stride, ", ", h.dilation,
                   ", ", h.padding, "}, /*min=*/", layer.output_min, ", /*max=*/", layer.output_max, "}");
  return use;
}

std::optional<KernelUse> GlobalUse(const Network& network, const Layer& layer, const Request& request) {
  const bool is_mean = layer.kind == LayerKind::kMean;
  if (!is_mean && (layer.kind != LayerKind::kAveragePool || !IsGlobalPool(layer))) return std::nullopt;
  std::optional<KernelUse> use = Int8Use(network, layer, request);
  if (!use) return std::nullopt;
  use->form = KernelForm::kFold;
  const std::string image = absl::StrCat("{/*channels=*/", layer.output_channels, ", /*width=*/",
                                         layer.horizontal.input, ", /*height=*/", layer.vertical.input);
  if (is_mean) {
    const OutputChannel& channel = layer.channels[0];
    use->params_type = "mote::compiled::GlobalSumParams";
    use->params = absl::StrCat(image, ", /*sum=*/{/*zero_points=*/", -channel.bias, ", /*multiplier=*/{",
                               channel.mantissa, ", ", channel.exponent, "}, /*output=*/{", layer.output_zero_point,
                               ", ", layer.output_min, ", ", layer.output_max, "}}}");
  } else {
    use->params_type = "mote::compiled::GlobalPoolParams";
    use->params = absl::StrCat(image, ", /*min=*/", layer.output_min, ", /*max=*/", layer.output_max, "}");
  }
  return use;
}

std::string GlobalFunction(const std::string& kernel, const Layer& layer) {
  const std::string what = layer.kind == LayerKind::kMean ? "Sum" : "Average";
  const std::string params = layer.kind == LayerKind::kMean ? "Sum" : "Pool";
  return absl::StrCat("mote::compiled::", kernel, "<mote::compiled::Global", what, ", mote::compiled::Global", params,
                      "Params>");
}

}  // namespace mote::compiler
