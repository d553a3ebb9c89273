// The program around compiled models reports what a broken model does: each promise is broken on purpose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "datasets/file.h"
#include "export/compiler/bench.h"
#include "export/compiler/machine.h"
#include "export/compiler/reference.h"

namespace mote::compiler {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Harness : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const Core core = *FindCompilerCore(GetParam());
    const bool emulated = !MachineOf(core).emulator.empty();
    if (!FindCompiler(core).ok() || (emulated && !FindEmulator(core).ok())) GTEST_SKIP() << "no tools for the core";
    file_ = *ReadFile(MOTE_SOURCE_DIR "/tests/data/mlperf_tiny/ad01_int8.tflite");
  }

  CompiledModel Model(const std::string& name) const {
    CompileOptions options;
    options.core = GetParam();
    options.name = name;
    return *Compile(file_, "ad01_int8.tflite", options);
  }

  // With a statement at the inference's begin.
  CompiledModel Broken(const std::string& statement) const {
    CompiledModel model = Model("broken");
    std::string& source = model.files["broken.cc"];
    const std::string head = "uint8_t* arena = static_cast<uint8_t*>(memory);\n";
    EXPECT_THAT(source, HasSubstr(head));
    source = absl::StrReplaceAll(source, {{head, absl::StrCat(head, statement, "\n")}});
    return model;
  }

  Inputs SeededInputs(int samples) const { return {samples, 1, SeededBytes(1, 640 * samples)}; }

  absl::Status Run(const CompiledModel& model) const {
    const absl::StatusOr<CompiledProgram> program = BuildCompiled({model}, GetParam());
    if (!program.ok()) return program.status();
    return RunCompiled(*program, {SeededInputs(1)}).status();
  }

  std::string file_;
};

TEST_P(Harness, ModelsOfOneProgramHaveTheirOwnResults) {
  const absl::StatusOr<CompiledProgram> program = BuildCompiled({Model("one"), Model("two")}, GetParam());
  ASSERT_TRUE(program.ok()) << program.status();
  const auto runs = RunCompiled(*program, {SeededInputs(3), SeededInputs(1)});
  ASSERT_TRUE(runs.ok()) << runs.status();
  EXPECT_EQ((*runs)[0].outputs, *RunReference(file_, SeededInputs(3)));
  EXPECT_EQ((*runs)[1].outputs, *RunReference(file_, SeededInputs(1)));
  // One poll at each end of a stretch, of four instructions.
  EXPECT_NEAR(static_cast<double>((*runs)[0].instructions), static_cast<double>((*runs)[1].instructions), 8);
}

TEST_P(Harness, AByteOutsideOfTheArenaIsReported) {
  const CompiledModel whole = Model("broken");
  const absl::Status before = Run(Broken("arena[-1] = 0;"));
  EXPECT_THAT(std::string(before.message()), AllOf(HasSubstr("broken"), HasSubstr("offset -1")));
  const absl::Status behind = Run(Broken(absl::StrCat("arena[", whole.arena_bytes, "] = 0;")));
  EXPECT_THAT(std::string(behind.message()), HasSubstr(absl::StrCat("offset ", whole.arena_bytes)));
}

TEST_P(Harness, AFaultIsReported) {
  EXPECT_THAT(std::string(Run(Broken("__builtin_trap();")).message()), HasSubstr("the program "));
}

TEST_P(Harness, AWarningOfGeneratedCodeIsAnError) {
  EXPECT_THAT(std::string(Run(Broken("int unused = 1;")).message()), HasSubstr("does not compile the model"));
}

TEST_P(Harness, InputsOfAnotherSizeAreRefused) {
  const absl::StatusOr<CompiledProgram> program = BuildCompiled({Model("one")}, GetParam());
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_THAT(std::string(RunCompiled(*program, {{1, 1, "short"}}).status().message()), HasSubstr("it takes 640"));
}

INSTANTIATE_TEST_SUITE_P(Cores, Harness, ::testing::Values("generic", "cortex-m0", "cortex-m4", "riscv32"),
                         [](const auto& core) {
                           return absl::StrReplaceAll(core.param, {{"-", "_"}});
                         });

// The M0 has no unaligned loads; the machine that stands for it has.
class HarnessOfM0 : public Harness {};
TEST_P(HarnessOfM0, AnUnalignedLoadFaults) {
  const std::string load =
      "volatile uint32_t word = *reinterpret_cast<const volatile uint32_t*>(arena + 2); (void)word;";
  EXPECT_THAT(std::string(Run(Broken(load)).message()), HasSubstr("fault"));
}
INSTANTIATE_TEST_SUITE_P(Cores, HarnessOfM0, ::testing::Values("cortex-m0"));

}  // namespace
}  // namespace mote::compiler
