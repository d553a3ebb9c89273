// Kills a training run at random moments, again and again, and looks at what is left each time.
//
// Moments are counted in steps that the child reports, plus a few random milliseconds, so that a slow machine sees as
// many kills inside training as a fast one. MOTE_SEED=<n> repeats a run's choices.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>

#include "datasets/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "train/checkpoint.h"

namespace mote {
namespace {

namespace fs = std::filesystem;

constexpr int kKills = 50;

struct Child {
  pid_t pid = -1;
  int steps = -1;  // the reading end of its dots
};

Child Start(const std::string& checkpoint, const std::string& output) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  Child child;
  child.steps = ends[0];
  child.pid = fork();
  if (child.pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execl(MOTE_TRAIN_KILLEE, MOTE_TRAIN_KILLEE, checkpoint.c_str(), output.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  return child;
}

// Reads up to `count` dots; false when the child ended before.
bool AwaitSteps(const Child& child, int count) {
  for (char dot; count > 0; --count) {
    ssize_t got;
    while ((got = read(child.steps, &dot, 1)) < 0 && errno == EINTR) {
    }
    if (got != 1) return false;
  }
  return true;
}

int End(const Child& child) {
  int status = 0;
  waitpid(child.pid, &status, 0);
  close(child.steps);
  return status;
}

// Epochs and steps that the checkpoint has done, as one number that only grows; 0 without a checkpoint.
int64_t Position(const std::string& path) {
  if (!fs::exists(path)) return 0;
  const auto checkpoint = LoadCheckpoint(path);
  if (!checkpoint.ok()) {
    ADD_FAILURE() << "a torn file was visible: " << checkpoint.status();
    return -1;
  }
  const auto state = nlohmann::json::parse(checkpoint->meta)["state"];
  return state["epoch"].get<int64_t>() * 1000000 + state["step"].get<int64_t>();
}

TEST(KillTest, ARunKilledAtFiftyRandomMomentsEndsInTheBytesOfAnUndisturbedOne) {
  const char* given = std::getenv("MOTE_SEED");
  const unsigned seed = given != nullptr ? std::strtoul(given, nullptr, 10) : std::random_device()();
  std::printf("seed %u; MOTE_SEED=%u repeats it\n", seed, seed);
  SCOPED_TRACE("MOTE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);

  const fs::path folder = fs::path(::testing::TempDir()) / ("mote_kill_test_" + std::to_string(getpid()));
  fs::remove_all(folder);
  fs::create_directories(folder);
  const std::string whole = (folder / "whole.bin").string(), killed = (folder / "killed.bin").string();
  const std::string checkpoint = (folder / "killed.ckpt").string();

  const Child undisturbed = Start((folder / "whole.ckpt").string(), whole);
  ASSERT_EQ(End(undisturbed), 0);
  const auto wanted = ReadFile(whole);
  ASSERT_TRUE(wanted.ok()) << wanted.status();

  int kills = 0, with_checkpoint = 0, inside_an_epoch = 0;
  int64_t position = 0;
  for (bool ended = false; !ended && !HasFailure();) {
    const Child child = Start(checkpoint, killed);
    // Short stretches until there were enough, longer ones to the end, all the way through the run.
    const int stretch = std::uniform_int_distribution<int>(1, kills < kKills ? 60 : 300)(random);
    const bool training = AwaitSteps(child, stretch);
    if (training) usleep(std::uniform_int_distribution<int>(0, 4000)(random));
    kill(child.pid, SIGKILL);
    const int status = End(child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
      kills += training;
    } else {
      ended = true;
      EXPECT_EQ(status, 0) << "the resumed run failed";
    }
    const int64_t now = Position(checkpoint);
    EXPECT_GE(now, position) << "the checkpoint went back";
    position = now;
    with_checkpoint += now > 0;
    inside_an_epoch += now % 1000000 != 0;
    EXPECT_TRUE(ended || !fs::exists(killed)) << "a killed run left a result";
  }
  int leftovers = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    leftovers += entry.path().filename().string().find(".tmp-") != std::string::npos;
  }
  std::printf("%d kills, %d found a checkpoint, %d of them inside an epoch, %d fell into the writing of a file\n",
              kills, with_checkpoint, inside_an_epoch, leftovers);
  EXPECT_GE(kills, kKills);
  EXPECT_GT(inside_an_epoch, kKills / 2);
  const auto got = ReadFile(killed);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->substr(0, got->find("\n\n")), wanted->substr(0, wanted->find("\n\n"))) << "the histories differ";
  EXPECT_TRUE(*got == *wanted) << "the weights differ";
  if (!HasFailure()) fs::remove_all(folder);
}

}  // namespace
}  // namespace mote
