#include "quantize/lower.h"

#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "torch/utils.h"

namespace mote {
namespace {

class Lowering {
 public:
  explicit Lowering(const Network& network, std::vector<Shape> shapes)
      : network_(network),
        shapes_(std::move(shapes)),
        source_(network.layers.size()),
        value_(network.layers.size(), -1),
        merged_(network.layers.size(), false) {}

  absl::StatusOr<LoweredNetwork> Run() {
    ResolveAliases();
    NewValue("input", shapes_[0], 0);
    value_[0] = 0;
    for (size_t i = 1; i < network_.layers.size(); ++i) {
      if (merged_[i] || source_[i] != static_cast<int>(i)) continue;
      LowerLayer(static_cast<int>(i));
    }
    result_.output = value_[source_.back()];
    // A network that ends in an alias of its input, or of nothing but dropout, has nothing to compute.
    if (result_.operators.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("network '", network_.name, "' computes nothing to quantize"));
    }
    return NumberGroups();
  }

 private:
  // Dropout, and flatten of what is flat already, stand for their input.
  void ResolveAliases() {
    std::iota(source_.begin(), source_.end(), 0);
    for (size_t i = 1; i < network_.layers.size(); ++i) {
      const Layer& layer = network_.layers[i];
      const int in = source_[LayerIndex(network_, layer.inputs[0])];
      const bool flat = layer.kind == LayerKind::kFlatten && shapes_[in].size() == 1;
      if (layer.kind == LayerKind::kDropout || flat) source_[i] = in;
    }
    consumers_.resize(network_.layers.size());
    for (size_t i = 1; i < network_.layers.size(); ++i) {
      if (source_[i] != static_cast<int>(i)) continue;
      for (const std::string& name : network_.layers[i].inputs) {
        consumers_[source_[LayerIndex(network_, name)]].push_back(static_cast<int>(i));
      }
    }
  }

  // The one layer that takes the output of `layer`, if there is just one and it is of `kind`; else -1.
  int OnlyConsumer(int layer, LayerKind kind) const {
    if (source_.back() == layer || consumers_[layer].size() != 1) return -1;
    const int next = consumers_[layer][0];
    return network_.layers[next].kind == kind ? next : -1;
  }

  int NewValue(const std::string& name, const Shape& shape, int layer) {
    const int index = static_cast<int>(result_.values.size());
    result_.values.push_back({name, shape, layer, index});
    group_.push_back(index);
    fixed_.push_back(false);
    return index;
  }

  int Root(int value) {
    while (group_[value] != value) value = group_[value] = group_[group_[value]];
    return value;
  }
  void Tie(int a, int b) { group_[Root(b)] = Root(a); }

  // Takes in a following batch norm and activation; returns the last layer that is covered.
  int Fuse(LoweredOperator& op, int layer, bool norms) {
    if (norms) {
      if (const int norm = OnlyConsumer(layer, LayerKind::kBatchNorm); norm >= 0) {
        op.norm = norm;
        merged_[norm] = true;
        layer = norm;
      }
    }
    for (auto [kind, activation] :
         {std::pair{LayerKind::kRelu, Activation::kRelu}, {LayerKind::kRelu6, Activation::kRelu6}}) {
      if (const int next = OnlyConsumer(layer, kind); next >= 0) {
        op.activation = activation;
        merged_[next] = true;
        return next;
      }
    }
    return layer;
  }

  int Emit(LoweredOperator op, const std::string& value_name, const Shape& shape, int layer) {
    op.output = NewValue(value_name, shape, layer);
    result_.operators.push_back(std::move(op));
    return result_.operators.back().output;
  }

  int Reshape(int input, const std::string& name, const Shape& shape, int layer) {
    LoweredOperator op;
    op.name = name;
    op.inputs = {input};
    const int output = Emit(op, name, shape, layer);
    Tie(input, output);
    return output;
  }

  void LowerLayer(int index) {
    const Layer& layer = network_.layers[index];
    LoweredOperator op;
    op.name = layer.name;
    op.geometry = layer;
    for (const std::string& name : layer.inputs) op.inputs.push_back(value_[source_[LayerIndex(network_, name)]]);
    const int input = op.inputs[0];
    const Shape& shape = shapes_[index];
    int last = index;
    int output = -1;
    switch (layer.kind) {
      case LayerKind::kConv2d:
      case LayerKind::kDepthwiseConv2d:
      case LayerKind::kDense:
        op.kind = layer.kind == LayerKind::kConv2d            ? OperatorKind::kConv2d
                  : layer.kind == LayerKind::kDepthwiseConv2d ? OperatorKind::kDepthwiseConv2d
                                                              : OperatorKind::kFullyConnected;
        op.source = index;
        last = Fuse(op, index, /*norms=*/true);
        output = Emit(op, op.name, shape, last);
        break;
      case LayerKind::kBatchNorm: {
        // Nothing before it to fold into: a depthwise convolution of one pixel.
        op.kind = OperatorKind::kDepthwiseConv2d;
        op.source = op.norm = index;
        op.geometry = Layer{.name = layer.name, .kind = LayerKind::kDepthwiseConv2d};
        last = Fuse(op, index, /*norms=*/false);
        if (shape.size() == 3) {
          output = Emit(op, op.name, shape, last);
        } else {
          const Shape image{1, 1, shape[0]};
          op.inputs[0] = Reshape(input, layer.name + "/expand", image, source_[LayerIndex(network_, layer.inputs[0])]);
          const int scaled = Emit(op, op.name, image, last);
          output = Reshape(scaled, layer.name + "/squeeze", shape, last);
        }
        break;
      }
      case LayerKind::kAdd:
        op.kind = OperatorKind::kAdd;
        last = Fuse(op, index, /*norms=*/false);
        output = Emit(op, op.name, shape, last);
        break;
      case LayerKind::kMaxPool2d:
      case LayerKind::kAveragePool2d:
        op.kind = layer.kind == LayerKind::kMaxPool2d ? OperatorKind::kMaxPool2d : OperatorKind::kAveragePool2d;
        last = Fuse(op, index, /*norms=*/false);
        output = Emit(op, op.name, shape, last);
        Tie(input, output);
        break;
      case LayerKind::kGlobalAveragePool: {
        const Shape& in = result_.values[input].shape;
        op.kind = OperatorKind::kAveragePool2d;
        op.geometry.kernel = op.geometry.stride = {in[0], in[1]};
        op.geometry.padding = Padding::kValid;
        const int pooled = Emit(op, op.name, {1, 1, in[2]}, index);
        Tie(input, pooled);
        output = Reshape(pooled, layer.name + "/reshape", shape, index);
        break;
      }
      case LayerKind::kFlatten:
        output = Reshape(input, layer.name, shape, index);
        break;
      case LayerKind::kConcat:
        op.kind = OperatorKind::kConcatenation;
        output = Emit(op, op.name, shape, index);
        for (int value : op.inputs) Tie(value, output);
        break;
      case LayerKind::kRelu:
      case LayerKind::kRelu6:
        op.kind = layer.kind == LayerKind::kRelu ? OperatorKind::kRelu : OperatorKind::kRelu6;
        output = Emit(op, op.name, shape, index);
        // RELU6 is only clamped by some runtimes: with one scale all of them agree.
        if (layer.kind == LayerKind::kRelu6) Tie(input, output);
        break;
      case LayerKind::kSoftmax:
        op.kind = OperatorKind::kSoftmax;
        output = Emit(op, op.name, shape, index);
        fixed_[output] = true;
        break;
      case LayerKind::kInput:
      case LayerKind::kDropout:
        return;
    }
    for (int covered = index; covered <= last; ++covered) {
      if (covered == index || merged_[covered]) value_[covered] = value_[covered] < 0 ? output : value_[covered];
    }
  }

  absl::StatusOr<LoweredNetwork> NumberGroups() {
    std::vector<int> number(result_.values.size(), -1);
    for (size_t v = 0; v < result_.values.size(); ++v) {
      const int root = Root(static_cast<int>(v));
      if (number[root] < 0) {
        number[root] = result_.groups++;
        result_.fixed.push_back(false);
      }
      result_.values[v].group = number[root];
      if (fixed_[v]) result_.fixed[number[root]] = true;
    }
    for (const LoweredOperator& op : result_.operators) {
      const bool free = op.kind == OperatorKind::kAdd || op.kind == OperatorKind::kRelu || op.has_weights();
      if ((free && result_.fixed[result_.values[op.output].group]) || result_.fixed[result_.values[0].group]) {
        return absl::InvalidArgumentError(
            absl::StrCat("layer '", op.name,
                         "': its output shares the scale of a softmax through a concat; join them in "
                         "another way, or end the network before the softmax"));
      }
    }
    return std::move(result_);
  }

  const Network& network_;
  std::vector<Shape> shapes_;
  std::vector<int> source_;  // of each layer: the layer that really makes its values
  std::vector<int> value_;   // of each layer: its value, where it has one
  std::vector<bool> merged_;
  std::vector<std::vector<int>> consumers_;
  std::vector<int> group_;  // union-find over values
  std::vector<bool> fixed_;
  LoweredNetwork result_;
};

}  // namespace

absl::StatusOr<LoweredNetwork> Lower(const Network& network) {
  absl::StatusOr<std::vector<Shape>> shapes = InferShapes(network);
  if (!shapes.ok()) return shapes.status();
  return Lowering(network, *std::move(shapes)).Run();
}

Shape WeightShape(const LoweredNetwork& lowered, const LoweredOperator& op) {
  const int64_t in = lowered.values[op.inputs[0]].shape.back(), out = lowered.values[op.output].shape.back();
  switch (op.kind) {
    case OperatorKind::kConv2d:
      return {out, in, op.geometry.kernel[0], op.geometry.kernel[1]};
    case OperatorKind::kDepthwiseConv2d:
      return {out, 1, op.geometry.kernel[0], op.geometry.kernel[1]};
    default:
      return {out, in};
  }
}

bool HasBias(const Network& network, const LoweredOperator& op) {
  return op.norm >= 0 || network.layers[op.source].bias;
}

std::pair<torch::Tensor, torch::Tensor> FoldedWeights(const FloatNetwork& source, const LoweredNetwork& lowered,
                                                      const LoweredOperator& op) {
  torch::NoGradGuard no_grad;
  const Layer& layer = source.network().layers[op.source];
  const int64_t channels = lowered.values[op.output].shape.back();
  const bool own = layer.kind != LayerKind::kBatchNorm;
  torch::Tensor weight = own ? source.Get(layer.name + ".weight") : torch::ones(WeightShape(lowered, op));
  torch::Tensor bias = own && layer.bias ? source.Get(layer.name + ".bias") : torch::zeros({channels});
  if (op.norm >= 0) {
    const Layer& norm = source.network().layers[op.norm];
    const torch::Tensor factor =
        source.Get(norm.name + ".gamma") / (source.Get(norm.name + ".variance") + norm.epsilon).sqrt();
    std::vector<int64_t> column(static_cast<size_t>(weight.dim()), 1);
    column[0] = channels;
    weight = weight * factor.view(column);
    bias = (bias - source.Get(norm.name + ".mean")) * factor + source.Get(norm.name + ".beta");
  }
  const auto format =
      op.kind == OperatorKind::kConv2d ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
  return {weight.detach().clone(format), bias.detach().clone()};
}

}  // namespace mote
