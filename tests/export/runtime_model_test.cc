// The device runtime behind tensors, and what inspect says of a model.
#include "export/runtime_model.h"

#include "export/inspect.h"
#include "export/tflite.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/export/test_networks.h"

namespace mote {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<RuntimeModel> Model(const IntegerNetwork& network) {
  absl::StatusOr<std::string> bytes = ToTflite(network);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  absl::StatusOr<std::unique_ptr<RuntimeModel>> model = RuntimeModel::FromBytes(*bytes, "m.tflite");
  EXPECT_TRUE(model.ok()) << model.status();
  return *std::move(model);
}

TEST(RuntimeModel, TellsTensorsAndOperatorsAsTheFileHasThem) {
  const IntegerNetwork network = AsExported(EveryOperator(3));
  const auto model = Model(network);
  ASSERT_EQ(model->tensors().size(), network.tensors.size());
  EXPECT_EQ(model->tensors()[1].name, "stem");
  EXPECT_EQ(model->tensors()[0].type, "int8");
  EXPECT_EQ(model->tensors()[0].bytes, 9 * 7 * 3);
  ASSERT_EQ(model->operators().size(), network.operators.size());
  int64_t macs = 0;
  for (size_t i = 0; i < network.operators.size(); ++i) {
    EXPECT_EQ(model->operators()[i].name, OperatorKindName(network.operators[i].kind));
    EXPECT_EQ(model->operators()[i].layer, network.operators[i].name);
    EXPECT_EQ(model->operators()[i].macs, CostOf(network, network.operators[i]).macs);
    macs += model->operators()[i].macs;
  }
  EXPECT_EQ(macs, 5 * 7 * 8 * 27 + 5 * 7 * 16 * 9 + 5 * 7 * 16 * 16 + 24 * 32 + 5 * 24);
  EXPECT_EQ(model->operators()[0].detail, "3x3 stride 2x1 SAME RELU");
  EXPECT_GT(model->arena_bytes(), 5 * 7 * 32);
  EXPECT_EQ(model->class_names(), network.class_names);
  EXPECT_EQ(model->metadata().at("run_hash"), "0123456789abcdef");
  EXPECT_EQ(model->metadata().at("min_runtime_version"), "2.1.0");
  EXPECT_EQ(model->metadata().at("contract"), "mote-int8 v1");
}

TEST(RuntimeModel, SamplesDoNotInfluenceEachOther) {
  const IntegerNetwork network = EveryOperator(3);
  const auto model = Model(network);
  const torch::Tensor codes = RandomCodes(network, 9, 3);
  const auto all = model->Invoke({codes});
  ASSERT_TRUE(all.ok()) << all.status();
  for (int64_t i = 0; i < 9; ++i) {
    const auto one = model->Invoke({codes.slice(0, i, i + 1)});
    ASSERT_TRUE(one.ok()) << one.status();
    EXPECT_TRUE(torch::equal(one->outputs[0][0], all->outputs[0][i])) << i;
  }
  EXPECT_EQ(model->Invoke({codes.slice(0, 0, 0)})->outputs[0].size(0), 0);
}

TEST(RuntimeModel, WrongInputsAreNamed) {
  const IntegerNetwork network = EveryOperator(3);
  const auto model = Model(network);
  const torch::Tensor codes = RandomCodes(network, 2, 3);
  const auto message = [&](const std::vector<torch::Tensor>& inputs) {
    return std::string(model->Invoke(inputs).status().message());
  };
  EXPECT_THAT(message({}), HasSubstr("m.tflite: 0 inputs given; the model has 1"));
  EXPECT_THAT(message({codes.to(torch::kFloat32)}), HasSubstr("input 0 is Float; int8 [samples, 9, 7, 3]"));
  EXPECT_THAT(message({codes.reshape({2, 63, 3})}), HasSubstr("input 0 has the shape [2, 63, 3]; [samples, 9, 7, 3]"));
}

TEST(Inspect, TheTableHasEveryOperatorAndTheTotals) {
  const std::string table = InspectTable(*Model(EveryOperator(3)));
  for (const OperatorKind kind : AllOperatorKinds()) EXPECT_THAT(table, HasSubstr(std::string(OperatorKindName(kind))));
  EXPECT_THAT(table, HasSubstr("14 operators, 22,448 MACs, 1,780 bytes of weights and biases"));
  EXPECT_THAT(table, HasSubstr("classes ant, bee, crane fly, dragonfly, earwig"));
}

TEST(Inspect, TheJsonHasTheSameNumbers) {
  const auto model = Model(EveryOperator(3));
  const auto json = nlohmann::json::parse(InspectJson(*model));
  EXPECT_EQ(json["totals"]["macs"], 22448);
  EXPECT_EQ(json["totals"]["weight_bytes"], 1780);
  EXPECT_EQ(json["operators"].size(), 14u);
  EXPECT_EQ(json["operators"][0]["layer"], "stem");
  EXPECT_EQ(json["tensors"][0]["shape"], (std::vector<int>{1, 9, 7, 3}));
  EXPECT_EQ(json["arena_bytes"], model->arena_bytes());
  EXPECT_EQ(json["metadata"]["run_hash"], "0123456789abcdef");
}

}  // namespace
}  // namespace mote
