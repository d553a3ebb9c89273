// Model files that are damaged or say what cannot be: each is refused in one line that says what is wrong and where.
#include <functional>
#include <random>

#include "export/runtime_model.h"
#include "export/schema/tflite_generated.h"
#include "export/tflite.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/export/test_networks.h"

namespace mote {
namespace {

using ::testing::HasSubstr;

struct Case {
  const char* name;
  std::function<void(schema::ModelT&)> change;
  const char* message;
};

schema::OperatorT& Op(schema::ModelT& model, size_t i) { return *model.subgraphs[0]->operators[i]; }
schema::TensorT& InputOf(schema::ModelT& model, size_t op, size_t i) {
  return *model.subgraphs[0]->tensors[Op(model, op).inputs[i]];
}
schema::TensorT& OutputOf(schema::ModelT& model, size_t op) {
  return *model.subgraphs[0]->tensors[Op(model, op).outputs[0]];
}

std::string Repacked(const std::string& bytes, const std::function<void(schema::ModelT&)>& change) {
  schema::ModelT model;
  schema::GetModel(bytes.data())->UnPackTo(&model);
  change(model);
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishModelBuffer(builder, schema::Model::Pack(builder, &model));
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

// Operators of EveryOperator: 0 stem, 1 wide (depthwise), 2 clamped, 3 largest, 4 mixed, 5 sum, 6 smooth, 7 both, 8
// global, 9 flat, 10 hidden, 11 rectified, 12 logits, 13 probabilities.
const Case kCases[] = {
    {"NoSubgraph", [](auto& m) { m.subgraphs.clear(); }, "m.tflite: has no subgraph"},
    {"SchemaVersion", [](auto& m) { m.version = 4; }, "schema version 4"},
    {"NoTensors", [](auto& m) { m.subgraphs[0]->tensors.clear(); }, "has no tensors"},
    {"NoOperators", [](auto& m) { m.subgraphs[0]->operators.clear(); }, "has no operators"},
    {"NoOperatorCodes", [](auto& m) { m.operator_codes.clear(); }, "has no operator codes"},
    {"NoBuffers", [](auto& m) { m.buffers.clear(); }, "has no buffers"},
    {"BufferIndex", [](auto& m) { InputOf(m, 0, 1).buffer = 999; },
     "'stem/weights': buffer 999 is not one of the model's"},
    {"MetadataBuffer", [](auto& m) { m.metadata[1]->buffer = 777; }, "metadata 'mote': buffer 777"},
    {"OperatorCodeIndex", [](auto& m) { Op(m, 0).opcode_index = 99; }, "operator 0: operator code 99"},
    {"OperatorInput", [](auto& m) { Op(m, 0).inputs[0] = 500; }, "CONV_2D 'stem': tensor 500 is not one of"},
    {"OperatorOutput", [](auto& m) { Op(m, 1).outputs[0] = -1; }, "tensor -1 is not one of"},
    {"GraphInput", [](auto& m) { m.subgraphs[0]->inputs = {1000}; }, "inputs: tensor 1000"},
    {"NoGraphInputs", [](auto& m) { m.subgraphs[0]->inputs.clear(); }, "has no inputs"},
    {"NoGraphOutputs", [](auto& m) { m.subgraphs[0]->outputs.clear(); }, "has no outputs"},
    {"DataBehindTheEnd",
     [](auto& m) {
       m.buffers[1]->offset = 1 << 20;
       m.buffers[1]->size = 8;
     },
     "buffer 1: 8 bytes at 1048576 leave the file"},
    {"DataOverTheEnd",
     [](auto& m) {
       m.buffers[1]->offset = 4096;
       m.buffers[1]->size = ~uint64_t{0} - 4000;
     },
     "buffer 1: 18446744073709547615 bytes at 4096 leave the file"},
    {"UnsupportedOperator", [](auto& m) { m.operator_codes[Op(m, 2).opcode_index]->builtin_code = 23; },
     "RESIZE_BILINEAR 'clamped': this operator"},
    {"CustomOperator",
     [](auto& m) {
       m.operator_codes[Op(m, 2).opcode_index]->builtin_code = 32;
       m.operator_codes[Op(m, 2).opcode_index]->custom_code = "Detect";
     },
     "custom operator Detect 'clamped': this operator"},
    {"FloatTensor", [](auto& m) { InputOf(m, 0, 0).type = schema::TensorType::FLOAT32; },
     "tensor 0 'input': type float32"},
    {"VariableTensor", [](auto& m) { OutputOf(m, 0).is_variable = true; }, "variable tensors"},
    {"ShortBuffer", [](auto& m) { m.buffers[InputOf(m, 0, 1).buffer]->data.pop_back(); },
     "its buffer has 215 bytes; its shape takes 216"},
    {"WeightsWithoutData", [](auto& m) { InputOf(m, 0, 1).buffer = 0; }, "conv_2d 'stem': weights tensor"},
    {"NegativeDimension", [](auto& m) { OutputOf(m, 0).shape[1] = -5; }, "a dimension is below 1"},
    {"HugeShape",
     [](auto& m) {
       OutputOf(m, 0).shape = {1, 65536, 65536, 8};
     },
     "exceed 2^31"},
    {"BatchOfTwo", [](auto& m) { InputOf(m, 0, 0).shape[0] = 2; }, "begin with a batch dimension of 1"},
    {"WrongOutputShape", [](auto& m) { OutputOf(m, 0).shape[1] = 6; },
     "conv_2d 'stem': output tensor 1 'stem' has the shape [1, 6, 7, 8]; [1, 5, 7, 8]"},
    {"ZeroScale", [](auto& m) { OutputOf(m, 0).quantization->scale[0] = 0; }, "has the scale 0"},
    {"InfiniteScale", [](auto& m) { OutputOf(m, 0).quantization->scale[0] = INFINITY; }, "has the scale inf"},
    {"NoQuantization", [](auto& m) { OutputOf(m, 0).quantization.reset(); }, "has 0 scales; activations have one"},
    {"ZeroPointOutOfRange", [](auto& m) { OutputOf(m, 0).quantization->zero_point[0] = 128; },
     "has the zero point 128"},
    {"WeightZeroPoint", [](auto& m) { InputOf(m, 0, 1).quantization->zero_point[2] = 1; },
     "has the zero point 1; it is 0 there"},
    {"ScaleCount", [](auto& m) { InputOf(m, 0, 1).quantization->scale.pop_back(); }, "has 7 scales and 8 zero points"},
    {"QuantizedDimension", [](auto& m) { InputOf(m, 0, 1).quantization->quantized_dimension = 3; },
     "8 scales along dimension 3"},
    {"CustomQuantization", [](auto& m) { InputOf(m, 0, 1).quantization->details_type = 1; },
     "its quantization is of a custom kind"},
    {"BiasScale", [](auto& m) { InputOf(m, 0, 2).quantization->scale[4] *= 1.01F; }, "bias scale of channel 4 is"},
    {"BiasLength",
     [](auto& m) {
       InputOf(m, 12, 2).shape = {5, 1};
     },
     "fully_connected 'logits': bias has the shape [5, 1]"},
    {"NoOptions", [](auto& m) { Op(m, 0).builtin_options.Reset(); }, "CONV_2D 'stem': its options are missing"},
    {"ZeroStride", [](auto& m) { Op(m, 0).builtin_options.AsConv2DOptions()->stride_h = 0; }, "stride is 0x1"},
    {"FusedTanh",
     [](auto& m) {
       Op(m, 0).builtin_options.AsConv2DOptions()->fused_activation_function = schema::ActivationFunctionType::TANH;
     },
     "CONV_2D 'stem': fused activation 4 is not supported"},
    {"Padding", [](auto& m) { Op(m, 0).builtin_options.AsConv2DOptions()->padding = static_cast<schema::Padding>(7); },
     "padding 7"},
    {"ShuffledWeights", [](auto& m) { Op(m, 10).builtin_options.AsFullyConnectedOptions()->weights_format = 1; },
     "shuffled weights"},
    {"UntiedPool", [](auto& m) { OutputOf(m, 3).quantization->scale[0] *= 2; }, "max_pool_2d 'largest': input"},
    {"UntiedConcatenation", [](auto& m) { OutputOf(m, 7).quantization->zero_point[0] += 1; },
     "concatenation 'both': input"},
    {"ConcatenationAxis", [](auto& m) { Op(m, 7).builtin_options.AsConcatenationOptions()->axis = 0; },
     "axis is 0; 1 to 3"},
    {"SoftmaxScale", [](auto& m) { OutputOf(m, 13).quantization->scale[0] = 0.01F; },
     "softmax 'probabilities': output has scale"},
    {"SoftmaxBeta", [](auto& m) { Op(m, 13).builtin_options.AsSoftmaxOptions()->beta = -1; }, "beta -1"},
    {"ReshapeShape", [](auto& m) { m.buffers[InputOf(m, 9, 1).buffer]->data[4] = 31; }, "reshape 'flat': shape tensor"},
    {"UsedBeforeMade", [](auto& m) { std::swap(m.subgraphs[0]->operators[0], m.subgraphs[0]->operators[1]); },
     "is used before it is made"},
    {"MadeTwice", [](auto& m) { Op(m, 6).outputs = Op(m, 5).outputs; }, "is made twice"},
    {"ClassNames",
     [](auto& m) {
       auto& data = m.buffers[m.metadata[1]->buffer]->data;
       std::string text(data.begin(), data.end());
       text.replace(text.find("\"ant\","), 6, "");
       data.assign(text.begin(), text.end());
     },
     "4 class names for 5 outputs"},
    {"Overflow",
     [](auto& m) {
       auto& data = m.buffers[InputOf(m, 0, 2).buffer]->data;
       data[15] = 0x7f;  // the bias of channel 3
       data[14] = 0xff;
     },
     "accumulator"},
};

class Malformed : public ::testing::TestWithParam<Case> {};

TEST_P(Malformed, IsRefusedInOneLineThatSaysWhatIsWrong) {
  absl::StatusOr<std::string> good = ToTflite(EveryOperator(3));
  ASSERT_TRUE(good.ok()) << good.status();
  const std::string bad = Repacked(*good, GetParam().change);
  absl::StatusOr<IntegerNetwork> network = FromTflite(bad, "m.tflite");
  ASSERT_FALSE(network.ok());
  const std::string message(network.status().message());
  EXPECT_THAT(message, HasSubstr(GetParam().message));
  EXPECT_EQ(message.rfind("m.tflite: ", 0), 0u) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

INSTANTIATE_TEST_SUITE_P(Model, Malformed, ::testing::ValuesIn(kCases),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(Model, AnUnchangedModelSurvivesTheRepackingOfTheseTests) {
  absl::StatusOr<std::string> good = ToTflite(EveryOperator(3));
  ASSERT_TRUE(good.ok()) << good.status();
  absl::StatusOr<IntegerNetwork> network = FromTflite(Repacked(*good, [](auto&) {}));
  ASSERT_TRUE(network.ok()) << network.status();
  EXPECT_EQ(DifferenceOf(*network, AsExported(EveryOperator(3))), "");
}

TEST(Model, OdditiesOfOtherWritersAreAccepted) {
  absl::StatusOr<std::string> good = ToTflite(EveryOperator(3));
  ASSERT_TRUE(good.ok()) << good.status();
  const std::string odd = Repacked(*good, [](schema::ModelT& m) {
    InputOf(m, 0, 2).quantization->quantized_dimension = 3;  // of a bias with one dimension
    for (auto& tensor : m.subgraphs[0]->tensors) tensor->name.clear();
    m.subgraphs[0]->name.clear();
    m.metadata.clear();
    m.signature_defs.clear();
    Op(m, 4).inputs = {Op(m, 4).inputs[0], Op(m, 4).inputs[1], -1};  // a bias that is left out by -1
    Op(m, 7).builtin_options.AsConcatenationOptions()->axis = -1;
    for (auto& tensor : m.subgraphs[0]->tensors) tensor->shape_signature = tensor->shape;
    m.subgraphs.push_back(std::make_unique<schema::SubGraphT>());  // that nothing uses
  });
  absl::StatusOr<IntegerNetwork> network = FromTflite(odd);
  ASSERT_TRUE(network.ok()) << network.status();
  const IntegerNetwork expected = EveryOperator(3);
  EXPECT_EQ(network->operators[7].axis, 3);
  EXPECT_EQ(network->operators[4].inputs[2], -1);
  const torch::Tensor codes = RandomCodes(expected, 3, 1);
  absl::StatusOr<IntegerOutputs> a = EvaluateIntegers(expected, codes), b = EvaluateIntegers(*network, codes);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_TRUE(torch::equal(a->output, b->output));
}

TEST(Model, WhatIsNoModelIsRefused) {
  const auto message = [](const std::string& bytes) { return std::string(FromTflite(bytes, "x").status().message()); };
  EXPECT_THAT(message(""), HasSubstr("x: not a TensorFlow Lite model"));
  EXPECT_THAT(message("PK\3\4 a zip archive, perhaps"), HasSubstr("x: not a TensorFlow Lite model"));
  EXPECT_THAT(message(std::string("\0\0\0\0TFL3", 8)), HasSubstr("x: damaged or truncated at 8 bytes"));
}

TEST(Model, EveryTruncationIsRefused) {
  absl::StatusOr<std::string> good = ToTflite(RandomOperator(OperatorKind::kConv2d, 2));
  ASSERT_TRUE(good.ok()) << good.status();
  for (size_t size = 0; size + 1 < good->size(); size += 7) {
    EXPECT_FALSE(FromTflite(good->substr(0, size)).ok() && RuntimeModel::FromBytes(good->substr(0, size), "t").ok())
        << size;
  }
}

TEST(Model, NoDamageToOneByteCrashesOrHangs) {
  const IntegerNetwork network = EveryOperator(3);
  absl::StatusOr<std::string> good = ToTflite(network);
  ASSERT_TRUE(good.ok()) << good.status();
  const torch::Tensor codes = RandomCodes(network, 1, 1);
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < 1500; ++i) {
    std::string bad = *good;
    bad[random() % bad.size()] ^= static_cast<char>(1 << (random() % 8));
    absl::StatusOr<IntegerNetwork> read = FromTflite(bad);
    if (!read.ok()) {
      ++refused;
    } else if (read->tensors[read->inputs[0]].shape == network.tensors[0].shape) {
      EXPECT_TRUE(EvaluateIntegers(*read, codes).ok());
    }
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace mote
