// Which layers the variants of ADD, pools and tables take, and what they ask for.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "export/compiler/variant.h"

namespace mote::compiler {
namespace {

Network NetworkOf(const std::string& model) {
  std::ifstream stream(std::string(MOTE_SOURCE_DIR) + "/tests/data/mlperf_tiny/" + model + ".tflite", std::ios::binary);
  absl::StatusOr<Network> network = ReadNetwork({std::istreambuf_iterator<char>(stream), {}});
  EXPECT_TRUE(network.ok()) << network.status();
  return *std::move(network);
}

const VariantList& Variants() {
  static const VariantList* variants = [] {
    auto* list = new VariantList;
    AddElementwiseDspVariants(list);
    AddPortableVariants(list);
    return list;
  }();
  return *variants;
}

// Names of the variants that take a layer of the kind, for each such layer.
std::vector<std::string> TakenBy(const Network& network, LayerKind kind, const std::string& core) {
  std::vector<std::string> names;
  for (const Layer& layer : network.layers) {
    if (layer.kind != kind) continue;
    std::string& all = names.emplace_back();
    for (const auto& variant : Variants()) {
      const std::optional<KernelUse> use = variant->Use(network, layer, {{*FindCompilerCore(core)}, std::nullopt});
      if (!use) continue;
      EXPECT_EQ(use->variant, variant->name());
      EXPECT_EQ(use->reads.size(), layer.inputs.size());
      EXPECT_EQ(use->writes, Nhwc8(network.tensors[layer.outputs[0]]));
      EXPECT_GT(use->instructions, 0);
      all += (all.empty() ? "" : " ") + use->variant;
    }
  }
  return names;
}

TEST(ElementwiseVariants, TakeEveryAddAndPoolOfImageClassification) {
  const Network network = NetworkOf("pretrainedResnet_quant");
  EXPECT_EQ(TakenBy(network, LayerKind::kAdd, "cortex-m4"), std::vector<std::string>(3, "add_dsp add"));
  EXPECT_EQ(TakenBy(network, LayerKind::kAdd, "cortex-m0"), std::vector<std::string>(3, "add"));
  EXPECT_EQ(TakenBy(network, LayerKind::kAveragePool, "cortex-m4"),
            (std::vector<std::string>{"pool_rows_dsp global_rows_dsp pool_rows global_rows"}));
  EXPECT_EQ(TakenBy(network, LayerKind::kAveragePool, "riscv32"), (std::vector<std::string>{"pool_rows global_rows"}));
}

// A network of one layer that reads `inputs` times an image of 6 x 5 with 8 channels.
Network OneLayer(LayerKind kind, int inputs, int outputs_high, int outputs_wide) {
  Network network;
  for (int i = 0; i <= inputs; ++i) {
    Tensor tensor;
    tensor.index = i;
    tensor.type = "int8";
    tensor.height = i < inputs ? 6 : outputs_high;
    tensor.width = i < inputs ? 5 : outputs_wide;
    tensor.channels = 8;
    tensor.bytes = int64_t{tensor.height} * tensor.width * tensor.channels;
    network.tensors.push_back(tensor);
  }
  Layer layer;
  layer.kind = kind;
  for (int i = 0; i < inputs; ++i) layer.inputs.push_back(i);
  layer.outputs = {inputs};
  layer.output_channels = 8;
  network.layers = {layer};
  return network;
}

TEST(ElementwiseVariants, TablesHoldResultsByTheCodesByte) {
  Network network = OneLayer(LayerKind::kTable, 1, 6, 5);
  for (int i = 0; i < 256; ++i) network.layers[0].table[static_cast<size_t>(i)] = static_cast<int8_t>(i ^ 0x55);
  ASSERT_EQ(TakenBy(network, LayerKind::kTable, "cortex-m3"), std::vector<std::string>{"table"});
  for (const auto& variant : Variants()) {
    const auto use = variant->Use(network, network.layers[0], {{*FindCompilerCore("cortex-m3")}, std::nullopt});
    if (!use) continue;
    ASSERT_EQ(use->constants.size(), 1u);
    ASSERT_EQ(use->constants[0].values.size(), 256u);
    for (int i = 0; i < 256; ++i) EXPECT_EQ(use->constants[0].values[static_cast<size_t>(i)], i ^ 0x55);
  }
}

TEST(ElementwiseVariants, WindowsOfMoreThan255ElementsAreNotSummedIn16Bits) {
  Network network = OneLayer(LayerKind::kAveragePool, 1, 1, 1);
  Layer& layer = network.layers[0];
  layer.vertical = {15, 1, 15, 1, 1, 0};
  layer.horizontal = {17, 1, 17, 1, 1, 0};
  EXPECT_EQ(TakenBy(network, LayerKind::kAveragePool, "cortex-m4"),
            (std::vector<std::string>{"pool_rows_dsp global_rows_dsp pool_rows global_rows"}));
  layer.horizontal = {18, 1, 18, 1, 1, 0};
  EXPECT_EQ(TakenBy(network, LayerKind::kAveragePool, "cortex-m4"),
            (std::vector<std::string>{"pool_rows global_rows"}));
  // 255 elements, but not a multiple of four channels.
  layer.horizontal = {17, 1, 17, 1, 1, 0};
  layer.output_channels = 6;
  EXPECT_EQ(TakenBy(network, LayerKind::kAveragePool, "cortex-m4"),
            (std::vector<std::string>{"pool_rows global_rows"}));
}

TEST(ElementwiseVariants, MeansOfTheImageAreFolded) {
  Network network = OneLayer(LayerKind::kMean, 1, 1, 1);
  Layer& layer = network.layers[0];
  layer.vertical = {6, 1, 6, 1, 1, 0};
  layer.horizontal = {5, 1, 5, 1, 1, 0};
  layer.channels = {{-30 * 7, 1 << 30, -4}};
  EXPECT_EQ(TakenBy(network, LayerKind::kMean, "cortex-m4"), std::vector<std::string>{"global_rows_dsp global_rows"});
  EXPECT_EQ(TakenBy(network, LayerKind::kMean, "cortex-m0"), std::vector<std::string>{"global_rows"});
}

TEST(ElementwiseVariants, OtherLayoutsAreLeftToConversions) {
  const Network network = OneLayer(LayerKind::kMaxPool, 1, 6, 5);
  RowLayout other = Nhwc8(network.tensors[1]);
  other.kind = "planar8";
  for (const auto& variant : Variants()) {
    EXPECT_FALSE(variant->Use(network, network.layers[0], {{*FindCompilerCore("cortex-m4")}, other}));
  }
}

}  // namespace
}  // namespace mote::compiler
