// QuantizedNetwork to IntegerNetwork: the integers that training computes with, written down.
#include "absl/status/status.h"
#include "quantize/integer_network.h"
#include "quantize/quantized_state.h"
#include "torch/utils.h"

namespace mote {
namespace {

std::vector<int64_t> WithBatch(const Shape& shape) {
  std::vector<int64_t> result{1};
  result.insert(result.end(), shape.begin(), shape.end());
  return result;
}

// Weights as the format orders them: conv [O, kh, kw, I], depthwise [1, kh, kw, O], dense [O, I].
torch::Tensor FileOrder(OperatorKind kind, const torch::Tensor& codes) {
  torch::Tensor ordered = codes;
  if (kind == OperatorKind::kConv2d) ordered = codes.permute({0, 2, 3, 1});
  if (kind == OperatorKind::kDepthwiseConv2d) ordered = codes.permute({1, 2, 3, 0});
  return ordered.to(torch::kInt8).contiguous();
}

}  // namespace

absl::StatusOr<IntegerNetwork> QuantizedNetwork::ToInteger() const {
  torch::NoGradGuard no_grad;
  const LoweredNetwork& lowered = state_->lowered;
  IntegerNetwork network;
  network.name = state_->network.name;
  // Activations first: a tensor's index is its value's.
  for (size_t v = 0; v < lowered.values.size(); ++v) {
    const auto [scale, zero_point] = state_->Quantizer(static_cast<int>(v));
    IntegerTensor tensor;
    tensor.name = lowered.values[v].name;
    tensor.shape = WithBatch(lowered.values[v].shape);
    tensor.scales = {scale};
    tensor.zero_points = {zero_point};
    network.tensors.push_back(std::move(tensor));
  }
  auto constant = [&](IntegerTensor tensor) {
    network.tensors.push_back(std::move(tensor));
    return static_cast<int>(network.tensors.size()) - 1;
  };
  for (size_t i = 0; i < lowered.operators.size(); ++i) {
    const LoweredOperator& from = lowered.operators[i];
    IntegerOperator op;
    op.kind = from.kind;
    op.name = from.name;
    op.inputs = from.inputs;
    op.outputs = {from.output};
    op.activation = from.activation;
    op.padding = from.geometry.padding;
    op.stride = from.geometry.stride;
    op.dilation = from.geometry.dilation;
    op.kernel = from.geometry.kernel;
    op.depth_multiplier = from.kind == OperatorKind::kDepthwiseConv2d
                              ? lowered.values[from.output].shape.back() / lowered.values[from.inputs[0]].shape.back()
                              : 1;
    if (from.kind == OperatorKind::kConcatenation) {
      op.axis = static_cast<int>(lowered.values[from.output].shape.size());
    }
    if (from.has_weights()) {
      const QuantizedWeights weights = state_->Weights(i);
      const float input_scale = state_->Quantizer(from.inputs[0]).scale;
      IntegerTensor weight;
      weight.name = from.name + "/weights";
      weight.data = FileOrder(from.kind, weights.codes);
      weight.shape = weight.data.sizes().vec();
      weight.scales = weights.scales;
      weight.zero_points.assign(weights.scales.size(), 0);
      weight.quantized_dimension = from.kind == OperatorKind::kDepthwiseConv2d ? 3 : 0;
      IntegerTensor bias;
      bias.name = from.name + "/bias";
      bias.type = DataType::kInt32;
      bias.data = torch::tensor(weights.bias, torch::kInt32);
      bias.shape = bias.data.sizes().vec();
      for (float scale : weights.scales) bias.scales.push_back(input_scale * scale);
      bias.zero_points.assign(weights.scales.size(), 0);
      op.inputs.push_back(constant(std::move(weight)));
      op.inputs.push_back(constant(std::move(bias)));
    }
    if (from.kind == OperatorKind::kReshape) {
      const std::vector<int64_t> shape = WithBatch(lowered.values[from.output].shape);
      IntegerTensor target;
      target.name = from.name + "/shape";
      target.type = DataType::kInt32;
      target.data = torch::tensor(std::vector<int32_t>(shape.begin(), shape.end()), torch::kInt32);
      target.shape = {static_cast<int64_t>(shape.size())};
      op.inputs.push_back(constant(std::move(target)));
    }
    network.operators.push_back(std::move(op));
  }
  network.inputs = {0};
  network.outputs = {lowered.output};
  if (absl::Status status = Validate(network); !status.ok()) return status;
  return network;
}

}  // namespace mote
