// The MLPerf Tiny models on the host build of the device runtime: golden outputs, exact arenas, untouched neighbours.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mcu_runtime/mote_runtime.h"

namespace {

const std::string kFolder = std::string(MOTE_SOURCE_DIR) + "/tests/data/mlperf_tiny/";

std::vector<uint8_t> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

nlohmann::json Golden() { return nlohmann::json::parse(std::ifstream(kFolder + "golden_outputs.json"))["outputs"]; }

// xorshift32 (13, 17, 5), one byte a step.
void FillInput(uint32_t seed, const mote_tensor& input) {
  uint32_t state = seed;
  for (size_t i = 0; i < input.bytes; ++i) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    static_cast<uint8_t*>(input.data)[i] = static_cast<uint8_t>(state >> 24);
  }
}

std::string Hex(const mote_tensor& tensor) {
  std::string text;
  for (size_t i = 0; i < tensor.bytes; ++i) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<const uint8_t*>(tensor.data)[i]);
    text += two;
  }
  return text;
}

// `bytes` at an address of 16 k + `misalignment`, with guards around.
class GuardedMemory {
 public:
  GuardedMemory(size_t bytes, size_t misalignment) : bytes_(bytes), memory_(bytes + 2 * kGuard + 32, 0xa5) {
    const uintptr_t address = reinterpret_cast<uintptr_t>(memory_.data()) + kGuard;
    begin_ = kGuard + (16 - address % 16) % 16 + misalignment;
  }
  uint8_t* data() { return memory_.data() + begin_; }
  bool Intact() const {
    for (size_t i = 0; i < memory_.size(); ++i) {
      if ((i < begin_ || i >= begin_ + bytes_) && memory_[i] != 0xa5) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kGuard = 64;
  size_t bytes_;
  std::vector<uint8_t> memory_;
  size_t begin_;
};

class MlperfTiny : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    file_ = ReadFile(kFolder + GetParam() + ".tflite");
    mote_memory memory = {};
    ASSERT_EQ(mote_model_memory(mote_all_operators, file_.data(), file_.size(), &memory, nullptr), MOTE_OK);
    arena_bytes_ = memory.arena;
  }
  std::vector<uint8_t> file_;
  size_t arena_bytes_ = 0;
};

TEST_P(MlperfTiny, GivesTheGoldenBytesAtAnyAlignmentOfTheFile) {
  const nlohmann::json golden = Golden().at(GetParam());
  ASSERT_EQ(golden.size(), 8u);
  for (size_t misalignment = 0; misalignment < 4; ++misalignment) {
    GuardedMemory file(file_.size(), misalignment);
    std::memcpy(file.data(), file_.data(), file_.size());
    GuardedMemory arena(arena_bytes_, 0);
    mote_model model;
    ASSERT_EQ(mote_model_load(&model, mote_all_operators, file.data(), file_.size(), arena.data(), arena_bytes_),
              MOTE_OK);
    for (uint32_t sample = 0; sample < (misalignment == 0 ? 8 : 2); ++sample) {
      FillInput(sample + 1, mote_model_input(&model, 0));
      ASSERT_EQ(mote_model_invoke(&model), MOTE_OK);
      ASSERT_EQ(Hex(mote_model_output(&model, 0)), golden[sample].get<std::string>()) << "sample " << sample;
    }
    EXPECT_TRUE(arena.Intact());
    EXPECT_EQ(std::memcmp(file.data(), file_.data(), file_.size()), 0) << "the file was written to";
  }
}

TEST_P(MlperfTiny, LoadsInExactlyTheArenaItAsksForAndNotInOneByteLess) {
  GuardedMemory arena(arena_bytes_, 0);
  mote_model model;
  EXPECT_EQ(mote_model_load(&model, mote_all_operators, file_.data(), file_.size(), arena.data(), arena_bytes_ - 1),
            MOTE_ERROR_ARENA_TOO_SMALL);
  EXPECT_EQ(mote_model_invoke(&model), MOTE_ERROR_NOT_LOADED);
  for (size_t bytes = 0; bytes < arena_bytes_; bytes = bytes * 2 + 1) {
    GuardedMemory small(bytes, 0);
    ASSERT_EQ(mote_model_load(&model, mote_all_operators, file_.data(), file_.size(), small.data(), bytes),
              MOTE_ERROR_ARENA_TOO_SMALL);
    ASSERT_TRUE(small.Intact());
  }
  EXPECT_EQ(mote_model_load(&model, mote_all_operators, file_.data(), file_.size(), arena.data(), arena_bytes_),
            MOTE_OK);
  EXPECT_TRUE(arena.Intact());
}

TEST_P(MlperfTiny, RefusesEveryTruncation) {
  GuardedMemory arena(arena_bytes_, 0);
  // The last bytes may be metadata or padding that the runtime never reads: refused up to the last constant it needs.
  const size_t step = file_.size() / 997 + 1;
  size_t accepted_at = file_.size();
  for (size_t size = 0; size < file_.size(); size += step) {
    const std::unique_ptr<uint8_t[]> shorter(new uint8_t[size]);  // its end is known to sanitizers
    std::memcpy(shorter.get(), file_.data(), size);
    mote_model model;
    const mote_status status =
        mote_model_load(&model, mote_all_operators, shorter.get(), size, arena.data(), arena_bytes_);
    if (status == MOTE_OK) {
      accepted_at = std::min(accepted_at, size);
    } else {
      ASSERT_EQ(accepted_at, file_.size()) << "refused at " << size;
      ASSERT_TRUE(status == MOTE_ERROR_TRUNCATED || status == MOTE_ERROR_NOT_A_MODEL) << size << ": " << status;
    }
  }
}

TEST_P(MlperfTiny, TellsTheGraphAndCallsTheHookAfterEveryOperator) {
  GuardedMemory arena(arena_bytes_, 0);
  mote_model model;
  ASSERT_EQ(mote_model_load(&model, mote_all_operators, file_.data(), file_.size(), arena.data(), arena_bytes_),
            MOTE_OK);
  std::vector<int32_t> seen;
  mote_model_set_hook(
      &model,
      [](void* context, const mote_model* m, int32_t op) {
        static_cast<std::vector<int32_t>*>(context)->push_back(op);
        const mote_tensor tensor = mote_model_tensor(m, mote_model_operator_output(m, op, 0));
        EXPECT_NE(tensor.data, nullptr);
        EXPECT_EQ(tensor.type, MOTE_INT8);
        EXPECT_GT(tensor.scale, 0.0f);
      },
      &seen);
  ASSERT_EQ(mote_model_invoke(&model), MOTE_OK);
  ASSERT_EQ(static_cast<int32_t>(seen.size()), mote_model_operator_count(&model));
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], static_cast<int32_t>(i));
  EXPECT_EQ(mote_model_input(&model, 1).data, nullptr);
  EXPECT_EQ(mote_model_input(&model, -1).data, nullptr);
  EXPECT_EQ(mote_model_tensor(&model, mote_model_tensor_count(&model)).data, nullptr);
  EXPECT_EQ(mote_model_operator_output(&model, 0, 1), -1);
  EXPECT_EQ(mote_model_operator_output(&model, -1, 0), -1);
}

INSTANTIATE_TEST_SUITE_P(All, MlperfTiny,
                         testing::Values("kws_ref_model", "vww_96_int8", "pretrainedResnet_quant", "ad01_int8",
                                         "str_ww_ref_model"),
                         [](const auto& which) { return std::string(which.param); });

// The best offsets of whole tensors that are known for these models, and what the runtime's own tables may add.
TEST(MlperfTinyArena, IsTheBestKnownPlusSmallTables) {
  const struct {
    const char* name;
    size_t activations;
  } cases[] = {{"kws_ref_model", 16000},
               {"vww_96_int8", 55296},
               {"pretrainedResnet_quant", 49152},
               {"ad01_int8", 768},
               {"str_ww_ref_model", 6656}};
  for (const auto& c : cases) {
    const std::vector<uint8_t> file = ReadFile(kFolder + c.name + ".tflite");
    mote_memory memory = {};
    ASSERT_EQ(mote_model_memory(mote_all_operators, file.data(), file.size(), &memory, nullptr), MOTE_OK);
    EXPECT_LE(memory.arena, c.activations + 480) << c.name;
  }
}

TEST(Api, RefusesBadArguments) {
  const std::vector<uint8_t> file = ReadFile(kFolder + "ad01_int8.tflite");
  alignas(16) uint8_t arena[2048];
  mote_model model;
  mote_memory memory = {};
  EXPECT_EQ(mote_model_load(nullptr, mote_all_operators, file.data(), file.size(), arena, sizeof arena),
            MOTE_ERROR_ARGUMENT);
  EXPECT_EQ(mote_model_load(&model, mote_all_operators, nullptr, file.size(), arena, sizeof arena),
            MOTE_ERROR_ARGUMENT);
  EXPECT_EQ(mote_model_load(&model, mote_all_operators, file.data(), file.size(), nullptr, sizeof arena),
            MOTE_ERROR_ARGUMENT);
  EXPECT_EQ(mote_model_load(&model, mote_all_operators, file.data(), file.size(), arena + 4, sizeof arena - 4),
            MOTE_ERROR_ARENA_ALIGNMENT);
  EXPECT_EQ(mote_model_load(&model, nullptr, file.data(), file.size(), arena, sizeof arena), MOTE_ERROR_ARGUMENT);
  EXPECT_EQ(mote_model_memory(mote_all_operators, nullptr, 0, &memory, nullptr), MOTE_ERROR_ARGUMENT);
  EXPECT_EQ(mote_model_memory(mote_all_operators, file.data(), file.size(), nullptr, nullptr), MOTE_ERROR_ARGUMENT);
  EXPECT_EQ(mote_model_memory(nullptr, file.data(), file.size(), &memory, nullptr), MOTE_ERROR_ARGUMENT);
  EXPECT_EQ(mote_model_reset(&model), MOTE_ERROR_NOT_LOADED);
  EXPECT_EQ(mote_model_invoke(nullptr), MOTE_ERROR_ARGUMENT);
  mote_model blank = {};
  EXPECT_EQ(mote_model_invoke(&blank), MOTE_ERROR_NOT_LOADED);
  EXPECT_EQ(mote_model_input_count(&blank), 0);
  EXPECT_EQ(mote_model_output(nullptr, 0).data, nullptr);
  for (int status = 0; status <= MOTE_ERROR_SELFTEST; ++status) {
    EXPECT_STRNE(mote_status_text(static_cast<mote_status>(status)), "an unknown status") << status;
  }
  EXPECT_STREQ(mote_status_text(static_cast<mote_status>(MOTE_ERROR_SELFTEST + 1)), "an unknown status");
}

}  // namespace
