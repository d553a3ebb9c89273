// Resuming: wherever a run was left, it ends in the bytes of the run that was not.
#include <atomic>
#include <filesystem>
#include <functional>

#include "datasets/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/train/tiny_model.h"
#include "train/checkpoint.h"
#include "train/fit.h"

namespace mote {
namespace {

using testing::Clouds;
using ::testing::HasSubstr;
using testing::HistoryText;
using testing::TinyModel;
using Kind = OptimizerOptions::Kind;

constexpr int kEpochs = 4, kStepsAnEpoch = 5, kSteps = kEpochs * kStepsAnEpoch;

class FitResumeTest : public ::testing::Test {
 protected:
  FitResumeTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    options_.epochs = kEpochs;
    options_.batch_size = 8;
    options_.optimizer.learning_rate = 0.02;
    options_.augment.noise = 0.1;
    options_.keep_best = true;
    options_.checkpoint_path = (folder_ / "run.ckpt").string();
    options_.resume = true;
    options_.checkpoint_tag = "tag";
    options_.interrupt = &interrupt_;
  }
  ~FitResumeTest() override { std::filesystem::remove_all(folder_); }

  // Trains a fresh model under the options; the interrupt falls during training step `interrupt_at` of this process.
  absl::StatusOr<FitResult> Run(int interrupt_at = -1) {
    interrupt_ = false;
    TinyModel model;
    model.on_training_step = [&](int step) { interrupt_ = step == interrupt_at; };
    model.poisoned_step = poisoned_step_;
    auto result = Fit(model, train_, validation_, options_);
    bytes_ = model.Bytes();
    return result;
  }
  std::string Outcome(const FitResult& result) const { return HistoryText(result) + bytes_; }
  std::string Undisturbed() {
    FitOptions kept = options_;
    options_.checkpoint_path = "";
    options_.resume = false;
    const auto result = Run();
    options_ = kept;
    EXPECT_TRUE(result.ok()) << result.status();
    return Outcome(*result);
  }
  nlohmann::json State() const {
    const auto checkpoint = LoadCheckpoint(options_.checkpoint_path);
    EXPECT_TRUE(checkpoint.ok()) << checkpoint.status();
    return nlohmann::json::parse(checkpoint->meta)["state"];
  }
  void Clear() const { std::filesystem::remove(options_.checkpoint_path); }

  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) /
      (std::string("mote_resume_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
  const Dataset train_ = Clouds(37, 1), validation_ = Clouds(20, 2);
  FitOptions options_;
  std::atomic<bool> interrupt_{false};
  int poisoned_step_ = -1;
  std::string bytes_;
};

TEST_F(FitResumeTest, AnInterruptInAnyStepAndAResumeEndInTheSameBytes) {
  for (const Kind kind : {Kind::kAdam, Kind::kAdamW, Kind::kSgd}) {
    options_.optimizer.kind = kind;
    const std::string wanted = Undisturbed();
    for (int step = 1; step <= kSteps; ++step) {
      Clear();
      const auto interrupted = Run(step);
      if (step < kSteps) {  // in the very last step there is nothing left to interrupt
        ASSERT_EQ(interrupted.status().code(), absl::StatusCode::kAborted) << interrupted.status();
        const int epoch = (step - 1) / kStepsAnEpoch + 1, in_epoch = (step - 1) % kStepsAnEpoch + 1;
        EXPECT_EQ(interrupted.status().message(), "interrupted after epoch " + std::to_string(epoch) + " step " +
                                                      std::to_string(in_epoch) + "; take it up with --resume");
      }
      const auto resumed = Run();
      ASSERT_TRUE(resumed.ok()) << resumed.status();
      EXPECT_TRUE(Outcome(*resumed) == wanted)
          << "optimizer " << static_cast<int>(kind) << ", interrupted in step " << step;
    }
  }
}

TEST_F(FitResumeTest, InterruptsInEveryStepOneAfterAnotherEndInTheSameBytes) {
  const std::string wanted = Undisturbed();
  int runs = 0;
  absl::StatusOr<FitResult> result = absl::UnknownError("");
  do {
    result = Run(1);
    ASSERT_TRUE(result.ok() || result.status().code() == absl::StatusCode::kAborted) << result.status();
  } while (++runs < 100 && !result.ok());
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(runs, kSteps);
  EXPECT_TRUE(Outcome(*result) == wanted);
}

TEST_F(FitResumeTest, AnInterruptBeforeTheFirstStepLosesNothing) {
  const std::string wanted = Undisturbed();
  interrupt_ = true;
  TinyModel model;
  EXPECT_EQ(Fit(model, train_, validation_, options_).status().message(),
            "interrupted before the first step; take it up with --resume");
  EXPECT_TRUE(Outcome(*Run()) == wanted);
}

TEST_F(FitResumeTest, WithoutACheckpointAnInterruptSaysThatTheRunIsLost) {
  options_.checkpoint_path = "";
  options_.resume = false;
  EXPECT_EQ(Run(7).status().message(), "interrupted after epoch 2 step 2; no checkpoint was asked for, so it is lost");
}

TEST_F(FitResumeTest, EarlyStoppingIsTakenUpToo) {
  options_.epochs = 60;
  options_.early_stopping_patience = 2;
  options_.optimizer.learning_rate = 0.2;
  const std::string wanted = Undisturbed();
  ASSERT_THAT(wanted, HasSubstr("stopped 1"));
  absl::StatusOr<FitResult> result = absl::UnknownError("");
  for (int runs = 0; runs < 200 && !result.ok(); ++runs) result = Run(4);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(Outcome(*result) == wanted);
}

TEST_F(FitResumeTest, AFinishedRunIsGivenBackAsItEnded) {
  const auto first = Run();
  ASSERT_TRUE(first.ok());
  const std::string wanted = Outcome(*first), file = *ReadFile(options_.checkpoint_path);
  options_.on_epoch = [](const EpochReport&) { return absl::InternalError("must not be called"); };
  const auto second = Run(1);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(Outcome(*second) == wanted);
  EXPECT_EQ(*ReadFile(options_.checkpoint_path), file);
}

TEST_F(FitResumeTest, TheFinishedCheckpointHoldsTheModelAndWhatItsLoaderNeeds) {
  options_.checkpoint_meta = R"({"network":{"name":"tiny"}})";
  ASSERT_TRUE(Run().ok());
  const auto checkpoint = LoadCheckpoint(options_.checkpoint_path);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(nlohmann::json::parse(checkpoint->meta)["user"]["network"]["name"], "tiny");
  TinyModel loaded(4, 3, 0.2, /*seed=*/99);
  EXPECT_TRUE(RestoreTensors(*checkpoint, "model.", loaded.Parameters()).ok());
  EXPECT_TRUE(RestoreTensors(*checkpoint, "model.", loaded.Buffers()).ok());
  EXPECT_EQ(loaded.Bytes(), bytes_);
}

TEST_F(FitResumeTest, CheckpointsComeEverySoManyStepsAndAtTheEndsOfEpochs) {
  options_.checkpoint_steps = 3;
  std::vector<std::pair<int, int>> seen;
  TinyModel model;
  model.on_training_step = [&](int) {
    if (!std::filesystem::exists(options_.checkpoint_path)) return;
    const auto state = State();
    const std::pair<int, int> place(state["epoch"], state["step"]);
    if (seen.empty() || seen.back() != place) seen.push_back(place);
  };
  ASSERT_TRUE(Fit(model, train_, validation_, options_).ok());
  // Steps 3, 6, 9, 12, 18 of 20 (15 ends an epoch anyway) and the ends of the first three epochs.
  EXPECT_THAT(seen, ::testing::ElementsAre(std::pair(0, 3), std::pair(1, 0), std::pair(1, 1), std::pair(1, 4),
                                           std::pair(2, 0), std::pair(2, 2), std::pair(3, 0), std::pair(3, 3)));
}

TEST_F(FitResumeTest, ANonFiniteLossLeavesTheLastGoodCheckpoint) {
  const std::string wanted = Undisturbed();
  poisoned_step_ = 13;
  EXPECT_EQ(
      Run().status().message(),
      "fit: epoch 3 step 3: the loss is not a number; try a smaller learning rate than 0.02; the last checkpoint is "
      "left as it was");
  EXPECT_EQ(State()["epoch"], 2);
  poisoned_step_ = -1;
  const auto resumed = Run();
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_TRUE(Outcome(*resumed) == wanted);
}

TEST_F(FitResumeTest, WeightsThatAreNotFiniteNeverReachACheckpoint) {
  Dataset data = testing::Line(8, 1);
  data.targets = data.targets * 100;
  options_.task = Task::kRegression;
  options_.optimizer = {.kind = Kind::kSgd, .learning_rate = 1e38, .momentum = 0};
  TinyModel model;
  EXPECT_EQ(
      Fit(model, data, Dataset(), options_).status().message(),
      "fit: epoch 1 step 1: the parameter 'hidden.weight' is infinite; try a smaller learning rate than 1e+38; the "
      "last checkpoint is left as it was");
  EXPECT_FALSE(std::filesystem::exists(options_.checkpoint_path));
}

TEST_F(FitResumeTest, AnErrorOfOnEpochEndsTheRunAndItsEpochIsReportedAgain) {
  const std::string wanted = Undisturbed();
  std::vector<int> reported;
  bool fails = true;
  options_.on_epoch = [&](const EpochReport& report) {
    reported.push_back(report.epoch);
    return fails && report.epoch == 2 ? absl::DataLossError("disk full") : absl::OkStatus();
  };
  EXPECT_EQ(Run().status(), absl::DataLossError("disk full"));
  fails = false;
  const auto interrupted = Run(2);  // in epoch 3
  EXPECT_EQ(interrupted.status().code(), absl::StatusCode::kAborted);
  const auto resumed = Run();
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_TRUE(Outcome(*resumed) == wanted);
  EXPECT_THAT(reported, ::testing::ElementsAre(1, 2, 2, 3, 4));
}

TEST_F(FitResumeTest, OptionsThatShapeTheWeightsMustBeTheSame) {
  ASSERT_EQ(Run(7).status().code(), absl::StatusCode::kAborted);
  const std::string head = "checkpoint '" + options_.checkpoint_path + "': cannot resume: ";
  const std::string tail = "; use the same or begin anew without resuming";
  const std::pair<std::function<void(FitOptions&)>, const char*> cases[] = {
      {[](FitOptions& o) { o.checkpoint_tag = "other"; }, "checkpoint_tag was \"tag\" and is now \"other\""},
      {[](FitOptions& o) { o.seed = 2; }, "seed was 1 and is now 2"},
      {[](FitOptions& o) { o.batch_size = 16; }, "batch_size was 8 and is now 16"},
      {[](FitOptions& o) { o.epochs = 5; }, "epochs was 4 and is now 5"},
      {[](FitOptions& o) { o.optimizer.kind = Kind::kSgd; }, "optimizer.kind was \"adam\" and is now \"sgd\""},
      {[](FitOptions& o) { o.optimizer.learning_rate = 0.1; }, "optimizer.learning_rate was 0.02 and is now 0.1"},
      {[](FitOptions& o) { o.schedule.final_fraction = 0.5; }, "schedule.final_fraction was 0.01 and is now 0.5"},
      {[](FitOptions& o) { o.label_smoothing = 0.1; }, "label_smoothing was 0.0 and is now 0.1"},
      {[](FitOptions& o) {
         o.class_weights = {1, 2, 1};
       },
       "class_weights was [] and is now [1.0,2.0,1.0]"},
      {[](FitOptions& o) { o.keep_best = false; }, "keep_best was true and is now false"},
      {[](FitOptions& o) { o.gradient_clip = 1; }, "gradient_clip was 0.0 and is now 1.0"},
      {[](FitOptions& o) { o.augment.noise = 0; }, "augment.noise was 0.1 and is now 0.0"},
  };
  const FitOptions kept = options_;
  for (const auto& [adjust, difference] : cases) {
    adjust(options_);
    const absl::Status status = Run().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(std::string(status.message()), head + difference + tail);
    options_ = kept;
  }
  options_.threads = 1;  // these change nothing that was done so far
  options_.checkpoint_steps = 2;
  options_.tensorboard_dir = (folder_ / "events").string();
  EXPECT_TRUE(Run().ok());
}

TEST_F(FitResumeTest, OtherDataOrAnotherModelIsRefused) {
  ASSERT_EQ(Run(7).status().code(), absl::StatusCode::kAborted);
  TinyModel model;
  EXPECT_THAT(std::string(Fit(model, Clouds(36, 1), validation_, options_).status().message()),
              HasSubstr("training samples was 37 and is now 36"));
  TinyModel wide(4, 5);
  EXPECT_EQ(Fit(wide, train_, validation_, options_).status().message(),
            "'" + options_.checkpoint_path +
                "': checkpoint: tensor 'model.out.weight' is float32[16, 3]; float32[16, 5] is right");
  struct Smaller : TinyModel {
    NamedTensors Buffers() override { return {}; }
  } smaller;
  EXPECT_EQ(Fit(smaller, train_, validation_, options_).status().message(),
            "checkpoint '" + options_.checkpoint_path + "': it holds 6 tensors of a model and this model has 4");
}

TEST_F(FitResumeTest, ADamagedOrForeignCheckpointIsRefusedAndNotOverwritten) {
  ASSERT_EQ(Run(7).status().code(), absl::StatusCode::kAborted);
  const std::string good = *ReadFile(options_.checkpoint_path);
  const Checkpoint checkpoint = *LoadCheckpoint(options_.checkpoint_path);
  ASSERT_TRUE(WriteFileAtomically(options_.checkpoint_path, good.substr(0, good.size() / 2)).ok());
  EXPECT_THAT(std::string(Run().status().message()), HasSubstr("cut short or damaged"));
  EXPECT_EQ(ReadFile(options_.checkpoint_path)->size(), good.size() / 2);

  const auto message = [&](const std::function<void(nlohmann::json&, Checkpoint&)>& adjust) {
    Checkpoint changed = checkpoint;
    nlohmann::json meta = nlohmann::json::parse(checkpoint.meta);
    adjust(meta, changed);
    changed.meta = meta.dump();
    EXPECT_TRUE(SaveCheckpoint(options_.checkpoint_path, changed).ok());
    return std::string(Run().status().message());
  };
  EXPECT_THAT(message([](auto& meta, auto&) {
                meta = {{"format", "weights"}};
              }),
              HasSubstr("not of a training run, so there is nothing to resume"));
  EXPECT_THAT(message([](auto& meta, auto&) { meta["version"] = 2; }),
              HasSubstr("its format version is 2; this build resumes from version 1"));
  EXPECT_THAT(message([](auto& meta, auto&) { meta["state"].erase("epoch"); }), HasSubstr("its meta is damaged: "));
  EXPECT_THAT(message([](auto& meta, auto&) { meta["state"]["loss_sum"] = "x"; }),
              HasSubstr("its meta is damaged: 'x' is not a number"));
  EXPECT_THAT(message([](auto& meta, auto&) { meta["state"]["step"] = 5; }),
              HasSubstr("epoch 1 step 5 with 1 epochs of history is no place in a run of 4 epochs of 5 steps"));
  EXPECT_THAT(message([](auto&, Checkpoint& c) {
                std::erase_if(c.tensors, [](auto& t) { return t.first == "sampler.order"; });
              }),
              HasSubstr("tensor 'sampler.order' is missing"));
  EXPECT_THAT(message([](auto&, Checkpoint& c) {
                for (auto& [name, tensor] : c.tensors) {
                  if (name == "sampler.order") tensor[0] = tensor[1].clone();
                }
              }),
              HasSubstr("tensor 'sampler.order' is no permutation of the samples"));
  EXPECT_THAT(message([](auto&, Checkpoint& c) {
                std::erase_if(c.tensors, [](auto& t) { return t.first == "optimizer.2.exp_avg"; });
              }),
              HasSubstr("tensor 'optimizer.2.exp_avg' is missing"));
}

}  // namespace
}  // namespace mote
