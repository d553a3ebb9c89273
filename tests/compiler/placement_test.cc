// Placement against brute force.
#include "export/compiler/placement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace mote::compiler {
namespace {

constexpr int kTimes = 5;

// Do they collide, byte by byte and time by time?
bool Collide(const Rectangle& a, int64_t a_base, const Rectangle& b, int64_t b_base, bool a_is_read) {
  const bool in_time = a.first <= b.last && b.first <= a.last;
  const bool in_space = a_base + a.begin < b_base + b.end && b_base + b.begin < a_base + a.end;
  const bool allowed = a_is_read && a.last == b.first && a_base + a.begin >= b_base + b.begin;  // lag 0
  return in_time && in_space && !allowed;
}

class Case {
 public:
  explicit Case(uint32_t seed) : random_(seed) {
    const int count = Pick(2, 4);
    for (int i = 0; i < count; ++i) {
      PlacementItem item = {i, 1, {{}}};
      PlacementShape& shape = item.shapes[0];
      for (int64_t begin = 0; begin == 0 || (begin < 4 && Pick(0, 1) == 1);) {
        const int64_t end = begin + Pick(1, 2);
        const int first = Pick(0, kTimes - 1);
        shape.rectangles.push_back({first, Pick(first, kTimes - 1), begin, end});
        shape.bytes = begin = end;
      }
      items.push_back(item);
    }
    if (Pick(0, 1) == 1) sharings.push_back({0, 1, 0, false});
  }

  bool Fits(const std::vector<int64_t>& offsets) const {
    for (size_t a = 0; a < items.size(); ++a) {
      for (size_t b = 0; b < a; ++b) {
        for (const Rectangle& x : items[a].shapes[0].rectangles) {
          for (const Rectangle& y : items[b].shapes[0].rectangles) {
            const bool is_read = !sharings.empty() && b == 0 && a == 1;
            if (Collide(y, offsets[b], x, offsets[a], is_read)) return false;
          }
        }
      }
    }
    return true;
  }

  int64_t Peak(const std::vector<int64_t>& offsets) const {
    int64_t peak = 0;
    for (size_t i = 0; i < items.size(); ++i) peak = std::max(peak, offsets[i] + items[i].shapes[0].bytes);
    return peak;
  }

  int64_t LeastPeak() const {
    std::vector<int64_t> offsets(items.size(), 0);
    int64_t least = 1000;
    Try(offsets, 0, least);
    return least;
  }

  std::vector<PlacementItem> items;
  std::vector<Sharing> sharings;

 private:
  int Pick(int from, int to) { return from + static_cast<int>(random_() % (to - from + 1)); }

  void Try(std::vector<int64_t>& offsets, size_t item, int64_t& least) const {
    if (item == items.size()) {
      if (Fits(offsets)) least = std::min(least, Peak(offsets));
      return;
    }
    for (offsets[item] = 0; offsets[item] < 12; ++offsets[item]) Try(offsets, item + 1, least);
  }

  std::mt19937 random_;
};

TEST(PlacementTest, SmallCasesReachTheLeastPeak) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Case test(seed);
    const Placement placement = Place(test.items, test.sharings, 0, 5000);
    EXPECT_TRUE(placement.is_least);
    EXPECT_TRUE(test.Fits(placement.offsets));
    EXPECT_EQ(placement.peak, test.Peak(placement.offsets));
    EXPECT_EQ(placement.peak, test.LeastPeak());
  }
}

TEST(PlacementTest, NothingTakesNothing) { EXPECT_EQ(Place({}, {}, 0, 10).peak, 0); }

TEST(PlacementTest, OffsetsAreAligned) {
  std::vector<PlacementItem> items;
  for (int i = 0; i < 5; ++i) items.push_back({i, i % 2 == 0 ? 8 : 4, {{3, {{0, 1, 0, 3}}}}});
  const Placement placement = Place(items, {}, 15, 100);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(placement.offsets[i] % items[i].alignment, 0);
}

// The shape that fits lower is taken: two slots lie in the free ones of a ring of two, one slot does not.
TEST(PlacementTest, TheShapeThatFitsLowerIsTaken) {
  const PlacementItem ring = {0, 1, {{2, {{0, 0, 0, 1}, {1, 1, 1, 2}}}}};
  const PlacementItem guest = {1, 1, {{1, {{0, 1, 0, 1}}}, {2, {{0, 0, 1, 2}, {1, 1, 0, 1}}}}};
  const Placement placement = Place({ring, guest}, {}, 2, 10);
  EXPECT_EQ(placement.peak, 2);
  EXPECT_EQ(placement.shapes[1], 1);
}

}  // namespace
}  // namespace mote::compiler
