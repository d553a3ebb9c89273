#include "train/float_network.h"

#include <cmath>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "torch/utils.h"
#include "train/window.h"

namespace mote {
namespace {

// Whether the values of layer `index` go through a ReLU next (batch norms and dropouts between do not matter).
bool FeedsRelu(const Network& network, size_t index) {
  const std::string* name = &network.layers[index].name;
  for (size_t i = index + 1; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    if (layer.inputs[0] != *name) continue;
    if (layer.kind == LayerKind::kRelu || layer.kind == LayerKind::kRelu6) return true;
    if (layer.kind != LayerKind::kBatchNorm && layer.kind != LayerKind::kDropout) return false;
    name = &layer.name;
  }
  return false;
}

torch::Tensor InitialWeight(const Shape& shape, int64_t fan_in, int64_t fan_out, bool relu, at::Generator& generator) {
  torch::Tensor weight = torch::empty(shape, torch::kFloat32);
  if (relu) {
    weight.normal_(0.0, std::sqrt(2.0 / static_cast<double>(fan_in)), generator);  // He et al. 2015
  } else {
    const double limit = std::sqrt(6.0 / static_cast<double>(fan_in + fan_out));  // Glorot, Bengio 2010
    weight.uniform_(-limit, limit, generator);
  }
  return weight;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FloatNetwork>> FloatNetwork::Create(const Network& network, uint64_t seed) {
  absl::StatusOr<std::vector<Shape>> shapes = InferShapes(network);
  if (!shapes.ok()) return shapes.status();
  std::unique_ptr<FloatNetwork> result(new FloatNetwork());
  result->network_ = network;
  result->shapes_ = *std::move(shapes);
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  auto parameter = [&](const std::string& name, torch::Tensor value) {
    result->parameters_.emplace_back(name, value.requires_grad_(true));
  };
  for (size_t i = 1; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    const int64_t in = result->shapes_[LayerIndex(network, layer.inputs[0])].back();
    const int64_t out = result->shapes_[i].back();
    const int64_t window = layer.kernel[0] * layer.kernel[1];
    const bool relu = FeedsRelu(network, i);
    switch (layer.kind) {
      case LayerKind::kConv2d:
        parameter(layer.name + ".weight",
                  InitialWeight({out, in, layer.kernel[0], layer.kernel[1]}, in * window, out * window, relu, generator)
                      .contiguous(torch::MemoryFormat::ChannelsLast));
        break;
      case LayerKind::kDepthwiseConv2d:
        parameter(layer.name + ".weight", InitialWeight({out, 1, layer.kernel[0], layer.kernel[1]}, window,
                                                        window * layer.depth_multiplier, relu, generator));
        break;
      case LayerKind::kDense:
        parameter(layer.name + ".weight", InitialWeight({out, in}, in, out, relu, generator));
        break;
      case LayerKind::kBatchNorm:
        parameter(layer.name + ".gamma", torch::ones({out}));
        parameter(layer.name + ".beta", torch::zeros({out}));
        result->buffers_.emplace_back(layer.name + ".mean", torch::zeros({out}));
        result->buffers_.emplace_back(layer.name + ".variance", torch::ones({out}));
        continue;
      default:
        continue;
    }
    if (layer.bias) parameter(layer.name + ".bias", torch::zeros({out}));
  }
  return result;
}

bool FloatNetwork::Has(const std::string& name) const {
  for (const NamedTensors* list : {&parameters_, &buffers_}) {
    for (const auto& [key, value] : *list) {
      if (key == name) return true;
    }
  }
  return false;
}

const torch::Tensor& FloatNetwork::Get(const std::string& name) const {
  for (const NamedTensors* list : {&parameters_, &buffers_}) {
    for (const auto& [key, value] : *list) {
      if (key == name) return value;
    }
  }
  TORCH_CHECK(false, "no tensor is called ", name);
}

std::vector<torch::Tensor> FloatNetwork::Run(const torch::Tensor& inputs, bool training, bool keep_all) {
  std::vector<torch::Tensor> values(network_.layers.size());
  // Parameters and buffers come in the order of the layers: walking them beside the layers needs no search by name.
  size_t next_parameter = 0, next_buffer = 0;
  std::vector<size_t> last_use(network_.layers.size(), 0);
  std::vector<std::vector<int>> sources(network_.layers.size());
  for (size_t i = 1; i < network_.layers.size(); ++i) {
    for (const std::string& name : network_.layers[i].inputs) {
      sources[i].push_back(LayerIndex(network_, name));
      last_use[sources[i].back()] = i;
    }
  }
  values[0] = inputs.dim() == 4 ? inputs.permute({0, 3, 1, 2}) : inputs;
  for (size_t i = 1; i < network_.layers.size(); ++i) {
    const Layer& layer = network_.layers[i];
    const torch::Tensor& x = values[sources[i][0]];
    torch::Tensor weight, bias;
    if (layer.kind == LayerKind::kConv2d || layer.kind == LayerKind::kDepthwiseConv2d ||
        layer.kind == LayerKind::kDense) {
      weight = parameters_[next_parameter++].second;
      if (layer.bias) bias = parameters_[next_parameter++].second;
    }
    torch::Tensor y;
    switch (layer.kind) {
      case LayerKind::kInput:
        break;
      case LayerKind::kConv2d:
        y = Convolve(x, weight, bias, layer, 1);
        break;
      case LayerKind::kDepthwiseConv2d:
        y = Convolve(x, weight, bias, layer, x.size(1));
        break;
      case LayerKind::kDense:
        y = at::linear(x, weight, bias);
        break;
      case LayerKind::kBatchNorm: {
        const torch::Tensor& gamma = parameters_[next_parameter++].second;
        const torch::Tensor& beta = parameters_[next_parameter++].second;
        const torch::Tensor& mean = buffers_[next_buffer++].second;
        const torch::Tensor& variance = buffers_[next_buffer++].second;
        y = at::batch_norm(x, gamma, beta, mean, variance, training, layer.momentum, layer.epsilon,
                           /*cudnn_enabled=*/false);
        break;
      }
      case LayerKind::kRelu:
        y = at::relu(x);
        break;
      case LayerKind::kRelu6:
        y = at::clamp(x, 0, 6);
        break;
      case LayerKind::kMaxPool2d:
        y = MaxPool(x, layer);
        break;
      case LayerKind::kAveragePool2d:
        y = AveragePool(x, layer);
        break;
      case LayerKind::kGlobalAveragePool:
        y = x.mean({2, 3});
        break;
      case LayerKind::kAdd:
        y = x + values[sources[i][1]];
        break;
      case LayerKind::kConcat: {
        std::vector<torch::Tensor> parts;
        for (int source : sources[i]) parts.push_back(values[source]);
        y = at::cat(parts, 1);
        break;
      }
      case LayerKind::kFlatten:
        // NHWC order, as the format flattens; a view of channels-last memory.
        y = x.dim() == 4 ? x.permute({0, 2, 3, 1}).reshape({x.size(0), -1}) : x;
        break;
      case LayerKind::kDropout:
        y = at::dropout(x, layer.rate, training);
        break;
      case LayerKind::kSoftmax:
        y = at::softmax(x, -1);
        break;
    }
    values[i] = y;
    if (!keep_all) {
      for (int source : sources[i]) {
        if (last_use[source] == i) values[source] = torch::Tensor();
      }
    }
  }
  return values;
}

// As the data orders it: NHWC.
static torch::Tensor AsData(const torch::Tensor& value) {
  return value.dim() == 4 ? value.permute({0, 2, 3, 1}) : value;
}

torch::Tensor FloatNetwork::Forward(const torch::Tensor& inputs, bool training) {
  // The loss takes logits: a softmax at the end is left to it.
  if (network_.layers.back().kind != LayerKind::kSoftmax) return AsData(Run(inputs, training, false).back());
  std::vector<torch::Tensor> values = Run(inputs, training, true);
  return AsData(values[LayerIndex(network_, network_.layers.back().inputs[0])]);
}

torch::Tensor FloatNetwork::Predict(const torch::Tensor& inputs) {
  torch::NoGradGuard no_grad;
  return AsData(Run(inputs, false, false).back());
}

std::vector<torch::Tensor> FloatNetwork::Activations(const torch::Tensor& inputs) {
  torch::NoGradGuard no_grad;
  return Run(inputs, false, true);
}

}  // namespace mote
