// What a recipe means.
#include "cli/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/str_cat.h"

namespace mote {
namespace {

using testing::ElementsAre;

constexpr const char* kMinimal = R"(
[data]
dataset = "digits"
[network]
input = [8, 8, 1]
[[layer]]
type = "flatten"
[[layer]]
type = "dense"
units = 10
)";

Recipe Parsed(const std::string& text, const std::string& file = "folder/small.toml") {
  absl::StatusOr<Recipe> recipe = ParseRecipe(text, file);
  EXPECT_TRUE(recipe.ok()) << recipe.status();
  return recipe.ok() ? *recipe : Recipe{};
}

TEST(Recipe, NameAndFolderComeFromTheFileWhereTheyAreNotGiven) {
  const Recipe recipe = Parsed(kMinimal);
  EXPECT_EQ(recipe.name, "small");
  EXPECT_EQ(recipe.network.name, "small");
  EXPECT_EQ(recipe.folder, "runs/small");
  EXPECT_EQ(recipe.seed, 1u);
}

TEST(Recipe, ALayerTakesThePreviousOneUnlessInputsSayOtherwise) {
  const Recipe recipe = Parsed(R"(
[data]
dataset = "digits"
[[layer]]
type = "conv_2d"
name = "stem"
filters = 4
kernel = [3, 1]
stride = 2
padding = "valid"
[[layer]]
type = "relu"
[[layer]]
type = "add"
inputs = ["relu", "stem"]
[[layer]]
type = "max_pool_2d"
kernel = 2
[[layer]]
type = "relu"
)");
  ASSERT_EQ(recipe.network.layers.size(), 6u);
  EXPECT_EQ(recipe.network.layers[0].kind, LayerKind::kInput);
  const Layer& stem = recipe.network.layers[1];
  EXPECT_THAT(stem.inputs, ElementsAre("input"));
  EXPECT_THAT(stem.kernel, ElementsAre(3, 1));
  EXPECT_THAT(stem.stride, ElementsAre(2, 2));
  EXPECT_EQ(stem.padding, Padding::kValid);
  EXPECT_THAT(recipe.network.layers[3].inputs, ElementsAre("relu", "stem"));
  EXPECT_THAT(recipe.network.layers[4].stride, ElementsAre(2, 2)) << "a pool's windows stand side by side";
  EXPECT_EQ(recipe.network.layers[4].padding, Padding::kValid);
  EXPECT_EQ(recipe.network.layers[5].name, "relu_1");
}

TEST(Recipe, ReadsEveryKeyOfEverySection) {
  const Recipe recipe = Parsed(R"(
[run]
name = "n"
seed = 7
threads = 2
folder = "elsewhere"
[data]
csv = "wine.csv"
label_column = "class"
scale = 0.5
sample_shape = [13]
class_names = ["a", "b", "c"]
validation_fraction = 0.2
test_fraction = 0.3
split_seed = 5
[augment]
shift = 2
noise = 0.1
[[layer]]
type = "dense"
units = 3
bias = false
[train]
task = "classification"
epochs = 3
batch_size = 4
optimizer = "sgd"
learning_rate = 1
weight_decay = 0.01
beta1 = 0.8
beta2 = 0.9
epsilon = 1e-7
momentum = 0.5
nesterov = true
schedule = "step"
warmup_epochs = 0.5
final_fraction = 0.2
step_epochs = 2
step_factor = 0.3
label_smoothing = 0.1
class_weights = [1, 2.5, 3]
early_stopping = 4
keep_best = true
gradient_clip = 1.5
checkpoint_steps = 6
[quantize]
method = "ptq"
calibration = "percentile"
percentile = 99
calibration_samples = 100
scales = "tracked"
tracking_momentum = 0.2
per_channel_dense = true
freeze_fraction = 0.5
epochs = 2
[export]
selftest = 4
[verify]
cores = ["cortex-m4", "riscv32"]
samples = 9
)");
  EXPECT_EQ(recipe.seed, 7u);
  EXPECT_EQ(recipe.threads, 2);
  EXPECT_EQ(recipe.folder, "elsewhere");
  EXPECT_EQ(recipe.data.source.kind, DataSource::Kind::kCsv);
  EXPECT_THAT(recipe.data.source.paths, ElementsAre("folder/wine.csv")) << "beside the recipe";
  EXPECT_EQ(recipe.data.source.label_column, "class");
  EXPECT_EQ(recipe.data.source.scale, 0.5);
  EXPECT_THAT(recipe.data.source.sample_shape, ElementsAre(13));
  EXPECT_THAT(recipe.data.source.class_names, ElementsAre("a", "b", "c"));
  ASSERT_TRUE(recipe.data.split.has_value());
  EXPECT_EQ(recipe.data.split->validation_fraction, 0.2);
  EXPECT_EQ(recipe.data.split->test_fraction, 0.3);
  EXPECT_EQ(recipe.data.split->seed, 5u);
  EXPECT_EQ(recipe.train.augment.shift, 2);
  EXPECT_EQ(recipe.train.augment.noise, 0.1);
  EXPECT_FALSE(recipe.network.layers[1].bias);
  EXPECT_EQ(recipe.task, Task::kClassification);
  const FitOptions& fit = recipe.train;
  EXPECT_EQ(fit.epochs, 3);
  EXPECT_EQ(fit.batch_size, 4);
  EXPECT_EQ(fit.optimizer.kind, OptimizerOptions::Kind::kSgd);
  EXPECT_EQ(fit.optimizer.learning_rate, 1.0);
  EXPECT_EQ(fit.optimizer.weight_decay, 0.01);
  EXPECT_EQ(fit.optimizer.beta1, 0.8);
  EXPECT_EQ(fit.optimizer.beta2, 0.9);
  EXPECT_EQ(fit.optimizer.epsilon, 1e-7);
  EXPECT_EQ(fit.optimizer.momentum, 0.5);
  EXPECT_TRUE(fit.optimizer.nesterov);
  EXPECT_EQ(fit.schedule.kind, ScheduleOptions::Kind::kStep);
  EXPECT_EQ(fit.schedule.warmup_epochs, 0.5);
  EXPECT_EQ(fit.schedule.final_fraction, 0.2);
  EXPECT_EQ(fit.schedule.step_epochs, 2);
  EXPECT_EQ(fit.schedule.step_factor, 0.3);
  EXPECT_EQ(fit.label_smoothing, 0.1);
  EXPECT_THAT(fit.class_weights, ElementsAre(1, 2.5, 3));
  EXPECT_EQ(fit.early_stopping_patience, 4);
  EXPECT_TRUE(fit.keep_best);
  EXPECT_EQ(fit.gradient_clip, 1.5);
  EXPECT_EQ(fit.checkpoint_steps, 6);
  EXPECT_FALSE(recipe.quantization_aware);
  EXPECT_EQ(recipe.quantize.calibration, Calibration::kPercentile);
  EXPECT_EQ(recipe.quantize.percentile, 99.0);
  EXPECT_EQ(recipe.quantize.calibration_samples, 100);
  EXPECT_EQ(recipe.quantize.scales, ScaleLearning::kTracked);
  EXPECT_EQ(recipe.quantize.tracking_momentum, 0.2);
  EXPECT_TRUE(recipe.quantize.per_channel_dense);
  EXPECT_EQ(recipe.quantize.freeze_fraction, 0.5);
  EXPECT_EQ(recipe.quantize_train.epochs, 2);
  EXPECT_EQ(recipe.export_options.selftest, 4);
  EXPECT_EQ(recipe.quantize_train.batch_size, 4) << "what [quantize] leaves out is as in [train]";
  EXPECT_EQ(recipe.quantize_train.early_stopping_patience, 0) << "the last epoch is the one that is exported";
  EXPECT_FALSE(recipe.quantize_train.keep_best);
  ASSERT_TRUE(recipe.cores.has_value());
  EXPECT_THAT(*recipe.cores, ElementsAre("cortex-m4", "riscv32"));
  EXPECT_EQ(recipe.samples, 9);
}

TEST(Recipe, CommentsAndSpacesDoNotChangeWhatAStageDependsOn) {
  const Recipe plain = Parsed(kMinimal), spaced = Parsed(absl::StrCat("# a comment\n\n", kMinimal));
  EXPECT_EQ(plain.train_sections, spaced.train_sections);
  const Recipe quantized = Parsed(absl::StrCat(kMinimal, "[quantize]\nepochs = 3\n"));
  EXPECT_EQ(plain.train_sections, quantized.train_sections) << "[quantize] does not change what training gives";
  EXPECT_NE(plain.quantize_sections, quantized.quantize_sections);
  EXPECT_NE(plain.train_sections, Parsed(absl::StrCat(kMinimal, "[train]\nepochs = 3\n")).train_sections);
}

TEST(Recipe, EveryBundledRecipeIsRight) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(MOTE_SOURCE_DIR "/docs/recipes")) {
    if (entry.path().extension() != ".toml") continue;
    absl::StatusOr<Recipe> recipe = LoadRecipe(entry.path().string());
    EXPECT_TRUE(recipe.ok()) << recipe.status();
    ++count;
  }
  EXPECT_GE(count, 1);
}

}  // namespace
}  // namespace mote
