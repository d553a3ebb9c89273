#include "export/compiler/placement.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>

namespace mote::compiler {
namespace {

constexpr int64_t kNoFit = std::numeric_limits<int64_t>::max();
// Distances that the search may look at: about a quarter of a second.
constexpr int64_t kSearchBudget = 15'000'000;
constexpr int kRestart = 16;  // rounds
constexpr size_t kExactItems = 12;
constexpr int kExactNodes = 200'000;

// Distances (base of the second minus base of the first) strictly between these collide.
using Interval = std::pair<int64_t, int64_t>;
using Intervals = std::vector<Interval>;

int64_t AlignUp(int64_t offset, int64_t alignment) { return (offset + alignment - 1) / alignment * alignment; }
int64_t AlignDown(int64_t offset, int64_t alignment) { return offset < 0 ? -1 : offset / alignment * alignment; }

// In order, and without overlaps. (a, b) and (b, c) stay apart: the distance b is allowed.
void Merge(Intervals& intervals) {
  std::sort(intervals.begin(), intervals.end());
  size_t kept = 0;
  for (const Interval& interval : intervals) {
    if (interval.first >= interval.second) continue;
    if (kept > 0 && interval.first < intervals[kept - 1].second) {
      intervals[kept - 1].second = std::max(intervals[kept - 1].second, interval.second);
    } else {
      intervals[kept++] = interval;
    }
  }
  intervals.resize(kept);
}

uint64_t Key(uint64_t a, uint64_t b) { return a << 32 | b; }

// The items' pairwise distances.
class Distances {
 public:
  Distances(const std::vector<PlacementItem>& items, const std::vector<Sharing>& sharings) : items_(items) {
    int shapes = 0;
    for (const PlacementItem& item : items) {
      first_shape_.push_back(shapes);
      shapes += static_cast<int>(item.shapes.size());
      int first = std::numeric_limits<int>::max(), last = -1;
      for (const PlacementShape& shape : item.shapes) {
        for (const Rectangle& rectangle : shape.rectangles) {
          first = std::min(first, rectangle.first);
          last = std::max(last, rectangle.last);
        }
      }
      first_.push_back(first);
      last_.push_back(last);
    }
    for (const Sharing& sharing : sharings) sharings_[Key(sharing.reader, sharing.writer)] = sharing;
  }

  // Adds the places of item b's base that collide with item a at `base`. Gives the work.
  int64_t Add(int a, int a_shape, int64_t base, int b, int b_shape, Intervals& places) {
    if (first_[a] > last_[b] || first_[b] > last_[a]) return 1;
    const Intervals& distances = Between(a, a_shape, b, b_shape);
    for (const auto& [low, high] : distances) places.push_back({base + low, base + high});
    return 1 + static_cast<int64_t>(distances.size());
  }

 private:
  const Intervals& Between(int a, int a_shape, int b, int b_shape) {
    const auto [at, is_new] = distances_.try_emplace(Key(first_shape_[a] + a_shape, first_shape_[b] + b_shape));
    if (is_new) at->second = Find(items_[a], a_shape, items_[b], b_shape);
    return at->second;
  }

  Intervals Find(const PlacementItem& a, int a_shape, const PlacementItem& b, int b_shape) const {
    const Sharing* a_reads = FindSharing(a.group, b.group);
    const Sharing* b_reads = FindSharing(b.group, a.group);
    Intervals intervals;
    for (const Rectangle& x : a.shapes[a_shape].rectangles) {
      for (const Rectangle& y : b.shapes[b_shape].rectangles) {
        if (x.first > y.last || y.first > x.last) continue;
        Interval collide = {x.begin - y.end, x.end - y.begin};
        // For the reader's address minus the writer's, distances from the lag on are allowed.
        if (a_reads != nullptr && x.last == y.first) {
          const int64_t apart = a_reads->of_bases ? 0 : x.begin - y.begin;  // with bases at the same place
          collide.first = std::max(collide.first, apart - a_reads->lag);
        }
        if (b_reads != nullptr && y.last == x.first) {
          const int64_t apart = b_reads->of_bases ? 0 : x.begin - y.begin;
          collide.second = std::min(collide.second, apart + b_reads->lag);
        }
        intervals.push_back(collide);
      }
    }
    Merge(intervals);
    return intervals;
  }

  const Sharing* FindSharing(int reader, int writer) const {
    if (reader < 0 || writer < 0) return nullptr;
    const auto at = sharings_.find(Key(reader, writer));
    return at == sharings_.end() ? nullptr : &at->second;
  }

  const std::vector<PlacementItem>& items_;
  std::vector<int> first_shape_;
  std::vector<int> first_, last_;  // times of the items
  std::unordered_map<uint64_t, Sharing> sharings_;
  std::unordered_map<uint64_t, Intervals> distances_;
};

class Search {
 public:
  Search(const std::vector<PlacementItem>& items, const std::vector<Sharing>& sharings)
      : items_(items),
        distances_(items, sharings),
        offsets_(items.size()),
        shapes_(items.size()),
        from_top_(items.size(), false) {
    best_.peak = kNoFit;
  }

  Placement Run(int64_t bound, int rounds) {
    if (items_.empty()) return {{}, {}, 0, true};
    for (std::vector<int>& order : FirstOrders()) {
      order_ = std::move(order);
      PlaceAll();
    }
    Improve(bound, rounds);
    best_.is_least = best_.peak == bound || (items_.size() <= kExactItems && SearchAll());
    return best_;
  }

 private:
  // Largest first; most bytes times time first; first used first; those of several rectangles first, then as used.
  std::vector<std::vector<int>> FirstOrders() const {
    const int count = static_cast<int>(items_.size());
    std::vector<int64_t> area(count, 0);
    std::vector<int> birth(count, 0), single(count, 0);
    for (int i = 0; i < count; ++i) {
      const std::vector<Rectangle>& rectangles = items_[i].shapes[0].rectangles;
      single[i] = rectangles.size() == 1;
      birth[i] = rectangles.empty() ? 0 : rectangles[0].first;
      for (const Rectangle& r : rectangles) area[i] += (r.end - r.begin) * (r.last - r.first + 1);
    }
    std::vector<int> identity(count);
    std::iota(identity.begin(), identity.end(), 0);
    std::vector<std::vector<int>> orders(4, identity);
    const auto size = [&](int i) { return items_[i].shapes[0].bytes; };
    std::stable_sort(orders[0].begin(), orders[0].end(), [&](int a, int b) { return size(a) > size(b); });
    std::stable_sort(orders[1].begin(), orders[1].end(), [&](int a, int b) { return area[a] > area[b]; });
    std::stable_sort(orders[2].begin(), orders[2].end(), [&](int a, int b) { return birth[a] < birth[b]; });
    std::stable_sort(orders[3].begin(), orders[3].end(), [&](int a, int b) {
      if (single[a] != single[b]) return single[a] < single[b];
      return single[a] ? birth[a] < birth[b] : size(a) > size(b);
    });
    return orders;
  }

  // Moves the item that stands at the peak to an earlier place, or to the other side, again and again; from the best
  // order anew now and then.
  void Improve(int64_t bound, int rounds) {
    uint32_t random = 0x9e3779b9u;
    size_t failed = order_.size();
    for (int round = 0; round < rounds && best_.peak > bound && work_ < kSearchBudget; ++round) {
      if (round % kRestart == 0 || failed == order_.size()) {
        order_ = best_order_;
        from_top_ = best_from_top_;
        failed = PlaceAll();  // mostly no better than itself: stops at the item at the peak
        if (failed == order_.size()) continue;
      }
      random ^= random << 13;
      random ^= random >> 17;
      random ^= random << 5;
      const size_t to = (random >> 8) % (failed + 1);
      if (random % 4 == 0) from_top_[order_[failed]] = !from_top_[order_[failed]];
      std::rotate(order_.begin() + to, order_.begin() + failed, order_.begin() + failed + 1);
      failed = PlaceAll();
    }
  }

  // Places all in the present order. Gives the position where the peak became no better than the best; or the number of
  // items, and there is a new best.
  size_t PlaceAll() {
    int64_t peak = 0;
    for (size_t position = 0; position < order_.size(); ++position) {
      const int64_t end = PlaceOne(position);
      peak = std::max(peak, end);
      if (peak >= best_.peak) return position;
    }
    best_ = {offsets_, shapes_, peak, false};
    best_order_ = order_;
    best_from_top_ = from_top_;
    return order_.size();
  }

  // As low as it goes among those before it, or as high as it goes below the best peak. Gives its end.
  int64_t PlaceOne(size_t position) {
    const int item = order_[position];
    int64_t least = kNoFit;
    for (size_t shape = 0; shape < items_[item].shapes.size(); ++shape) {
      const int64_t bytes = items_[item].shapes[shape].bytes;
      FindPlaces({order_.begin(), order_.begin() + position}, item, static_cast<int>(shape));
      const int64_t highest = from_top_[item] ? HighestOffset(item, best_.peak - 1 - bytes) : -1;
      const int64_t offset = highest >= 0 ? highest : LowestOffset(item);
      if (offset + bytes < least) {
        least = offset + bytes;
        offsets_[item] = offset;
        shapes_[item] = static_cast<int>(shape);
      }
    }
    return least;
  }

  // Where the item's base would collide with items that are placed.
  void FindPlaces(std::span<const int> placed, int item, int shape) {
    places_.clear();
    for (const int other : placed) {
      work_ += distances_.Add(other, shapes_[other], offsets_[other], item, shape, places_);
    }
    Merge(places_);
    work_ += static_cast<int64_t>(places_.size());
  }

  int64_t LowestOffset(int item) const {
    int64_t offset = 0;
    for (const auto& [low, high] : places_) {
      if (offset <= low) break;
      if (offset < high) offset = AlignUp(high, items_[item].alignment);
    }
    return offset;
  }

  // At most `limit`; -1: none.
  int64_t HighestOffset(int item, int64_t limit) const {
    int64_t offset = AlignDown(limit, items_[item].alignment);
    for (auto place = places_.rbegin(); place != places_.rend() && offset >= 0 && offset < place->second; ++place) {
      if (offset > place->first) offset = AlignDown(place->first, items_[item].alignment);
    }
    return offset;
  }

  // In a placement of least peak in which nothing can move down, every item stands at 0 or right above a collision with
  // another that does. So all are found by placing one item after the other at such offsets. (With different
  // alignments, items that hold each other up may not be able to move down together; then it is not a proof, but still
  // a search.) Whether it came to an end.
  bool SearchAll() {
    nodes_ = 0;
    seen_.clear();
    std::vector<int> placed;
    Branch(placed, 0);
    return nodes_ < kExactNodes;
  }

  void Branch(std::vector<int>& placed, int64_t peak) {
    if (placed.size() == items_.size()) {
      best_.offsets = offsets_;
      best_.shapes = shapes_;
      best_.peak = peak;
      return;
    }
    for (int item = 0; item < static_cast<int>(items_.size()); ++item) {
      if (std::find(placed.begin(), placed.end(), item) != placed.end()) continue;
      for (size_t shape = 0; shape < items_[item].shapes.size(); ++shape) {
        for (const int64_t offset : Offsets(placed, item, static_cast<int>(shape))) {
          const int64_t end = std::max(peak, offset + items_[item].shapes[shape].bytes);
          if (end >= best_.peak) break;
          if (++nodes_ >= kExactNodes) return;
          offsets_[item] = offset;
          shapes_[item] = static_cast<int>(shape);
          placed.push_back(item);
          if (IsNew(placed)) Branch(placed, end);
          placed.pop_back();
        }
      }
    }
  }

  // Free ones among 0 and those right above a collision, from the lowest.
  std::vector<int64_t> Offsets(const std::vector<int>& placed, int item, int shape) {
    places_.clear();
    for (const int other : placed) distances_.Add(other, shapes_[other], offsets_[other], item, shape, places_);
    std::vector<int64_t> offsets = {0};
    for (const auto& [low, high] : places_) {
      if (high > 0) offsets.push_back(AlignUp(high, items_[item].alignment));
    }
    std::sort(offsets.begin(), offsets.end());
    offsets.erase(std::unique(offsets.begin(), offsets.end()), offsets.end());
    std::erase_if(offsets, [&](int64_t offset) {
      return std::any_of(places_.begin(), places_.end(),
                         [&](const Interval& place) { return place.first < offset && offset < place.second; });
    });
    return offsets;
  }

  // The same items at the same places in another order lead to nothing new.
  bool IsNew(const std::vector<int>& placed) {
    std::vector<int64_t> state(2 * items_.size(), -1);
    for (const int item : placed) {
      state[2 * item] = offsets_[item];
      state[2 * item + 1] = shapes_[item];
    }
    return seen_.insert(std::move(state)).second;
  }

  const std::vector<PlacementItem>& items_;
  Distances distances_;
  std::vector<int64_t> offsets_;
  std::vector<int> shapes_;
  std::vector<bool> from_top_, best_from_top_;
  std::vector<int> order_, best_order_;
  Intervals places_;
  int64_t work_ = 0;
  Placement best_;
  std::set<std::vector<int64_t>> seen_;
  int nodes_ = 0;
};

}  // namespace

Placement Place(const std::vector<PlacementItem>& items, const std::vector<Sharing>& sharings, int64_t bound,
                int rounds) {
  return Search(items, sharings).Run(bound, rounds);
}

}  // namespace mote::compiler
