#include "tests/export/test_networks.h"

#include <cmath>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "torch/types.h"

namespace mote {
namespace {

class Builder {
 public:
  Builder(const std::string& name, uint64_t seed) : random_(seed) { network_.name = name; }

  int64_t Int(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }
  float Scale(double low, double high) {  // log-uniform
    return static_cast<float>(std::exp(std::uniform_real_distribution<double>(std::log(low), std::log(high))(random_)));
  }

  int Activation(const std::string& name, std::vector<int64_t> shape, float scale, int64_t zero_point) {
    IntegerTensor tensor;
    tensor.name = name;
    tensor.shape = std::move(shape);
    tensor.scales = {scale};
    tensor.zero_points = {zero_point};
    return Add(std::move(tensor));
  }
  int Like(int other, const std::string& name, std::vector<int64_t> shape) {  // the same quantization
    return Activation(name, std::move(shape), network_.tensors[other].scales[0],
                      network_.tensors[other].zero_points[0]);
  }

  int Constant(const std::string& name, const torch::Tensor& data, std::vector<float> scales, int dimension) {
    IntegerTensor tensor;
    tensor.name = name;
    tensor.shape = data.sizes().vec();
    tensor.type = data.scalar_type() == torch::kInt8 ? DataType::kInt8 : DataType::kInt32;
    tensor.zero_points.assign(scales.size(), 0);
    tensor.scales = std::move(scales);
    tensor.quantized_dimension = dimension;
    tensor.data = data;
    return Add(std::move(tensor));
  }

  torch::Tensor Codes(const std::vector<int64_t>& shape, int64_t low, int64_t high, torch::ScalarType type) {
    torch::Tensor codes = torch::empty(shape, torch::kInt32);
    for (int64_t i = 0; i < codes.numel(); ++i) codes.data_ptr<int32_t>()[i] = static_cast<int32_t>(Int(low, high));
    return codes.to(type);
  }

  // Weights and bias for `input`, so that the outputs of `taps` inputs a channel spread over the output's codes.
  std::vector<int> Weights(int input, const std::string& name, const std::vector<int64_t>& shape, int dimension,
                           bool per_channel, bool bias, float output_scale, int64_t taps) {
    const int64_t channels = shape[dimension];
    const float input_scale = network_.tensors[input].scales[0];
    std::vector<float> scales, bias_scales;
    for (int64_t c = 0; c < (per_channel ? channels : 1); ++c) {
      const double fitting = 60.0 * output_scale / (input_scale * 73.0 * 73.0 * std::sqrt(static_cast<double>(taps)));
      scales.push_back(Scale(fitting * 0.5, fitting * 2.0));
      bias_scales.push_back(input_scale * scales.back());
    }
    std::vector<int> inputs = {input};
    inputs.push_back(Constant(name + "/weights", Codes(shape, -127, 127, torch::kInt8), scales, dimension));
    inputs.push_back(bias ? Constant(name + "/bias", Codes({channels}, -20000, 20000, torch::kInt32), bias_scales, 0)
                          : -1);
    return inputs;
  }

  IntegerOperator& Operator(OperatorKind kind, const std::string& name, std::vector<int> inputs, int output) {
    IntegerOperator op;
    op.kind = kind;
    op.name = name;
    op.inputs = std::move(inputs);
    op.outputs = {output};
    network_.operators.push_back(std::move(op));
    return network_.operators.back();
  }

  IntegerNetwork Finish(std::vector<int> inputs, int output) {
    network_.inputs = std::move(inputs);
    network_.outputs = {output};
    return std::move(network_);
  }
  IntegerNetwork& network() { return network_; }

 private:
  int Add(IntegerTensor tensor) {
    network_.tensors.push_back(std::move(tensor));
    return static_cast<int>(network_.tensors.size()) - 1;
  }

  IntegerNetwork network_;
  std::mt19937_64 random_;
};

int64_t Extent(int64_t input, int64_t kernel, int64_t stride, int64_t dilation, Padding padding) {
  return padding == Padding::kSame ? (input + stride - 1) / stride : (input - (kernel - 1) * dilation - 1) / stride + 1;
}

Activation AnyActivation(Builder& build) { return static_cast<Activation>(build.Int(0, 2)); }

IntegerNetwork RandomWindowed(OperatorKind kind, Builder& build) {
  const bool pool = kind == OperatorKind::kAveragePool2d || kind == OperatorKind::kMaxPool2d;
  const bool depthwise = kind == OperatorKind::kDepthwiseConv2d;
  const int64_t h = build.Int(4, 10), w = build.Int(4, 10), c = build.Int(1, 9);
  const int64_t kh = build.Int(1, 3), kw = build.Int(1, 3), sh = build.Int(1, 3), sw = build.Int(1, 3);
  const int64_t dilation = !pool && sh == 1 && sw == 1 && build.Int(0, 2) == 0 ? 2 : 1;
  const Padding padding = build.Int(0, 1) == 0 || (dilation - 1) * 2 + 3 > 4 ? Padding::kSame : Padding::kValid;
  const int64_t oh = Extent(h, kh, sh, dilation, padding), ow = Extent(w, kw, sw, dilation, padding);
  const int input = build.Activation("input", {1, h, w, c}, build.Scale(0.005, 0.2), build.Int(-128, 127));
  const bool bias = build.Int(0, 4) > 0, per_channel = build.Int(0, 3) > 0;
  int output = 0;
  std::vector<int> inputs = {input};
  int64_t multiplier = 1;
  if (pool) {
    output = build.Like(input, "stem", {1, oh, ow, c});
  } else {
    multiplier = depthwise ? build.Int(1, 3) : 1;
    const int64_t channels = depthwise ? c * multiplier : build.Int(1, 12);
    const float scale = build.Scale(0.005, 0.2);
    inputs = depthwise ? build.Weights(input, "stem", {1, kh, kw, channels}, 3, per_channel, bias, scale, kh * kw)
                       : build.Weights(input, "stem", {channels, kh, kw, c}, 0, per_channel, bias, scale, kh * kw * c);
    output = build.Activation("stem", {1, oh, ow, channels}, scale, build.Int(-128, 127));
  }
  IntegerOperator& op = build.Operator(kind, "stem", inputs, output);
  op.activation = AnyActivation(build);
  op.padding = padding;
  op.stride = {sh, sw};
  op.depth_multiplier = multiplier;
  if (pool) {
    op.kernel = {kh, kw};
  } else {
    op.dilation = {dilation, dilation};
  }
  return build.Finish({input}, output);
}

}  // namespace

const std::vector<OperatorKind>& AllOperatorKinds() {
  static const auto* kinds = new std::vector<OperatorKind>{OperatorKind::kAdd,
                                                           OperatorKind::kAveragePool2d,
                                                           OperatorKind::kConcatenation,
                                                           OperatorKind::kConv2d,
                                                           OperatorKind::kDepthwiseConv2d,
                                                           OperatorKind::kFullyConnected,
                                                           OperatorKind::kMaxPool2d,
                                                           OperatorKind::kRelu,
                                                           OperatorKind::kRelu6,
                                                           OperatorKind::kReshape,
                                                           OperatorKind::kSoftmax};
  return *kinds;
}

IntegerNetwork RandomOperator(OperatorKind kind, uint64_t seed) {
  Builder build(std::string(OperatorKindName(kind)), seed * 16 + static_cast<uint64_t>(kind));
  const auto any_input = [&build](const std::vector<int64_t>& shape) {
    return build.Activation("input", shape, build.Scale(0.005, 0.2), build.Int(-128, 127));
  };
  switch (kind) {
    case OperatorKind::kConv2d:
    case OperatorKind::kDepthwiseConv2d:
    case OperatorKind::kAveragePool2d:
    case OperatorKind::kMaxPool2d:
      return RandomWindowed(kind, build);
    case OperatorKind::kFullyConnected: {
      const int64_t in = build.Int(1, 90), out = build.Int(1, 20);
      const int input = any_input({1, in});
      const float scale = build.Scale(0.005, 0.2);
      const bool per_channel = build.Int(0, 2) == 0, bias = build.Int(0, 4) > 0;
      const std::vector<int> inputs = build.Weights(input, "stem", {out, in}, 0, per_channel, bias, scale, in);
      const int output = build.Activation("stem", {1, out}, scale, build.Int(-128, 127));
      build.Operator(kind, "stem", inputs, output).activation = AnyActivation(build);
      return build.Finish({input}, output);
    }
    case OperatorKind::kAdd: {  // of the input and its maximum over a window, so that one input is enough
      const int64_t h = build.Int(1, 6), c = build.Int(1, 9);
      const int input = any_input({1, h, h, c});
      const int other = build.Activation("rectified", {1, h, h, c}, build.Scale(0.005, 0.2), build.Int(-128, 127));
      build.Operator(OperatorKind::kRelu, "rectified", {input}, other);
      const int output = build.Activation("stem", {1, h, h, c}, build.Scale(0.01, 0.3), build.Int(-128, 127));
      build.Operator(kind, "stem", {input, other}, output).activation = AnyActivation(build);
      return build.Finish({input}, output);
    }
    case OperatorKind::kConcatenation: {
      const int64_t h = build.Int(1, 6), c = build.Int(1, 9);
      const int axis = static_cast<int>(build.Int(1, 3));
      const int input = any_input({1, h, h, c});
      const int other = build.Like(input, "clamped", {1, h, h, c});
      build.Operator(OperatorKind::kRelu6, "clamped", {input}, other);
      std::vector<int64_t> shape = {1, h, h, c};
      shape[axis] *= 3;
      const int output = build.Like(input, "stem", shape);
      build.Operator(kind, "stem", {input, other, input}, output).axis = axis;
      return build.Finish({input}, output);
    }
    case OperatorKind::kRelu: {
      const int input = any_input({1, build.Int(1, 6), build.Int(1, 6), build.Int(1, 9)});
      const int output =
          build.Activation("stem", build.network().tensors[input].shape, build.Scale(0.005, 0.2), build.Int(-128, 127));
      build.Operator(kind, "stem", {input}, output);
      return build.Finish({input}, output);
    }
    case OperatorKind::kRelu6: {
      const int input = any_input({1, build.Int(1, 200)});
      const int output = build.Like(input, "stem", build.network().tensors[input].shape);
      build.Operator(kind, "stem", {input}, output);
      return build.Finish({input}, output);
    }
    case OperatorKind::kReshape: {
      const int64_t h = build.Int(1, 6), c = build.Int(1, 9);
      const int input = any_input({1, h, h, c});
      const int output = build.Like(input, "stem", {1, h * h * c});
      const int shape =
          build.Constant("shape", torch::tensor({int64_t{1}, h * h * c}, torch::kInt64).to(torch::kInt32), {}, 0);
      build.Operator(kind, "stem", {input, shape}, output);
      return build.Finish({input}, output);
    }
    case OperatorKind::kSoftmax: {
      const int64_t classes = build.Int(2, 60);
      const int input = build.Activation("input", {1, classes}, build.Scale(0.005, 0.3), build.Int(-128, 127));
      const int output = build.Activation("stem", {1, classes}, 1.0F / 256, -128);
      build.Operator(kind, "stem", {input}, output).beta = build.Int(0, 2) == 0 ? 0.5F : 1.0F;
      return build.Finish({input}, output);
    }
  }
  return {};
}

IntegerNetwork EveryOperator(uint64_t seed) {
  Builder build("every_operator", seed);
  const int input = build.Activation("input", {1, 9, 7, 3}, 0.02F, -3);
  const int stem = build.Activation("stem", {1, 5, 7, 8}, 0.03F, -128);
  IntegerOperator& first = build.Operator(OperatorKind::kConv2d, "stem",
                                          build.Weights(input, "stem", {8, 3, 3, 3}, 0, true, true, 0.03F, 27), stem);
  first.stride = {2, 1};
  first.activation = Activation::kRelu;
  const int wide = build.Activation("wide", {1, 5, 7, 16}, 0.06F, 4);
  IntegerOperator& depthwise =
      build.Operator(OperatorKind::kDepthwiseConv2d, "wide",
                     build.Weights(stem, "wide", {1, 3, 3, 16}, 3, true, true, 0.06F, 9), wide);
  depthwise.depth_multiplier = 2;
  depthwise.dilation = {2, 1};
  const int clamped = build.Like(wide, "clamped", {1, 5, 7, 16});
  build.Operator(OperatorKind::kRelu6, "clamped", {wide}, clamped);
  const int largest = build.Like(wide, "largest", {1, 5, 7, 16});
  build.Operator(OperatorKind::kMaxPool2d, "largest", {clamped}, largest).kernel = {2, 2};
  const int mixed = build.Activation("mixed", {1, 5, 7, 16}, 0.05F, 11);
  build
      .Operator(OperatorKind::kConv2d, "mixed",
                build.Weights(largest, "mixed", {16, 1, 1, 16}, 0, false, false, 0.05F, 16), mixed)
      .padding = Padding::kValid;
  const int sum = build.Activation("sum", {1, 5, 7, 16}, 0.09F, -20);
  build.Operator(OperatorKind::kAdd, "sum", {largest, mixed}, sum).activation = Activation::kRelu;
  const int smooth = build.Like(sum, "smooth", {1, 5, 7, 16});
  build.Operator(OperatorKind::kAveragePool2d, "smooth", {sum}, smooth).kernel = {3, 3};
  const int both = build.Like(sum, "both", {1, 5, 7, 32});
  build.Operator(OperatorKind::kConcatenation, "both", {sum, smooth}, both).axis = 3;
  const int global = build.Like(sum, "global", {1, 1, 1, 32});
  IntegerOperator& pool = build.Operator(OperatorKind::kAveragePool2d, "global", {both}, global);
  pool.kernel = pool.stride = {5, 7};
  pool.padding = Padding::kValid;
  const int flat = build.Like(sum, "flat", {1, 32});
  const int shape = build.Constant("flat/shape", torch::tensor({1, 32}, torch::kInt32), {}, 0);
  build.Operator(OperatorKind::kReshape, "flat", {global, shape}, flat);
  const int hidden = build.Activation("hidden", {1, 24}, 0.04F, 9);
  build.Operator(OperatorKind::kFullyConnected, "hidden",
                 build.Weights(flat, "hidden", {24, 32}, 0, true, true, 0.04F, 32), hidden);
  const int rectified = build.Activation("rectified", {1, 24}, 0.02F, -128);
  build.Operator(OperatorKind::kRelu, "rectified", {hidden}, rectified);
  const int logits = build.Activation("logits", {1, 5}, 0.1F, -2);
  build.Operator(OperatorKind::kFullyConnected, "logits",
                 build.Weights(rectified, "logits", {5, 24}, 0, false, true, 0.1F, 24), logits);
  const int output = build.Activation("probabilities", {1, 5}, 1.0F / 256, -128);
  build.Operator(OperatorKind::kSoftmax, "probabilities", {logits}, output);
  IntegerNetwork network = build.Finish({input}, output);
  network.class_names = {"ant", "bee", "crane fly", "dragonfly", "earwig"};
  network.metadata = {{"run_hash", "0123456789abcdef"}, {"recipe", "every.toml"}};
  return network;
}

IntegerNetwork AsExported(IntegerNetwork network) {
  for (IntegerOperator& op : network.operators) {
    if ((op.kind != OperatorKind::kConv2d && op.kind != OperatorKind::kDepthwiseConv2d) || op.inputs[2] >= 0) continue;
    IntegerTensor bias;
    bias.name = op.name + "/bias";
    bias.type = DataType::kInt32;
    bias.shape = {network.tensors[op.outputs[0]].shape[3]};
    bias.data = torch::zeros(bias.shape, torch::kInt32);
    for (const float scale : network.tensors[op.inputs[1]].scales) {
      bias.scales.push_back(scale * network.tensors[op.inputs[0]].scales[0]);
      bias.zero_points.push_back(0);
    }
    op.inputs[2] = static_cast<int>(network.tensors.size());
    network.tensors.push_back(bias);
  }
  return network;
}

torch::Tensor RandomCodes(const IntegerNetwork& network, int64_t samples, uint64_t seed) {
  std::vector<int64_t> shape = network.tensors[network.inputs[0]].shape;
  shape[0] = samples;
  return torch::randint(-128, 128, shape, torch::make_generator<torch::CPUGeneratorImpl>(seed), torch::kInt8);
}

std::string DifferenceOf(const IntegerNetwork& a, const IntegerNetwork& b) {
  if (a.name != b.name || a.inputs != b.inputs || a.outputs != b.outputs) return "name, inputs or outputs";
  if (a.class_names != b.class_names || a.metadata != b.metadata) return "class names or metadata";
  if (a.tensors.size() != b.tensors.size()) return "number of tensors";
  if (a.operators.size() != b.operators.size()) return "number of operators";
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    const IntegerTensor &x = a.tensors[i], &y = b.tensors[i];
    if (x.name != y.name || x.shape != y.shape || x.type != y.type || x.scales != y.scales ||
        x.zero_points != y.zero_points || x.quantized_dimension != y.quantized_dimension ||
        x.is_constant() != y.is_constant() || (x.is_constant() && !torch::equal(x.data, y.data))) {
      return absl::StrCat("tensor ", i, " '", x.name, "'");
    }
  }
  for (size_t i = 0; i < a.operators.size(); ++i) {
    const IntegerOperator &x = a.operators[i], &y = b.operators[i];
    if (x.kind != y.kind || x.name != y.name || x.inputs != y.inputs || x.outputs != y.outputs ||
        x.activation != y.activation || x.padding != y.padding || x.stride != y.stride || x.dilation != y.dilation ||
        x.kernel != y.kernel || x.depth_multiplier != y.depth_multiplier || x.axis != y.axis || x.beta != y.beta) {
      return absl::StrCat("operator ", i, " '", x.name, "'");
    }
  }
  return "";
}

}  // namespace mote
