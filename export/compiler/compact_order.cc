#include "export/compiler/compact_order.h"

#include <algorithm>
#include <map>
#include <utility>

namespace mote::compiler {
namespace {

constexpr size_t kLongestBody = 512;  // loops, before they are compacted themselves

size_t LoopBytes(const OrderLoop& loop) {
  if (loop.layer < 0) return 2 + OrderBytes(loop.body);
  return loop.count == 1 ? 1 : 2;
}

bool Equal(const OrderLoop& a, const OrderLoop& b) {
  return a.count == b.count && a.layer == b.layer && a.body.size() == b.body.size() &&
         std::equal(a.body.begin(), a.body.end(), b.body.begin(), Equal);
}

// `count` times the `length` loops from `first` on.
struct Repeat {
  size_t first = 0, length = 0, count = 0;
  size_t saved = 0;  // bytes
};

class Compactor {
 public:
  explicit Compactor(std::vector<OrderLoop> loops) : loops_(std::move(loops)) {}

  std::vector<OrderLoop> Run() {
    for (;;) {
      const Repeat best = BestRepeat();
      if (best.saved == 0) return std::move(loops_);
      const auto begin = loops_.begin() + best.first;
      OrderLoop loop;
      loop.count = static_cast<int>(best.count);
      loop.body = Compactor({begin, begin + best.length}).Run();
      *begin = std::move(loop);
      loops_.erase(begin + 1, begin + best.length * best.count);
    }
  }

 private:
  // Numbers that are the same where loops are.
  std::vector<int> Names() const {
    std::vector<const OrderLoop*> known;
    std::vector<int> names;
    std::map<std::pair<int, int>, std::vector<int>> by_head;
    for (const OrderLoop& loop : loops_) {
      std::vector<int>& candidates = by_head[{loop.layer, loop.count}];
      const auto at =
          std::find_if(candidates.begin(), candidates.end(), [&](int name) { return Equal(*known[name], loop); });
      if (at != candidates.end()) {
        names.push_back(*at);
        continue;
      }
      names.push_back(static_cast<int>(known.size()));
      candidates.push_back(names.back());
      known.push_back(&loop);
    }
    return names;
  }

  Repeat BestRepeat() const {
    const std::vector<int> names = Names();
    const size_t size = names.size();
    std::vector<size_t> bytes_before(size + 1, 0);
    for (size_t i = 0; i < size; ++i) bytes_before[i + 1] = bytes_before[i] + LoopBytes(loops_[i]);
    Repeat best;
    for (size_t length = 1; length <= std::min(size / 2, kLongestBody); ++length) {
      size_t same = 0;  // names[i ... i+same) are those `length` further
      for (size_t i = size - length; i-- > 0;) {
        same = names[i] == names[i + length] ? same + 1 : 0;
        const size_t count = same / length + 1;
        const size_t body = bytes_before[i + length] - bytes_before[i];
        const size_t unrolled = bytes_before[i + length * count] - bytes_before[i];
        if (count > 1 && unrolled > body + 2 + best.saved) best = {i, length, count, unrolled - body - 2};
      }
    }
    return best;
  }

  std::vector<OrderLoop> loops_;
};

void Expand(const std::vector<OrderLoop>& loops, std::vector<int>& layers) {
  for (const OrderLoop& loop : loops) {
    for (int i = 0; i < loop.count; ++i) {
      if (loop.layer >= 0) {
        layers.push_back(loop.layer);
      } else {
        Expand(loop.body, layers);
      }
    }
  }
}

}  // namespace

std::vector<OrderLoop> CompactOrder(const std::vector<Step>& steps) {
  std::vector<OrderLoop> loops;
  for (const Step& step : steps) {
    if (!loops.empty() && loops.back().layer == step.layer) {
      ++loops.back().count;
    } else {
      loops.push_back({1, step.layer, {}});
    }
  }
  return Compactor(std::move(loops)).Run();
}

std::vector<int> ExpandOrder(const std::vector<OrderLoop>& loops) {
  std::vector<int> layers;
  Expand(loops, layers);
  return layers;
}

size_t OrderBytes(const std::vector<OrderLoop>& loops) {
  size_t bytes = 0;
  for (const OrderLoop& loop : loops) bytes += LoopBytes(loop);
  return bytes;
}

}  // namespace mote::compiler
