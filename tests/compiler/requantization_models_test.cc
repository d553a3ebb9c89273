// Every convolution and dense layer of the MLPerf Tiny models has proved constants for every channel.
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "export/compiler/requantization.h"
#include "mcu_runtime/graph.h"
#include "mcu_runtime/scale.h"

namespace mote::compiler {
namespace {

struct Layer {
  std::string name;
  std::vector<RequantizedChannel> channels;
  device::OutputRange output;
};

struct Kind {
  int32_t code;
  const char* name;
  uint32_t activation_slot;
  bool depthwise;
};
constexpr Kind kKinds[] = {
    {3, "conv_2d", 3, false}, {4, "depthwise_conv_2d", 4, true}, {9, "fully_connected", 0, false}};

device::Scale ScaleAt(device::Graph& graph, const device::TensorInfo& tensor, uint32_t index) {
  device::Scale scale;
  const uint32_t at = tensor.scales.at + 4 * (tensor.scales.size == 1 ? 0 : index);
  EXPECT_TRUE(device::DecodeScale(graph.file.U32(at), &scale));
  return scale;
}

device::OutputRange OutputOf(device::Graph& graph, const device::OperatorInfo& op, const Kind& kind,
                             const device::TensorInfo& output) {
  const int32_t z = graph.file.I32(output.zero_points_at);
  const uint32_t at = graph.file.Field(op.options, kind.activation_slot, 1);
  const int activation = at == 0 ? 0 : graph.file.U8(at);
  EXPECT_LE(activation, 1) << "none and RELU are all that these models have";
  return {z, activation == 1 ? z : -128, 127};
}

Layer ReadLayer(device::Graph& graph, const device::OperatorInfo& op, const Kind& kind) {
  device::TensorInfo input, weights, bias, output;
  EXPECT_EQ(graph.ReadTensor(graph.file.ElementI32(op.inputs, 0), &input), MOTE_OK);
  EXPECT_EQ(graph.ReadTensor(graph.file.ElementI32(op.inputs, 1), &weights), MOTE_OK);
  EXPECT_EQ(graph.ReadTensor(graph.file.ElementI32(op.inputs, 2), &bias), MOTE_OK);
  EXPECT_EQ(graph.ReadTensor(graph.file.ElementI32(op.outputs, 0), &output), MOTE_OK);
  Layer layer;
  layer.name = kind.name;
  layer.output = OutputOf(graph, op, kind, output);
  const int32_t z = graph.file.I32(input.zero_points_at);
  const int32_t channels = kind.depthwise ? weights.shape[3] : weights.shape[0];
  const int32_t taps = weights.elements / channels;
  for (int32_t c = 0; c < channels; ++c) {
    std::vector<int8_t> filter;
    for (int32_t i = 0; i < taps; ++i) {
      filter.push_back(static_cast<int8_t>(weights.constant[kind.depthwise ? i * channels + c : c * taps + i]));
    }
    const int32_t b = bias.constant == nullptr ? 0 : device::LoadCode<int32_t>(bias.constant, c);
    RequantizedChannel channel;
    channel.accumulators = ReachableAccumulators(b, filter, z, {-128, 127}, true);
    channel.multiplier =
        device::MultiplierFromProduct(ScaleAt(graph, input, 0), ScaleAt(graph, weights, c), ScaleAt(graph, output, 0));
    layer.channels.push_back(channel);
  }
  return layer;
}

std::vector<Layer> ReadLayers(const std::string& model) {
  std::ifstream stream(std::string(MOTE_SOURCE_DIR) + "/tests/data/mlperf_tiny/" + model + ".tflite", std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  device::Graph graph;
  EXPECT_EQ(graph.Open(file.data(), file.size()), MOTE_OK);
  std::vector<Layer> layers;
  for (uint32_t i = 0; i < graph.operators.size; ++i) {
    device::OperatorInfo op;
    EXPECT_EQ(graph.ReadOperator(i, &op), MOTE_OK);
    for (const Kind& kind : kKinds) {
      if (op.code == kind.code) layers.push_back(ReadLayer(graph, op, kind));
    }
  }
  return layers;
}

class MlperfTinyRequantization : public testing::TestWithParam<const char*> {};

// Layers that are clamped at their zero point take one line, and need no offset of the layer's; all others take two.
TEST_P(MlperfTinyRequantization, EveryChannelOfEveryLayerIsProved) {
  const std::vector<Layer> layers = ReadLayers(GetParam());
  ASSERT_FALSE(layers.empty());
  for (const Layer& layer : layers) {
    RequantizationRequest request;
    request.output = layer.output;
    const LayerRequantization found = FindRequantization(layer.channels, request);
    const bool one_sign = layer.output.min == layer.output.zero_point;
    EXPECT_EQ(found.form, one_sign ? RequantizationForm::kOneLine : RequantizationForm::kTwoLines) << layer.name;
    if (one_sign) EXPECT_EQ(found.offset, 0) << layer.name;
    EXPECT_FALSE(found.clamps) << layer.name;
    ASSERT_EQ(found.channels.size(), layer.channels.size()) << layer.name;
    for (size_t c = 0; c < found.channels.size(); ++c) {
      const RequantizedChannel& channel = layer.channels[c];
      const StepFunction contract = ContractSteps(channel.accumulators, channel.multiplier, layer.output);
      EXPECT_TRUE(Prove(contract, [&](int32_t a) { return found.HeldAt(c, a) - 128; })) << layer.name << ", " << c;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, MlperfTinyRequantization,
                         testing::Values("ad01_int8", "kws_ref_model", "pretrainedResnet_quant", "str_ww_ref_model",
                                         "vww_96_int8"));

}  // namespace
}  // namespace mote::compiler
