// The arena planner against brute force on small cases, and its promises on larger ones.
#include "mcu_runtime/planner.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <vector>

namespace mote::device {
namespace {

bool LiveTogether(const Block& a, const Block& b) { return a.first <= b.last && b.first <= a.last; }

void CheckPlacement(const std::vector<Block>& blocks, uint32_t peak) {
  uint32_t highest = 0;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const Block& a = blocks[i];
    if (a.bytes == 0) continue;
    RC_ASSERT(a.offset % kTensorAlignment == 0u);
    highest = std::max(highest, a.offset + a.bytes);
    for (size_t j = 0; j < i; ++j) {
      const Block& b = blocks[j];
      const bool overlap = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes && b.bytes != 0;
      RC_ASSERT(!(overlap && LiveTogether(a, b)));
    }
  }
  RC_ASSERT(highest == peak);
}

// The least peak over all placements: some order's first fit reaches it.
uint32_t BruteForce(std::vector<Block> blocks) {
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), 0);
  uint32_t best = UINT32_MAX;
  do {
    uint32_t peak = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      Block& block = blocks[order[i]];
      block.offset = 0;
      for (bool moved = true; moved;) {
        moved = false;
        for (size_t j = 0; j < i; ++j) {
          const Block& other = blocks[order[j]];
          if (LiveTogether(block, other) && block.offset < other.offset + other.bytes &&
              other.offset < block.offset + block.bytes) {
            block.offset = other.offset + other.bytes;
            moved = true;
          }
        }
      }
      peak = std::max(peak, block.offset + block.bytes);
    }
    best = std::min(best, peak);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

std::vector<Block> RandomBlocks(int most_blocks, int times) {
  std::vector<Block> blocks(static_cast<size_t>(*rc::gen::inRange(1, most_blocks + 1)));
  for (Block& block : blocks) {
    block = {};
    block.bytes = static_cast<uint32_t>(*rc::gen::inRange(0, 12)) * 4;
    const int a = *rc::gen::inRange(0, times), b = *rc::gen::inRange(0, times);
    block.first = static_cast<uint16_t>(std::min(a, b));
    block.last = static_cast<uint16_t>(std::max(a, b));
  }
  return blocks;
}

RC_GTEST_PROP(Planner, IsOptimalForSixBlocksAndFewer, ()) {
  for (int i = 0; i < 10; ++i) {
    std::vector<Block> blocks = RandomBlocks(6, 8);
    const uint32_t peak = PlanArena(blocks.data(), static_cast<uint32_t>(blocks.size()));
    CheckPlacement(blocks, peak);
    RC_ASSERT(peak == BruteForce(blocks));
  }
}

RC_GTEST_PROP(Planner, NeverOverlapsBlocksThatLiveTogether, ()) {
  std::vector<Block> blocks = RandomBlocks(60, 40);
  const uint32_t count = static_cast<uint32_t>(blocks.size());
  const uint32_t peak = PlanArena(blocks.data(), count);
  CheckPlacement(blocks, peak);
  RC_ASSERT(peak >= ArenaLowerBound(blocks.data(), count));
  std::vector<Block> again = blocks;
  for (Block& block : again) block.offset = block.order = block.best_order = 77;
  RC_ASSERT(PlanArena(again.data(), count) == peak);
  for (size_t i = 0; i < blocks.size(); ++i) RC_ASSERT(again[i].offset == blocks[i].offset);
}

TEST(Planner, ReachesTheBestKnownWhereGreedyBySizeDoesNot) {
  // Sizes and lives as in a chain with one long skip: by size alone 28 are needed.
  std::vector<Block> blocks(9);
  const uint32_t table[9][3] = {{12, 0, 1}, {8, 1, 2}, {16, 2, 3}, {8, 3, 6}, {12, 4, 5},
                                {12, 5, 6}, {4, 6, 8}, {20, 7, 8}, {4, 1, 7}};
  for (size_t i = 0; i < 9; ++i) {
    blocks[i] = {};
    blocks[i].bytes = table[i][0];
    blocks[i].first = static_cast<uint16_t>(table[i][1]);
    blocks[i].last = static_cast<uint16_t>(table[i][2]);
  }
  const uint32_t want = BruteForce(blocks);
  EXPECT_EQ(PlanArena(blocks.data(), 9), want);
}

TEST(Planner, EndsInBoundedTime) {
  std::vector<Block> blocks(500);
  uint32_t state = 1;
  for (Block& block : blocks) {
    state = state * 1664525u + 1013904223u;
    block = {};
    block.bytes = 4 + (state >> 20) * 4;
    block.first = static_cast<uint16_t>((state >> 8) % 900);
    block.last = static_cast<uint16_t>(block.first + (state >> 4) % 300);
  }
  const auto begin = std::chrono::steady_clock::now();
  const uint32_t peak = PlanArena(blocks.data(), 500);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(peak, ArenaLowerBound(blocks.data(), 500));
  EXPECT_LT(seconds.count(), 20.0);
}

TEST(Planner, SaysWhereTheBlocksExceedTwoGigabytes) {
  std::vector<Block> blocks(4);
  for (Block& block : blocks) {
    block = {};
    block.bytes = uint32_t{1} << 30;
  }
  EXPECT_EQ(PlanArena(blocks.data(), 4), UINT32_MAX);
  EXPECT_EQ(PlanArena(blocks.data(), 2), uint32_t{1} << 31);
}

}  // namespace
}  // namespace mote::device
