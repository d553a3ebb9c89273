#include "export/emulator_process.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mote {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

TEST(TemporaryFolder, IsRemovedWithItsFiles) {
  std::string path;
  {
    absl::StatusOr<TemporaryFolder> folder = TemporaryFolder::Make();
    ASSERT_TRUE(folder.ok()) << folder.status();
    path = folder->path();
    std::ofstream(path + "/a file") << "text";
    EXPECT_TRUE(std::filesystem::exists(path + "/a file"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(FindProgram, FindsOnlyWhatIsThere) {
  EXPECT_TRUE(FindProgram("sh").has_value());
  EXPECT_FALSE(FindProgram("no-program-has-this-name").has_value());
}

class RunProcessTest : public testing::Test {
 protected:
  RunProcessTest() : folder_(*TemporaryFolder::Make()), shell_(*FindProgram("sh")) {}

  absl::StatusOr<ProcessResult> Shell(const std::string& script, milliseconds stall = milliseconds(20000)) {
    return RunProcess({shell_, "-c", script}, folder_.path(), "progress", stall);
  }

  TemporaryFolder folder_;
  std::string shell_;
};

TEST_F(RunProcessTest, GivesExitCodeAndBothStreams) {
  absl::StatusOr<ProcessResult> result = Shell("pwd; echo to the error stream >&2; exit 7");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 7);
  EXPECT_EQ(result->signal, 0);
  EXPECT_FALSE(result->stalled);
  EXPECT_THAT(result->output, HasSubstr(std::filesystem::canonical(folder_.path()).string() + "\n"));
  EXPECT_THAT(result->output, HasSubstr("to the error stream\n"));
}

TEST_F(RunProcessTest, GivesTheSignalThatEndedIt) {
  absl::StatusOr<ProcessResult> result = Shell("kill -SEGV $$");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->signal, SIGSEGV);
}

TEST_F(RunProcessTest, KillsAProcessThatMakesNoProgress) {
  const auto start = std::chrono::steady_clock::now();
  absl::StatusOr<ProcessResult> result = Shell("exec sleep 60", milliseconds(300));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->stalled);
  EXPECT_EQ(result->signal, SIGKILL);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST_F(RunProcessTest, LetsAProcessGoOnWhileItsFileGrows) {
  // Each step is well within the limit, all together are not.
  absl::StatusOr<ProcessResult> result =
      Shell("for i in 1 2 3 4 5 6 7 8; do echo $i >> progress; sleep 0.3; done", milliseconds(1500));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(result->stalled);
  EXPECT_EQ(result->exit_code, 0);
}

TEST_F(RunProcessTest, DrainsMoreOutputThanItKeeps) {
  absl::StatusOr<ProcessResult> result = Shell("head -c 1000000 /dev/zero");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->exit_code, 0);
  EXPECT_GE(result->output.size(), 64U << 10);
  EXPECT_LT(result->output.size(), 80U << 10);
}

TEST_F(RunProcessTest, SaysThatAProgramCannotBeStarted) {
  absl::StatusOr<ProcessResult> result =
      RunProcess({folder_.path() + "/missing"}, folder_.path(), "progress", milliseconds(1000));
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(std::string(result.status().message()),
              HasSubstr("/missing: cannot be started: No such file or directory"));
}

}  // namespace
}  // namespace mote
