#include "tests/emulated/test_networks.h"

#include <utility>

#include "export/tflite.h"
#include "gtest/gtest.h"

namespace mote {
namespace {

class Builder {
 public:
  explicit Builder(const std::string& name) { network_.name = name; }

  int Activation(const std::string& name, std::vector<int64_t> shape, float scale, int64_t zero_point) {
    IntegerTensor tensor;
    tensor.name = name;
    tensor.shape = std::move(shape);
    tensor.scales = {scale};
    tensor.zero_points = {zero_point};
    return Add(std::move(tensor));
  }

  // Weights in [-127, 127] with a scale a channel (`channels` of them, along `dimension`; 1: one for all), and a bias.
  std::pair<int, int> Weights(const std::string& name, const std::vector<int64_t>& shape, int dimension,
                              int64_t channels, int64_t outputs, float input_scale) {
    IntegerTensor weights;
    weights.name = name + "/weights";
    weights.shape = shape;
    weights.quantized_dimension = channels == 1 ? 0 : dimension;
    weights.data = torch::randint(-127, 128, shape, generator_, torch::kInt8);
    IntegerTensor bias;
    bias.name = name + "/bias";
    bias.shape = {outputs};
    bias.type = DataType::kInt32;
    bias.data = torch::randint(-5000, 5000, {outputs}, generator_, torch::kInt32);
    for (int64_t c = 0; c < channels; ++c) {
      weights.scales.push_back(0.004F + 0.0003F * static_cast<float>(c));
      weights.zero_points.push_back(0);
      bias.scales.push_back(input_scale * weights.scales.back());
      bias.zero_points.push_back(0);
    }
    const int first = Add(std::move(weights));
    return {first, Add(std::move(bias))};
  }

  int Shape(const std::string& name, const std::vector<int64_t>& shape) {
    IntegerTensor tensor;
    tensor.name = name;
    tensor.shape = {static_cast<int64_t>(shape.size())};
    tensor.type = DataType::kInt32;
    tensor.data = torch::tensor(shape).to(torch::kInt32);
    return Add(std::move(tensor));
  }

  IntegerOperator& Operator(OperatorKind kind, const std::string& name, std::vector<int> inputs, int output) {
    IntegerOperator op;
    op.kind = kind;
    op.name = name;
    op.inputs = std::move(inputs);
    op.outputs = {output};
    network_.operators.push_back(op);
    return network_.operators.back();
  }

  IntegerNetwork Finish(std::vector<int> inputs, int output) {
    network_.inputs = std::move(inputs);
    network_.outputs = {output};
    return std::move(network_);
  }

 private:
  int Add(IntegerTensor tensor) {
    network_.tensors.push_back(std::move(tensor));
    return static_cast<int>(network_.tensors.size()) - 1;
  }

  IntegerNetwork network_;
  torch::Generator generator_ = torch::make_generator<torch::CPUGeneratorImpl>(20240607);
};

}  // namespace

IntegerNetwork SmallClassifier() {
  Builder build("small_classifier");
  const int input = build.Activation("input", {1, 8, 8, 3}, 0.02F, -3);
  const auto [conv_weights, conv_bias] = build.Weights("conv", {8, 3, 3, 3}, 0, 8, 8, 0.02F);
  const int conv = build.Activation("conv", {1, 8, 8, 8}, 0.03F, -128);
  build.Operator(OperatorKind::kConv2d, "conv", {input, conv_weights, conv_bias}, conv).activation = Activation::kRelu;
  const auto [depthwise_weights, depthwise_bias] = build.Weights("depthwise", {1, 3, 3, 8}, 3, 8, 8, 0.03F);
  const int depthwise = build.Activation("depthwise", {1, 4, 4, 8}, 0.03F, 5);
  build.Operator(OperatorKind::kDepthwiseConv2d, "depthwise", {conv, depthwise_weights, depthwise_bias}, depthwise)
      .stride = {2, 2};
  const int pool = build.Activation("pool", {1, 2, 2, 8}, 0.03F, 5);
  IntegerOperator& pooling = build.Operator(OperatorKind::kMaxPool2d, "pool", {depthwise}, pool);
  pooling.kernel = pooling.stride = {2, 2};
  const int shape = build.Shape("shape", {1, 32});
  const int flat = build.Activation("flat", {1, 32}, 0.03F, 5);
  build.Operator(OperatorKind::kReshape, "flat", {pool, shape}, flat);
  const auto [dense_weights, dense_bias] = build.Weights("dense", {5, 32}, 0, 1, 5, 0.03F);
  const int logits = build.Activation("logits", {1, 5}, 0.05F, -7);
  build.Operator(OperatorKind::kFullyConnected, "dense", {flat, dense_weights, dense_bias}, logits);
  const int output = build.Activation("softmax", {1, 5}, 1.0F / 256, -128);
  build.Operator(OperatorKind::kSoftmax, "softmax", {logits}, output);
  return build.Finish({input}, output);
}

IntegerNetwork Rectifier(int64_t height, int64_t width, int64_t channels) {
  Builder build("rectifier");
  const int input = build.Activation("input", {1, height, width, channels}, 0.1F, 7);
  const int output = build.Activation("output", {1, height, width, channels}, 0.1F, 7);
  build.Operator(OperatorKind::kRelu, "rectify", {input}, output);
  return build.Finish({input}, output);
}

IntegerNetwork Dense(int64_t inputs, int64_t outputs) {
  Builder build("dense");
  const int input = build.Activation("input", {1, inputs}, 0.02F, 0);
  const auto [weights, bias] = build.Weights("dense", {outputs, inputs}, 0, 1, outputs, 0.02F);
  const int output = build.Activation("output", {1, outputs}, 0.2F, 0);
  build.Operator(OperatorKind::kFullyConnected, "dense", {input, weights, bias}, output);
  return build.Finish({input}, output);
}

IntegerNetwork Sum() {
  Builder build("sum");
  const int a = build.Activation("a", {1, 4, 4, 2}, 0.1F, 3);
  const int b = build.Activation("b", {1, 4, 4, 2}, 0.02F, -9);
  const int output = build.Activation("output", {1, 4, 4, 2}, 0.12F, 1);
  build.Operator(OperatorKind::kAdd, "sum", {a, b}, output);
  return build.Finish({a, b}, output);
}

std::unique_ptr<RuntimeModel> ToRuntimeModel(const IntegerNetwork& network) {
  absl::StatusOr<std::string> bytes = ToTflite(network);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  if (!bytes.ok()) return nullptr;
  absl::StatusOr<std::unique_ptr<RuntimeModel>> model = RuntimeModel::FromBytes(*bytes, network.name);
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? std::move(*model) : nullptr;
}

torch::Tensor RandomCodes(const RuntimeModel& model, int input, int64_t samples, uint64_t seed) {
  std::vector<int64_t> shape = model.tensors()[model.inputs()[input]].shape;
  shape[0] = samples;
  return torch::randint(-128, 128, shape, torch::make_generator<torch::CPUGeneratorImpl>(seed), torch::kInt8);
}

}  // namespace mote
