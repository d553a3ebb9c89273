// mote_selftest: finds what has changed, names the operator, leaves everything as it was, and believes no file.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "mcu_runtime/mote_runtime.h"
#include "mcu_runtime/operators/operators.h"
#include "tests/mcu_runtime/model_builder.h"

namespace mote::test {
namespace {

using Bytes = std::vector<uint8_t>;

void Append(Bytes& bytes, uint32_t word) {
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<uint8_t>(word >> shift));
}

class Loaded {
 public:
  explicit Loaded(Bytes file, const mote_operator* const* operators = mote_all_operators)
      : file_(std::move(file)), arena_(1 << 12) {
    EXPECT_EQ(mote_model_load(&model, operators, file_.data(), file_.size(), arena_.data(), arena_.size() * 16),
              MOTE_OK);
  }
  Loaded(const Loaded&) = delete;
  Bytes& file() { return file_; }
  Bytes Output() {
    const mote_tensor output = mote_model_output(&model, 0);
    const auto* data = static_cast<const uint8_t*>(output.data);
    return {data, data + output.bytes};
  }
  void FillInput(uint8_t first) {
    const mote_tensor input = mote_model_input(&model, 0);
    for (size_t i = 0; i < input.bytes; ++i)
      static_cast<uint8_t*>(input.data)[i] = static_cast<uint8_t>(first + 37 * i);
  }

  mote_model model;

 private:
  struct alignas(16) Line {
    uint8_t bytes[16];
  };
  Bytes file_;
  std::vector<Line> arena_;
};

// What the export writes: `samples` inputs and the checksums that the model itself gives.
Bytes Golden(const ModelSpec& spec, uint32_t samples, const mote_operator* const* operators = mote_all_operators) {
  Loaded loaded(Build(spec), operators);
  Bytes bytes;
  for (const uint32_t word : {uint32_t{MOTE_SELFTEST_MAGIC}, uint32_t{1}, samples,
                              static_cast<uint32_t>(mote_model_operator_count(&loaded.model))}) {
    Append(bytes, word);
  }
  mote_model_set_hook(
      &loaded.model,
      [](void* context, const mote_model* model, int32_t op) {
        Append(*static_cast<Bytes*>(context), mote_model_checksum(model, op));
      },
      &bytes);
  for (uint32_t s = 0; s < samples; ++s) {
    loaded.FillInput(static_cast<uint8_t>(11 * s));
    const mote_tensor input = mote_model_input(&loaded.model, 0);
    bytes.insert(bytes.end(), static_cast<uint8_t*>(input.data), static_cast<uint8_t*>(input.data) + input.bytes);
    EXPECT_EQ(mote_model_invoke(&loaded.model), MOTE_OK);
  }
  return bytes;
}

ModelSpec WithGolden(uint32_t samples) {
  ModelSpec spec = SmallModel();
  spec.metadata = {{"mote_self", {1, 2, 3}}, {"mote_selftesu", {}}, {"mote_selftest", Golden(spec, samples)}, {"", {}}};
  return spec;
}

constexpr size_t kHeader = 16, kInputBytes = 16, kOperators = 7;

TEST(Checksum, IsFnv1a) {  // the published test vectors
  EXPECT_EQ(mote_checksum(MOTE_CHECKSUM_SEED, "", 0), 0x811c9dc5u);
  EXPECT_EQ(mote_checksum(MOTE_CHECKSUM_SEED, "a", 1), 0xe40c292cu);
  EXPECT_EQ(mote_checksum(MOTE_CHECKSUM_SEED, "foobar", 6), 0xbf9cf968u);
  EXPECT_EQ(mote_checksum(mote_checksum(MOTE_CHECKSUM_SEED, "foo", 3), "bar", 3), 0xbf9cf968u);
}

TEST(Selftest, PassesAndLeavesHookAndResultsAsTheyWere) {
  Loaded loaded(Build(WithGolden(3)));
  int calls = 0;
  mote_model_set_hook(
      &loaded.model, [](void* context, const mote_model*, int32_t) { ++*static_cast<int*>(context); }, &calls);
  EXPECT_EQ(mote_selftest(&loaded.model), MOTE_OK);
  EXPECT_EQ(loaded.model.fault.op, -1);
  EXPECT_EQ(calls, 0);
  loaded.FillInput(5);
  ASSERT_EQ(mote_model_invoke(&loaded.model), MOTE_OK);
  EXPECT_EQ(calls, static_cast<int>(kOperators));
  Loaded untested(Build(SmallModel()));
  untested.FillInput(5);
  ASSERT_EQ(mote_model_invoke(&untested.model), MOTE_OK);
  EXPECT_EQ(loaded.Output(), untested.Output());
}

TEST(Selftest, NamesTheFirstOperatorWhoseChecksumDiffers) {
  for (size_t sample = 0; sample < 2; ++sample) {
    for (size_t op = 0; op < kOperators; ++op) {
      ModelSpec spec = WithGolden(2);
      Bytes& golden = spec.metadata[2].second;
      golden[kHeader + sample * (kInputBytes + 4 * kOperators) + kInputBytes + 4 * op + 3] ^= 0x80;
      Loaded loaded(Build(spec));
      EXPECT_EQ(mote_selftest(&loaded.model), MOTE_ERROR_SELFTEST);
      EXPECT_EQ(loaded.model.fault.op, static_cast<int32_t>(op));
      EXPECT_EQ(loaded.model.fault.code, mote_model_operator_code(&loaded.model, static_cast<int32_t>(op)));
    }
  }
}

TEST(Selftest, FindsAWeightThatHasChangedInFlash) {
  Loaded loaded(Build(WithGolden(1)));
  const mote_tensor weights = mote_model_tensor(&loaded.model, kConvWeights);
  for (int i = 0; i < 8; ++i) static_cast<uint8_t*>(weights.data)[i] ^= 0x40;  // in the file
  EXPECT_EQ(mote_selftest(&loaded.model), MOTE_ERROR_SELFTEST);
  EXPECT_EQ(loaded.model.fault.op, kConv);
  for (int i = 0; i < 8; ++i) static_cast<uint8_t*>(weights.data)[i] ^= 0x40;
  EXPECT_EQ(mote_selftest(&loaded.model), MOTE_OK);
  EXPECT_EQ(loaded.model.fault.op, -1);
}

struct Unusable {
  const char* name;
  std::function<void(ModelSpec&, Bytes&)> change;
};

class UnusableGolden : public testing::TestWithParam<Unusable> {};

TEST_P(UnusableGolden, IsAnErrorOfNoOperator) {
  ModelSpec spec = WithGolden(2);
  Bytes golden = spec.metadata[2].second;
  GetParam().change(spec, golden);
  if (spec.metadata.size() == 4) spec.metadata[2].second = golden;
  Loaded loaded(Build(spec));
  EXPECT_EQ(mote_selftest(&loaded.model), MOTE_ERROR_SELFTEST);
  EXPECT_EQ(loaded.model.fault.op, -1);
  EXPECT_EQ(mote_model_invoke(&loaded.model), MOTE_OK);
}

using M = ModelSpec;
INSTANTIATE_TEST_SUITE_P(Selftest, UnusableGolden,
                         testing::Values(Unusable{"NoMetadata", [](M& m, Bytes&) { m.metadata.clear(); }},
                                         Unusable{"OtherMetadata", [](M& m, Bytes&) { m.metadata.resize(2); }},
                                         Unusable{"Empty", [](M&, Bytes& b) { b.clear(); }},
                                         Unusable{"HeaderAlone", [](M&, Bytes& b) { b.resize(16); }},
                                         Unusable{"ShortHeader", [](M&, Bytes& b) { b.resize(15); }},
                                         Unusable{"OneByteMissing", [](M&, Bytes& b) { b.pop_back(); }},
                                         Unusable{"OneByteMore", [](M&, Bytes& b) { b.push_back(0); }},
                                         Unusable{"OneSampleMissing",
                                                  [](M&, Bytes& b) { b.resize(16 + kInputBytes + 4 * kOperators); }},
                                         Unusable{"Magic", [](M&, Bytes& b) { b[0] ^= 1; }},
                                         Unusable{"Version", [](M&, Bytes& b) { b[4] = 2; }},
                                         Unusable{"NoSamples", [](M&, Bytes& b) { b[8] = 0; }},
                                         Unusable{"ManySamples", [](M&, Bytes& b) { b[11] = 0xff; }},
                                         Unusable{"Operators", [](M&, Bytes& b) { b[12] = 6; }}),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(Selftest, SurvivesEveryByteOfItsDataAndItsPlaceInTheFile) {
  const ModelSpec spec = WithGolden(1);
  const Bytes file = Build(spec);
  Bytes changed = file;
  const std::string name = "mote_selftest";
  for (size_t i = 0; i < file.size(); ++i) {
    for (const int bit : {0, 7}) {
      changed[i] = static_cast<uint8_t>(file[i] ^ (1 << bit));
      std::vector<std::max_align_t> arena(4096);
      mote_model model;
      if (mote_model_load(&model, mote_all_operators, changed.data(), changed.size(), arena.data(),
                          arena.size() * sizeof(std::max_align_t)) == MOTE_OK) {
        const mote_status status = mote_selftest(&model);
        EXPECT_TRUE(status == MOTE_OK || model.fault.op >= -1);
      }
    }
    changed[i] = file[i];
  }
}

TEST(Selftest, NeedsALoadedModel) {
  EXPECT_EQ(mote_selftest(nullptr), MOTE_ERROR_ARGUMENT);
  mote_model model = {};
  EXPECT_EQ(mote_selftest(&model), MOTE_ERROR_NOT_LOADED);
}

// An operator with state: its output is its input plus how often it has run.
mote_status Count(device::Invocation& op) {
  using namespace device;
  TensorInfo input, state, output;
  MOTE_RETURN_IF_ERROR(op.Input(0, kInt8, &input));
  MOTE_RETURN_IF_ERROR(op.Variable(1, kInt8, &state));
  MOTE_RETURN_IF_ERROR(op.Output(kInt8, &output));
  if (op.verifying()) return MOTE_OK;
  int8_t* count = op.MutableData(state);
  op.MutableData(output)[0] = static_cast<int8_t>(op.Data(input)[0] + *count);
  ++*count;
  return MOTE_OK;
}

TEST(Selftest, BeginsAndEndsWithFreshState) {
  const mote_operator count = {Count, 27, 0, 0, device::kAny, 2, 2, 1, device::kOwn};
  const mote_operator* const operators[] = {&count, nullptr};
  ModelSpec spec;
  spec.tensors = {Activation({1}, 0.5f, 0), Activation({1}, 0.5f, 3), Activation({1}, 0.5f, 0)};
  spec.tensors[1].is_variable = true;
  spec.operators = {{27, {0, 1}, {2}, 0, {}}};
  spec.inputs = {0};
  spec.outputs = {2};
  spec.metadata = {{"mote_selftest", Golden(spec, 3, operators)}};
  Loaded loaded(Build(spec), operators);
  loaded.FillInput(0);
  ASSERT_EQ(mote_model_invoke(&loaded.model), MOTE_OK);
  EXPECT_EQ(loaded.Output()[0], 3);
  EXPECT_EQ(mote_selftest(&loaded.model), MOTE_OK) << "with what the first inference has left";
  loaded.FillInput(0);
  ASSERT_EQ(mote_model_invoke(&loaded.model), MOTE_OK);
  EXPECT_EQ(loaded.Output()[0], 3);
}

}  // namespace
}  // namespace mote::test
