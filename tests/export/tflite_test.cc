// Export and import: the file says what the network says, and runs as the network does.
#include "export/tflite.h"

#include <fstream>
#include <set>

#include "datasets/file.h"
#include "export/runtime_model.h"
#include "export/schema/tflite_generated.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/export/test_networks.h"

namespace mote {
namespace {

using ::testing::HasSubstr;

std::string MustExport(const IntegerNetwork& network) {
  absl::StatusOr<std::string> bytes = ToTflite(network);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.ok() ? *bytes : "";
}

void ExpectHostEqualsIntegers(const IntegerNetwork& network, const std::string& bytes, int64_t samples) {
  absl::StatusOr<std::unique_ptr<RuntimeModel>> model = RuntimeModel::FromBytes(bytes, network.name);
  ASSERT_TRUE(model.ok()) << model.status();
  const torch::Tensor codes = RandomCodes(network, samples, 7);
  EvaluateOptions options;
  options.keep_tensors = true;
  absl::StatusOr<IntegerOutputs> expected = EvaluateIntegers(network, codes, options);
  ASSERT_TRUE(expected.ok()) << expected.status();
  absl::StatusOr<RuntimeModel::Result> actual = (*model)->Invoke({codes}, /*keep=*/true);
  ASSERT_TRUE(actual.ok()) << actual.status();
  EXPECT_TRUE(torch::equal(expected->output, actual->outputs[0]));
  for (const IntegerOperator& op : network.operators) {
    const int index = op.outputs[0];
    ASSERT_EQ(actual->tensors.count(index), 1u) << op.name;
    ASSERT_EQ(expected->tensors.count(index), 1u) << op.name;
    EXPECT_TRUE(torch::equal(expected->tensors.at(index), actual->tensors.at(index))) << op.name;
  }
}

class EachOperator : public ::testing::TestWithParam<OperatorKind> {};

TEST_P(EachOperator, ImportsAsItWasExportedAndRunsOnTheHostAsTheIntegersSay) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    const IntegerNetwork network = RandomOperator(GetParam(), seed);
    const std::string bytes = MustExport(network);
    if (bytes.empty()) return;
    absl::StatusOr<IntegerNetwork> back = FromTflite(bytes);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(DifferenceOf(AsExported(network), *back), "");
    ExpectHostEqualsIntegers(network, bytes, 5);
  }
}

INSTANTIATE_TEST_SUITE_P(Tflite, EachOperator, ::testing::ValuesIn(AllOperatorKinds()),
                         [](const auto& tested) { return std::string(OperatorKindName(tested.param)); });

TEST(Tflite, ANetworkOfEveryOperatorComesBackTheSameAndRunsTheSame) {
  const IntegerNetwork network = EveryOperator(3);
  const std::string bytes = MustExport(network);
  absl::StatusOr<IntegerNetwork> back = FromTflite(bytes);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(DifferenceOf(AsExported(network), *back), "");
  ExpectHostEqualsIntegers(network, bytes, 33);
}

TEST(Tflite, BytesAreAFunctionOfTheNetworkAlone) {
  EXPECT_EQ(MustExport(EveryOperator(3)), MustExport(EveryOperator(3)));
  EXPECT_NE(MustExport(EveryOperator(3)), MustExport(EveryOperator(4)));
}

TEST(Tflite, HoldsGoldenDataForTheSelftestAsAskedForAndNoneForLargeInputsByItself) {
  const auto selftest = [](const std::string& bytes) {
    const auto metadata = RuntimeModel::FromBytes(bytes, "m.tflite").value()->metadata();
    const auto found = metadata.find("mote_selftest");
    return found == metadata.end() ? "" : found->second;
  };
  const IntegerNetwork network = EveryOperator(3);
  const int64_t input = network.tensors[network.inputs[0]].elements();
  ASSERT_LE(input, 1024);
  const int64_t sums = 4 * static_cast<int64_t>(network.operators.size());
  EXPECT_EQ(selftest(MustExport(network)), absl::StrCat("1 sample with checksums, ", 16 + input + sums, " bytes"));
  for (const int64_t samples : {int64_t{0}, int64_t{3}}) {
    absl::StatusOr<std::string> bytes = ToTflite(network, {.selftest = samples});
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_EQ(selftest(*bytes), samples == 0 ? ""
                                             : absl::StrCat(samples, " samples with checksums, ",
                                                            16 + samples * (input + sums), " bytes"));
    EXPECT_EQ(*bytes, *ToTflite(network, {.selftest = samples}));
    absl::StatusOr<IntegerNetwork> back = FromTflite(*bytes);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(DifferenceOf(AsExported(network), *back), "");
  }
  EXPECT_THAT(std::string(ToTflite(network, {.selftest = 1001}).status().message()), HasSubstr("it must be 0 to 1000"));

  absl::StatusOr<IntegerNetwork> large =
      ImportTflite(std::string(MOTE_SOURCE_DIR) + "/tests/data/mlperf_tiny/pretrainedResnet_quant.tflite");
  ASSERT_TRUE(large.ok()) << large.status();
  EXPECT_EQ(selftest(MustExport(*large)), "");
}

TEST(Tflite, DeclaresWhatOtherReadersAskFor) {
  const std::string bytes = MustExport(EveryOperator(3));
  EXPECT_EQ(bytes.substr(4, 4), "TFL3");
  const schema::Model* model = schema::GetModel(bytes.data());
  EXPECT_EQ(model->version(), 3u);
  std::map<int, int> versions;  // by operator code
  for (const auto* code : *model->operator_codes()) {
    EXPECT_EQ(code->deprecated_builtin_code(), code->builtin_code());
    EXPECT_EQ(versions.count(code->builtin_code()), 0u) << "listed twice";
    versions[code->builtin_code()] = code->version();
  }
  const std::map<int, int> wanted = {{0, 2},  {1, 2},  {2, 2},  {3, 3},  {4, 3}, {9, 4},
                                     {17, 2}, {19, 2}, {21, 2}, {22, 1}, {25, 2}};
  EXPECT_EQ(versions, wanted);
  EXPECT_EQ(model->buffers()->Get(0)->data(), nullptr);
  for (const auto* buffer : *model->buffers()) {
    if (buffer->data() == nullptr) continue;
    EXPECT_EQ((reinterpret_cast<const char*>(buffer->data()->data()) - bytes.data()) % 16, 0)
        << "not aligned in the file";
  }
  for (const auto* tensor : *model->subgraphs()->Get(0)->tensors()) EXPECT_GT(tensor->name()->size(), 0u);
  std::map<std::string, std::string> metadata;
  for (const auto* entry : *model->metadata()) {
    const auto* data = model->buffers()->Get(entry->buffer())->data();
    metadata[entry->name()->str()] = std::string(data->begin(), data->end());
  }
  EXPECT_EQ(metadata["min_runtime_version"], std::string("2.1.0\0\0\0\0\0\0\0\0\0\0\0", 16));
  const auto mote = nlohmann::json::parse(metadata["mote"]);
  EXPECT_EQ(mote["contract"], "mote-int8 v1");
  EXPECT_EQ(mote["metadata"]["run_hash"], "0123456789abcdef");
  EXPECT_EQ(mote["class_names"].size(), 5u);
  EXPECT_EQ(mote["layers"][0], "stem");
  ASSERT_EQ(mote["accumulators"].size(), 5u);
  EXPECT_GT(mote["accumulators"][0]["bound"], 0);
  const auto* signature = model->signature_defs()->Get(0);
  EXPECT_EQ(signature->signature_key()->str(), "serving_default");
  EXPECT_EQ(signature->inputs()->Get(0)->name()->str(), "input");
  EXPECT_EQ(signature->outputs()->Get(0)->name()->str(), "probabilities");
}

TEST(Tflite, AConvolutionThatCouldOverflowFailsTheExportByName) {
  IntegerNetwork network = EveryOperator(3);
  network.tensors[network.operators[0].inputs[2]].data[3] = 2147483000;
  const absl::StatusOr<std::string> bytes = ToTflite(network);
  EXPECT_THAT(std::string(bytes.status().message()), HasSubstr("conv_2d 'stem': channel 3 can reach "));
}

TEST(Tflite, NamesThatAreNotTextAreRefused) {
  IntegerNetwork network = EveryOperator(3);
  network.class_names[1] = "\xff\xfe";
  EXPECT_THAT(std::string(ToTflite(network).status().message()), HasSubstr("not UTF-8"));
}

TEST(Tflite, AWrittenFileIsReadBackFromDisk) {
  const std::string path = ::testing::TempDir() + "/mote_export_test.tflite";
  const IntegerNetwork network = EveryOperator(5);
  ASSERT_TRUE(ExportTflite(network, path).ok());
  absl::StatusOr<IntegerNetwork> back = ImportTflite(path);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(DifferenceOf(AsExported(network), *back), "");
  EXPECT_THAT(std::string(ImportTflite(path + ".missing").status().message()), HasSubstr(path + ".missing"));
}

// Models made by TensorFlow's converter: dead channels, fused names, quantized dimensions on biases.
class Foreign : public ::testing::TestWithParam<const char*> {};

TEST_P(Foreign, ImportsAndItsReexportGivesTheSameOutputs) {
  const std::string path = std::string(MOTE_SOURCE_DIR) + "/tests/data/mlperf_tiny/" + GetParam();
  absl::StatusOr<std::string> bytes = ReadFile(path);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  absl::StatusOr<IntegerNetwork> network = FromTflite(*bytes, path);
  ASSERT_TRUE(network.ok()) << network.status();
  const std::string again = MustExport(*network);
  absl::StatusOr<std::unique_ptr<RuntimeModel>> before = RuntimeModel::FromBytes(*bytes, path);
  absl::StatusOr<std::unique_ptr<RuntimeModel>> after = RuntimeModel::FromBytes(again, "again");
  ASSERT_TRUE(before.ok()) << before.status();
  ASSERT_TRUE(after.ok()) << after.status();
  const torch::Tensor codes = RandomCodes(*network, 3, 11);
  absl::StatusOr<RuntimeModel::Result> first = (*before)->Invoke({codes}), second = (*after)->Invoke({codes});
  ASSERT_TRUE(first.ok() && second.ok()) << first.status() << second.status();
  EXPECT_TRUE(torch::equal(first->outputs[0], second->outputs[0]));
  ExpectHostEqualsIntegers(*network, again, 2);
}

INSTANTIATE_TEST_SUITE_P(Tflite, Foreign,
                         ::testing::Values("ad01_int8.tflite", "kws_ref_model.tflite", "pretrainedResnet_quant.tflite",
                                           "str_ww_ref_model.tflite", "vww_96_int8.tflite"),
                         [](const auto& tested) {
                           const std::string name = tested.param;
                           return name.substr(0, name.find('.'));
                         });

}  // namespace
}  // namespace mote
