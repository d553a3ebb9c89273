#include "datasets/nearest.h"

#include <gtest/gtest.h>

namespace mote {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("abc", ""), 3u);
  EXPECT_EQ(EditDistance("kernel", "kernel"), 0u);
  EXPECT_EQ(EditDistance("kernal", "kernel"), 1u);
  EXPECT_EQ(EditDistance("epcohs", "epochs"), 1u);  // one swap
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
}

TEST(EditDistance, IsSymmetric) {
  for (const auto& [a, b] : {std::pair{"stride", "strides"}, {"seed", "speed"}, {"", "x"}, {"abcd", "badc"}}) {
    EXPECT_EQ(EditDistance(a, b), EditDistance(b, a)) << a << " " << b;
  }
}

TEST(Nearest, IsTheFirstOfTheLeastDistance) {
  EXPECT_EQ(Nearest("learning_rte", {"epochs", "learning_rate", "batch_size"}), "learning_rate");
  EXPECT_EQ(Nearest("x", {"a", "b"}), "a");
  EXPECT_EQ(Nearest("x", {}), "");
}

}  // namespace
}  // namespace mote
