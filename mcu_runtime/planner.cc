#include "mcu_runtime/planner.h"

namespace mote::device {
namespace {

constexpr uint32_t kExhaustiveBlocks = 8;
constexpr uint32_t kPromotions = 400;
/* Comparisons of blocks that the search may spend: some tens of milliseconds on a microcontroller. */
constexpr uint32_t kSearchBudget = 400000;
constexpr uint32_t kNoFit = UINT32_MAX;

bool LiveTogether(const Block& a, const Block& b) { return a.first <= b.last && b.first <= a.last; }

class Search {
 public:
  Search(Block* blocks, uint32_t count) : blocks_(blocks), count_(count), bound_(ArenaLowerBound(blocks, count)) {}

  uint32_t Run() {
    for (uint32_t key = 0; key < 3 && best_ > bound_; ++key) {
      Sort(key);
      Consider();
      if (best_ == kNoFit) return kNoFit;
    }
    if (best_ > bound_) {
      if (count_ <= kExhaustiveBlocks) {
        TryAllOrders();
      } else {
        Promote();
      }
    }
    for (uint32_t i = 0; i < count_; ++i) blocks_[i].offset = blocks_[i].best_offset;
    return best_;
  }

 private:
  /* First fit of the block at `position` of the order among those before it. Gives its end. */
  uint32_t Place(uint32_t position) {
    Block& block = blocks_[blocks_[position].order];
    uint32_t offset = 0;
    bool moved = block.bytes != 0;
    while (moved) {
      moved = false;
      for (uint32_t i = 0; i < position; ++i) {
        const Block& other = blocks_[blocks_[i].order];
        ++spent_;
        if (offset < other.offset + other.bytes && other.offset < offset + block.bytes && LiveTogether(block, other)) {
          offset = other.offset + other.bytes;
          moved = true;
        }
      }
      if (offset + block.bytes > uint32_t{1} << 31) return kNoFit;
    }
    block.offset = offset;
    return offset + block.bytes;
  }

  /* Places all in the present order; gives `count_`, or the position where it became no better than the best. */
  uint32_t PlaceAll() {
    peak_ = 0;
    for (uint32_t i = 0; i < count_; ++i) {
      const uint32_t end = Place(i);
      if (end >= best_) return i;
      if (end > peak_) peak_ = end;
    }
    return count_;
  }

  uint32_t Consider() {
    const uint32_t placed = PlaceAll();
    if (placed == count_) {
      best_ = peak_;
      for (uint32_t i = 0; i < count_; ++i) {
        blocks_[i].best_offset = blocks_[i].offset;
        blocks_[i].best_order = blocks_[i].order;
      }
    }
    return placed;
  }

  uint32_t Key(uint32_t key, uint32_t index) const {
    const Block& block = blocks_[index];
    if (key == 0) return block.bytes;
    if (key == 1) return static_cast<uint32_t>(block.last - block.first);
    return block.best_offset; /* the crowd, put there by Sort */
  }

  /* Bytes alive at the most crowded time of the block's life. */
  uint32_t Crowd(const Block& block) const {
    uint32_t most = 0;
    for (uint32_t i = 0; i < count_; ++i) {
      const uint16_t time = blocks_[i].first > block.first ? blocks_[i].first : block.first;
      if (!LiveTogether(block, blocks_[i])) continue;
      uint32_t sum = 0;
      for (uint32_t j = 0; j < count_; ++j) {
        if (blocks_[j].first <= time && time <= blocks_[j].last) sum += blocks_[j].bytes;
      }
      if (sum > most) most = sum;
    }
    return most;
  }

  /* Insertion sort, the largest first; equal ones by size, then as they stand in the file. */
  void Sort(uint32_t key) {
    if (key == 2) {
      /* Promotions begin with the best order, so that the offsets of the best are not needed while sorting by crowd:
       * they are made again from that order afterwards. */
      for (uint32_t i = 0; i < count_; ++i) blocks_[i].best_offset = Crowd(blocks_[i]);
    }
    for (uint32_t i = 0; i < count_; ++i) {
      uint32_t at = i;
      while (at > 0 && Before(key, i, blocks_[at - 1].order)) {
        blocks_[at].order = blocks_[at - 1].order;
        --at;
      }
      blocks_[at].order = static_cast<uint16_t>(i);
    }
    if (key == 2) Restore();
  }

  bool Before(uint32_t key, uint32_t a, uint32_t b) const {
    if (Key(key, a) != Key(key, b)) return Key(key, a) > Key(key, b);
    return blocks_[a].bytes > blocks_[b].bytes;
  }

  /* Makes best_offset again from best_order. */
  void Restore() {
    for (uint32_t i = 0; i < count_; ++i) Swap(i);
    const uint32_t best = best_;
    best_ = kNoFit;
    PlaceAll();
    best_ = best;
    for (uint32_t i = 0; i < count_; ++i) blocks_[i].best_offset = blocks_[i].offset;
    for (uint32_t i = 0; i < count_; ++i) Swap(i);
  }
  void Swap(uint32_t i) {
    const uint16_t order = blocks_[i].order;
    blocks_[i].order = blocks_[i].best_order;
    blocks_[i].best_order = order;
  }

  /* Every order, lexicographically, from the sorted one; orders that share a beginning that is already too long are
   * passed over together. */
  void TryAllOrders() {
    for (uint32_t i = 0; i < count_; ++i) blocks_[i].order = static_cast<uint16_t>(i);
    while (best_ > bound_) {
      const uint32_t failed = Consider();
      if (failed + 1 < count_) Reverse(failed + 1, true);
      if (!NextOrder()) return;
    }
  }
  /* Brings the order's tail from `begin` into falling order: the last of those with this beginning. */
  void Reverse(uint32_t begin, bool sort) {
    for (uint32_t i = begin; sort && i < count_; ++i) {
      for (uint32_t j = i; j > begin && blocks_[j - 1].order < blocks_[j].order; --j) SwapOrder(j - 1, j);
    }
    for (uint32_t i = begin, j = count_; !sort && i + 1 < j; ++i) SwapOrder(i, --j);
  }
  bool NextOrder() {
    uint32_t i = count_ - 1;
    while (i > 0 && blocks_[i - 1].order >= blocks_[i].order) --i;
    if (i == 0) return false;
    uint32_t j = count_ - 1;
    while (blocks_[j].order <= blocks_[i - 1].order) --j;
    SwapOrder(i - 1, j);
    Reverse(i, false);
    return true;
  }
  void SwapOrder(uint32_t i, uint32_t j) {
    const uint16_t order = blocks_[i].order;
    blocks_[i].order = blocks_[j].order;
    blocks_[j].order = order;
  }

  /* From the best order, moves the block that made it too long to an earlier place, chosen by a fixed xorshift. */
  void Promote() {
    uint32_t random = 0x9e3779b9u;
    uint32_t failed = count_;
    for (uint32_t round = 0; round < kPromotions && best_ > bound_ && spent_ < kSearchBudget; ++round) {
      if (round % 16 == 0 || failed == count_) {
        for (uint32_t i = 0; i < count_; ++i) blocks_[i].order = blocks_[i].best_order;
        failed = PlaceAll(); /* no better than itself: stops at the block at the peak */
      }
      if (failed == 0 || failed == count_) return;
      random ^= random << 13;
      random ^= random >> 17;
      random ^= random << 5;
      const uint32_t to = (random >> 8) % failed;
      const uint16_t block = blocks_[failed].order;
      for (uint32_t i = failed; i > to; --i) blocks_[i].order = blocks_[i - 1].order;
      blocks_[to].order = block;
      failed = Consider();
    }
  }

  Block* blocks_;
  uint32_t count_;
  uint32_t bound_;
  uint32_t best_ = kNoFit;
  uint32_t peak_ = 0;
  uint32_t spent_ = 0;
};

}  // namespace

uint32_t ArenaLowerBound(const Block* blocks, uint32_t count) {
  uint64_t most = 0; /* the crowd is largest when some block begins */
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t sum = 0;
    for (uint32_t j = 0; j < count; ++j) {
      if (blocks[j].first <= blocks[i].first && blocks[i].first <= blocks[j].last) sum += blocks[j].bytes;
    }
    if (sum > most) most = sum;
  }
  return most > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(most);
}

uint32_t PlanArena(Block* blocks, uint32_t count) { return count == 0 ? 0 : Search(blocks, count).Run(); }

}  // namespace mote::device
