#include "export/compiler/lifetime.h"

#include <algorithm>
#include <numeric>

namespace mote::compiler {
namespace {

// The least capacity so that a row is dead before the row that takes its slot is written.
int RingCapacity(const int* birth, const int* death, int rows) {
  for (int capacity = 1; capacity < rows; ++capacity) {
    bool fits = true;
    for (int r = 0; fits && r + capacity < rows; ++r) fits = death[r] < birth[r + capacity];
    if (fits) return capacity;
  }
  return rows;
}

// All rows live from the first birth of one that is alive to the last death.
void MakeWhole(int* birth, int* death, int rows) {
  int first = -1;
  for (int r = 0; r < rows; ++r) {
    if (birth[r] >= 0 && (first < 0 || birth[r] < first)) first = birth[r];
  }
  std::fill(birth, birth + rows, first);
  std::fill(death, death + rows, *std::max_element(death, death + rows));
}

class Counter {
 public:
  Counter(const StepGraph& graph, const Lifetimes& lifetimes)
      : graph_(graph), lifetimes_(lifetimes), change_(lifetimes.end_time + 2, 0) {}

  void AddTensor(int tensor, RowStorage storage) {
    const RowTensor& description = graph_.network().tensors[tensor];
    const int first = graph_.RowOf(tensor, 0), end = first + description.rows;
    const int capacity = lifetimes_.capacity[tensor];
    if (storage == RowStorage::kRings && capacity > 1 && capacity < description.rows) {
      const int last_death = *std::max_element(&lifetimes_.death[first], &lifetimes_.death[end - 1] + 1);
      Add(lifetimes_.birth[first], last_death, capacity * description.row_bytes);
      return;
    }
    for (int row = first; row < end; ++row) {
      if (lifetimes_.birth[row] >= 0) Add(lifetimes_.birth[row], lifetimes_.death[row], description.row_bytes);
    }
  }

  void AddMemoryOfLayers(const std::vector<int>& order) {
    for (size_t i = 0; i < order.size(); ++i) {
      const auto [index, step] = graph_.StepAt(order[i]);
      const RowLayer& layer = graph_.network().layers[index];
      const int time = static_cast<int>(i) + 1;
      Add(time, time, layer.scratch_bytes);
      if (step == 0) change_[time] += layer.state_bytes;
      if (step == layer.steps - 1) change_[time + 1] -= layer.state_bytes;
    }
  }

  void TakeOffSharedBytes(const std::vector<int>& order) {
    for (size_t i = 0; i < order.size(); ++i) {
      const int time = static_cast<int>(i) + 1;
      const int64_t bytes = SharedBytes(graph_.StepAt(order[i]), time);
      Add(time, time, -bytes);
    }
  }

  // At each time.
  std::vector<int64_t> Bytes() const {
    std::vector<int64_t> bytes(change_.size() - 1);
    std::partial_sum(change_.begin(), change_.end() - 1, bytes.begin());
    return bytes;
  }

 private:
  void Add(int from, int to, int64_t bytes) {
    change_[from] += bytes;
    change_[to + 1] -= bytes;
  }

  // Bytes of rows that the step reads last and that its output may share, at most.
  int64_t SharedBytes(Step step, int time) const {
    const RowLayer& layer = graph_.network().layers[step.layer];
    int64_t written = 0, shared = 0;
    for (const RowUse& output : layer.outputs) {
      if (graph_.InArena(output.tensor)) {
        written += output.rows[step.index].count * graph_.network().tensors[output.tensor].row_bytes;
      }
    }
    for (const RowUse& input : layer.inputs) {
      if (!input.overwrite_lag || !graph_.InArena(input.tensor)) continue;
      int64_t dying = 0;
      const RowRange& range = input.rows[step.index];
      for (int k = 0; k < range.count; ++k) {
        if (lifetimes_.death[graph_.RowOf(input.tensor, range.Row(k))] == time) ++dying;
      }
      const int64_t most = written - std::max<int64_t>(*input.overwrite_lag, 0);
      shared +=
          std::clamp<int64_t>(dying * graph_.network().tensors[input.tensor].row_bytes, 0, std::max<int64_t>(most, 0));
    }
    return std::min(shared, written);
  }

  const StepGraph& graph_;
  const Lifetimes& lifetimes_;
  std::vector<int64_t> change_;  // of bytes alive, from one time to the next
};

}  // namespace

Lifetimes FindLifetimes(const StepGraph& graph, const std::vector<int>& order, int first, int end, RowStorage storage) {
  Lifetimes result;
  result.end_time = static_cast<int>(order.size()) + 1;
  result.birth.assign(graph.rows(), -1);
  result.death.assign(graph.rows(), -1);
  result.capacity.assign(graph.tensors(), 0);
  for (int row = 0; row < graph.rows(); ++row) {
    const int writer = graph.WriterLayer(row), last = graph.LastReaderLayer(row);
    const bool is_input = writer == StepGraph::kBeforeFirst && first == 0;
    if (writer < first && (last >= first || is_input)) result.birth[row] = result.death[row] = 0;
  }
  for (size_t i = 0; i < order.size(); ++i) {
    const int time = static_cast<int>(i) + 1;
    for (const int row : graph.Reads(order[i])) result.death[row] = time;
    for (const int row : graph.Writes(order[i])) result.birth[row] = result.death[row] = time;
  }
  for (int tensor = 0; tensor < graph.tensors(); ++tensor) {
    const RowTensor& description = graph.network().tensors[tensor];
    const int first_row = graph.RowOf(tensor, 0);
    bool alive = false;
    for (int row = first_row; row < first_row + description.rows; ++row) {
      if (!graph.InArena(tensor)) result.birth[row] = -1;
      if (result.birth[row] >= 0 && graph.LastReaderLayer(row) >= end) result.death[row] = result.end_time;
      alive = alive || result.birth[row] >= 0;
    }
    if (!alive) continue;
    int* birth = &result.birth[first_row];
    int* death = &result.death[first_row];
    const bool whole = description.contiguous || description.kind != RowTensor::Kind::kActivation ||
                       graph.WriterLayer(first_row) < first;
    if (storage == RowStorage::kWhole) MakeWhole(birth, death, description.rows);
    result.capacity[tensor] =
        whole || storage == RowStorage::kWhole ? description.rows : RingCapacity(birth, death, description.rows);
  }
  return result;
}

std::vector<int64_t> BytesAlive(const StepGraph& graph, const std::vector<int>& order, const Lifetimes& lifetimes,
                                RowStorage storage) {
  Counter counter(graph, lifetimes);
  for (int tensor = 0; tensor < graph.tensors(); ++tensor) {
    if (lifetimes.capacity[tensor] > 0) counter.AddTensor(tensor, storage);
  }
  counter.AddMemoryOfLayers(order);
  if (storage != RowStorage::kWhole) counter.TakeOffSharedBytes(order);
  return counter.Bytes();
}

int64_t MostBytesAlive(const StepGraph& graph, const std::vector<int>& order, const Lifetimes& lifetimes,
                       RowStorage storage) {
  const std::vector<int64_t> bytes = BytesAlive(graph, order, lifetimes, storage);
  return *std::max_element(bytes.begin(), bytes.end());
}

int64_t OrderCost(const StepGraph& graph, const std::vector<int>& order) {
  int64_t cost = 0;
  int previous = -1;
  for (const int step : order) {
    const int layer = graph.StepAt(step).layer;
    if (layer != previous) cost += graph.network().layers[layer].step_cost;
    previous = layer;
  }
  return cost;
}

}  // namespace mote::compiler
