// Runs an IntegerNetwork on whole batches, with the operators that training uses.
#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "quantize/integer_network.h"
#include "quantize/integer_ops.h"
#include "torch/utils.h"

namespace mote {
namespace {

struct Scaled {
  float scale;
  int32_t zero_point;
};

Scaled QuantizerOf(const IntegerTensor& tensor) {
  return {tensor.scales[0], static_cast<int32_t>(tensor.zero_points[0])};
}

// The operator's constants in the form that the passes take, made once for all batches.
struct Prepared {
  torch::Tensor weight;
  Requantization end;
  Layer geometry;
  CodeRange centred;
  double largest_input = 255;
};

torch::Tensor TrainingOrder(OperatorKind kind, const torch::Tensor& data) {
  const torch::Tensor weight = data.to(torch::kFloat32);
  if (kind == OperatorKind::kConv2d) {
    return weight.permute({0, 3, 1, 2}).contiguous(torch::MemoryFormat::ChannelsLast);
  }
  if (kind == OperatorKind::kDepthwiseConv2d) return weight.permute({3, 0, 1, 2}).contiguous();
  return weight.contiguous();
}

Prepared Prepare(const IntegerNetwork& network, const IntegerOperator& op) {
  Prepared prepared;
  const IntegerTensor& output = network.tensors[op.outputs[0]];
  const Scaled in = QuantizerOf(network.tensors[op.inputs[0]]), out = QuantizerOf(output);
  const Activation activation = op.kind == OperatorKind::kRelu    ? Activation::kRelu
                                : op.kind == OperatorKind::kRelu6 ? Activation::kRelu6
                                                                  : op.activation;
  const CodeRange range = ActivationRange(activation, out.scale, out.zero_point);
  prepared.centred = {range.low - out.zero_point, range.high - out.zero_point};
  prepared.end.low = prepared.centred.low;
  prepared.end.high = prepared.centred.high;
  prepared.geometry.kernel = op.kernel;
  prepared.geometry.stride = op.stride;
  prepared.geometry.dilation = op.dilation;
  prepared.geometry.padding = op.padding;
  prepared.largest_input = std::max(127 - in.zero_point, in.zero_point + 128);
  const int64_t channels = output.shape.back();
  switch (op.kind) {
    case OperatorKind::kConv2d:
    case OperatorKind::kDepthwiseConv2d:
    case OperatorKind::kFullyConnected: {
      const IntegerTensor& weight = network.tensors[op.inputs[1]];
      const int bias = op.inputs.size() > 2 ? op.inputs[2] : -1;
      prepared.weight = TrainingOrder(op.kind, weight.data);
      if (prepared.weight.dim() == 4) prepared.geometry.kernel = {prepared.weight.size(2), prepared.weight.size(3)};
      const int32_t* codes = bias >= 0 ? network.tensors[bias].data.data_ptr<int32_t>() : nullptr;
      for (int64_t c = 0; c < channels; ++c) {
        const float scale = weight.scales[weight.scales.size() == 1 ? 0 : static_cast<size_t>(c)];
        prepared.end.Add(codes != nullptr ? codes[c] : 0, ScaleMultiplier(in.scale, scale, out.scale));
      }
      break;
    }
    case OperatorKind::kRelu:
    case OperatorKind::kRelu6:
      for (int64_t c = 0; c < channels; ++c) prepared.end.Add(0, ScaleMultiplier(in.scale, out.scale));
      break;
    default:
      // Convolutions have their window from the weights; pools from the options.
      prepared.geometry.dilation = {1, 1};
  }
  return prepared;
}

torch::Tensor RunOperator(const IntegerNetwork& network, const IntegerOperator& op, const Prepared& prepared,
                          const std::vector<torch::Tensor>& values) {
  const torch::Tensor& x = values[op.inputs[0]];
  const Scaled in = QuantizerOf(network.tensors[op.inputs[0]]);
  const IntegerTensor& output = network.tensors[op.outputs[0]];
  switch (op.kind) {
    case OperatorKind::kConv2d:
    case OperatorKind::kDepthwiseConv2d:
      return Requantize(ConvolutionSums(x, prepared.weight, prepared.geometry,
                                        op.kind == OperatorKind::kConv2d ? 1 : x.size(1), prepared.largest_input),
                        prepared.end, nullptr);
    case OperatorKind::kFullyConnected: {
      // Leading dimensions are rows; the format's order is NHWC.
      const torch::Tensor rows = ToChannelsLast(x).reshape({x.size(0), -1, prepared.weight.size(1)});
      torch::Tensor y =
          Requantize(DenseSums(rows.flatten(0, 1), prepared.weight, prepared.largest_input), prepared.end, nullptr);
      std::vector<int64_t> shape = output.shape;
      shape[0] = x.size(0);
      return ToChannelsFirst(y.view(shape));
    }
    case OperatorKind::kAdd:
      return AddCodes(x, values[op.inputs[1]],
                      MakeAdd(in.scale, QuantizerOf(network.tensors[op.inputs[1]]).scale, QuantizerOf(output).scale),
                      prepared.centred, nullptr);
    case OperatorKind::kRelu:
    case OperatorKind::kRelu6:
      return Requantize(x.clone(), prepared.end, nullptr);
    case OperatorKind::kAveragePool2d:
      return AveragePoolCodes(x, prepared.geometry, in.zero_point, prepared.centred);
    case OperatorKind::kMaxPool2d:
      return MaxPoolCodes(x, prepared.geometry, prepared.centred);
    case OperatorKind::kConcatenation: {
      std::vector<torch::Tensor> parts;
      for (int input : op.inputs) parts.push_back(ToChannelsLast(values[input]));
      return ToChannelsFirst(at::cat(parts, op.axis < 0 ? op.axis + parts[0].dim() : op.axis));
    }
    case OperatorKind::kReshape: {
      std::vector<int64_t> shape = output.shape;
      shape[0] = x.size(0);
      return ToChannelsFirst(ToChannelsLast(x).reshape(shape));
    }
    case OperatorKind::kSoftmax: {
      const torch::Tensor rows = ToChannelsLast(x);
      return ToChannelsFirst(SoftmaxCodes(rows, in.zero_point, MakeSoftmax(in.scale, op.beta)));
    }
  }
  return {};
}

}  // namespace

absl::StatusOr<IntegerOutputs> EvaluateIntegers(const IntegerNetwork& network, const torch::Tensor& codes,
                                                const EvaluateOptions& options) {
  if (absl::Status status = Validate(network); !status.ok()) return status;
  if (network.inputs.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("network '", network.name, "' has ", network.inputs.size(), " inputs; evaluation takes one"));
  }
  const IntegerTensor& input = network.tensors[network.inputs[0]];
  std::vector<int64_t> expected = input.shape;
  expected[0] = codes.dim() > 0 ? codes.size(0) : 0;
  if (codes.scalar_type() != torch::kInt8 || codes.sizes().vec() != expected) {
    return absl::InvalidArgumentError(absl::StrCat("network '", network.name, "' takes int8 codes of shape [N, ",
                                                   absl::StrJoin(input.shape.begin() + 1, input.shape.end(), ", "),
                                                   "]; got ", c10::toString(codes.scalar_type()), " [",
                                                   absl::StrJoin(codes.sizes(), ", "), "]"));
  }
  if (options.batch_size < 1) return absl::InvalidArgumentError("batch_size must be at least 1");
  torch::NoGradGuard no_grad;
  std::vector<Prepared> prepared;
  for (const IntegerOperator& op : network.operators) prepared.push_back(Prepare(network, op));

  std::map<int, std::vector<torch::Tensor>> kept;
  const int64_t samples = codes.size(0);
  for (int64_t begin = 0; begin < samples; begin += options.batch_size) {
    const int64_t end = std::min<int64_t>(begin + options.batch_size, samples);
    std::vector<torch::Tensor> values(network.tensors.size());
    values[network.inputs[0]] = CentredFromCodes(codes.slice(0, begin, end), QuantizerOf(input).zero_point);
    for (size_t i = 0; i < network.operators.size(); ++i) {
      const IntegerOperator& op = network.operators[i];
      values[op.outputs[0]] = RunOperator(network, op, prepared[i], values);
    }
    for (size_t t = 0; t < values.size(); ++t) {
      const int index = static_cast<int>(t);
      const bool wanted = options.keep_tensors || index == network.outputs[0];
      if (!values[t].defined() || !wanted) continue;
      kept[index].push_back(CodesFromCentred(values[t], QuantizerOf(network.tensors[t]).zero_point));
    }
  }
  IntegerOutputs outputs;
  for (auto& [index, parts] : kept) {
    torch::Tensor whole = at::cat(parts, 0);
    if (index == network.outputs[0]) outputs.output = whole;
    if (options.keep_tensors) outputs.tensors[index] = std::move(whole);
  }
  return outputs;
}

}  // namespace mote
