// A kernel that is off by one must not get past verify. This program links its own copy of the runtime's table of
// operators, in which one row at a time can be replaced by a function that spoils the result of the real kernel.
#include "export/tflite.h"
#include "export/verify.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mcu_runtime/mote_runtime.h"
#include "tests/export/breakable_operators.h"
#include "tests/export/test_networks.h"

namespace mote {
namespace {

struct Row {
  int32_t code;
  const char* first;  // the operator of EveryOperator that is the first of this kind
};

class BrokenKernel : public ::testing::TestWithParam<Row> {
 protected:
  void TearDown() override { BreakKernel(-1); }
};

TEST_P(BrokenKernel, IsCaughtAndNamed) {
  absl::StatusOr<std::string> bytes = ToTflite(EveryOperator(3));
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  absl::StatusOr<std::unique_ptr<RuntimeModel>> model = RuntimeModel::FromBytes(*bytes, "m.tflite");
  ASSERT_TRUE(model.ok()) << model.status();
  VerifyOptions options;
  options.backends = {"integer", "host"};
  const torch::Tensor codes = RandomCodes(EveryOperator(3), 4, 1);
  absl::StatusOr<std::vector<BackendResult>> sound = VerifyModel(**model, codes, {}, options);
  ASSERT_TRUE(sound.ok()) << sound.status();
  EXPECT_TRUE(AllEqual(*sound)) << VerifyTable(*sound);

  torch::set_num_threads(1);  // the broken row is one for the whole program
  BreakKernel(GetParam().code);
  absl::StatusOr<std::vector<BackendResult>> results = VerifyModel(**model, codes, {}, options);
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_FALSE(AllEqual(*results));
  ASSERT_TRUE((*results)[1].first_difference.has_value());
  EXPECT_EQ((*results)[1].first_difference->op_name, GetParam().first);
  EXPECT_EQ((*results)[1].first_difference->sample, 0);
  EXPECT_EQ(std::abs((*results)[1].first_difference->expected - (*results)[1].first_difference->actual), 1);
  EXPECT_THAT(VerifyTable(*results), ::testing::HasSubstr(std::string("first difference at ") + GetParam().first));
}

TEST_P(BrokenKernel, IsCaughtByTheSelftestAndNamed) {
  absl::StatusOr<std::string> bytes = ToTflite(EveryOperator(3), {.selftest = 2});
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  std::vector<std::max_align_t> arena(10000);
  mote_model model;
  ASSERT_EQ(mote_model_load(&model, mote_all_operators, bytes->data(), bytes->size(), arena.data(),
                            arena.size() * sizeof(std::max_align_t)),
            MOTE_OK);
  EXPECT_EQ(mote_selftest(&model), MOTE_OK);
  BreakKernel(GetParam().code);
  EXPECT_EQ(mote_selftest(&model), MOTE_ERROR_SELFTEST);
  EXPECT_EQ(model.fault.code, GetParam().code);
  const std::unique_ptr<RuntimeModel> names = RuntimeModel::FromBytes(*bytes, "m.tflite").value();
  EXPECT_THAT(GetParam().first, ::testing::HasSubstr("'" + names->operators()[model.fault.op].layer + "'"));
}

INSTANTIATE_TEST_SUITE_P(Verify, BrokenKernel,
                         ::testing::Values(Row{0, "ADD 'sum'"}, Row{1, "AVERAGE_POOL_2D 'smooth'"},
                                           Row{2, "CONCATENATION 'both'"}, Row{3, "CONV_2D 'stem'"},
                                           Row{4, "DEPTHWISE_CONV_2D 'wide'"}, Row{9, "FULLY_CONNECTED 'hidden'"},
                                           Row{17, "MAX_POOL_2D 'largest'"}, Row{19, "RELU 'rectified'"},
                                           Row{21, "RELU6 'clamped'"}, Row{22, "RESHAPE 'flat'"},
                                           Row{25, "SOFTMAX 'probabilities'"}));

}  // namespace
}  // namespace mote
