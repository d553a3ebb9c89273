// Which stretches of the layers to stream.
#ifndef MOTE_EXPORT_COMPILER_STRETCHES_H_
#define MOTE_EXPORT_COMPILER_STRETCHES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "export/compiler/schedule.h"
#include "export/compiler/step_graph.h"

namespace mote::compiler {

// What a stretch of layers first ... end-1 takes. It does not depend on how the other layers are cut.
struct StretchCost {
  int64_t bytes = 0;  // the most alive at once
  int64_t cost = 0;   // Schedule::cost
};

// The ends of stretches, in order; the last one is the number of layers.
using Cuts = std::vector<int>;

class Stretches {
 public:
  // Weighs the stretches, short ones first, as long as it takes a bounded amount of work.
  Stretches(const StepGraph& graph, const ScheduleOptions& options);

  // The cuts with the least cost of those in which no stretch takes more than `limit` bytes.
  std::optional<Cuts> Cheapest(int64_t limit) const;

  // The cuts with the least sum of squared bytes: every stretch takes little, so there is room where they are placed.
  Cuts Leanest() const;

  // The least limit that Cheapest can meet.
  int64_t LeastBytes() const;

  // The most that a stretch of `cuts` takes; nothing where one of them was not weighed.
  std::optional<int64_t> Bytes(const Cuts& cuts) const;

  std::vector<int> Order(const Cuts& cuts) const;

 private:
  StretchCost Weigh(int first, int end) const;

  // The cuts with the least sum of weights; stretches of negative weight are left out.
  template <typename Weight>
  std::optional<Cuts> LeastSum(Weight weight) const;

  const StepGraph& graph_;
  const ScheduleOptions options_;
  std::map<std::pair<int, int>, StretchCost> costs_;  // by (end, first)
};

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_STRETCHES_H_
