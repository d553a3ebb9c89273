// Every option and every piece of data that Fit refuses, each with its line.
#include <functional>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/train/tiny_model.h"
#include "train/fit.h"

namespace mote {
namespace {

using testing::Clouds;
using testing::Line;
using testing::TinyModel;
using Adjust = std::function<void(FitOptions&)>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(FitOptionsTest, EachWrongOptionIsNamedWithWhatWouldBeRight) {
  using Kind = OptimizerOptions::Kind;
  using ScheduleKind = ScheduleOptions::Kind;
  const std::pair<Adjust, const char*> cases[] = {
      {[](FitOptions& o) { o.epochs = 0; }, "fit: epochs is 0; 1 or more is right"},
      {[](FitOptions& o) { o.batch_size = -3; }, "fit: batch_size is -3; 1 or more is right"},
      {[](FitOptions& o) { o.optimizer.learning_rate = 0; },
       "fit: optimizer.learning_rate is 0; a finite number above 0 is right"},
      {[](FitOptions& o) { o.optimizer.learning_rate = kNan; },
       "fit: optimizer.learning_rate is nan; a finite number above 0 is right"},
      {[](FitOptions& o) { o.optimizer.weight_decay = -1; }, "fit: optimizer.weight_decay is -1; 0 or more is right"},
      {[](FitOptions& o) { o.optimizer.beta1 = 1; }, "fit: optimizer.beta1 is 1; 0 up to less than 1 is right"},
      {[](FitOptions& o) { o.optimizer.beta2 = -0.5; }, "fit: optimizer.beta2 is -0.5; 0 up to less than 1 is right"},
      {[](FitOptions& o) { o.optimizer.epsilon = 0; }, "fit: optimizer.epsilon is 0; a small number above 0 is right"},
      {[](FitOptions& o) { o.optimizer.kind = Kind::kSgd, o.optimizer.momentum = 1; },
       "fit: optimizer.momentum is 1; 0 up to less than 1 is right"},
      {[](FitOptions& o) { o.optimizer.kind = Kind::kSgd, o.optimizer.momentum = 0, o.optimizer.nesterov = true; },
       "fit: optimizer.nesterov is true; it needs a momentum above 0"},
      {[](FitOptions& o) { o.schedule.warmup_epochs = 20; },
       "fit: schedule.warmup_epochs is 20; 0 up to less than the 20 epochs is right"},
      {[](FitOptions& o) { o.schedule.final_fraction = 2; }, "fit: schedule.final_fraction is 2; 0 to 1 is right"},
      {[](FitOptions& o) { o.schedule.kind = ScheduleKind::kStep, o.schedule.step_epochs = 0; },
       "fit: schedule.step_epochs is 0; 1 or more is right"},
      {[](FitOptions& o) { o.schedule.kind = ScheduleKind::kStep, o.schedule.step_factor = 0; },
       "fit: schedule.step_factor is 0; above 0 and up to 1 is right"},
      {[](FitOptions& o) { o.label_smoothing = 1; }, "fit: label_smoothing is 1; 0 up to less than 1 is right"},
      {[](FitOptions& o) {
         o.class_weights = {1, 2, -1};
       },
       "fit: class_weights[2] is -1; a finite number above 0 is right"},
      {[](FitOptions& o) {
         o.class_weights = {1, 2, 1}, o.balance_classes = true;
       },
       "fit: balance_classes is true; with class_weights given, leave one of the two out"},
      {[](FitOptions& o) { o.task = Task::kRegression, o.label_smoothing = 0.1; },
       "fit: label_smoothing is 0.1; it is for classification, not regression"},
      {[](FitOptions& o) { o.task = Task::kReconstruction, o.class_weights = {1}; },
       "fit: class_weights is given; it is for classification, not reconstruction"},
      {[](FitOptions& o) { o.task = Task::kReconstruction, o.balance_classes = true; },
       "fit: balance_classes is true; it is for classification, not reconstruction"},
      {[](FitOptions& o) { o.early_stopping_patience = -1; },
       "fit: early_stopping_patience is -1; 0 (never stop early) or more is right"},
      {[](FitOptions& o) { o.gradient_clip = -1; }, "fit: gradient_clip is -1; 0 (none) or more is right"},
      {[](FitOptions& o) { o.augment.shift = -2; }, "fit: augment.shift is -2; 0 or more pixels is right"},
      {[](FitOptions& o) { o.augment.noise = kNan; }, "fit: augment.noise is nan; 0 or more is right"},
      {[](FitOptions& o) { o.threads = -1; }, "fit: threads is -1; 0 (leave as it is) or more is right"},
      {[](FitOptions& o) { o.checkpoint_path = "x", o.checkpoint_steps = -1; },
       "fit: checkpoint_steps is -1; 0 (at the ends of epochs) or more is right"},
      {[](FitOptions& o) { o.checkpoint_steps = 5; }, "fit: checkpoint_steps is 5; it needs a checkpoint_path"},
      {[](FitOptions& o) { o.resume = true; }, "fit: resume is true; it needs a checkpoint_path"},
      {[](FitOptions& o) { o.checkpoint_meta = "{"; }, "fit: checkpoint_meta is not JSON; JSON text is right"},
  };
  TinyModel model;
  const std::string before = model.Bytes();
  for (const auto& [adjust, message] : cases) {
    FitOptions options;
    adjust(options);
    const absl::Status status = CheckFitOptions(options);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(std::string(status.message()), message);
    EXPECT_EQ(Fit(model, Clouds(10, 1), Dataset(), options).status(), status);
  }
  EXPECT_EQ(model.Bytes(), before);
  EXPECT_TRUE(CheckFitOptions(FitOptions()).ok());
}

std::string Message(const Dataset& train, const Dataset& validation, const Adjust& adjust = nullptr, int outputs = 3) {
  FitOptions options;
  options.epochs = 1;
  if (adjust) adjust(options);
  TinyModel model(4, outputs);
  const auto result = Fit(model, train, validation, options);
  return result.ok() ? "no error" : std::string(result.status().message());
}

TEST(FitDataTest, EachUnsuitableDatasetIsNamedWithWhatWouldBeRight) {
  Dataset data = Clouds(10, 1);
  EXPECT_EQ(Message(testing::Nothing(), Dataset()), "fit: training data 'none': it holds no samples");
  EXPECT_EQ(Message(Line(10, 1), Dataset()),
            "fit: training data 'line': it has no labels, which classification learns");
  EXPECT_EQ(Message(data, Line(10, 1)), "fit: validation data 'line': it has no labels, which classification learns");
  const Adjust regression = [](FitOptions& o) { o.task = Task::kRegression; };
  EXPECT_EQ(Message(data, Dataset(), regression),
            "fit: training data 'clouds': it has no targets, which regression learns");

  data.labels = torch::zeros({9}, torch::kInt64);
  EXPECT_EQ(Message(data, Dataset()), "fit: training data 'clouds': labels are Long[9]; int64 [10] is right");
  data.labels = torch::zeros({10}, torch::kInt32);
  EXPECT_EQ(Message(data, Dataset()), "fit: training data 'clouds': labels are Int[10]; int64 [10] is right");
  data.labels = torch::full({10}, -1, torch::kInt64);
  EXPECT_EQ(Message(data, Dataset()), "fit: training data 'clouds': a label is -1; 0 or more is right");
  data = Clouds(10, 1);
  data.inputs = data.inputs.to(torch::kFloat64);
  EXPECT_EQ(Message(data, Dataset()), "fit: training data 'clouds': inputs are Double; float32 is right");
  data = Line(10, 1);
  data.targets = torch::zeros({9, 3});
  EXPECT_EQ(Message(data, Dataset(), regression),
            "fit: training data 'line': targets are Float[9, 3]; float32 [10, ...] is right");
  data.targets = torch::zeros({10, 2});
  EXPECT_EQ(Message(data, Dataset(), regression),
            "fit: the model puts out [10, 3], but the targets are [10, 2]; as many values a sample are right");

  data = Clouds(10, 1);
  EXPECT_EQ(Message(data, Dataset(), nullptr, 2),
            "fit: training data 'clouds' has label 2, but the model puts out 2 classes");
  EXPECT_EQ(Message(data, Dataset(),
                    [](FitOptions& o) {
                      o.class_weights = {1, 2};
                    }),
            "fit: training data 'clouds': class_weights has 2 values for 3 classes");
  data.class_names.clear();
  EXPECT_EQ(Message(data, Dataset(),
                    [](FitOptions& o) {
                      o.class_weights = {1, 2};
                    }),
            "fit: class_weights has 2 values, but the model puts out 3 classes");
  data = Clouds(10, 1);
  data.labels.zero_();
  EXPECT_EQ(Message(data, Dataset(), [](FitOptions& o) { o.balance_classes = true; }),
            "fit: balance_classes: class 1 'b' has no training sample");
  Dataset wide = Clouds(10, 1);
  wide.inputs = torch::zeros({10, 5});
  EXPECT_EQ(Message(Clouds(10, 1), wide), "fit: training and validation data have samples of different shapes");
  EXPECT_THAT(Message(Clouds(10, 1), Dataset(), [](FitOptions& o) { o.augment.shift = 1; }),
              ::testing::StartsWith("fit: training data 'clouds': augment.shift: "));
}

}  // namespace
}  // namespace mote
