#include "export/emulator.h"

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "export/emulator_process.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/emulated/test_networks.h"

namespace mote {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

// Sets a variable of the environment while it lives.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  ~Environment() {
    if (before_.has_value()) {
      setenv(name_, before_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

std::string DeviceProgram(const std::string& core) {
  return absl::StrCat(MOTE_BINARY_DIR "/device/mote_device_", core);
}

// Host and core agree on every tensor of every sample.
void ExpectEqual(const RuntimeModel::Result& host, const RuntimeModel::Result& core) {
  ASSERT_EQ(host.outputs.size(), core.outputs.size());
  for (size_t i = 0; i < host.outputs.size(); ++i) {
    EXPECT_TRUE(torch::equal(host.outputs[i], core.outputs[i])) << "output " << i;
  }
  ASSERT_EQ(host.tensors.size(), core.tensors.size());
  for (const auto& [index, tensor] : host.tensors) {
    ASSERT_TRUE(core.tensors.count(index)) << "tensor " << index;
    EXPECT_TRUE(torch::equal(tensor, core.tensors.at(index))) << "tensor " << index;
  }
}

class EveryCore : public testing::TestWithParam<std::string> {
 protected:
  // A core without its compiler has no program; that is told apart from a program that does not work.
  void SetUp() override {
    if (absl::Status available = CoreAvailable(GetParam()); !available.ok()) GTEST_SKIP() << Message(available);
  }
};

std::vector<std::string> CoreNames() {
  std::vector<std::string> names;
  for (const CoreInfo& core : EmulatedCores()) names.push_back(core.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Cores, EveryCore, testing::ValuesIn(CoreNames()), [](const auto& param_info) {
  std::string name = param_info.param;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
});

TEST_P(EveryCore, CountsTheInstructionsOfALoop) {
  for (const int64_t length : {int64_t{2}, int64_t{1000}, int64_t{2'000'000}, int64_t{31'415'926}}) {
    absl::StatusOr<int64_t> count = CountLoop(GetParam(), length);
    ASSERT_TRUE(count.ok()) << count.status();
    EXPECT_NEAR(static_cast<double>(*count), static_cast<double>(length), 24) << "a loop of " << length;
  }
}

TEST_P(EveryCore, EqualsTheHostRuntimeOnAllTensors) {
  const std::unique_ptr<RuntimeModel> model = ToRuntimeModel(SmallClassifier());
  ASSERT_NE(model, nullptr);
  const torch::Tensor codes = RandomCodes(*model, 0, 360, 1);
  absl::StatusOr<RuntimeModel::Result> host = model->Invoke({codes}, /*keep=*/true);
  ASSERT_TRUE(host.ok()) << host.status();
  const auto start = std::chrono::steady_clock::now();
  absl::StatusOr<EmulatedRun> run = InvokeOnCore(GetParam(), *model, {codes}, /*keep=*/true);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ASSERT_TRUE(run.ok()) << run.status();
  ExpectEqual(*host, run->result);
  EXPECT_EQ(run->result.tensors.size(), 7U);  // the input and six operators' outputs
  // Tensors that are all alike would make every comparison an easy one.
  for (const auto& [index, tensor] : host->tensors) {
    EXPECT_GT(tensor.to(torch::kFloat).std().item<float>(), 5.0F) << "tensor " << index;
  }
  EXPECT_GT(run->instructions, 8 * 8 * 8 * 27 / 8);  // no core does eight multiplications an instruction
  EXPECT_LT(run->instructions, 10'000'000);
  EXPECT_GT(run->load_instructions, 1000);
  EXPECT_GT(run->arena_bytes, 8 * 8 * 8);
  EXPECT_GT(run->stack_bytes, 100);
  EXPECT_LT(seconds, 20);  // about half a second where nothing else runs
  RecordProperty("instructions", absl::StrCat(run->instructions));
  RecordProperty("seconds", absl::StrCat(seconds));
}

TEST_P(EveryCore, CountsTheSameInEveryRunWithAndWithoutTheTrace) {
  const std::unique_ptr<RuntimeModel> model = ToRuntimeModel(SmallClassifier());
  ASSERT_NE(model, nullptr);
  const torch::Tensor codes = RandomCodes(*model, 0, 1, 2);
  std::vector<int64_t> counts;
  for (const bool keep : {false, false, true}) {
    absl::StatusOr<EmulatedRun> run = InvokeOnCore(GetParam(), *model, {codes}, keep);
    ASSERT_TRUE(run.ok()) << run.status();
    counts.push_back(run->instructions);
  }
  EXPECT_EQ(counts[0], counts[1]);
  EXPECT_NEAR(static_cast<double>(counts[2]), static_cast<double>(counts[0]), 8);  // one poll at each end
}

TEST_P(EveryCore, TakesSeveralInputs) {
  const std::unique_ptr<RuntimeModel> model = ToRuntimeModel(Sum());
  ASSERT_NE(model, nullptr);
  const std::vector<torch::Tensor> codes = {RandomCodes(*model, 0, 9, 3), RandomCodes(*model, 1, 9, 4)};
  absl::StatusOr<RuntimeModel::Result> host = model->Invoke(codes, /*keep=*/true);
  ASSERT_TRUE(host.ok()) << host.status();
  absl::StatusOr<EmulatedRun> run = InvokeOnCore(GetParam(), *model, codes, /*keep=*/true);
  ASSERT_TRUE(run.ok()) << run.status();
  ExpectEqual(*host, run->result);
}

TEST_P(EveryCore, ReportsAFault) {
  const std::unique_ptr<RuntimeModel> model = ToRuntimeModel(Sum());
  ASSERT_NE(model, nullptr);
  const std::vector<torch::Tensor> codes = {RandomCodes(*model, 0, 1, 3), RandomCodes(*model, 1, 1, 4)};
  EmulatorOptions options;
  options.sabotage = EmulatorOptions::Sabotage::kUndefinedInstruction;
  absl::StatusOr<EmulatedRun> run = InvokeOnCore(GetParam(), *model, codes, false, options);
  ASSERT_FALSE(run.ok());
  EXPECT_THAT(Message(run.status()), AllOf(StartsWith(GetParam() + " ("), HasSubstr("mote: fault 0x0000000"),
                                           HasSubstr(": pc 0x"), HasSubstr(", lr 0x")));
}

TEST_P(EveryCore, ReportsAWriteOutsideOfTheArena) {
  const std::unique_ptr<RuntimeModel> model = ToRuntimeModel(Sum());
  ASSERT_NE(model, nullptr);
  const std::vector<torch::Tensor> codes = {RandomCodes(*model, 0, 1, 3), RandomCodes(*model, 1, 1, 4)};
  EmulatorOptions options;
  options.sabotage = EmulatorOptions::Sabotage::kArenaOverrun;
  absl::StatusOr<EmulatedRun> run = InvokeOnCore(GetParam(), *model, codes, false, options);
  ASSERT_FALSE(run.ok());
  EXPECT_THAT(Message(run.status()), HasSubstr("sample 0: the runtime wrote outside of its arena, at byte "));
}

TEST_P(EveryCore, KillsAProgramThatHangsAndLeavesNothing) {
  absl::StatusOr<TemporaryFolder> parent = TemporaryFolder::Make();
  ASSERT_TRUE(parent.ok()) << parent.status();
  const Environment temporary("TMPDIR", parent->path());
  const std::unique_ptr<RuntimeModel> model = ToRuntimeModel(Sum());
  ASSERT_NE(model, nullptr);
  const std::vector<torch::Tensor> codes = {RandomCodes(*model, 0, 1, 3), RandomCodes(*model, 1, 1, 4)};
  EmulatorOptions options;
  options.sabotage = EmulatorOptions::Sabotage::kEndlessLoop;
  options.stall = std::chrono::milliseconds(1500);
  absl::StatusOr<EmulatedRun> run = InvokeOnCore(GetParam(), *model, codes, false, options);
  ASSERT_FALSE(run.ok());
  EXPECT_TRUE(absl::IsDeadlineExceeded(run.status())) << run.status();
  EXPECT_THAT(Message(run.status()), HasSubstr("no progress for 1.5 s: the emulator was killed"));
  EXPECT_TRUE(std::filesystem::is_empty(parent->path()));
}

TEST_P(EveryCore, RefusesATooLargeArenaWithBothNumbers) {
  const CoreInfo core = *FindCore(GetParam());
  // One tensor that is a little more than the largest machine's memory: ReLU works in place.
  const int64_t ram = GetParam() == "cortex-m0" ? FindCore("cortex-m3")->ram_bytes : core.ram_bytes;
  const std::unique_ptr<RuntimeModel> model = ToRuntimeModel(Rectifier(1024, 8, ram / 8192 + 1));
  ASSERT_NE(model, nullptr);
  absl::StatusOr<EmulatedRun> run = InvokeOnCore(GetParam(), *model, {RandomCodes(*model, 0, 1, 5)}, false);
  ASSERT_FALSE(run.ok());
  EXPECT_TRUE(absl::IsResourceExhausted(run.status())) << run.status();
  EXPECT_THAT(Message(run.status()),
              AllOf(StartsWith(GetParam() + " ("),
                    HasSubstr(GetParam() == "cortex-m0" ? "needs a larger arena" : "needs an arena of "),
                    HasSubstr(absl::StrCat("; the machine has ", ram, " for it"))));
}

TEST(Emulator, CountsLongRunsThroughTheCountersWraps) {
  if (!CoreAvailable("cortex-m4").ok()) GTEST_SKIP() << Message(CoreAvailable("cortex-m4"));
  // 2^24 ticks of 40 instructions are 671 million: this goes round once.
  absl::StatusOr<int64_t> count = CountLoop("cortex-m4", 900'000'000);
  ASSERT_TRUE(count.ok()) << count.status();
  EXPECT_NEAR(static_cast<double>(*count), 9e8, 48);
}

TEST(Emulator, RefusesATooLargeFileWithBothNumbers) {
  if (!CoreAvailable("cortex-m4").ok()) GTEST_SKIP() << Message(CoreAvailable("cortex-m4"));
  const std::unique_ptr<RuntimeModel> model = ToRuntimeModel(Dense(2000, 2000));
  ASSERT_NE(model, nullptr);
  absl::StatusOr<EmulatedRun> run = InvokeOnCore("cortex-m4", *model, {RandomCodes(*model, 0, 1, 5)}, false);
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(Message(run.status()), absl::StrCat("cortex-m4 (mps2-an386): the model is ", model->bytes().size(),
                                                " bytes; the machine has 3670016 for it"));
}

TEST(Emulator, RunsSmallModelsOnARealSixteenKilobytesAndLargerOnesElsewhere) {
  if (!CoreAvailable("cortex-m0").ok()) GTEST_SKIP() << Message(CoreAvailable("cortex-m0"));
  const std::unique_ptr<RuntimeModel> small = ToRuntimeModel(SmallClassifier());
  const std::unique_ptr<RuntimeModel> ram = ToRuntimeModel(Rectifier(80, 80, 2));
  const std::unique_ptr<RuntimeModel> flash = ToRuntimeModel(Dense(500, 500));
  ASSERT_TRUE(small && ram && flash);
  for (const auto& [model, machine] :
       {std::pair{small.get(), "microbit"}, std::pair{ram.get(), "mps2-an385"}, std::pair{flash.get(), "mps2-an385"}}) {
    const torch::Tensor codes = RandomCodes(*model, 0, 3, 6);
    absl::StatusOr<EmulatedRun> run = InvokeOnCore("cortex-m0", *model, {codes}, true);
    ASSERT_TRUE(run.ok()) << run.status();
    EXPECT_EQ(run->machine, machine);
    absl::StatusOr<RuntimeModel::Result> host = model->Invoke({codes}, true);
    ASSERT_TRUE(host.ok()) << host.status();
    ExpectEqual(*host, run->result);
  }
}

TEST(Emulator, RunsSeveralCoresAtOnce) {
  const std::unique_ptr<RuntimeModel> model = ToRuntimeModel(SmallClassifier());
  ASSERT_NE(model, nullptr);
  const torch::Tensor codes = RandomCodes(*model, 0, 20, 7);
  absl::StatusOr<RuntimeModel::Result> host = model->Invoke({codes}, true);
  ASSERT_TRUE(host.ok()) << host.status();
  std::vector<absl::StatusOr<EmulatedRun>> runs(6);
  const auto work = [&](size_t begin) {
    for (size_t i = begin; i < runs.size(); i += 2) {
      const std::string core = i % 3 == 0 ? "cortex-m3" : i % 3 == 1 ? "cortex-m55" : "riscv32";
      runs[i] = CoreAvailable(core).ok() ? InvokeOnCore(core, *model, {codes}, true) : absl::UnavailableError(core);
    }
  };
  std::thread first(work, 0), second(work, 1);
  first.join();
  second.join();
  for (const absl::StatusOr<EmulatedRun>& run : runs) {
    if (absl::IsUnavailable(run.status())) continue;
    ASSERT_TRUE(run.ok()) << run.status();
    ExpectEqual(*host, run->result);
  }
}

TEST(Emulator, TakesPathsWithSpacesAndCommas) {
  if (!CoreAvailable("cortex-m4").ok()) GTEST_SKIP() << Message(CoreAvailable("cortex-m4"));
  absl::StatusOr<TemporaryFolder> parent = TemporaryFolder::Make();
  ASSERT_TRUE(parent.ok()) << parent.status();
  const std::string folder = parent->path() + "/a folder, with more, in it";
  std::filesystem::create_directory(folder);
  std::filesystem::copy(DeviceProgram("cortex-m4"), folder);
  const Environment temporary("TMPDIR", folder), device("MOTE_DEVICE_DIR", folder);
  const std::unique_ptr<RuntimeModel> model = ToRuntimeModel(SmallClassifier());
  ASSERT_NE(model, nullptr);
  absl::StatusOr<EmulatedRun> run = InvokeOnCore("cortex-m4", *model, {RandomCodes(*model, 0, 2, 8)}, true);
  EXPECT_TRUE(run.ok()) << run.status();
}

TEST(Emulator, NamesAMissingProgramAndAMissingEmulator) {
  absl::StatusOr<TemporaryFolder> empty = TemporaryFolder::Make();
  ASSERT_TRUE(empty.ok()) << empty.status();
  {
    const Environment path("PATH", empty->path());
    EXPECT_EQ(Message(CoreAvailable("cortex-m4")),
              "cortex-m4: qemu-system-arm not found: install qemu-system-arm (make setup)");
    EXPECT_EQ(Message(CoreAvailable("riscv32")),
              "riscv32: qemu-system-riscv32 not found: install qemu-system-misc (make setup)");
  }
  const Environment device("MOTE_DEVICE_DIR", empty->path());
  EXPECT_EQ(Message(CoreAvailable("cortex-m4")),
            absl::StrCat("cortex-m4: the device program mote_device_cortex-m4 is not in ", empty->path(),
                         "; build the target mote_device, or set MOTE_DEVICE_DIR"));
}

TEST(Emulator, RefusesAProgramThatIsNotOurs) {
  if (!CoreAvailable("riscv32").ok() || !CoreAvailable("cortex-m4").ok()) GTEST_SKIP() << "needs both compilers";
  absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make();
  ASSERT_TRUE(folder.ok()) << folder.status();
  std::filesystem::copy_file(DeviceProgram("riscv32"), folder->path() + "/mote_device_cortex-m4");
  const Environment device("MOTE_DEVICE_DIR", folder->path());
  const std::unique_ptr<RuntimeModel> model = ToRuntimeModel(Sum());
  ASSERT_NE(model, nullptr);
  EmulatorOptions options;
  options.stall = std::chrono::milliseconds(3000);
  absl::StatusOr<EmulatedRun> run =
      InvokeOnCore("cortex-m4", *model, {RandomCodes(*model, 0, 1, 3), RandomCodes(*model, 1, 1, 4)}, false, options);
  ASSERT_FALSE(run.ok());
  EXPECT_THAT(Message(run.status()), StartsWith("cortex-m4 (mps2-an386): the emulator "));
}

TEST(Emulator, NamesTheNearestCore) {
  EXPECT_EQ(Message(FindCore("cortex-m34").status()),
            "no core 'cortex-m34'; did you mean cortex-m3? There are cortex-m0, cortex-m3, cortex-m4, cortex-m7, "
            "cortex-m33, cortex-m55, riscv32");
  EXPECT_THAT(Message(FindCore("riscv64").status()), HasSubstr("did you mean riscv32?"));
}

TEST(Emulator, RefusesInputsThatTheModelDoesNotTake) {
  const std::unique_ptr<RuntimeModel> model = ToRuntimeModel(SmallClassifier());
  ASSERT_NE(model, nullptr);
  const auto message = [&model](const std::vector<torch::Tensor>& inputs) {
    return Message(InvokeOnCore("cortex-m4", *model, inputs, false).status());
  };
  EXPECT_EQ(message({}), "0 inputs given; the model has 1");
  EXPECT_EQ(message({torch::zeros({2, 8, 8, 3})}), "input 0 'input' is Float; the model takes int8");
  EXPECT_EQ(message({torch::zeros({2, 8, 8, 4}, torch::kInt8)}),
            "input 0 'input' has the shape [2, 8, 8, 4]; the model takes [samples, 8, 8, 3]");
  EXPECT_EQ(Message(CountLoop("cortex-m4", 7).status()),
            "a loop of 7 instructions: must be even, and from 2 to 4294967294");
}

TEST(Emulator, GivesEmptyTensorsForNoSamples) {
  if (!CoreAvailable("cortex-m4").ok()) GTEST_SKIP() << Message(CoreAvailable("cortex-m4"));
  const std::unique_ptr<RuntimeModel> model = ToRuntimeModel(SmallClassifier());
  ASSERT_NE(model, nullptr);
  absl::StatusOr<EmulatedRun> run = InvokeOnCore("cortex-m4", *model, {torch::zeros({0, 8, 8, 3}, torch::kInt8)}, true);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->result.outputs[0].sizes(), torch::IntArrayRef({0, 5}));
  EXPECT_EQ(run->instructions, 0);
}

}  // namespace
}  // namespace mote
