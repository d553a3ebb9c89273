// The description of a network: shapes, errors that name the layer, JSON there and back, and the modules built from it.
#include "train/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "torch/nn/functional/pooling.h"
#include "torch/utils.h"
#include "train/float_network.h"
#include "train/window.h"

namespace mote {
namespace {

using ::testing::HasSubstr;

Network Example() {
  return NetworkBuilder("example", {9, 7, 3})
      .Conv2d(8, {3, 3}, {.stride = {2, 2}})
      .BatchNorm()
      .Relu()
      .Named("trunk")
      .DepthwiseConv2d({3, 3}, {.padding = Padding::kValid, .depth_multiplier = 2})
      .Named("deep")
      .From("trunk")
      .Conv2d(16, {3, 3}, {.dilation = {1, 1}, .padding = Padding::kValid})
      .Add("deep")
      .Concat({"deep"})
      .MaxPool2d({2, 2}, {.stride = {1, 1}})
      .Dropout(0.25)
      .Flatten()
      .Dense(6)
      .Softmax()
      .Build();
}

TEST(NetworkTest, ShapesAreInferredThroughEveryKindOfLayer) {
  const absl::StatusOr<std::vector<Shape>> shapes = InferShapes(Example());
  ASSERT_TRUE(shapes.ok()) << shapes.status();
  EXPECT_EQ((*shapes)[1], (Shape{5, 4, 8}));
  EXPECT_EQ((*shapes)[4], (Shape{3, 2, 16}));
  EXPECT_EQ(shapes->back(), (Shape{6}));
}

TEST(NetworkTest, JsonKeepsEveryField) {
  const Network network = Example();
  const absl::StatusOr<Network> back = NetworkFromJson(NetworkToJson(network));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, network);
}

struct BadNetwork {
  const char* name;
  Network network;
  const char* message;
};

class BadNetworkTest : public ::testing::TestWithParam<int> {};

std::vector<BadNetwork> BadNetworks() {
  auto layers = [](std::vector<Layer> rest) {
    Network network{.name = "bad", .layers = {{.name = "input", .kind = LayerKind::kInput}}, .input_shape = {4, 4, 2}};
    network.layers.insert(network.layers.end(), rest.begin(), rest.end());
    return network;
  };
  return {
      {"Empty", layers({}), "network 'bad' has no layers"},
      {"ShapeOfTwo", NetworkBuilder("n", {4, 4}).Dense(2).Build(), "the input's shape is {4, 4}"},
      {"ZeroSize", NetworkBuilder("n", {0}).Dense(2).Build(), "every dimension must be 1 to"},
      {"DenseOnImage", NetworkBuilder("n", {4, 4, 2}).Dense(2).Build(), "dense 'dense': needs an input {features}"},
      {"ConvOnFeatures", NetworkBuilder("n", {4}).Conv2d(2, {3, 3}).Build(),
       "conv_2d 'conv_2d': needs an input {height, width, channels}, got {4}"},
      {"NoFilters", NetworkBuilder("n", {4, 4, 2}).Conv2d(0, {3, 3}).Build(), "filters is 0"},
      {"KernelZero", NetworkBuilder("n", {4, 4, 2}).Conv2d(1, {0, 3}).Build(), "kernel is 0 x 3"},
      {"StrideZero", NetworkBuilder("n", {4, 4, 2}).Conv2d(1, {3, 3}, {.stride = {1, 0}}).Build(), "stride is 1 x 0"},
      {"WindowTooLarge", NetworkBuilder("n", {4, 4, 2}).Conv2d(1, {5, 3}, {.padding = Padding::kValid}).Build(),
       "a window of 5 does not fit into an input of 4 along height"},
      {"AddShapes", NetworkBuilder("n", {4, 4, 2}).Conv2d(3, {1, 1}).Add("input").Build(),
       "add 'add': adds {4, 4, 3} and {4, 4, 2}"},
      {"ConcatShapes", NetworkBuilder("n", {4, 4, 2}).MaxPool2d({2, 2}).Concat({"input"}).Build(),
       "concat 'concat': joins"},
      {"UnknownInput", NetworkBuilder("n", {4, 4, 2}).Conv2d(2, {1, 1}).Add("nothing").Build(),
       "its input 'nothing' is not a layer"},
      {"LaterInput",
       layers({{.name = "a", .kind = LayerKind::kRelu, .inputs = {"b"}},
               {.name = "b", .kind = LayerKind::kRelu, .inputs = {"input"}}}),
       "its input 'b' does not come before it"},
      {"TwoNames",
       layers({{.name = "a", .kind = LayerKind::kRelu, .inputs = {"input"}},
               {.name = "a", .kind = LayerKind::kRelu, .inputs = {"input"}}}),
       "the name is taken"},
      {"Unused",
       NetworkBuilder("n", {4, 4, 2}).Conv2d(2, {1, 1}).Named("lost").From("input").Flatten().Dense(2).Build(),
       "conv_2d 'lost': nothing uses its output"},
      {"DropoutOne", NetworkBuilder("n", {4}).Dropout(1.0).Dense(2).Build(), "rate is 1"},
      {"SoftmaxOnImage", NetworkBuilder("n", {4, 4, 2}).Softmax().Build(),
       "softmax 'softmax': needs an input {features}"},
      {"AddOfOne", layers({{.name = "a", .kind = LayerKind::kAdd, .inputs = {"input"}}}), "has 1 inputs; it takes 2"},
      {"TooLarge", NetworkBuilder("n", {1 << 20, 1 << 20, 64}).Relu().Build(), "more than 2^31 values"},
  };
}

TEST_P(BadNetworkTest, IsRefusedByName) {
  const BadNetwork bad = BadNetworks()[GetParam()];
  const absl::StatusOr<std::vector<Shape>> shapes = InferShapes(bad.network);
  ASSERT_FALSE(shapes.ok()) << bad.name;
  EXPECT_THAT(std::string(shapes.status().message()), HasSubstr(bad.message)) << bad.name;
}
INSTANTIATE_TEST_SUITE_P(All, BadNetworkTest, ::testing::Range(0, static_cast<int>(BadNetworks().size())));

TEST(NetworkTest, MalformedJsonNamesTheField) {
  const std::pair<const char*, const char*> cases[] = {
      {"{", "this is not JSON"},
      {"[]", "must be an object"},
      {R"({"name": "n", "input_shape": [4], "layer": []})", "unknown field 'layer'"},
      {R"({"name": "n", "input_shape": "4", "layers": []})", "'input_shape' must be a list of whole numbers"},
      {R"({"name": "n", "input_shape": [4]})", "'layers' must be a list"},
      {R"({"name": "n", "input_shape": [4], "layers": [3]})", "layer 0: must be an object"},
      {R"({"name": "n", "input_shape": [4], "layers": [{"name": "input", "kind": "inpt"}]})", "did you mean input?"},
      {R"({"name": "n", "input_shape": [4], "layers": [{"name": "input", "kind": "input", "kernel": 3}]})",
       "'kernel' must be two whole numbers"},
      {R"({"name": "n", "input_shape": [4], "layers": [{"name": "input", "kind": "input", "padding": "full"}]})",
       "it must be same or valid"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(std::string(NetworkFromJson(text).status().message()), HasSubstr(message)) << text;
  }
}

TEST(FloatNetworkTest, TheSameSeedGivesTheSameWeightsAndAnotherSeedOthers) {
  const auto a = *FloatNetwork::Create(Example(), 1), b = *FloatNetwork::Create(Example(), 1),
             c = *FloatNetwork::Create(Example(), 2);
  EXPECT_TRUE(torch::equal(a->Get("conv_2d.weight"), b->Get("conv_2d.weight")));
  EXPECT_FALSE(torch::equal(a->Get("conv_2d.weight"), c->Get("conv_2d.weight")));
}

TEST(FloatNetworkTest, ForwardGivesLogitsAndPredictProbabilities) {
  const auto network = *FloatNetwork::Create(Example(), 1);
  const torch::Tensor inputs = torch::randn({5, 9, 7, 3});
  const torch::Tensor logits = network->Forward(inputs, false);
  EXPECT_TRUE(torch::allclose(at::softmax(logits, -1), network->Predict(inputs)));
  EXPECT_EQ(network->Activations(inputs).size(), network->network().layers.size());
}

// SAME padding of TensorFlow: odd totals put the larger half at the end, averages count only what lies on the image.
TEST(WindowTest, PoolsFollowTensorFlowsPadding) {
  Layer pool{.name = "pool", .kind = LayerKind::kAveragePool2d};
  pool.kernel = {2, 2};
  pool.stride = {2, 2};
  const torch::Tensor image = torch::arange(9, torch::kFloat32).view({1, 1, 3, 3});
  const torch::Tensor average = AveragePool(image, pool);
  EXPECT_TRUE(torch::allclose(average, torch::tensor({2.0F, 3.5F, 6.5F, 8.0F}).view({1, 1, 2, 2})));
  const torch::Tensor largest = MaxPool(-image, pool);
  EXPECT_TRUE(torch::allclose(largest, -torch::tensor({0.0F, 2.0F, 6.0F, 8.0F}).view({1, 1, 2, 2})));
}

}  // namespace
}  // namespace mote
