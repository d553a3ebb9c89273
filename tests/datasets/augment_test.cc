#include "datasets/augment.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

namespace mote {
namespace {

at::Generator Seeded(uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

torch::Tensor Images(int64_t batch) {
  return torch::arange(1, batch * 6 * 5 * 2 + 1).to(torch::kFloat32).reshape({batch, 6, 5, 2});
}

TEST(AugmentTest, IsAFunctionOfTheGenerator) {
  const AugmentOptions options{.shift = 1, .noise = 0.1};
  auto a = Seeded(5), b = Seeded(5), c = Seeded(6);
  const auto first = Augment(Images(32), options, a);
  EXPECT_TRUE(torch::equal(first, Augment(Images(32), options, b)));
  EXPECT_FALSE(torch::equal(first, Augment(Images(32), options, c)));
  EXPECT_FALSE(torch::equal(first, Augment(Images(32), options, a))) << "the generator goes on";
}

TEST(AugmentTest, WithoutOptionsCopiesAndLeavesTheGenerator) {
  auto generator = Seeded(5);
  const auto state = generator.get_state();
  const auto inputs = Images(2);
  const auto result = Augment(inputs, {}, generator);
  EXPECT_TRUE(torch::equal(result, inputs));
  EXPECT_NE(result.data_ptr(), inputs.data_ptr());
  EXPECT_TRUE(torch::equal(state, generator.get_state()));
}

TEST(AugmentTest, ShiftMovesWholeImagesAndUncoversZeros) {
  constexpr int64_t kBatch = 2000, kShift = 2;
  auto generator = Seeded(11);
  const auto inputs = Images(kBatch), before = inputs.clone();
  const auto result = Augment(inputs, {.shift = kShift}, generator);
  EXPECT_TRUE(torch::equal(inputs, before));
  ASSERT_EQ(result.sizes(), inputs.sizes());
  const auto in = inputs.accessor<float, 4>(), out = result.accessor<float, 4>();
  std::map<std::pair<int64_t, int64_t>, int> seen;
  for (int64_t b = 0; b < kBatch; ++b) {
    int matches = 0;
    for (int64_t dy = -kShift; dy <= kShift; ++dy) {
      for (int64_t dx = -kShift; dx <= kShift; ++dx) {
        bool equal = true;
        for (int64_t y = 0; y < 6; ++y) {
          for (int64_t x = 0; x < 5; ++x) {
            for (int64_t c = 0; c < 2; ++c) {
              const int64_t sy = y - dy, sx = x - dx;
              const bool inside = sy >= 0 && sy < 6 && sx >= 0 && sx < 5;
              equal = equal && out[b][y][x][c] == (inside ? in[b][sy][sx][c] : 0.0f);
            }
          }
        }
        if (equal) ++matches, ++seen[{dy, dx}];
      }
    }
    ASSERT_EQ(matches, 1) << "sample " << b;
  }
  ASSERT_EQ(seen.size(), 25u) << "every shift occurs";
  for (const auto& [shift, count] : seen) EXPECT_NEAR(count, kBatch / 25, 45) << shift.first << ", " << shift.second;
}

TEST(AugmentTest, NoiseHasTheStandardDeviationAskedFor) {
  auto generator = Seeded(3);
  const auto result = Augment(torch::full({100, 1000}, 2.0), {.noise = 0.25}, generator);
  EXPECT_NEAR(result.mean().item<double>(), 2.0, 0.005);
  EXPECT_NEAR(result.std().item<double>(), 0.25, 0.005);
}

TEST(CheckAugmentTest, NamesTheOptionThatDoesNotSuit) {
  const auto message = [](AugmentOptions options, std::vector<int64_t> shape) {
    return std::string(CheckAugment(options, shape).message());
  };
  EXPECT_TRUE(CheckAugment({.shift = 2, .noise = 0.1}, {8, 8, 1}).ok());
  EXPECT_TRUE(CheckAugment({.noise = 0.1}, {13}).ok());
  EXPECT_EQ(message({.shift = -1}, {8, 8, 1}), "augment.shift: -1 is negative; give pixels, 0 or more");
  EXPECT_EQ(message({.shift = 8}, {8, 9, 1}),
            "augment.shift: 8 pixels empty images of shape [8, 9, 1]; stay below height and width");
  EXPECT_EQ(message({.shift = 1}, {13}),
            "augment.shift: samples have shape [13]; only images [height, width, channels] can be shifted");
  EXPECT_EQ(message({.noise = -0.5}, {13}), "augment.noise: -0.5 is no standard deviation; give 0 or more");
  EXPECT_EQ(message({.noise = std::numeric_limits<double>::infinity()}, {13}),
            "augment.noise: inf is no standard deviation; give 0 or more");
}

}  // namespace
}  // namespace mote
