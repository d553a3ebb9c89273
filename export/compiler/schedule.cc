#include "export/compiler/schedule.h"

#include <algorithm>
#include <set>
#include <utility>

#include "export/compiler/lifetime.h"
#include "export/compiler/placement.h"
#include "export/compiler/step_graph.h"
#include "export/compiler/stretches.h"

namespace mote::compiler {
namespace {

constexpr size_t kMoreRingShapes = 8;  // that a ring may take beside its first one
constexpr int kAttempts = 12;          // orders that are placed to meet a budget, at most
constexpr int kRounds = 10000;         // of the search for a place
constexpr int kQuickRounds = 200;      // the same while orders are compared
constexpr int kQuickSteps = 30000;     // steps of all orders that are compared, at most

bool StandsTogether(const RowTensor& tensor) {
  return tensor.contiguous || tensor.kind != RowTensor::Kind::kActivation || tensor.rows == 1;
}

// Places the rows, scratch and state of one order.
class Layout {
 public:
  Layout(const StepGraph& graph, const ScheduleOptions& options, const std::vector<int>& order)
      : graph_(graph), options_(options), order_(order) {
    lifetimes_ = FindLifetimes(graph, order, 0, graph.layers(), options.storage);
  }

  Schedule Run(int rounds) {
    const RowStorage bound_storage =
        options_.storage == RowStorage::kWhole ? RowStorage::kWhole : RowStorage::kScattered;
    schedule_.bound_bytes = MostBytesAlive(graph_, order_, lifetimes_, bound_storage);
    schedule_.cost = OrderCost(graph_, order_);
    for (const int step : order_) schedule_.steps.push_back(graph_.StepAt(step));
    for (int tensor = 0; tensor < graph_.tensors(); ++tensor) AddTensor(tensor);
    for (int layer = 0; layer < graph_.layers(); ++layer) AddMemoryOfLayer(layer);
    if (options_.storage != RowStorage::kWhole) AddSharings();
    const Placement placement = Place(items_, sharings_, schedule_.bound_bytes, rounds);
    schedule_.peak_bytes = placement.peak;
    schedule_.is_least = placement.is_least;
    TakeOffsets(placement);
    return std::move(schedule_);
  }

 private:
  const RowTensor& Tensor(int tensor) const { return graph_.network().tensors[tensor]; }

  void AddTensor(int tensor) {
    const int capacity = lifetimes_.capacity[tensor];
    schedule_.tensors.push_back({});
    item_of_tensor_.push_back(static_cast<int>(items_.size()));
    if (capacity == 0) return;
    const RowTensor& description = Tensor(tensor);
    if (options_.storage == RowStorage::kScattered && capacity < description.rows) {
      for (int r = 0; r < description.rows; ++r) {
        const int row = graph_.RowOf(tensor, r);
        const Rectangle rectangle = {lifetimes_.birth[row], lifetimes_.death[row], 0, description.row_bytes};
        items_.push_back({tensor, description.alignment, {{description.row_bytes, {rectangle}}}});
      }
      return;
    }
    PlacementItem item = {tensor, description.alignment, {}};
    for (const RingShape& ring : RingShapes(tensor)) item.shapes.push_back(Ring(tensor, ring));
    items_.push_back(std::move(item));
  }

  struct RingShape {
    int capacity, first_slot;
  };

  // The least capacity, then those of other rings with rows of this size, with all first slots: so one ring may lie in
  // the free slots of another, or in place.
  std::vector<RingShape> RingShapes(int tensor) const {
    const int least = lifetimes_.capacity[tensor];
    std::vector<RingShape> shapes = {{least, 0}};
    if (least == Tensor(tensor).rows) return shapes;
    std::set<int> capacities;
    for (int other = 0; other < graph_.tensors(); ++other) {
      const int capacity = lifetimes_.capacity[other];
      if (Tensor(other).row_bytes == Tensor(tensor).row_bytes && capacity >= least && capacity < Tensor(tensor).rows) {
        capacities.insert(capacity);
      }
    }
    const bool any_slot = Tensor(tensor).row_bytes % Tensor(tensor).alignment == 0;  // the first row stays aligned
    for (const int capacity : capacities) {
      const int slots = any_slot ? capacity : 1;
      for (int slot = capacity == least; slot < slots && shapes.size() <= kMoreRingShapes; ++slot) {
        shapes.push_back({capacity, slot});
      }
    }
    return shapes;
  }

  PlacementShape Ring(int tensor, RingShape ring) const {
    const RowTensor& description = Tensor(tensor);
    PlacementShape shape = {ring.capacity * description.row_bytes, {}};
    for (int r = 0; r < description.rows; ++r) {
      const int row = graph_.RowOf(tensor, r);
      const int64_t begin = (ring.first_slot + r) % ring.capacity * description.row_bytes;
      shape.rectangles.push_back({lifetimes_.birth[row], lifetimes_.death[row], begin, begin + description.row_bytes});
    }
    return shape;
  }

  void AddMemoryOfLayer(int index) {
    const RowLayer& layer = graph_.network().layers[index];
    PlacementShape scratch = {layer.scratch_bytes, {}};
    int first = 0, last = 0;
    for (size_t i = 0; i < order_.size(); ++i) {
      const Step step = graph_.StepAt(order_[i]);
      const int time = static_cast<int>(i) + 1;
      if (step.layer != index) continue;
      if (step.index == 0) first = time;
      last = time;
      if (!scratch.rectangles.empty() && scratch.rectangles.back().last == time - 1) {
        scratch.rectangles.back().last = time;
      } else {
        scratch.rectangles.push_back({time, time, 0, layer.scratch_bytes});
      }
    }
    item_of_scratch_.push_back(static_cast<int>(items_.size()));
    if (layer.scratch_bytes > 0) items_.push_back({-1, layer.alignment, {scratch}});
    item_of_state_.push_back(static_cast<int>(items_.size()));
    if (layer.state_bytes > 0) {
      items_.push_back({-1, layer.alignment, {{layer.state_bytes, {{first, last, 0, layer.state_bytes}}}}});
    }
  }

  void AddSharings() {
    for (const RowLayer& layer : graph_.network().layers) {
      for (const RowUse& input : layer.inputs) {
        const std::optional<int64_t> lag = LagOf(layer, input.tensor);
        for (const RowUse& output : layer.outputs) {
          const bool together = StandsTogether(Tensor(input.tensor)) && StandsTogether(Tensor(output.tensor));
          if (!lag || (layer.steps == 1 && !together)) continue;
          sharings_.push_back({input.tensor, output.tensor, *lag, layer.steps == 1});
        }
      }
    }
  }

  // Of a tensor that a layer reads more than once, what all its uses allow.
  static std::optional<int64_t> LagOf(const RowLayer& layer, int tensor) {
    std::optional<int64_t> lag;
    for (const RowUse& input : layer.inputs) {
      if (input.tensor != tensor) continue;
      if (!input.overwrite_lag) return std::nullopt;
      lag = std::max(lag.value_or(*input.overwrite_lag), *input.overwrite_lag);
    }
    return lag;
  }

  void TakeOffsets(const Placement& placement) {
    for (int tensor = 0; tensor < graph_.tensors(); ++tensor) {
      if (lifetimes_.capacity[tensor] == 0) continue;
      TensorPlace& place = schedule_.tensors[tensor];
      const int item = item_of_tensor_[tensor], rows = Tensor(tensor).rows;
      if (options_.storage == RowStorage::kScattered && lifetimes_.capacity[tensor] < rows) {
        place.row_offsets.assign(placement.offsets.begin() + item, placement.offsets.begin() + item + rows);
        continue;
      }
      place.offset = placement.offsets[item];
      const RingShape ring = RingShapes(tensor)[placement.shapes[item]];
      place.capacity = ring.capacity;
      place.first_slot = ring.first_slot;
    }
    for (int layer = 0; layer < graph_.layers(); ++layer) {
      const RowLayer& description = graph_.network().layers[layer];
      const bool scratch = description.scratch_bytes > 0, state = description.state_bytes > 0;
      schedule_.scratch_offset.push_back(scratch ? placement.offsets[item_of_scratch_[layer]] : -1);
      schedule_.state_offset.push_back(state ? placement.offsets[item_of_state_[layer]] : -1);
    }
  }

  const StepGraph& graph_;
  const ScheduleOptions& options_;
  const std::vector<int>& order_;
  Lifetimes lifetimes_;
  std::vector<PlacementItem> items_;
  std::vector<Sharing> sharings_;
  std::vector<int> item_of_tensor_, item_of_scratch_, item_of_state_;  // the first one
  Schedule schedule_;
};

Schedule LayOut(const StepGraph& graph, const ScheduleOptions& options, const Stretches& stretches, const Cuts& cuts,
                int rounds) {
  const std::vector<int> order = stretches.Order(cuts);
  Schedule schedule = Layout(graph, options, order).Run(rounds);
  int first = 0;
  for (const int end : cuts) {
    schedule.stretch.insert(schedule.stretch.end(), end - first, first);
    first = end;
  }
  return schedule;
}

}  // namespace

int64_t RowOffset(const RowNetwork& network, const Schedule& schedule, int tensor, int row) {
  const TensorPlace& place = schedule.tensors[tensor];
  if (!place.row_offsets.empty()) return place.row_offsets[row];
  return place.offset + (place.first_slot + row) % place.capacity * network.tensors[tensor].row_bytes;
}

namespace {

bool IsBetter(const Schedule& a, const std::optional<Schedule>& b) {
  return !b || a.peak_bytes < b->peak_bytes || (a.peak_bytes == b->peak_bytes && a.cost < b->cost);
}

// `cuts` with a cut at `layer`, or without it.
Cuts Toggled(const Cuts& cuts, int layer) {
  Cuts result = cuts;
  const auto at = std::lower_bound(result.begin(), result.end(), layer);
  if (at != result.end() && *at == layer) {
    result.erase(at);
  } else {
    result.insert(at, layer);
  }
  return result;
}

// The smallest arena. What is alive is not all: it must also find a place. So, beginning with the better one of the
// cheapest cuts with the least bytes alive and the leanest ones, cuts are added and taken away while that helps.
Schedule PlanSmallest(const StepGraph& graph, const ScheduleOptions& options, const Stretches& stretches) {
  const int64_t least = stretches.LeastBytes();
  Cuts best_cuts;
  std::optional<Schedule> best;
  const auto try_cuts = [&](const Cuts& cuts, int rounds) {
    Schedule schedule = LayOut(graph, options, stretches, cuts, rounds);
    if (!IsBetter(schedule, best)) return;
    best = std::move(schedule);
    best_cuts = cuts;
  };
  try_cuts(*stretches.Cheapest(least), kRounds);
  if (best->peak_bytes > best->bound_bytes) try_cuts(stretches.Leanest(), kRounds);
  int tries = kQuickSteps / graph.steps();
  int unchanged = 0;  // layers in a row
  for (int layer = 1; unchanged < graph.layers() - 1 && tries > 0;
       layer = layer % (graph.layers() - 1) + 1, ++unchanged) {
    const Cuts cuts = Toggled(best_cuts, layer);
    const std::optional<int64_t> bytes = stretches.Bytes(cuts);
    if (!bytes || *bytes >= best->peak_bytes) continue;
    const int64_t before = best->peak_bytes;
    try_cuts(cuts, kQuickRounds);
    --tries;
    if (best->peak_bytes < before) unchanged = 0;
  }
  try_cuts(best_cuts, kRounds);
  return *best;
}

// The cheapest order whose arena fits, of a bounded number that are placed.
std::optional<Schedule> PlanWithin(const StepGraph& graph, const ScheduleOptions& options, const Stretches& stretches) {
  int64_t limit = *options.budget_bytes;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::optional<Cuts> cuts = stretches.Cheapest(limit);
    if (!cuts) return std::nullopt;
    Schedule schedule = LayOut(graph, options, stretches, *cuts, kRounds);
    if (schedule.peak_bytes <= *options.budget_bytes) return schedule;
    limit = *stretches.Bytes(*cuts) - 1;  // placed, it takes more than is alive: an order in which less is
  }
  return std::nullopt;
}

// Within the budget if there is one and it can be met, else the smallest.
Schedule PlanWith(const StepGraph& graph, ScheduleOptions options, RowStorage storage) {
  options.storage = storage;
  const Stretches stretches(graph, options);
  if (options.budget_bytes) {
    std::optional<Schedule> schedule = PlanWithin(graph, options, stretches);
    if (schedule) return *std::move(schedule);
  }
  return PlanSmallest(graph, options, stretches);
}

}  // namespace

std::vector<int64_t> BytesByLayer(const RowNetwork& network, const Schedule& schedule) {
  const StepGraph graph(network);
  std::vector<int> order;
  for (const Step& step : schedule.steps) order.push_back(graph.StepOf(step.layer, step.index));
  const Lifetimes lifetimes = FindLifetimes(graph, order, 0, graph.layers(), RowStorage::kScattered);
  const std::vector<int64_t> bytes = BytesAlive(graph, order, lifetimes, RowStorage::kScattered);
  std::vector<int64_t> by_layer(network.layers.size(), 0);
  for (size_t i = 0; i < schedule.steps.size(); ++i) {
    int64_t& most = by_layer[schedule.steps[i].layer];
    most = std::max(most, bytes[i + 1]);
  }
  return by_layer;
}

std::optional<Schedule> PlanSchedule(const RowNetwork& network, const ScheduleOptions& options, std::string* error) {
  const StepGraph graph(network);
  Schedule smallest =
      PlanWith(graph, options, options.storage == RowStorage::kScattered ? RowStorage::kRings : options.storage);
  const bool fits = options.budget_bytes && smallest.peak_bytes <= *options.budget_bytes;
  if (options.storage == RowStorage::kScattered && !fits) {
    Schedule scattered = PlanWith(graph, options, RowStorage::kScattered);
    if (scattered.peak_bytes < smallest.peak_bytes) smallest = std::move(scattered);
  }
  if (options.budget_bytes && smallest.peak_bytes > *options.budget_bytes) {
    *error = "the arena takes at least " + std::to_string(smallest.peak_bytes) + " bytes, more than the " +
             std::to_string(*options.budget_bytes) + " that it may";
    return std::nullopt;
  }
  return smallest;
}

}  // namespace mote::compiler
