#include <utility>

#include "absl/strings/str_cat.h"
#include "train/network.h"

namespace mote {

NetworkBuilder::NetworkBuilder(std::string name, Shape input_shape) {
  network_.name = std::move(name);
  network_.input_shape = std::move(input_shape);
  network_.layers.push_back({.name = "input", .kind = LayerKind::kInput});
  current_ = "input";
}

Layer& NetworkBuilder::Append(LayerKind kind) {
  int& count = counts_[static_cast<size_t>(kind)];
  std::string name(LayerKindName(kind));
  if (count > 0) absl::StrAppend(&name, "_", count);
  ++count;
  network_.layers.push_back({.name = name, .kind = kind, .inputs = {current_}});
  current_ = name;
  return network_.layers.back();
}

NetworkBuilder& NetworkBuilder::Conv2d(int64_t filters, std::array<int64_t, 2> kernel, const ConvOptions& options) {
  Layer& layer = Append(LayerKind::kConv2d);
  layer.filters = filters;
  layer.kernel = kernel;
  layer.stride = options.stride;
  layer.dilation = options.dilation;
  layer.padding = options.padding;
  layer.bias = options.bias;
  return *this;
}

NetworkBuilder& NetworkBuilder::DepthwiseConv2d(std::array<int64_t, 2> kernel, const ConvOptions& options) {
  Layer& layer = Append(LayerKind::kDepthwiseConv2d);
  layer.kernel = kernel;
  layer.stride = options.stride;
  layer.dilation = options.dilation;
  layer.padding = options.padding;
  layer.depth_multiplier = options.depth_multiplier;
  layer.bias = options.bias;
  return *this;
}

NetworkBuilder& NetworkBuilder::Dense(int64_t units, bool bias) {
  Layer& layer = Append(LayerKind::kDense);
  layer.filters = units;
  layer.bias = bias;
  return *this;
}

NetworkBuilder& NetworkBuilder::BatchNorm(double epsilon, double momentum) {
  Layer& layer = Append(LayerKind::kBatchNorm);
  layer.epsilon = epsilon;
  layer.momentum = momentum;
  return *this;
}

NetworkBuilder& NetworkBuilder::Relu() { return Append(LayerKind::kRelu), *this; }
NetworkBuilder& NetworkBuilder::Relu6() { return Append(LayerKind::kRelu6), *this; }
NetworkBuilder& NetworkBuilder::GlobalAveragePool() { return Append(LayerKind::kGlobalAveragePool), *this; }
NetworkBuilder& NetworkBuilder::Flatten() { return Append(LayerKind::kFlatten), *this; }
NetworkBuilder& NetworkBuilder::Softmax() { return Append(LayerKind::kSoftmax), *this; }

static void SetPool(Layer& layer, std::array<int64_t, 2> kernel, const PoolOptions& options) {
  layer.kernel = kernel;
  layer.stride = options.stride == std::array<int64_t, 2>{0, 0} ? kernel : options.stride;
  layer.padding = options.padding;
}

NetworkBuilder& NetworkBuilder::MaxPool2d(std::array<int64_t, 2> kernel, const PoolOptions& options) {
  SetPool(Append(LayerKind::kMaxPool2d), kernel, options);
  return *this;
}

NetworkBuilder& NetworkBuilder::AveragePool2d(std::array<int64_t, 2> kernel, const PoolOptions& options) {
  SetPool(Append(LayerKind::kAveragePool2d), kernel, options);
  return *this;
}

NetworkBuilder& NetworkBuilder::Add(std::string_view other) {
  Append(LayerKind::kAdd).inputs.emplace_back(other);
  return *this;
}

NetworkBuilder& NetworkBuilder::Concat(std::vector<std::string> others) {
  Layer& layer = Append(LayerKind::kConcat);
  layer.inputs.insert(layer.inputs.end(), others.begin(), others.end());
  return *this;
}

NetworkBuilder& NetworkBuilder::Dropout(double rate) {
  Append(LayerKind::kDropout).rate = rate;
  return *this;
}

NetworkBuilder& NetworkBuilder::Named(std::string_view name) {
  network_.layers.back().name = std::string(name);
  current_ = network_.layers.back().name;
  return *this;
}

NetworkBuilder& NetworkBuilder::From(std::string_view name) {
  current_ = std::string(name);
  return *this;
}

}  // namespace mote
