// Malformed recipes: each gives one line with the file, the line, the column and what would be right.
#include <gtest/gtest.h>

#include "cli/recipe.h"

namespace mote {
namespace {

struct Case {
  const char* name;
  const char* text;
  const char* message;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

// A right recipe's end, for cases that are about what stands before it.
#define NETWORK "[data]\ndataset = \"digits\"\n[[layer]]\ntype = \"dense\"\nunits = 10\n"
#define DATA "[data]\ndataset = \"digits\"\n[network]\ninput = [8, 8, 1]\n"

const Case kCases[] = {
    {"NotToml", "[run\nname = 1", "r.toml:1:5: not TOML: "},
    {"KeyTwice", "[run]\nseed = 1\nseed = 2\n" NETWORK, "r.toml:3:8: not TOML: "},
    {"UnknownSection", NETWORK "[trian]\nepochs = 1\n", "r.toml:6:2: [trian] is not a section; did you mean [train]?"},
    {"KeyOutsideSections", "epochs = 3\n" NETWORK, "r.toml:1:1: [epochs] is not a section; did you mean [export]?"},
    {"SectionThatIsAValue", "train = 3\n" NETWORK, "r.toml:1:1: train must be a section, [train]"},
    {"LayerThatIsATable", "[data]\ndataset = \"digits\"\n[layer]\ntype = \"relu\"\n",
     "r.toml:3:2: layer must be a list of tables, each beginning with [[layer]]"},
    {"NoData", "[[layer]]\ntype = \"relu\"\n", "r.toml: needs a section [data]"},
    {"NoLayers", "[data]\ndataset = \"digits\"\n", "r.toml: needs at least one [[layer]]"},
    {"UnknownKeyInRun", "[run]\nsede = 1\n" NETWORK, "r.toml:2:1: [run] sede is not a key; did you mean seed?"},
    {"NegativeSeed", "[run]\nseed = -1\n" NETWORK,
     "r.toml:2:8: [run] seed = -1 is out of range: it must be at least 0"},
    {"SeedThatIsText", "[run]\nseed = \"1\"\n" NETWORK, "r.toml:2:8: [run] seed must be a whole number, not a string"},
    {"EmptyName", "[run]\nname = \"\"\n" NETWORK, "r.toml:2:8: [run] name must not be empty"},
    {"NameWithSlash", "[run]\nname = \"a/b\"\n" NETWORK,
     "r.toml:2:8: [run] name must hold no slashes and no control characters"},
    {"NoSource", "[data]\nscale = 2\n[[layer]]\ntype = \"relu\"\n",
     "r.toml:1:1: [data] needs one of dataset, csv, npy, npz, idx, cifar10"},
    {"EmptyData", "[data]\n[[layer]]\ntype = \"relu\"\n",
     "r.toml:1:1: [data] needs one of dataset, csv, npy, npz, idx, cifar10"},
    {"TwoSources", "[data]\ncsv = \"a\"\nnpz = \"b\"\n[[layer]]\ntype = \"relu\"\n",
     "r.toml:3:7: [data] has both csv and npz; give one of them"},
    {"UnknownDataset", "[data]\ndataset = \"digit\"\n[[layer]]\ntype = \"relu\"\n",
     "r.toml:2:11: [data] dataset = \"digit\" is not one of digits; did you mean digits?"},
    {"IdxWithoutLabels", "[data]\nidx = \"images\"\n[[layer]]\ntype = \"relu\"\n",
     "r.toml:2:7: [data] idx needs labels, the file of the labels"},
    {"FractionsThatFillAll",
     "[data]\ndataset = \"digits\"\ntest_fraction = 0.6\nvalidation_fraction = 0.4\n[[layer]]\ntype = \"relu\"\n",
     "r.toml:3:17: [data] validation_fraction + test_fraction must be less than 1"},
    {"NoTestSplit", "[data]\ndataset = \"digits\"\ntest_fraction = 0.0\n[[layer]]\ntype = \"relu\"\n",
     "r.toml:3:17: [data] test_fraction must be more than 0, for what is exported is verified on that split"},
    {"TestThatIsAValue", "[data]\ncsv = \"a\"\ntest = \"b\"\n[[layer]]\ntype = \"relu\"\n",
     "r.toml:3:8: [data] test must be a section, [data.test]"},
    {"UnknownKeyInTest", "[data]\ncsv = \"a\"\n[data.test]\ncvs = \"b\"\n[[layer]]\ntype = \"relu\"\n",
     "r.toml:4:1: [data.test] cvs is not a key; did you mean csv?"},
    {"UnknownKeyInAugment", NETWORK "[augment]\nshfit = 1\n",
     "r.toml:7:1: [augment] shfit is not a key; did you mean shift?"},
    {"NoiseBelowZero", NETWORK "[augment]\nnoise = -0.5\n",
     "r.toml:7:9: [augment] noise = -0.5 is out of range: it must be at least 0"},
    {"UnknownKeyInExport", NETWORK "[export]\nselftests = 1\n",
     "r.toml:7:1: [export] selftests is not a key; did you mean selftest?"},
    {"TooLongASelftest", NETWORK "[export]\nselftest = 1001\n",
     "r.toml:7:12: [export] selftest = 1001 is out of range: it must be 0 to 1000"},
    {"UnknownKeyInTrain", NETWORK "[train]\nlearning_rte = 0.1\n",
     "r.toml:7:1: [train] learning_rte is not a key; did you mean learning_rate?"},
    {"NoEpochs", NETWORK "[train]\nepochs = 0\n",
     "r.toml:7:10: [train] epochs = 0 is out of range: it must be 1 to 1000000"},
    {"EpochsThatAreAFraction", NETWORK "[train]\nepochs = 1.5\n",
     "r.toml:7:10: [train] epochs must be a whole number, not a number"},
    {"LearningRateOfZero", NETWORK "[train]\nlearning_rate = 0\n",
     "r.toml:7:17: [train] learning_rate = 0 is out of range: it must be more than 0"},
    {"LearningRateThatIsInfinite", NETWORK "[train]\nlearning_rate = inf\n",
     "r.toml:7:17: [train] learning_rate must be finite"},
    {"UnknownOptimizer", NETWORK "[train]\noptimizer = \"adm\"\n",
     "r.toml:7:13: [train] optimizer = \"adm\" is not one of adam, adamw, sgd; did you mean adam?"},
    {"LabelSmoothingOfOne", NETWORK "[train]\nlabel_smoothing = 1.0\n",
     "r.toml:7:19: [train] label_smoothing = 1 is out of range: it must be at least 0 and less than 1"},
    {"ClassWeightOfZero", NETWORK "[train]\nclass_weights = [1, 0]\n",
     "r.toml:7:17: [train] class_weights holds 0: every value must be more than 0"},
    {"WeightsAndBalance", NETWORK "[train]\nclass_weights = [1]\nbalance_classes = true\n",
     "r.toml:8:19: [train] balance_classes and class_weights exclude each other"},
    {"FlagThatIsANumber", NETWORK "[train]\nkeep_best = 1\n",
     "r.toml:7:13: [train] keep_best must be true or false, not a whole number"},
    {"KeepBestInQuantize", NETWORK "[quantize]\nkeep_best = true\n",
     "r.toml:7:1: [quantize] keep_best is not a key; did you mean epochs?"},
    {"UnknownMethod", NETWORK "[quantize]\nmethod = \"qta\"\n",
     "r.toml:7:10: [quantize] method = \"qta\" is not one of qat, ptq; did you mean qat?"},
    {"PercentileTooSmall", NETWORK "[quantize]\npercentile = 50\n",
     "r.toml:7:14: [quantize] percentile = 50 is out of range: it must be more than 50"},
    {"PercentileTooLarge", NETWORK "[quantize]\npercentile = 101\n",
     "r.toml:7:14: [quantize] percentile = 101 is out of range: it must be at most 100"},
    {"UnknownCore", NETWORK "[verify]\ncores = [\"cortex-m5\"]\n",
     "r.toml:7:9: [verify] cores: \"cortex-m5\" is not one of "},
    {"CoresThatAreANumber", NETWORK "[verify]\ncores = 4\n",
     "r.toml:7:9: [verify] cores must be a string or an array of strings, not a whole number"},
    {"UnknownKeyInNetwork", "[data]\ndataset = \"digits\"\n[network]\ninputs = [8, 8, 1]\n[[layer]]\ntype = \"relu\"\n",
     "r.toml:4:1: [network] inputs is not a key; did you mean input?"},
    {"InputOfZero", "[data]\ndataset = \"digits\"\n[network]\ninput = [8, 0, 1]\n[[layer]]\ntype = \"relu\"\n",
     "r.toml:4:9: [network] input holds 0: every value must be at least 1"},
    {"InputOfTwoDimensions", "[data]\ndataset = \"digits\"\n[network]\ninput = [8, 8]\n[[layer]]\ntype = \"relu\"\n",
     "r.toml:3:1: network 'r': the input's shape is {8, 8}; it must be {features} or {height, width, channels}"},
    {"LayerWithoutType", DATA "[[layer]]\nname = \"a\"\n",
     "r.toml:5:1: [[layer]] 'a' needs a type, such as type = \"conv_2d\""},
    {"UnknownType", DATA "[[layer]]\ntype = \"conv2d\"\n",
     "r.toml:6:8: [[layer]] 1 'conv2d' is not a kind of layer; did you mean conv_2d?"},
    {"UnknownKeyInLayer", DATA "[[layer]]\ntype = \"conv_2d\"\nfilter = 3\nkernel = 3\n",
     "r.toml:7:1: [[layer]] 1 filter is not a key; did you mean filters?"},
    {"KeyOfAnotherKindOfLayer",
     DATA "[[layer]]\ntype = \"flatten\"\n[[layer]]\ntype = \"dense\"\nunits = 3\nkernel = 3\n",
     "r.toml:10:1: [[layer]] 2 kernel is not a key; did you mean type?"},
    {"ConvWithoutFilters", DATA "[[layer]]\ntype = \"conv_2d\"\nname = \"stem\"\nkernel = 3\n",
     "r.toml:5:1: [[layer]] 'stem' needs filters"},
    {"KernelOfThree", DATA "[[layer]]\ntype = \"conv_2d\"\nfilters = 3\nkernel = [3, 3, 3]\n",
     "r.toml:8:10: [[layer]] 1 kernel must be a whole number or two of them, [height, width]"},
    {"StrideOfZero", DATA "[[layer]]\ntype = \"conv_2d\"\nfilters = 3\nkernel = 3\nstride = 0\n",
     "r.toml:9:10: [[layer]] 1 stride = 0 is out of range: it must be at least 1"},
    {"UnknownPadding", DATA "[[layer]]\ntype = \"conv_2d\"\nfilters = 3\nkernel = 3\npadding = \"sane\"\n",
     "r.toml:9:11: [[layer]] 1 padding = \"sane\" is not one of same, valid; did you mean same?"},
    {"DropoutOfEverything", DATA "[[layer]]\ntype = \"dropout\"\nrate = 1.0\n",
     "r.toml:7:8: [[layer]] 1 rate = 1 is out of range: it must be at least 0 and less than 1"},
    {"InputThatIsNotALayer",
     DATA "[[layer]]\ntype = \"relu\"\n[[layer]]\ntype = \"add\"\ninputs = [\"relu\", \"trunk\"]\n",
     "r.toml:7:1: add 'add': its input 'trunk' is not a layer"},
    {"DenseOnAnImage", DATA "[[layer]]\ntype = \"dense\"\nunits = 10\n",
     "r.toml:5:1: dense 'dense': needs an input {features}"},
    {"NameTwice", DATA "[[layer]]\ntype = \"relu\"\nname = \"a\"\n[[layer]]\ntype = \"relu\"\nname = \"a\"\n",
     "r.toml:8:1: relu 'a': the name is taken by an earlier layer"},
    {"LayerThatNothingUses", DATA "[[layer]]\ntype = \"relu\"\n[[layer]]\ntype = \"relu\"\ninputs = [\"input\"]\n",
     "r.toml:5:1: relu 'relu': nothing uses its output"},
};

class MalformedRecipe : public testing::TestWithParam<Case> {};

TEST_P(MalformedRecipe, IsOneLineThatSaysWhereAndWhatWouldBeRight) {
  absl::StatusOr<Recipe> recipe = ParseRecipe(GetParam().text, "r.toml");
  ASSERT_FALSE(recipe.ok());
  const std::string message(recipe.status().message());
  EXPECT_EQ(message.substr(0, std::string(GetParam().message).size()), GetParam().message);
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

INSTANTIATE_TEST_SUITE_P(Recipe, MalformedRecipe, testing::ValuesIn(kCases),
                         [](const testing::TestParamInfo<Case>& entry) { return entry.param.name; });

TEST(MissingRecipe, IsNamed) {
  absl::StatusOr<Recipe> recipe = LoadRecipe("/nowhere/r.toml");
  ASSERT_FALSE(recipe.ok());
  EXPECT_NE(std::string(recipe.status().message()).find("/nowhere/r.toml"), std::string::npos);
}

TEST(NetworkFor, SaysThatTheDataHasAnotherShape) {
  absl::StatusOr<Recipe> recipe =
      ParseRecipe(DATA "[[layer]]\ntype = \"flatten\"\n[[layer]]\ntype = \"dense\"\nunits = 10\n", "r.toml");
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  absl::StatusOr<Network> network = NetworkFor(*recipe, {28, 28, 1});
  ASSERT_FALSE(network.ok());
  EXPECT_EQ(std::string(network.status().message()),
            "r.toml:3:1: [network] input is [8, 8, 1], but a sample of the data has the shape [28, 28, 1]");
}

}  // namespace
}  // namespace mote
