#include "export/compiler/stretches.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "export/compiler/lifetime.h"
#include "export/compiler/step_order.h"

namespace mote::compiler {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
// Steps and rows that may be looked at: about two seconds.
constexpr int64_t kWorkLimit = 100'000'000;

std::vector<int> OrderOfStretch(const StepGraph& graph, int first, int end) {
  if (end - first > 1) return StreamOrder(graph, first, end);
  std::vector<int> order;
  for (int step = graph.StepOf(first, 0); step < graph.StepOf(end, 0); ++step) order.push_back(step);
  return order;
}

}  // namespace

Stretches::Stretches(const StepGraph& graph, const ScheduleOptions& options) : graph_(graph), options_(options) {
  const bool stream = options.stream && options.storage != RowStorage::kWhole;
  int64_t work = 0;
  for (int length = 1; length <= (stream ? graph.layers() : 1); ++length) {
    for (int first = 0; first + length <= graph.layers(); ++first) {
      work += 8 * (graph.StepOf(first + length, 0) - graph.StepOf(first, 0)) + graph.rows();
      if (length > 1 && work > kWorkLimit) return;
      costs_[{first + length, first}] = Weigh(first, first + length);
    }
  }
}

StretchCost Stretches::Weigh(int first, int end) const {
  const std::vector<int> order = OrderOfStretch(graph_, first, end);
  const Lifetimes lifetimes = FindLifetimes(graph_, order, first, end, options_.storage);
  return {MostBytesAlive(graph_, order, lifetimes, options_.storage), OrderCost(graph_, order)};
}

int64_t Stretches::LeastBytes() const {
  std::vector<int64_t> least(graph_.layers() + 1, kMost);
  least[0] = 0;
  for (const auto& [range, stretch] : costs_) {
    const auto [end, first] = range;
    least[end] = std::min(least[end], std::max(least[first], stretch.bytes));
  }
  return least.back();
}

template <typename Weight>
std::optional<Cuts> Stretches::LeastSum(Weight weight) const {
  std::vector<double> least(graph_.layers() + 1, std::numeric_limits<double>::infinity());
  std::vector<int> begin(graph_.layers() + 1, 0);
  least[0] = 0;
  for (const auto& [range, stretch] : costs_) {
    const auto [end, first] = range;
    const double weight_of_this = weight(stretch);
    if (weight_of_this < 0 || least[first] + weight_of_this >= least[end]) continue;
    least[end] = least[first] + weight_of_this;
    begin[end] = first;
  }
  if (std::isinf(least.back())) return std::nullopt;
  Cuts cuts;
  for (int end = graph_.layers(); end > 0; end = begin[end]) cuts.push_back(end);
  std::reverse(cuts.begin(), cuts.end());
  return cuts;
}

std::optional<Cuts> Stretches::Cheapest(int64_t limit) const {
  return LeastSum(
      [limit](const StretchCost& stretch) { return stretch.bytes > limit ? -1.0 : static_cast<double>(stretch.cost); });
}

Cuts Stretches::Leanest() const {
  return *LeastSum([](const StretchCost& stretch) {
    return static_cast<double>(stretch.bytes) * static_cast<double>(stretch.bytes);
  });
}

std::optional<int64_t> Stretches::Bytes(const Cuts& cuts) const {
  int64_t most = 0;
  int first = 0;
  for (const int end : cuts) {
    const auto at = costs_.find({end, first});
    if (at == costs_.end()) return std::nullopt;
    most = std::max(most, at->second.bytes);
    first = end;
  }
  return most;
}

std::vector<int> Stretches::Order(const Cuts& cuts) const {
  std::vector<int> order;
  int first = 0;
  for (const int end : cuts) {
    const std::vector<int> stretch = OrderOfStretch(graph_, first, end);
    order.insert(order.end(), stretch.begin(), stretch.end());
    first = end;
  }
  return order;
}

}  // namespace mote::compiler
