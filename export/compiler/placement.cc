#include "export/compiler/placement.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>
#include <unordered_map>
#include <utility>

#include "export/compiler/sizes.h"

namespace mote::compiler {
namespace {

constexpr int64_t kNoFit = std::numeric_limits<int64_t>::max();
// Distances that the search may look at: about a quarter of a second.
constexpr int64_t kSearchBudget = 15'000'000;
constexpr int kRestart = 16;         // rounds
constexpr size_t kManyItems = 3000;  // too many for all first orders
constexpr size_t kExactItems = 12;
constexpr int kExactNodesARound = 20;

// Distances (base of the second minus base of the first) strictly between these collide.
using Interval = std::pair<int64_t, int64_t>;
using Intervals = std::vector<Interval>;

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
  Distances(const std::vector<PlacementItem>& items, const std::vector<Sharing>& sharings)
      : items_(items), neighbors_(items.size()) {
    for (const Sharing& sharing : sharings) sharings_[Key(sharing.reader, sharing.writer)] = sharing;
    FindNeighbors();
  }

  // Adds the places of the item's base that collide with items that are placed (shape -1: not). Gives the work.
  int64_t Add(const std::vector<int>& shapes, const std::vector<int64_t>& offsets, int item, int shape,
              Intervals& places) {
    int64_t work = 1;
    for (Neighbor& neighbor : neighbors_[item]) {
      ++work;
      const int other = neighbor.item, other_shape = shapes[other];
      if (other_shape < 0) continue;
      const size_t pair = shape * items_[other].shapes.size() + other_shape;
      if (neighbor.is_known.empty()) {
        neighbor.distances.resize(items_[item].shapes.size() * items_[other].shapes.size());
        neighbor.is_known.resize(neighbor.distances.size(), false);
      }
      if (!neighbor.is_known[pair]) {
        neighbor.distances[pair] = Find(items_[other], other_shape, items_[item], shape);
        neighbor.is_known[pair] = true;
      }
      for (const auto& [low, high] : neighbor.distances[pair]) {
        places.push_back({offsets[other] + low, offsets[other] + high});
      }
      work += static_cast<int64_t>(neighbor.distances[pair].size());
    }
    return work;
  }

 private:
  // An item that is in use at some time when this one is. By this one's shape, then its own: distances of the two.
  struct Neighbor {
    int item;
    std::vector<Intervals> distances;
    std::vector<bool> is_known;
  };

  struct Use {
    int item, first, last;
  };

  void FindNeighbors() {
    std::vector<Use> uses;
    for (int i = 0; i < static_cast<int>(items_.size()); ++i) {
      Use use = {i, std::numeric_limits<int>::max(), -1};
      for (const Rectangle& rectangle : items_[i].shapes[0].rectangles) {
        use.first = std::min(use.first, rectangle.first);
        use.last = std::max(use.last, rectangle.last);
      }
      uses.push_back(use);
    }
    std::stable_sort(uses.begin(), uses.end(), [](const Use& a, const Use& b) { return a.first < b.first; });
    std::vector<Use> active;
    for (const Use& use : uses) {
      std::erase_if(active, [&](const Use& other) { return other.last < use.first; });
      for (const Use& other : active) {
        neighbors_[use.item].push_back({other.item, {}, {}});
        neighbors_[other.item].push_back({use.item, {}, {}});
      }
      active.push_back(use);
    }
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
  std::vector<std::vector<Neighbor>> neighbors_;
  std::unordered_map<uint64_t, Sharing> sharings_;
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
    const std::vector<std::vector<int>> first_orders = FirstOrders();
    for (const std::vector<int>& order : first_orders) {
      order_ = order;
      PlaceAll();
    }
    for (const std::vector<int>& order : first_orders) Improve(order, bound, rounds / 20);
    Improve(best_order_, bound, rounds / 2);
    best_.is_least = best_.peak == bound || (items_.size() <= kExactItems && SearchAll(rounds * kExactNodesARound));
    return best_;
  }

 private:
  // Largest first; most bytes times time first; in order of use; those of several rectangles first, then in order of
  // use. Each also with the last used first among equals: outputs that grow over inputs lie below them.
  std::vector<std::vector<int>> FirstOrders() const {
    const int count = static_cast<int>(items_.size());
    std::vector<int64_t> size(count), area(count, 0), birth(count, 0), singles_birth(count, -1);
    for (int i = 0; i < count; ++i) {
      const std::vector<Rectangle>& rectangles = items_[i].shapes[0].rectangles;
      size[i] = items_[i].shapes[0].bytes;
      birth[i] = rectangles.empty() ? 0 : rectangles[0].first;
      if (rectangles.size() == 1) singles_birth[i] = birth[i];
      for (const Rectangle& r : rectangles) area[i] += (r.end - r.begin) * (r.last - r.first + 1);
    }
    std::vector<std::vector<int>> orders;
    const auto add = [&](auto before) {
      std::vector<int> order(count);
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), before);
      orders.push_back(order);
      std::iota(order.rbegin(), order.rend(), 0);
      std::stable_sort(order.begin(), order.end(), before);
      orders.push_back(order);
    };
    const auto mixed = [&](int a, int b) {
      return std::pair(singles_birth[a], -size[a]) < std::pair(singles_birth[b], -size[b]);
    };
    if (items_.size() <= kManyItems) {
      add([&](int a, int b) { return size[a] > size[b]; });
      add([&](int a, int b) { return area[a] > area[b]; });
      add([&](int a, int b) { return birth[a] < birth[b]; });
      add([&](int a, int b) { return birth[a] > birth[b]; });
    }
    add(mixed);
    return orders;
  }

  // Moves the item that stands at the peak to an earlier place, or to the other side, again and again; now and then
  // anew from `first`, or from the best order once there is a better one.
  void Improve(std::vector<int> first, int64_t bound, int rounds) {
    uint32_t random = 0x9e3779b9u;
    std::vector<bool> first_from_top = first == best_order_ ? best_from_top_ : std::vector<bool>(items_.size(), false);
    size_t failed = order_.size();
    for (int round = 0; round < rounds && best_.peak > bound && work_ < kSearchBudget; ++round) {
      if (failed == order_.size() && round > 0) {
        first = best_order_;
        first_from_top = best_from_top_;
      }
      if (round % kRestart == 0 || failed == order_.size()) {
        order_ = first;
        from_top_ = first_from_top;
        failed = PlaceAll();  // mostly no better than the best: stops at the item at the peak
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
    std::fill(shapes_.begin(), shapes_.end(), -1);
    for (size_t position = 0; position < order_.size(); ++position) {
      const int64_t end = PlaceOne(order_[position]);
      peak = std::max(peak, end);
      if (peak >= best_.peak) return position;
    }
    best_ = {offsets_, shapes_, peak, false};
    best_order_ = order_;
    best_from_top_ = from_top_;
    return order_.size();
  }

  // As low as it goes among those before it, or as high as it goes below the best peak. Gives its end.
  int64_t PlaceOne(int item) {
    int64_t least = kNoFit;
    int best_shape = -1;
    for (size_t shape = 0; shape < items_[item].shapes.size(); ++shape) {
      const int64_t bytes = items_[item].shapes[shape].bytes;
      FindPlaces(item, static_cast<int>(shape));
      const int64_t highest = from_top_[item] ? HighestOffset(item, best_.peak - 1 - bytes) : -1;
      const int64_t offset = highest >= 0 ? highest : LowestOffset(item);
      if (offset + bytes < least) {
        least = offset + bytes;
        offsets_[item] = offset;
        best_shape = static_cast<int>(shape);
      }
    }
    shapes_[item] = best_shape;
    return least;
  }

  // Where the item's base would collide with items that are placed.
  void FindPlaces(int item, int shape) {
    places_.clear();
    work_ += distances_.Add(shapes_, offsets_, item, shape, places_);
    Merge(places_);
  }

  int64_t LowestOffset(int item) const {
    int64_t offset = 0;
    for (const auto& [low, high] : places_) {
      if (offset <= low) break;
      if (offset < high) offset = AlignedUp(high, items_[item].alignment);
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
  bool SearchAll(int nodes) {
    nodes_left_ = nodes;
    seen_.clear();
    std::fill(shapes_.begin(), shapes_.end(), -1);
    Branch(0, 0);
    return nodes_left_ > 0;
  }

  void Branch(size_t placed, int64_t peak) {
    if (placed == items_.size()) {
      best_.offsets = offsets_;
      best_.shapes = shapes_;
      best_.peak = peak;
      return;
    }
    for (int item = 0; item < static_cast<int>(items_.size()); ++item) {
      if (shapes_[item] >= 0) continue;
      for (size_t shape = 0; shape < items_[item].shapes.size(); ++shape) {
        for (const int64_t offset : Offsets(item, static_cast<int>(shape))) {
          const int64_t end = std::max(peak, offset + items_[item].shapes[shape].bytes);
          if (end >= best_.peak) break;
          if (nodes_left_ == 0 || --nodes_left_ == 0) return;
          offsets_[item] = offset;
          shapes_[item] = static_cast<int>(shape);
          if (IsNew()) Branch(placed + 1, end);
          shapes_[item] = -1;
        }
      }
    }
  }

  // Free ones among 0 and those right above a collision, from the lowest.
  std::vector<int64_t> Offsets(int item, int shape) {
    places_.clear();
    distances_.Add(shapes_, offsets_, item, shape, places_);
    std::vector<int64_t> offsets = {0};
    for (const auto& [low, high] : places_) {
      if (high > 0) offsets.push_back(AlignedUp(high, items_[item].alignment));
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
  bool IsNew() {
    std::vector<int64_t> state;
    for (size_t item = 0; item < items_.size(); ++item) {
      state.push_back(shapes_[item] < 0 ? -1 : offsets_[item]);
      state.push_back(shapes_[item]);
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
  int nodes_left_ = 0;
};

}  // namespace

Placement Place(const std::vector<PlacementItem>& items, const std::vector<Sharing>& sharings, int64_t bound,
                int rounds) {
  return Search(items, sharings).Run(bound, rounds);
}

}  // namespace mote::compiler
