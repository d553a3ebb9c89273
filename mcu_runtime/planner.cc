#include "mcu_runtime/planner.h"

namespace mote::device {
namespace {

constexpr uint32_t kRounds = 600;
/* Comparisons of blocks that the search may spend: some tens of milliseconds on a microcontroller. */
constexpr uint32_t kSearchBudget = 1000000;
constexpr uint32_t kNoFit = UINT32_MAX;

bool LiveTogether(const Block& a, const Block& b) { return a.first <= b.last && b.first <= a.last; }

class Search {
 public:
  Search(Block* blocks, uint32_t count) : blocks_(blocks), count_(count) {}

  uint32_t Run() {
    SortBySize();
    const uint32_t bound = ArenaLowerBound(blocks_, count_);
    uint32_t random = 0x9e3779b9u;
    uint32_t failed = PlaceAll();
    if (best_ == kNoFit) return kNoFit;
    for (uint32_t round = 0; round < kRounds && best_ > bound && spent_ < kSearchBudget; ++round) {
      /* No better than itself: stops at the block at the peak. */
      if (round % 16 == 0 || failed == count_) failed = PlaceBest();
      random ^= random << 13;
      random ^= random >> 17;
      random ^= random << 5;
      const uint32_t to = (random >> 8) % (failed + 1);
      const uint16_t block = blocks_[failed].order;
      for (uint32_t i = failed; i > to; --i) blocks_[i].order = blocks_[i - 1].order;
      blocks_[to].order = block;
      failed = PlaceAll();
    }
    best_ = kNoFit;
    PlaceBest();
    return best_;
  }

 private:
  /* The largest first; equal ones as they stand in the file. Lists blocks in `order`. */
  void SortBySize() {
    for (uint32_t i = 0; i < count_; ++i) {
      uint32_t at = i;
      for (; at > 0 && blocks_[blocks_[at - 1].order].bytes < blocks_[i].bytes; --at)
        blocks_[at].order = blocks_[at - 1].order;
      blocks_[at].order = static_cast<uint16_t>(i);
    }
  }

  uint32_t PlaceBest() {
    for (uint32_t i = 0; i < count_; ++i) blocks_[i].order = blocks_[i].best_order;
    return PlaceAll();
  }

  /* Places all in the present order, each at the first place that fits among those before it. Gives the position where
   * the peak became no better than the best; or `count_`, and there is a new best. */
  uint32_t PlaceAll() {
    uint32_t peak = 0;
    for (uint32_t position = 0; position < count_; ++position) {
      Block& block = blocks_[blocks_[position].order];
      uint32_t end = block.bytes;
      for (uint32_t i = 0; block.bytes != 0 && i < position; ++i) {
        const Block& other = blocks_[blocks_[i].order];
        ++spent_;
        const uint32_t other_end = other.offset + other.bytes;
        if (end - block.bytes < other_end && other.offset < end && LiveTogether(block, other)) {
          end = other_end + block.bytes;
          i = UINT32_MAX; /* from the first again */
        }
      }
      block.offset = end - block.bytes;
      if (end > peak) peak = end;
      if (end >= best_ || end > uint32_t{1} << 31) return position;
    }
    best_ = peak;
    for (uint32_t i = 0; i < count_; ++i) blocks_[i].best_order = blocks_[i].order;
    return count_;
  }

  Block* blocks_;
  uint32_t count_;
  uint32_t best_ = kNoFit;
  uint32_t spent_ = 0;
};

}  // namespace

uint32_t ArenaLowerBound(const Block* blocks, uint32_t count) {
  uint32_t most = 0; /* the crowd is largest when some block begins */
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t sum = 0;
    for (uint32_t j = 0; j < count; ++j) {
      if (blocks[j].first <= blocks[i].first && blocks[i].first <= blocks[j].last) sum += blocks[j].bytes;
    }
    if (sum > most) most = sum;
  }
  return most;
}

uint32_t PlanArena(Block* blocks, uint32_t count) { return Search(blocks, count).Run(); }

}  // namespace mote::device
