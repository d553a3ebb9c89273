// The promise of this room: what training computes, what the integer network computes and what is exported are one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "quantize/integer_ops.h"
#include "quantize/lower.h"
#include "quantize/quantize.h"
#include "torch/utils.h"
#include "train/float_network.h"
#include "train/network.h"

namespace mote {
namespace {

using ::testing::HasSubstr;

Dataset RandomData(const Shape& shape, int64_t samples, uint64_t seed, int64_t classes) {
  torch::manual_seed(seed);
  Dataset data;
  data.name = "random";
  Shape whole = shape;
  whole.insert(whole.begin(), samples);
  data.inputs = torch::randn(whole) * 0.7 + 0.2;
  data.labels = torch::randint(classes, {samples});
  for (int64_t c = 0; c < classes; ++c) data.class_names.push_back(std::to_string(c));
  return data;
}

// Every kind of layer, branches, odd sizes, both paddings.
Network Everything() {
  return NetworkBuilder("everything", {9, 7, 3})
      .BatchNorm()
      .Named("first")
      .Conv2d(8, {3, 3}, {.stride = {2, 1}})
      .BatchNorm()
      .Relu()
      .Named("trunk")
      .DepthwiseConv2d({3, 2}, {.depth_multiplier = 2, .bias = false})
      .BatchNorm()
      .Relu6()
      .Named("left")
      .From("trunk")
      .Conv2d(16, {1, 1})
      .Named("right")
      .Add("left")
      .Relu()
      .Named("sum")
      .MaxPool2d({2, 2}, {.stride = {1, 1}, .padding = Padding::kSame})
      .Named("pooled")
      .From("sum")
      .AveragePool2d({3, 3}, {.stride = {1, 1}, .padding = Padding::kSame})
      .Concat({"pooled"})
      .Dropout(0.2)
      .Conv2d(12, {3, 3}, {.stride = {2, 2}, .padding = Padding::kValid})
      .Named("late")
      .Relu6()
      .Named("late_six")
      .From("late")
      .Relu()
      .Named("late_relu")
      .From("late_six")
      .Add("late_relu")
      .Flatten()
      .Dense(20, false)
      .BatchNorm()
      .Relu()
      .Named("hidden")
      .BatchNorm()
      .Dense(5)
      .Softmax()
      .Build();
}

std::unique_ptr<FloatNetwork> Float(const Network& network, uint64_t seed, const Dataset& data) {
  absl::StatusOr<std::unique_ptr<FloatNetwork>> result = FloatNetwork::Create(network, seed);
  EXPECT_TRUE(result.ok()) << result.status();
  // Running statistics of the data, so that folding has something to fold.
  for (int i = 0; i < 5; ++i) (*result)->Forward(data.inputs, true);
  return *std::move(result);
}

void ExpectTrainingIsIntegers(QuantizedNetwork& network, const Dataset& data) {
  absl::StatusOr<IntegerNetwork> integers = network.ToInteger();
  ASSERT_TRUE(integers.ok()) << integers.status();
  const torch::Tensor codes = QuantizeInput(*integers, data.inputs);
  const IntegerOutputs trained = network.TrainingPassCodes(codes);
  absl::StatusOr<IntegerOutputs> evaluated =
      EvaluateIntegers(*integers, codes, {.batch_size = 7, .keep_tensors = true});
  ASSERT_TRUE(evaluated.ok()) << evaluated.status();
  ASSERT_EQ(trained.tensors.size(), evaluated->tensors.size());
  for (const auto& [index, tensor] : evaluated->tensors) {
    EXPECT_TRUE(torch::equal(tensor, trained.tensors.at(index))) << integers->tensors[index].name;
  }
  // What Predict gives is the codes' real values, and the input is quantized in one way only.
  const torch::Tensor real = network.Predict(data.inputs);
  EXPECT_TRUE(torch::equal(real, Dequantize(*integers, integers->outputs[0], evaluated->output)));
}

class ScaleLearningTest : public ::testing::TestWithParam<ScaleLearning> {};

TEST_P(ScaleLearningTest, TheTrainingPassComputesTheExportedIntegersBeforeAndAfterTraining) {
  const Dataset data = RandomData({9, 7, 3}, 40, 3, 5);
  auto source = Float(Everything(), 5, data);
  QuantizeOptions options;
  options.scales = GetParam();
  options.tracking_momentum = 0.2;
  auto network = QuantizedNetwork::Create(*source, data, options);
  ASSERT_TRUE(network.ok()) << network.status();
  ExpectTrainingIsIntegers(**network, data);
  FitOptions fit;
  fit.epochs = 3;
  fit.batch_size = 16;
  fit.optimizer.learning_rate = 5e-3;
  absl::StatusOr<FitResult> result = Fit(**network, data, data, fit);
  ASSERT_TRUE(result.ok()) << result.status();
  ExpectTrainingIsIntegers(**network, data);
  // The validation accuracy of the last epoch is the accuracy of the exported integers.
  const IntegerNetwork integers = *(*network)->ToInteger();
  const torch::Tensor outputs = EvaluateIntegers(integers, QuantizeInput(integers, data.inputs))->output;
  EXPECT_EQ(Accuracy(outputs, data.labels), result->epochs.back().validation_metric);
}

INSTANTIATE_TEST_SUITE_P(All, ScaleLearningTest,
                         ::testing::Values(ScaleLearning::kLearned, ScaleLearning::kTracked, ScaleLearning::kFixed));

TEST(QuantizedNetworkTest, FoldedAndQuantizedItStaysCloseToTheFloatNetwork) {
  const Dataset data = RandomData({9, 7, 3}, 64, 11, 5);
  auto source = Float(Everything(), 2, data);
  for (Calibration calibration : {Calibration::kMinMax, Calibration::kPercentile, Calibration::kMeanSquaredError}) {
    QuantizeOptions options;
    options.calibration = calibration;
    auto network = QuantizedNetwork::Create(*source, data, options);
    ASSERT_TRUE(network.ok()) << network.status();
    const double difference =
        ((*network)->Predict(data.inputs) - source->Predict(data.inputs)).abs().mean().item<double>();
    EXPECT_LT(difference, 0.02);  // of probabilities; 1/256 is one code
  }
}

// Straight through: with fine scales the gradient is that of the float network with the same folded weights.
TEST(QuantizedNetworkTest, GradientsAreThoseOfTheFloatExpression) {
  const Network description = NetworkBuilder("plain", {6, 5, 2})
                                  .Conv2d(8, {3, 3}, {.stride = {2, 1}})
                                  .Relu()
                                  .Named("a")
                                  .DepthwiseConv2d({3, 3})
                                  .Relu()
                                  .Add("a")
                                  .AveragePool2d({2, 2}, {.stride = {1, 1}, .padding = Padding::kSame})
                                  .Flatten()
                                  .Dense(4)
                                  .Build();
  const Dataset data = RandomData({6, 5, 2}, 32, 4, 4);
  auto source = Float(description, 9, data);
  // Of one sign: sums that all but cancel would show the rounding and nothing else.
  {
    torch::NoGradGuard no_grad;
    source->Get("dense.weight").abs_();
    // No sum is exactly 0, where the two sides may differ: a ReLU stops there, a clamp lets through what it leaves as
    // it is.
    source->Get("conv_2d.bias").fill_(0.05);
    source->Get("depthwise_conv_2d.bias").fill_(0.05);
  }
  auto quantized = QuantizedNetwork::Create(*source, data, {});
  ASSERT_TRUE(quantized.ok());
  const torch::Tensor seed = torch::tensor({1.0F, 2.0F, 0.5F, 3.0F}).expand({32, 4});
  (source->Forward(data.inputs, true) * seed).sum().backward();
  ((*quantized)->Forward(data.inputs, true) * seed).sum().backward();
  for (const auto& [name, parameter] : (*quantized)->Parameters()) {
    if (!source->Has(name)) continue;
    const torch::Tensor expected = source->Get(name).grad(), actual = parameter.grad();
    ASSERT_TRUE(expected.defined() && actual.defined()) << name;
    const double cosine = ((expected * actual).sum() / (expected.norm() * actual.norm())).item<double>();
    EXPECT_GT(cosine, 0.98) << name;
    EXPECT_NEAR((actual.norm() / expected.norm()).item<double>(), 1.0, 0.05) << name;
  }
}

// LSQ: the derivative by a scale's logarithm is that of the loss, as far as rounding can be differentiated. A scale
// that is far too small clamps, and its gradient says: grow.
TEST(QuantizedNetworkTest, ALearnedScaleThatClampsGrows) {
  const Network description = NetworkBuilder("one", {16}).Dense(16).Relu().Named("middle").Dense(4).Build();
  const Dataset data = RandomData({16}, 128, 6, 4);
  auto source = Float(description, 1, data);
  const torch::Tensor target = source->Predict(data.inputs);
  auto quantized = QuantizedNetwork::Create(*source, data, {});
  ASSERT_TRUE(quantized.ok());
  for (auto& [name, parameter] : (*quantized)->Parameters()) {
    if (name != "quantizer.1.log_scale") continue;
    torch::NoGradGuard no_grad;
    parameter -= 2.0;  // to 1/7 of what the range needs
  }
  ((*quantized)->Forward(data.inputs, true) - target).square().mean().backward();
  bool found = false;
  for (auto& [name, parameter] : (*quantized)->Parameters()) {
    if (name != "quantizer.1.log_scale") continue;
    found = true;
    EXPECT_LT(parameter.grad().item<double>(), 0.0);
  }
  EXPECT_TRUE(found);
}

TEST(QuantizedNetworkTest, SumsTooLargeForFloatAreExactToo) {
  // 3 x 3 x 512 products of up to 127 * 255 leave the 24 bits of a float.
  const Network description = NetworkBuilder("wide", {4, 4, 512}).Conv2d(8, {3, 3}).Flatten().Dense(3).Build();
  Dataset data = RandomData({4, 4, 512}, 4, 8, 3);
  data.inputs = data.inputs.abs() + 1.0;
  auto source = Float(description, 3, data);
  {
    torch::NoGradGuard no_grad;
    torch::Tensor weight = source->Get("conv_2d.weight");
    weight.abs_();  // all of one sign: the sums grow
  }
  auto network = QuantizedNetwork::Create(*source, data, {});
  ASSERT_TRUE(network.ok()) << network.status();
  ExpectTrainingIsIntegers(**network, data);
  // An independent statement in 64-bit integers for one output.
  const IntegerNetwork integers = *(*network)->ToInteger();
  const torch::Tensor codes = QuantizeInput(integers, data.inputs);
  const torch::Tensor weights = integers.tensors[integers.operators[0].inputs[1]].data;
  const int32_t bias = integers.tensors[integers.operators[0].inputs[2]].data[5].item<int32_t>();
  const int64_t zero = integers.tensors[0].zero_points[0];
  const torch::Tensor window = codes[2].slice(0, 0, 3).slice(1, 0, 3).to(torch::kInt64) - zero;
  const int64_t sum = (window * weights[5].to(torch::kInt64)).sum().item<int64_t>() + bias;
  EXPECT_GT(sum, int64_t{1} << 24);
  const Multiplier m =
      ScaleMultiplier(integers.tensors[0].scales[0], integers.tensors[integers.operators[0].inputs[1]].scales[5],
                      integers.tensors[1].scales[0]);
  const int64_t expected = std::clamp<int64_t>(
      ApplyMultiplier(static_cast<int32_t>(sum), m) + integers.tensors[1].zero_points[0], -128, 127);
  const auto tensors = (*network)->TrainingPassCodes(codes).tensors;
  EXPECT_EQ((tensors.at(1)[2][1][1][5].item<int8_t>()), expected);
}

TEST(QuantizedNetworkTest, AChannelWithoutWeightsKeepsItsBias) {
  const Network description = NetworkBuilder("dead", {4, 4, 2}).Conv2d(4, {1, 1}).Flatten().Dense(2).Build();
  const Dataset data = RandomData({4, 4, 2}, 16, 8, 2);
  auto source = Float(description, 3, data);
  {
    torch::NoGradGuard no_grad;
    source->Get("conv_2d.weight").slice(0, 1, 2).fill_(1e-12);
    source->Get("conv_2d.weight").slice(0, 2, 3).zero_();
    source->Get("conv_2d.bias").fill_(0.5);
  }
  auto network = QuantizedNetwork::Create(*source, data, {});
  ASSERT_TRUE(network.ok()) << network.status();
  ExpectTrainingIsIntegers(**network, data);
  const IntegerNetwork integers = *(*network)->ToInteger();
  const auto tensors = (*network)->TrainingPassCodes(QuantizeInput(integers, data.inputs)).tensors;
  const torch::Tensor real = Dequantize(integers, 1, tensors.at(1));
  EXPECT_NEAR(real[0][0][0][1].item<double>(), 0.5, 0.02);
  EXPECT_NEAR(real[0][0][0][2].item<double>(), 0.5, 0.02);
}

TEST(QuantizedNetworkTest, ReluSixIsFusedWithItsBound) {
  const Network description = NetworkBuilder("six", {8}).Dense(8).Relu6().Dense(2).Build();
  Dataset data = RandomData({8}, 64, 8, 2);
  data.inputs = data.inputs * 20.0;
  auto source = Float(description, 3, data);
  auto network = QuantizedNetwork::Create(*source, data, {});
  ASSERT_TRUE(network.ok()) << network.status();
  ExpectTrainingIsIntegers(**network, data);
  const IntegerNetwork integers = *(*network)->ToInteger();
  EXPECT_EQ(integers.operators.size(), 2u);
  EXPECT_EQ(integers.operators[0].activation, Activation::kRelu6);
}

TEST(LowerTest, ASoftmaxBesideOthersInAConcatIsRefusedByName) {
  const Network description = NetworkBuilder("bad", {8})
                                  .Dense(4)
                                  .Named("logits")
                                  .Softmax()
                                  .Named("p")
                                  .Concat({"logits"})
                                  .Named("both")
                                  .Dense(2)
                                  .Build();
  EXPECT_THAT(std::string(Lower(description).status().message()), HasSubstr("'logits'"));
}

TEST(CalibrateTest, OptionsOutOfRangeAndDivergedNetworksAreRefused) {
  const Dataset data = RandomData({8}, 8, 1, 2);
  auto source = Float(NetworkBuilder("n", {8}).Dense(2).Build(), 1, data);
  QuantizeOptions options;
  options.calibration_samples = 0;
  EXPECT_THAT(std::string(QuantizedNetwork::Create(*source, data, options).status().message()),
              HasSubstr("calibration_samples is 0"));
  options = {};
  options.percentile = 20;
  EXPECT_THAT(std::string(QuantizedNetwork::Create(*source, data, options).status().message()),
              HasSubstr("percentile is 20"));
  options = {};
  options.tracking_momentum = 0;
  EXPECT_THAT(std::string(QuantizedNetwork::Create(*source, data, options).status().message()),
              HasSubstr("tracking_momentum is 0"));
  {
    torch::NoGradGuard no_grad;
    source->Get("dense.weight").fill_(NAN);
  }
  EXPECT_THAT(std::string(QuantizedNetwork::Create(*source, data, {}).status().message()), HasSubstr("'dense'"));
}

}  // namespace
}  // namespace mote
