// IntegerNetwork: structure, costs, the proof about accumulators, and codes of real values.
#include "quantize/integer_network.h"

#include <cmath>
#include <functional>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/export/test_networks.h"

namespace mote {
namespace {

using ::testing::HasSubstr;

struct Case {
  const char* name;
  std::function<void(IntegerNetwork&)> change;
  const char* message;
};

IntegerTensor& In(IntegerNetwork& n, int op, int i) { return n.tensors[n.operators[op].inputs[i]]; }
IntegerTensor& Out(IntegerNetwork& n, int op) { return n.tensors[n.operators[op].outputs[0]]; }

// What a file cannot say, or what the importer mends; the rest is in tests/export/malformed_test.cc.
const Case kCases[] = {
    {"NoOperators", [](auto& n) { n.operators.clear(); }, "network 'every_operator': has no operators"},
    {"InputTwice",
     [](auto& n) {
       n.inputs = {0, 0};
     },
     "is listed twice"},
    {"InputIsConstant", [](auto& n) { n.inputs = {n.operators[0].inputs[1]}; }, "is a constant; an activation"},
    {"InputCount", [](auto& n) { n.operators[0].inputs.pop_back(); },
     "conv_2d 'stem': has 2 inputs; 3 (input, weights, bias or -1)"},
    {"OutputCount", [](auto& n) { n.operators[0].outputs.push_back(0); }, "has 2 outputs; 1"},
    {"DataShape",
     [](auto& n) {
       In(n, 0, 1).data = In(n, 0, 1).data.reshape({8, 9, 3, 1});
     },
     "is not a contiguous int8 tensor"},
    {"DataType", [](auto& n) { In(n, 0, 1).data = In(n, 0, 1).data.to(torch::kFloat32); },
     "is not a contiguous int8 tensor"},
    {"NotContiguous",
     [](auto& n) {
       In(n, 4, 1).data = In(n, 4, 1).data.permute({3, 1, 2, 0});
     },
     "is not a contiguous int8 tensor"},
    {"BiasInt8", [](auto& n) { In(n, 0, 2).type = DataType::kInt8; }, "is not int32"},
    {"SevenDimensions", [](auto& n) { Out(n, 0).shape = {1, 1, 1, 1, 1, 1, 1}; }, "has 7 dimensions; at most 6"},
    {"Channels", [](auto& n) { n.operators[1].depth_multiplier = 3; },
     "depthwise_conv_2d 'wide': weights have 16 channels"},
    {"Dilation", [](auto& n) { n.operators[1].dilation[1] = 0; }, "dilation is 2x0"},
    {"KernelTooLarge",
     [](auto& n) {
       n.operators[8].kernel = {6, 7};
     },
     "average_pool_2d 'global': window 6x7 does not fit into the input of 5x7 without padding"},
    {"AddShapes", [](auto& n) { n.operators[5].inputs[1] = n.operators[0].outputs[0]; },
     "add 'sum': inputs have the shapes"},
    {"AddScale", [](auto& n) { Out(n, 5).scales[0] = 1e-8F; }, "add 'sum': output scale 9.9"},
    {"Relu6Tied", [](auto& n) { Out(n, 2).scales[0] *= 1.5F; }, "relu6 'clamped': input"},
    {"FusedOnSoftmax", [](auto& n) { n.operators[13].activation = Activation::kRelu; },
     "softmax 'probabilities': has a fused activation"},
    {"ReshapeElements",
     [](auto& n) {
       Out(n, 9).shape = {1, 31};
     },
     "reshape 'flat': input of 32 values cannot become [1, 31]"},
    {"DenseInputs",
     [](auto& n) {
       In(n, 12, 1).shape = {4, 30};
       In(n, 12, 1).data = torch::zeros({4, 30}, torch::kInt8);
     },
     "weights take 30 values, the input has 24"},
    {"OutputOfNone", [](auto& n) { n.outputs = {n.operators[0].inputs[1]}; }, "is made by no operator"},
    {"UnnamedOperator",
     [](auto& n) {
       n.operators[3].name = "";
       n.operators[3].stride = {0, 1};
     },
     "max_pool_2d (operator 3): stride is 0x1"},
};

class Invalid : public ::testing::TestWithParam<Case> {};

TEST_P(Invalid, IsRefusedByNameOfTheOperator) {
  IntegerNetwork network = EveryOperator(3);
  ASSERT_TRUE(Validate(network).ok()) << Validate(network);
  GetParam().change(network);
  EXPECT_THAT(std::string(Validate(network).message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(IntegerNetwork, Invalid, ::testing::ValuesIn(kCases),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(IntegerNetwork, EveryRandomOperatorIsValid) {
  for (const OperatorKind kind : AllOperatorKinds()) {
    for (uint64_t seed = 1; seed <= 50; ++seed) {
      EXPECT_TRUE(Validate(RandomOperator(kind, seed)).ok())
          << OperatorKindName(kind) << seed << Validate(RandomOperator(kind, seed));
    }
  }
}

TEST(IntegerNetwork, CostsCountWhatIsMultipliedAndStored) {
  const IntegerNetwork network = EveryOperator(3);
  EXPECT_EQ(CostOf(network, network.operators[0]).macs, 5 * 7 * 8 * 27);
  EXPECT_EQ(CostOf(network, network.operators[0]).weight_bytes, 8 * 27 + 8 * 4);
  EXPECT_EQ(CostOf(network, network.operators[1]).macs, 5 * 7 * 16 * 9);
  EXPECT_EQ(CostOf(network, network.operators[4]).weight_bytes, 16 * 16);  // no bias
  EXPECT_EQ(CostOf(network, network.operators[5]).macs, 0);
}

// The bound against sums that are driven to their worst: every input code at the end that makes its term largest, the
// terms of one sign first.
TEST(IntegerNetwork, NoOrderOfSummationPassesTheProvedBound) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    for (const OperatorKind kind :
         {OperatorKind::kConv2d, OperatorKind::kDepthwiseConv2d, OperatorKind::kFullyConnected}) {
      IntegerNetwork network = RandomOperator(kind, seed);
      network.tensors[network.operators[0].inputs[1]].data.flatten()[0] = -128;  // legal in files of others
      absl::StatusOr<std::vector<AccumulatorBound>> bounds = ProveAccumulators(network);
      ASSERT_TRUE(bounds.ok()) << bounds.status();
      ASSERT_EQ(bounds->size(), 1u);
      const IntegerOperator& op = network.operators[0];
      torch::Tensor weights = network.tensors[op.inputs[1]].data.to(torch::kInt64);
      weights = kind == OperatorKind::kDepthwiseConv2d ? weights.reshape({-1, weights.size(3)}).t()
                                                       : weights.reshape({weights.size(0), -1});
      const int64_t z = network.tensors[0].zero_points[0];
      const torch::Tensor low = weights * (-128 - z), high = weights * (127 - z);
      torch::Tensor bias = torch::zeros({weights.size(0)}, torch::kInt64);
      if (op.inputs[2] >= 0) bias = network.tensors[op.inputs[2]].data.to(torch::kInt64);
      const torch::Tensor up = torch::maximum(low, high).clamp_min(0).sum(1) + bias.clamp_min(0);
      const torch::Tensor down = torch::minimum(low, high).clamp_max(0).sum(1) + bias.clamp_max(0);
      EXPECT_GE((*bounds)[0].bound, torch::maximum(up, -down).max().item<int64_t>()) << seed;
      const torch::Tensor exact = bias.abs() + torch::maximum(low.abs(), high.abs()).sum(1);
      EXPECT_EQ((*bounds)[0].bound, exact.max().item<int64_t>()) << seed;
      EXPECT_EQ((*bounds)[0].bound, exact[(*bounds)[0].channel].item<int64_t>()) << seed;
    }
  }
}

TEST(IntegerNetwork, TheLastAccumulatorThatFitsPassesAndTheNextFailsByNameAndChannel) {
  IntegerNetwork network = EveryOperator(3);
  IntegerTensor& weights = In(network, 0, 1);
  weights.data[6].zero_();
  Out(network, 0).scales[0] = 1e4F;  // no shift to the left
  In(network, 0, 2).data[6] = std::numeric_limits<int32_t>::max();
  absl::StatusOr<std::vector<AccumulatorBound>> bounds = ProveAccumulators(network);
  ASSERT_TRUE(bounds.ok()) << bounds.status();
  EXPECT_EQ((*bounds)[0].channel, 6);
  EXPECT_EQ((*bounds)[0].bound, std::numeric_limits<int32_t>::max());
  In(network, 0, 2).data[6] = std::numeric_limits<int32_t>::min();
  EXPECT_THAT(std::string(ProveAccumulators(network).status().message()),
              HasSubstr("conv_2d 'stem': channel 6 can reach 2147483648, which does not fit 32 bits"));
}

TEST(IntegerNetwork, AnAccumulatorThatOverflowsInTheShiftToASmallOutputScaleFailsByName) {
  IntegerNetwork network = EveryOperator(3);
  Out(network, 0).scales[0] = 1e-9F;
  EXPECT_THAT(std::string(ProveAccumulators(network).status().message()),
              HasSubstr("conv_2d 'stem': channel 0 can reach"));
  EXPECT_THAT(std::string(ProveAccumulators(network).status().message()), HasSubstr("the output scale is too small"));
}

TEST(IntegerNetwork, InputsRoundHalvesAwayFromZeroAndClamp) {
  IntegerNetwork network = RandomOperator(OperatorKind::kRelu6, 1);
  network.tensors[0].scales = {0.5F};
  network.tensors[0].zero_points = {3};
  const float inf = std::numeric_limits<float>::infinity();
  const torch::Tensor real =
      torch::tensor({0.25F, -0.25F, 0.75F, -0.75F, 0.2F, 0.0F, 1e9F, -1e9F, inf, -inf, std::nanf("")});
  const torch::Tensor codes = QuantizeInput(network, real);
  EXPECT_TRUE(torch::equal(codes, torch::tensor({4, 2, 5, 1, 3, 3, 127, -128, 127, -128, 3}, torch::kInt8))) << codes;
  const torch::Tensor back = Dequantize(network, 0, codes);
  EXPECT_EQ(back[2].item<float>(), 1.0F);
  EXPECT_EQ(back[6].item<float>(), 62.0F);
}

}  // namespace
}  // namespace mote
