#include "datasets/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "absl/strings/str_cat.h"
#include "datasets/random.h"
#include "datasets/readers.h"

namespace mote {
namespace {

using ::testing::HasSubstr;

// `counts[c]` samples of class c in mixed order; the input of sample i is [i].
Dataset Classes(const std::vector<int64_t>& counts) {
  std::vector<int64_t> labels;
  for (size_t c = 0; c < counts.size(); ++c)
    labels.insert(labels.end(), static_cast<size_t>(counts[c]), static_cast<int64_t>(c));
  SplitMix64 random(99);
  Shuffle(labels, random);
  Dataset dataset;
  dataset.name = "made";
  dataset.labels = torch::tensor(labels, torch::kInt64);
  dataset.inputs = torch::arange(static_cast<int64_t>(labels.size())).to(torch::kFloat32).unsqueeze(1);
  for (size_t c = 0; c < counts.size(); ++c) dataset.class_names.push_back(absl::StrCat("c", c));
  return dataset;
}

std::vector<int64_t> Ids(const Dataset& part) {
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < part.size(); ++i) ids.push_back(static_cast<int64_t>(part.inputs[i][0].item<float>()));
  return ids;
}

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(SplitMix64Test, GivesTheReferenceSequence) {  // of splitmix64.c for the state 1234567
  SplitMix64 random(1234567);
  EXPECT_EQ(random.Next(), 6457827717110365317u);
  EXPECT_EQ(random.Next(), 3203168211198807973u);
  EXPECT_EQ(random.Next(), 9817491932198370423u);
}

TEST(SplitTest, PartsAreDisjointTheirUnionIsTheWholeAndClassesKeepTheirSharesWithinOneSample) {
  const std::vector<std::vector<int64_t>> cases = {{178, 182, 177, 183, 181, 182, 181, 179, 174, 180},
                                                   {5, 5, 5, 5, 5, 5, 5, 5, 5, 5},
                                                   {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
                                                   {1000, 1, 7, 0, 31},
                                                   {59, 71, 48},
                                                   {3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2}};
  for (size_t number = 0; number < cases.size(); ++number) {
    for (auto [validation, test] : {std::pair{0.1, 0.2}, {0.15, 0.15}, {0.0, 0.25}, {0.3, 0.3}, {1.0 / 3, 1.0 / 3}}) {
      SCOPED_TRACE(testing::Message() << "case " << number << ", " << validation << ", " << test);
      const Dataset whole = Classes(cases[number]);
      auto splits = Split(whole, {validation, test, 7});
      ASSERT_TRUE(splits.ok()) << splits.status();
      const Dataset* parts[3] = {&splits->train, &splits->validation, &splits->test};
      const double shares[3] = {1.0 - validation - test, validation, test};
      std::vector<int64_t> all;
      for (int p = 0; p < 3; ++p) {
        const auto ids = Ids(*parts[p]);
        EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
        all.insert(all.end(), ids.begin(), ids.end());
        EXPECT_TRUE(Validate(*parts[p]).ok());
        EXPECT_NEAR(static_cast<double>(parts[p]->size()), shares[p] * static_cast<double>(whole.size()), 1.5);
        for (size_t c = 0; c < cases[number].size(); ++c) {
          const auto count = (parts[p]->labels == static_cast<int64_t>(c)).sum().item<int64_t>();
          EXPECT_LT(std::abs(static_cast<double>(count) - shares[p] * static_cast<double>(cases[number][c])),
                    1.0 + 1e-6)
              << c;
        }
        for (size_t i = 0; i < ids.size(); ++i) {
          EXPECT_EQ(parts[p]->labels[static_cast<int64_t>(i)].item<int64_t>(), whole.labels[ids[i]].item<int64_t>());
        }
      }
      std::sort(all.begin(), all.end());
      ASSERT_EQ(static_cast<int64_t>(all.size()), whole.size());
      for (size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], static_cast<int64_t>(i));
    }
  }
}

TEST(SplitTest, IsAFunctionOfTheSeed) {
  const Dataset whole = Classes({40, 60});
  const auto first = Ids(Split(whole, {0.1, 0.2, 1})->test);
  EXPECT_EQ(first, Ids(Split(whole, {0.1, 0.2, 1})->test));
  EXPECT_NE(first, Ids(Split(whole, {0.1, 0.2, 2})->test));
}

TEST(SplitTest, WorksWithoutLabelsAndWithoutAPartThatIsNotWanted) {
  Dataset whole = Classes({50});
  whole.labels = torch::Tensor();
  whole.class_names.clear();
  auto splits = Split(whole, {0.0, 0.2, 3});
  ASSERT_TRUE(splits.ok());
  EXPECT_EQ(splits->train.size(), 40);
  EXPECT_EQ(splits->validation.size(), 0);
  EXPECT_EQ(splits->test.size(), 10);
}

TEST(SplitTest, RefusesFractionsThatCannotBe) {
  const Dataset whole = Classes({5, 5});
  EXPECT_EQ(Message(Split(whole, {1.0, 0.2, 0}).status()), "validation_fraction: 1 is not in [0, 1)");
  EXPECT_EQ(Message(Split(whole, {0.1, -0.2, 0}).status()), "test_fraction: -0.2 is not in [0, 1)");
  EXPECT_EQ(Message(Split(whole, {0.1, std::nan(""), 0}).status()), "test_fraction: nan is not in [0, 1)");
  EXPECT_EQ(Message(Split(whole, {0.5, 0.5, 0}).status()),
            "validation_fraction 0.5 and test_fraction 0.5 leave nothing to train on; their sum must be below 1");
  EXPECT_EQ(Message(Split(whole, {0.01, 0.2, 0}).status()),
            "dataset 'made': 10 samples leave the validation part empty; give more samples or other fractions (0 for a "
            "part that is not wanted)");
}

TEST(DigitsTest, AreTheBundledImages) {
  auto digits = Digits();
  ASSERT_TRUE(digits.ok()) << digits.status();
  EXPECT_TRUE(Validate(*digits).ok());
  EXPECT_EQ(digits->name, "digits");
  EXPECT_EQ(digits->unit, "ink, 0..1");
  EXPECT_EQ(digits->inputs.sizes(), (std::vector<int64_t>{1797, 8, 8, 1}));
  EXPECT_EQ(digits->sample_shape(), (std::vector<int64_t>{8, 8, 1}));
  EXPECT_EQ(digits->class_names, (std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
  EXPECT_EQ(digits->inputs.min().item<float>(), 0.0f);
  EXPECT_EQ(digits->inputs.max().item<float>(), 1.0f);
  EXPECT_EQ(digits->inputs[0][0][2][0].item<float>(), 5.0f / 16.0f);
  EXPECT_EQ((digits->inputs * 16.0).sum().item<float>(), 561718.0f);
  EXPECT_EQ(digits->labels[8].item<int64_t>(), 8);
  EXPECT_EQ(digits->labels.sum().item<int64_t>(), 8070);
  EXPECT_EQ(Fingerprint(*digits), "1bda99ccd7e5160ffb79f317efaab2122cd295cce27050191ceb8997f4275bd4");
}

// The hashes were also found by a second implementation, in Python, from the description in datasets/data/README.md.
TEST(DigitsTest, TheSplitIsTheSameOnEveryMachine) {
  auto splits = DigitsSplits();
  ASSERT_TRUE(splits.ok()) << splits.status();
  EXPECT_EQ(splits->train.size(), 1258);
  EXPECT_EQ(splits->validation.size(), 180);
  EXPECT_EQ(splits->test.size(), 359);
  EXPECT_EQ(Fingerprint(splits->train), "6d06ac0cf5a79320c76904629c66cd2cbca340024e0d0f9eaf2ae44862fa9bce");
  EXPECT_EQ(Fingerprint(splits->validation), "3559b8a65331db0eb8ed9337a864be6b5cf8d89f109bdd31263db11f073c8ecd");
  EXPECT_EQ(Fingerprint(splits->test), "64df83827213d86dda4a652368c5afd0cbea256ce9c99efe8f82027873278368");
}

TEST(FingerprintTest, ChangesWithEachNameShapeAndValue) {
  const Dataset base = Classes({3, 3});
  std::set<std::string> seen = {Fingerprint(base)};
  EXPECT_TRUE(seen.count(Fingerprint(Classes({3, 3}))));
  const auto changed = [&](auto change) {
    Dataset copy = base;
    change(copy);
    return seen.insert(Fingerprint(copy)).second;
  };
  EXPECT_TRUE(changed([](Dataset& d) { d.name = "other"; }));
  EXPECT_TRUE(changed([](Dataset& d) { d.unit = "m"; }));
  EXPECT_TRUE(changed([](Dataset& d) { d.class_names[1] = "x"; }));
  EXPECT_TRUE(changed([](Dataset& d) { d.feature_names = {"x"}; }));
  EXPECT_TRUE(changed([](Dataset& d) { d.inputs = d.inputs.reshape({6, 1, 1}); }));
  EXPECT_TRUE(changed([](Dataset& d) { d.inputs = d.inputs + 1; }));
  EXPECT_TRUE(changed([](Dataset& d) { d.labels = 1 - d.labels; }));
  EXPECT_TRUE(changed([](Dataset& d) { d.labels = torch::Tensor(); }));
  EXPECT_TRUE(changed([](Dataset& d) { d.targets = d.inputs; }));
}

TEST(SelectTest, TakesSamplesInTheOrderAskedFor) {
  const Dataset whole = Classes({4, 4});
  const Dataset part = Select(whole, torch::tensor({6, 0, 6}, torch::kInt64));
  EXPECT_EQ(Ids(part), (std::vector<int64_t>{6, 0, 6}));
  EXPECT_EQ(part.labels[1].item<int64_t>(), whole.labels[0].item<int64_t>());
  EXPECT_EQ(part.class_names, whole.class_names);
}

TEST(ValidateTest, SaysWhatIsInconsistent) {
  const Dataset good = Classes({2, 2});
  EXPECT_TRUE(Validate(good).ok());
  const auto broken = [&](auto change) {
    Dataset copy = good;
    copy.inputs = good.inputs.clone();
    copy.labels = good.labels.clone();
    change(copy);
    return Message(Validate(copy));
  };
  EXPECT_EQ(Message(Validate(Dataset{})), "the dataset has no inputs");
  EXPECT_EQ(broken([](Dataset& d) { d.inputs[2][0] = std::numeric_limits<float>::infinity(); }),
            "sample 2, value 0 of its inputs: inf is not a finite float32");
  EXPECT_EQ(broken([](Dataset& d) {
              d.inputs = torch::zeros({4, 3}), d.inputs[1][2] = std::nanf("");
            }),
            "sample 1, value 2 of its inputs: nan is not a finite float32");
  EXPECT_EQ(broken([](Dataset& d) { d.inputs = d.inputs.to(torch::kFloat64); }),
            "inputs are Double; they must be float32, contiguous, in main memory");
  EXPECT_EQ(broken([](Dataset& d) { d.labels = d.labels.slice(0, 0, 3); }),
            "labels: 3 labels for 4 samples; there must be one a sample");
  EXPECT_EQ(broken([](Dataset& d) { d.labels[3] = 2; }), "labels: sample 3: label 2 is not in 0..1");
  EXPECT_EQ(broken([](Dataset& d) { d.labels[3] = -1; }), "labels: sample 3: label -1 is not in 0..1");
  EXPECT_EQ(broken([](Dataset& d) { d.labels = d.labels.to(torch::kInt32); }),
            "labels are Int [4]; they must be int64 [N]");
  EXPECT_EQ(broken([](Dataset& d) { d.class_names.clear(); }), "there are labels but no class names");
  EXPECT_EQ(broken([](Dataset& d) { d.labels = torch::Tensor(); }), "there are 2 class names but no labels");
  EXPECT_EQ(broken([](Dataset& d) { d.class_names = {"a", "a"}; }), "class name 'a' is there twice");
  EXPECT_EQ(broken([](Dataset& d) {
              d.targets = torch::zeros({3, 1});
            }),
            "3 targets for 4 samples; there must be one a sample");
  EXPECT_THAT(broken([](Dataset& d) {
                d.feature_names = {"a", "b"};
              }),
              HasSubstr("2 feature names for inputs of shape [4, 1]"));
}

}  // namespace
}  // namespace mote
