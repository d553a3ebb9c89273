// Verify: equal back ends are found equal, and what differs is found, counted and named.
#include "export/verify.h"

#include "export/tflite.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/export/test_networks.h"

namespace mote {
namespace {

using ::testing::HasSubstr;

class Verify : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::string> bytes = ToTflite(network_);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    absl::StatusOr<std::unique_ptr<RuntimeModel>> model = RuntimeModel::FromBytes(*bytes, "m.tflite");
    ASSERT_TRUE(model.ok()) << model.status();
    model_ = *std::move(model);
    codes_ = RandomCodes(network_, 17, 5);
    labels_ = torch::zeros({17}, torch::kInt64);
  }

  std::vector<BackendResult> MustVerify(const VerifyOptions& options) {
    absl::StatusOr<std::vector<BackendResult>> results = VerifyModel(*model_, codes_, labels_, options);
    EXPECT_TRUE(results.ok()) << results.status();
    return results.ok() ? *results : std::vector<BackendResult>();
  }
  std::string Message(const VerifyOptions& options) {
    return std::string(VerifyModel(*model_, codes_, labels_, options).status().message());
  }

  // A back end that runs on the host and then changes tensors.
  static VerifyOptions::Backend Changed(std::function<void(std::map<int, torch::Tensor>&)> change) {
    return [change](const RuntimeModel& model,
                    const torch::Tensor& codes) -> absl::StatusOr<std::map<int, torch::Tensor>> {
      absl::StatusOr<RuntimeModel::Result> result = model.Invoke({codes}, true);
      if (!result.ok()) return result.status();
      change(result->tensors);
      return std::move(result->tensors);
    };
  }

  IntegerNetwork network_ = EveryOperator(3);
  std::unique_ptr<RuntimeModel> model_;
  torch::Tensor codes_, labels_;
};

TEST_F(Verify, IntegersAndHostAgreeOnEveryByteOfEveryTensor) {
  VerifyOptions options;
  options.backends = {"integer", "host"};
  int reported = 0;
  options.on_result = [&](const BackendResult&) { ++reported; };
  const auto results = MustVerify(options);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(reported, 2);
  EXPECT_TRUE(AllEqual(results));
  int64_t bytes = network_.tensors[0].elements();
  for (const IntegerOperator& op : network_.operators) bytes += network_.tensors[op.outputs[0]].elements();
  EXPECT_EQ(results[1].bytes_compared, 17 * bytes);
  EXPECT_EQ(results[1].bytes_different, 0);
  ASSERT_TRUE(results[1].accuracy.has_value());
  EXPECT_EQ(*results[0].accuracy, *results[1].accuracy);
}

TEST_F(Verify, OneNameAloneGetsAReferenceToBeComparedWith) {
  VerifyOptions options;
  options.backends = {"host"};
  const auto results = MustVerify(options);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].backend, "integer");
  EXPECT_EQ(results[1].backend, "host");
}

TEST_F(Verify, TheFirstDifferenceIsTheOneThatCameFirst) {
  VerifyOptions options;
  options.backends = {"integer", "wrong"};
  const int sum = network_.operators[5].outputs[0], output = network_.outputs[0];
  options.custom["wrong"] = Changed([=](std::map<int, torch::Tensor>& tensors) {
    tensors[output][0][2].bitwise_xor_(1);  // an earlier sample, but a later operator
    tensors[sum][4][3][1][9] += 1;          // the first
    tensors[sum][4][4][0][0] += 1;
    tensors[sum][16][0][0][0] += 1;
  });
  const auto results = MustVerify(options);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_FALSE(AllEqual(results));
  EXPECT_EQ(results[1].bytes_different, 4);
  EXPECT_EQ(results[1].output_bytes_different, 1);
  ASSERT_TRUE(results[1].first_difference.has_value());
  const Difference& first = *results[1].first_difference;
  EXPECT_EQ(first.op, 5);
  EXPECT_EQ(first.op_name, "ADD 'sum'");
  EXPECT_EQ(first.tensor, sum);
  EXPECT_EQ(first.sample, 4);
  EXPECT_EQ(first.index, (std::vector<int64_t>{3, 1, 9}));
  EXPECT_EQ(static_cast<int8_t>(first.expected + 1), static_cast<int8_t>(first.actual));
}

TEST_F(Verify, AnInputThatABackEndChangesIsADifferenceOfTheInput) {
  VerifyOptions options;
  options.backends = {"host", "wrong"};
  options.custom["wrong"] =
      Changed([](std::map<int, torch::Tensor>& tensors) { tensors[0][0][0][0][0].bitwise_xor_(1); });
  const auto results = MustVerify(options);
  ASSERT_TRUE(results[1].first_difference.has_value());
  EXPECT_EQ(results[1].first_difference->op, -1);
  EXPECT_EQ(results[1].first_difference->op_name, "input");
}

TEST_F(Verify, ABackEndCannotAgreeByLeavingTensorsOut) {
  VerifyOptions options;
  options.backends = {"host", "lazy"};
  const int index = network_.operators[4].outputs[0];
  options.custom["lazy"] = Changed([=](std::map<int, torch::Tensor>& tensors) { tensors.erase(index); });
  const auto results = MustVerify(options);
  EXPECT_FALSE(results[1].ran);
  EXPECT_FALSE(AllEqual(results));
  EXPECT_THAT(results[1].note, HasSubstr("gave no tensor"));
  EXPECT_THAT(results[1].note, HasSubstr("CONV_2D 'mixed'"));
}

TEST_F(Verify, ABackEndThatFailsIsReportedAndIsNotEqual) {
  VerifyOptions options;
  options.backends = {"integer", "host", "absent"};
  options.custom["absent"] = [](const RuntimeModel&,
                                const torch::Tensor&) -> absl::StatusOr<std::map<int, torch::Tensor>> {
    return absl::UnavailableError("the board is not connected");
  };
  const auto results = MustVerify(options);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_FALSE(results[2].ran);
  EXPECT_FALSE(AllEqual(results));
  EXPECT_THAT(VerifyTable(results), HasSubstr("absent: did not run: the board is not connected"));
}

TEST_F(Verify, NothingComparedIsNotEqual) {
  EXPECT_FALSE(AllEqual({}));
  BackendResult lonely;
  EXPECT_FALSE(AllEqual({lonely}));
}

TEST_F(Verify, RequestsThatMakeNoSenseAreErrors) {
  VerifyOptions options;
  options.backends = {"integer", "cortex-m5"};
  EXPECT_THAT(Message(options), HasSubstr("back end 'cortex-m5'"));
  options.backends = {"host", "host"};
  EXPECT_THAT(Message(options), HasSubstr("'host' is listed twice"));
  options.backends = {"integer", "host"};
  codes_ = codes_.reshape({17, 21, 9});
  EXPECT_THAT(Message(options), HasSubstr("inputs have the shape [17, 21, 9]; [17, 9, 7, 3]"));
  codes_ = RandomCodes(network_, 4, 5);
  EXPECT_THAT(Message(options), HasSubstr("17 labels for 4 samples"));
  codes_ = codes_.to(torch::kFloat32);
  EXPECT_THAT(Message(options), HasSubstr("both int8"));
}

TEST_F(Verify, TheJsonHasAllFieldsAndNullWhereThereIsNothing) {
  VerifyOptions options;
  options.backends = {"integer", "host", "wrong"};
  options.custom["wrong"] =
      Changed([](std::map<int, torch::Tensor>& tensors) { tensors[0][3][0][0][0].bitwise_xor_(1); });
  const auto list = nlohmann::json::parse(VerifyJson(MustVerify(options)));
  ASSERT_EQ(list.size(), 3u);
  for (const auto& object : list) {
    for (const char* key : {"backend", "ran", "samples", "accuracy", "bytes_compared", "bytes_different",
                            "output_bytes_different", "first_difference", "seconds", "note"}) {
      EXPECT_TRUE(object.contains(key)) << key;
    }
  }
  EXPECT_TRUE(list[1]["first_difference"].is_null());
  EXPECT_EQ(list[2]["first_difference"]["sample"], 3);
  EXPECT_EQ(list[2]["bytes_different"], 1);
  labels_ = torch::Tensor();
  EXPECT_TRUE(nlohmann::json::parse(VerifyJson(MustVerify(options)))[0]["accuracy"].is_null());
}

}  // namespace
}  // namespace mote
