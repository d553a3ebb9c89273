#include "train/fit.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/train/tiny_model.h"
#include "train/fit_checks.h"

namespace mote {
namespace {

using testing::Clouds;
using testing::HistoryText;
using testing::Line;
using testing::Normal;
using testing::TinyModel;
using Kind = OptimizerOptions::Kind;

FitResult FitOrDie(Trainable& model, const Dataset& train, const Dataset& validation, const FitOptions& options) {
  auto result = Fit(model, train, validation, options);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *result : FitResult();
}

struct Learns {
  const char* name;
  OptimizerOptions optimizer;
};

class FitLearnsTest : public ::testing::TestWithParam<Learns> {};

TEST_P(FitLearnsTest, TheLossFallsAndValidationAgrees) {
  TinyModel model;
  FitOptions options;
  options.epochs = 15;
  options.optimizer = GetParam().optimizer;
  const Dataset validation = Clouds(300, 2);
  const FitResult result = FitOrDie(model, Clouds(300, 1), validation, options);
  ASSERT_EQ(result.epochs.size(), 15u);
  EXPECT_LT(result.epochs.back().train_loss, 0.6 * result.epochs.front().train_loss);
  // Round clouds of equal size: no classifier beats the nearest center by more than chance.
  const double best_possible = Accuracy(-torch::cdist(validation.inputs, testing::CloudCenters()), validation.labels);
  EXPECT_GT(result.epochs.back().validation_metric, best_possible - 0.03);
  EXPECT_GT(result.epochs.back().validation_metric, result.epochs.front().validation_metric);
}

INSTANTIATE_TEST_SUITE_P(
    Optimizers, FitLearnsTest,
    ::testing::Values(Learns{"Adam", {.learning_rate = 0.02}},
                      Learns{"AdamW", {.kind = Kind::kAdamW, .learning_rate = 0.02, .weight_decay = 0.05}},
                      Learns{"Sgd", {.kind = Kind::kSgd, .learning_rate = 0.05}},
                      Learns{"Nesterov",
                             {.kind = Kind::kSgd, .learning_rate = 0.05, .weight_decay = 1e-3, .nesterov = true}}),
    [](const auto& c) { return c.param.name; });

TEST(FitTest, RegressionAndReconstructionLearnToo) {
  FitOptions options;
  options.epochs = 30;
  options.optimizer.learning_rate = 0.02;
  options.task = Task::kRegression;
  TinyModel regression(4, 3, /*dropout=*/0);
  const FitResult line = FitOrDie(regression, Line(300, 1), Line(50, 2), options);
  EXPECT_LT(line.epochs.back().validation_loss, 0.1 * line.epochs.front().validation_loss);
  EXPECT_LT(line.epochs.back().validation_metric, 0.5);
  options.task = Task::kReconstruction;
  TinyModel reconstruction(4, 4, /*dropout=*/0);
  const FitResult same = FitOrDie(reconstruction, Line(300, 1), Line(50, 2), options);
  EXPECT_LT(same.epochs.back().validation_loss, 0.2 * same.epochs.front().validation_loss);
  EXPECT_NEAR(same.epochs.back().validation_metric, same.epochs.back().validation_loss, 1e-9);
}

TEST(FitTest, TheSameSeedGivesTheSameBytesWhateverElseWentOn) {
  FitOptions options;
  options.epochs = 3;
  options.augment.noise = 0.1;
  const auto run = [&](uint64_t seed) {
    TinyModel model;
    options.seed = seed;
    const FitResult result = FitOrDie(model, Clouds(101, 1), Clouds(30, 2), options);
    return HistoryText(result) + model.Bytes();
  };
  const std::string first = run(5);
  torch::manual_seed(1234);
  torch::rand({17});
  const torch::Tensor generator_before = at::detail::getDefaultCPUGenerator().get_state();
  EXPECT_EQ(run(5), first);
  EXPECT_TRUE(torch::equal(at::detail::getDefaultCPUGenerator().get_state(), generator_before))
      << "the caller's generator is given back as it was";
  EXPECT_NE(run(6), first);
}

TEST(FitTest, OneStepOfEachOptimizerIsThatOfItsFormula) {
  // All samples in one batch, no dropout, constant rate: the step follows from the gradient alone.
  const Dataset data = Line(20, 1);
  const double rate = 0.01, decay = 0.1;
  for (const Kind kind : {Kind::kAdam, Kind::kAdamW, Kind::kSgd}) {
    FitOptions options;
    options.task = Task::kRegression;
    options.epochs = 1;
    options.batch_size = 20;
    options.schedule.kind = ScheduleOptions::Kind::kConstant;
    options.optimizer.kind = kind;
    options.optimizer.learning_rate = rate;
    options.optimizer.weight_decay = decay;
    TinyModel by_hand(4, 3, 0), fitted(4, 3, 0);
    FitOrDie(fitted, data, Dataset(), options);
    Loss(by_hand.Forward(data.inputs, true), data.targets, options).backward();
    for (size_t i = 0; i < by_hand.Parameters().size(); ++i) {
      const torch::Tensor was = by_hand.Parameters()[i].second;
      torch::Tensor gradient = was.grad();
      const double own_rate = rate * by_hand.LearningRateFactor(i);
      const double own_decay = by_hand.Decays(i) ? decay : 0;
      torch::Tensor wanted = was.detach().clone();
      if (kind == Kind::kAdamW) {
        wanted *= 1 - own_rate * own_decay;
      } else {
        gradient = gradient + own_decay * was.detach();
      }
      // Adam's first step: both moments are their corrected selves, so the step is g / (|g| + epsilon).
      wanted -= own_rate * (kind == Kind::kSgd ? gradient : gradient / (gradient.abs() + 1e-8));
      EXPECT_TRUE(torch::allclose(fitted.Parameters()[i].second.detach(), wanted, 1e-4, 1e-6))
          << "parameter " << i << " of optimizer " << static_cast<int>(kind);
    }
  }
}

TEST(FitTest, EveryEpochTakesEverySampleOnceInAnotherOrder) {
  struct Recorder : TinyModel {
    torch::Tensor Forward(const torch::Tensor& inputs, bool training) override {
      if (training) {
        batches.push_back(inputs.size(0));
        for (int64_t i = 0; i < inputs.size(0); ++i) seen.push_back(inputs[i][0].item<float>());
      }
      return TinyModel::Forward(inputs, training);
    }
    std::vector<float> seen;
    std::vector<int64_t> batches;
  } model;
  Dataset data = Clouds(37, 1);
  data.inputs.select(1, 0).copy_(torch::arange(37));
  FitOptions options;
  options.epochs = 3;
  options.batch_size = 8;
  FitOrDie(model, data, Dataset(), options);
  ASSERT_EQ(model.seen.size(), 3u * 37);
  EXPECT_EQ(std::vector<int64_t>(model.batches.begin(), model.batches.begin() + 5),
            (std::vector<int64_t>{8, 8, 8, 8, 5}));
  std::vector<std::vector<float>> orders;
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::vector<float> order(model.seen.begin() + 37 * epoch, model.seen.begin() + 37 * (epoch + 1));
    EXPECT_THAT(orders, ::testing::Not(::testing::Contains(order)));
    orders.push_back(order);
    std::sort(order.begin(), order.end());
    for (int i = 0; i < 37; ++i) EXPECT_EQ(order[i], i);
  }
}

TEST(FitTest, EarlyStoppingEndsSoManyEpochsAfterTheBest) {
  TinyModel model;
  FitOptions options;
  options.epochs = 200;
  options.early_stopping_patience = 4;
  options.optimizer.learning_rate = 0.05;
  options.schedule.kind = ScheduleOptions::Kind::kConstant;
  const FitResult result = FitOrDie(model, Clouds(60, 1), Clouds(60, 2), options);
  ASSERT_TRUE(result.stopped_early);
  const auto best = std::min_element(result.epochs.begin(), result.epochs.end(), [](const auto& a, const auto& b) {
    return a.validation_loss < b.validation_loss;
  });
  EXPECT_EQ(result.best_epoch, best->epoch);
  EXPECT_EQ(static_cast<int>(result.epochs.size()), result.best_epoch + 4);
}

TEST(FitTest, KeepBestEndsWithTheWeightsOfTheBestValidationLoss) {
  TinyModel model(4, 3, /*dropout=*/0);
  FitOptions options;
  options.epochs = 60;  // learns its few samples by heart, so the last epoch is not the best
  options.keep_best = true;
  options.optimizer.learning_rate = 0.05;
  options.schedule.kind = ScheduleOptions::Kind::kConstant;
  const Dataset validation = Clouds(60, 2);
  const FitResult result = FitOrDie(model, Clouds(60, 1), validation, options);
  ASSERT_LT(result.best_epoch, 60);
  const auto metrics = Evaluate(model, validation, Task::kClassification);
  ASSERT_TRUE(metrics.ok());
  EXPECT_EQ(metrics->loss, result.epochs[result.best_epoch - 1].validation_loss);
}

TEST(FitTest, WithoutValidationDataTheTrainingLossDecides) {
  TinyModel model;
  FitOptions options;
  options.epochs = 5;
  const FitResult result = FitOrDie(model, Clouds(60, 1), Dataset(), options);
  EXPECT_TRUE(std::isnan(result.epochs[0].validation_loss));
  double best = 1e9;
  int best_epoch = 0;
  for (const EpochReport& report : result.epochs) {
    if (report.train_loss < best) best = report.train_loss, best_epoch = report.epoch;
  }
  EXPECT_EQ(result.best_epoch, best_epoch);
}

TEST(FitTest, BalancedClassesWeighRareOnesMore) {
  Dataset data = Clouds(12, 1);
  data.labels = torch::tensor({0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2}, torch::kInt64);
  const auto weights = BalancedClassWeights(data);
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_THAT(*weights, ::testing::ElementsAre(12.0 / 18, 12.0 / 12, 12.0 / 6));
  FitOptions balanced, given;
  balanced.epochs = given.epochs = 2;
  balanced.balance_classes = true;
  given.class_weights = *weights;
  TinyModel a, b;
  FitOrDie(a, data, Dataset(), balanced);
  FitOrDie(b, data, Dataset(), given);
  EXPECT_EQ(a.Bytes(), b.Bytes());
}

TEST(FitTest, GradientClippingBoundsTheStep) {
  // Plain SGD moves by rate times gradient: the largest norm bounds how far the parameters go in one step.
  FitOptions options;
  options.epochs = 1;
  options.batch_size = 64;
  options.optimizer = {.kind = Kind::kSgd, .learning_rate = 1.0, .momentum = 0};
  options.schedule.kind = ScheduleOptions::Kind::kConstant;
  options.task = Task::kRegression;
  Dataset data = Line(64, 1);
  data.targets = data.targets * 100;
  struct EqualRates : TinyModel {
    EqualRates() : TinyModel(4, 3, 0) {}
    double LearningRateFactor(size_t) override { return 1; }
  };
  const auto distance = [&](double clip) {
    EqualRates model, before;
    options.gradient_clip = clip;
    FitOrDie(model, data, Dataset(), options);
    double sum = 0;
    for (size_t i = 0; i < 4; ++i) {
      sum += (model.Parameters()[i].second - before.Parameters()[i].second).square().sum().item<double>();
    }
    return std::sqrt(sum);
  };
  EXPECT_GT(distance(0), 2);
  EXPECT_NEAR(distance(0.25), 0.25, 1e-3);
}

TEST(FitTest, ALossThatIsNotFiniteEndsTheRunAtItsPlace) {
  TinyModel model;
  model.on_training_step = [](int) {};
  model.poisoned_step = 7;
  FitOptions options;
  options.epochs = 3;
  options.batch_size = 8;
  const auto result = Fit(model, Clouds(37, 1), Dataset(), options);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(result.status().message(),
            "fit: epoch 2 step 2: the loss is not a number; try a smaller learning rate than 0.002");
}

TEST(FitTest, WhatAModelThrowsComesBackAsAStatusWithItsPlace) {
  TinyModel model;
  model.on_training_step = [](int step) {
    if (step == 3) throw std::runtime_error("no such layer\nand a long stack");
  };
  const auto result = Fit(model, Clouds(100, 1), Dataset(), FitOptions());
  EXPECT_EQ(result.status(), absl::InternalError("fit: epoch 1 step 3: no such layer"));
  TinyModel narrow(5);
  const absl::Status status = Fit(narrow, Clouds(100, 1), Dataset(), FitOptions()).status();
  EXPECT_THAT(std::string(status.message()), ::testing::StartsWith("fit: epoch 1 step 1: "));
  EXPECT_THAT(std::string(status.message()), ::testing::Not(::testing::HasSubstr("\n")));
}

TEST(FitTest, ParametersThatAskForNoGradientStayAsTheyAre) {
  TinyModel model;
  model.Parameters()[0].second.set_requires_grad(false);
  const torch::Tensor before = model.Parameters()[0].second.clone();
  FitOptions options;
  options.epochs = 2;
  options.optimizer.weight_decay = 0.1;
  FitOrDie(model, Clouds(60, 1), Dataset(), options);
  EXPECT_TRUE(torch::equal(model.Parameters()[0].second, before));
}

TEST(FitTest, TheThreadCountIsSetForTheRunOnly) {
  TinyModel model;
  const int before = at::get_num_threads();
  int inside = 0;
  model.on_training_step = [&](int) { inside = at::get_num_threads(); };
  FitOptions options;
  options.epochs = 1;
  options.threads = before == 1 ? 2 : 1;
  FitOrDie(model, Clouds(30, 1), Dataset(), options);
  EXPECT_EQ(inside, options.threads);
  EXPECT_EQ(at::get_num_threads(), before);
}

}  // namespace
}  // namespace mote
