#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/train/tiny_model.h"
#include "torch/nn/functional.h"
#include "train/fit.h"

namespace mote {
namespace {

namespace F = torch::nn::functional;
using testing::Normal;
using testing::TinyModel;

// Cross entropy written out in double: each sample's target puts 1 - e + e / C on its label and e / C elsewhere; every
// term is weighted by its class, and the sum divided by the labels' weights.
double CrossEntropyByHand(const torch::Tensor& logits, const torch::Tensor& labels, double smoothing,
                          std::vector<double> weights) {
  const int64_t classes = logits.size(1);
  if (weights.empty()) weights.assign(classes, 1.0);
  double sum = 0, divisor = 0;
  for (int64_t i = 0; i < logits.size(0); ++i) {
    double total = 0;
    for (int64_t c = 0; c < classes; ++c) total += std::exp(logits[i][c].item<double>());
    const int64_t label = labels[i].item<int64_t>();
    for (int64_t c = 0; c < classes; ++c) {
      const double target = smoothing / classes + (c == label ? 1 - smoothing : 0);
      sum -= target * weights[c] * (logits[i][c].item<double>() - std::log(total));
    }
    divisor += weights[label];
  }
  return sum / divisor;
}

TEST(LossTest, ClassificationIsCrossEntropyWithSmoothingAndWeights) {
  const torch::Tensor logits = Normal({10, 4}, 3, 2.0);
  const torch::Tensor labels = torch::arange(10).remainder(4);
  for (const double smoothing : {0.0, 0.1, 0.7}) {
    for (const std::vector<double>& weights : {std::vector<double>{}, std::vector<double>{0.5, 1.0, 2.0, 4.0}}) {
      FitOptions options;
      options.label_smoothing = smoothing;
      options.class_weights = weights;
      auto reference = F::CrossEntropyFuncOptions().label_smoothing(smoothing);
      if (!weights.empty()) reference.weight(torch::tensor(weights, torch::kFloat32));
      const double loss = Loss(logits, labels, options).item<double>();
      EXPECT_EQ(loss, F::cross_entropy(logits, labels, reference).item<double>());
      EXPECT_NEAR(loss, CrossEntropyByHand(logits, labels, smoothing, weights), 1e-5);
    }
  }
}

TEST(LossTest, RegressionAndReconstructionAreTheMeanSquaredErrorWhateverTheShape) {
  FitOptions options;
  const torch::Tensor outputs = torch::tensor({{1.f, 2.f}, {3.f, 5.f}});
  for (const Task task : {Task::kRegression, Task::kReconstruction}) {
    options.task = task;
    EXPECT_FLOAT_EQ(Loss(outputs, torch::tensor({{1.f, 0.f}, {3.f, 2.f}}), options).item<float>(), 13.f / 4);
    EXPECT_FLOAT_EQ(Loss(outputs, torch::tensor({1.f, 0.f, 3.f, 2.f}).view({2, 1, 2}), options).item<float>(),
                    13.f / 4);
  }
}

TEST(AccuracyTest, TheFirstOfEqualOutputsWinsInEveryType) {
  const torch::Tensor outputs = torch::tensor({{1, 3, 3}, {2, 2, 2}, {-5, -7, -5}, {0, 1, 2}});
  const torch::Tensor labels = torch::tensor({1, 0, 2, 2}, torch::kInt64);
  for (const auto type : {torch::kInt8, torch::kInt32, torch::kInt64, torch::kFloat32, torch::kFloat64}) {
    EXPECT_EQ(Accuracy(outputs.to(type), labels), 0.75);
  }
  EXPECT_EQ(Accuracy(outputs.to(torch::kInt8).t().contiguous().t(), labels), 0.75) << "strides are respected";
}

TEST(EvaluateTest, DoesNotDependOnTheBatches) {
  TinyModel model;
  const Dataset data = testing::Clouds(101, 4);
  const auto whole = Evaluate(model, data, Task::kClassification, 101);
  const auto pieces = Evaluate(model, data, Task::kClassification, 7);
  ASSERT_TRUE(whole.ok() && pieces.ok()) << whole.status() << pieces.status();
  EXPECT_EQ(whole->metric, pieces->metric);
  EXPECT_NEAR(whole->loss, pieces->loss, 1e-6);
  EXPECT_EQ(whole->predictions.sizes(), (at::IntArrayRef{101, 3}));
  EXPECT_TRUE(torch::allclose(whole->predictions, pieces->predictions));
  EXPECT_EQ(whole->metric, Accuracy(whole->predictions, data.labels));
}

TEST(EvaluateTest, RegressionGivesTheMeanAbsoluteError) {
  TinyModel model;
  const Dataset data = testing::Line(50, 4);
  const auto metrics = Evaluate(model, data, Task::kRegression, 16);
  ASSERT_TRUE(metrics.ok()) << metrics.status();
  const torch::Tensor error = model.Predict(data.inputs) - data.targets;
  EXPECT_NEAR(metrics->metric, error.abs().mean().item<double>(), 1e-6);
  EXPECT_NEAR(metrics->loss, error.square().mean().item<double>(), 1e-5);
}

TEST(EvaluateTest, WhatCannotBeEvaluatedIsSaidInOneLine) {
  TinyModel model;
  const auto message = [&](const Dataset& data, Task task, int batch_size = 8) {
    const auto metrics = Evaluate(model, data, task, batch_size);
    return metrics.ok() ? std::string("no error") : std::string(metrics.status().message());
  };
  EXPECT_EQ(message(testing::Nothing(), Task::kClassification), "evaluate: dataset 'none' holds no samples");
  EXPECT_EQ(message(testing::Line(5, 1), Task::kClassification), "evaluate: dataset 'line' has no labels");
  EXPECT_EQ(message(testing::Clouds(5, 1), Task::kRegression), "evaluate: dataset 'clouds' has no targets");
  EXPECT_EQ(message(testing::Clouds(5, 1), Task::kClassification, 0), "evaluate: batch_size is 0; 1 or more is right");
  EXPECT_EQ(message(testing::Clouds(5, 1), Task::kReconstruction),
            "the model puts out [5, 3], but the inputs to reconstruct are [5, 4]; as many values a sample are right");
  Dataset wide = testing::Clouds(5, 1);
  wide.inputs = torch::zeros({5, 9});
  EXPECT_THAT(message(wide, Task::kClassification), ::testing::StartsWith("evaluate: dataset 'clouds': "));
  EXPECT_THAT(message(wide, Task::kClassification), ::testing::Not(::testing::HasSubstr("\n")));
}

struct ScheduleCase {
  ScheduleOptions options;
  int epochs;
  std::vector<std::pair<double, double>> factors;  // at epochs done
};

TEST(ScheduleTest, FactorsAreTheTabulatedOnes) {
  using Kind = ScheduleOptions::Kind;
  const ScheduleCase cases[] = {
      {{.kind = Kind::kConstant}, 10, {{0, 1}, {5, 1}, {10, 1}}},
      {{.kind = Kind::kConstant, .warmup_epochs = 2}, 10, {{0, 0}, {0.5, 0.25}, {1, 0.5}, {2, 1}, {7, 1}}},
      {{.kind = Kind::kStep, .step_epochs = 3, .step_factor = 0.1},
       10,
       {{0, 1}, {2.99, 1}, {3, 0.1}, {5.9, 0.1}, {6, 0.01}, {9.5, 0.001}}},
      {{.kind = Kind::kStep, .warmup_epochs = 4, .step_epochs = 2, .step_factor = 0.5},
       10,
       {{1, 0.25}, {3, 0.375}, {4, 0.25}}},
      {{.kind = Kind::kCosine, .final_fraction = 0},
       8,
       {{0, 1}, {2, 0.5 + std::sqrt(2) / 4}, {4, 0.5}, {6, 0.5 - std::sqrt(2) / 4}, {8, 0}, {9, 0}}},
      {{.kind = Kind::kCosine, .warmup_epochs = 2, .final_fraction = 0.2},
       10,
       {{0, 0}, {1, 0.5}, {2, 1}, {6, 0.6}, {10, 0.2}}},
  };
  for (const ScheduleCase& c : cases) {
    for (const auto& [done, factor] : c.factors) {
      EXPECT_NEAR(ScheduleFactor(c.options, done, c.epochs), factor, 1e-12)
          << "kind " << static_cast<int>(c.options.kind) << " at " << done;
    }
  }
}

}  // namespace
}  // namespace mote
