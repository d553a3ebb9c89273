// The five MLPerf Tiny models on every emulated core: every tensor after every operator as on the host. The host's are
// the tflite-micro wheel's (tests/conformance/test_mlperf_tiny.py).
#include "export/emulator.h"
#include "gtest/gtest.h"
#include "tests/emulated/test_networks.h"

namespace mote {
namespace {

constexpr const char* kModels[] = {"ad01_int8", "kws_ref_model", "pretrainedResnet_quant", "str_ww_ref_model",
                                   "vww_96_int8"};
constexpr int64_t kInputs = 5;

// Limits of the plain kernels' instructions for the keyword model, and of loading's share of an inference of visual
// wake words.
constexpr int64_t kKeywordInstructions = 12'000'000, kKeywordInstructionsOnM0 = 15'000'000;
constexpr double kLoadShare = 0.02, kLoadShareOnM0 = 0.025;

class MlperfTinyOnCore : public testing::TestWithParam<std::string> {};

TEST_P(MlperfTinyOnCore, EveryTensorEqualsTheHosts) {
  if (absl::Status available = CoreAvailable(GetParam()); !available.ok()) {
    GTEST_SKIP() << std::string(available.message());
  }
  for (const char* name : kModels) {
    SCOPED_TRACE(name);
    absl::StatusOr<std::unique_ptr<RuntimeModel>> model =
        RuntimeModel::Load(absl::StrCat(MOTE_SOURCE_DIR, "/tests/data/mlperf_tiny/", name, ".tflite"));
    ASSERT_TRUE(model.ok()) << model.status();
    const torch::Tensor codes = RandomCodes(**model, 0, kInputs, 2026);
    absl::StatusOr<RuntimeModel::Result> host = (*model)->Invoke({codes}, /*keep=*/true);
    ASSERT_TRUE(host.ok()) << host.status();
    absl::StatusOr<EmulatedRun> core = InvokeOnCore(GetParam(), **model, {codes}, /*keep=*/true);
    ASSERT_TRUE(core.ok()) << core.status();
    EXPECT_TRUE(torch::equal(host->outputs[0], core->result.outputs[0]));
    ASSERT_EQ(host->tensors.size(), core->result.tensors.size());
    EXPECT_GT(host->tensors.size(), (*model)->operators().size());
    for (const auto& [index, tensor] : host->tensors) {
      ASSERT_TRUE(core->result.tensors.count(index)) << "tensor " << index;
      EXPECT_TRUE(torch::equal(tensor, core->result.tensors.at(index))) << "tensor " << index;
    }
    const bool is_m0 = GetParam() == "cortex-m0";
    if (std::string_view(name) == "kws_ref_model") {
      EXPECT_LE(core->instructions, is_m0 ? kKeywordInstructionsOnM0 : kKeywordInstructions);
    }
    if (std::string_view(name) == "vww_96_int8") {
      EXPECT_LE(static_cast<double>(core->load_instructions),
                static_cast<double>(core->instructions) * (is_m0 ? kLoadShareOnM0 : kLoadShare));
    }
    RecordProperty(absl::StrCat(name, "_instructions"), absl::StrCat(core->instructions));
    std::printf("%s on %s (%s): %d instructions an inference\n", name, GetParam().c_str(), core->machine.c_str(),
                static_cast<int>(core->instructions));
  }
}

std::vector<std::string> Cores() {
  std::vector<std::string> names;
  for (const CoreInfo& core : EmulatedCores()) names.push_back(core.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Cores, MlperfTinyOnCore, testing::ValuesIn(Cores()), [](const auto& param_info) {
  std::string name = param_info.param;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
});

}  // namespace
}  // namespace mote
