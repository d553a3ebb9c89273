// Decides in which order the steps of a network run and where every row lies, so that the arena is small.
//
// The order: the layers are cut into stretches. A stretch of one layer runs its rows one after the other, so its input
// and output are held whole (as far as rows are alive). A longer one is streamed: a row is computed when the row that
// needs it is about to be, so only the rows that windows still need are held. Nothing is computed twice. The cuts are
// found by a dynamic program over the most bytes alive at once; then the rows are placed (placement.h).
#ifndef MOTE_EXPORT_COMPILER_SCHEDULE_H_
#define MOTE_EXPORT_COMPILER_SCHEDULE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "export/compiler/row_network.h"

namespace mote::compiler {

// How rows of a tensor that is not held whole are addressed.
enum class RowStorage {
  kWhole,     // every tensor whole, all of it from its first written row to its last read one; nothing overlaps
  kRings,     // row r at base + ((first_slot + r) mod capacity) * row_bytes
  kScattered  // rows of tensors that would be rings stand anywhere: a table gives each its offset. Less RAM, more
              // flash; planned with kRings where that takes no more, or meets the budget
};

struct ScheduleOptions {
  bool stream = true;  // false: layer after layer (`speed`, `size`)
  RowStorage storage = RowStorage::kRings;
  std::optional<int64_t> budget_bytes;  // the order of least overhead whose arena fits; without it the smallest arena
};

// Step number `index` of layer `layer`.
struct Step {
  int layer = 0;
  int index = 0;
};

// Where a tensor lies. Nothing of it is set for kExternal tensors.
struct TensorPlace {
  int64_t offset = 0;                // of slot 0
  int capacity = 0;                  // rows held; the number of rows: held whole
  int first_slot = 0;                // row r is in slot (first_slot + r) mod capacity
  std::vector<int64_t> row_offsets;  // where scattered: the offset of each row, and capacity is 0
};

struct Schedule {
  std::vector<Step> steps;
  std::vector<TensorPlace> tensors;     // as in the network
  std::vector<int64_t> scratch_offset;  // by layer; -1: none
  std::vector<int64_t> state_offset;    // by layer; -1: none
  std::vector<int> stretch;             // by layer: the first layer of the stretch that it runs in
  int64_t peak_bytes = 0;               // the arena
  int64_t bound_bytes = 0;              // the most bytes alive at once in this order: no placement of it needs less
  bool is_least = false;                // peak_bytes is known to be the least for this order
  int64_t cost = 0;                     // sum of step_cost over the steps that do not follow a step of their own layer
};

// Offset of a row in the arena.
int64_t RowOffset(const RowNetwork& network, const Schedule& schedule, int tensor, int row);

// The most bytes alive at once while a layer's steps run, by layer: what to show where a budget cannot be met.
std::vector<int64_t> BytesByLayer(const RowNetwork& network, const Schedule& schedule);

// Plans a network that CheckNetwork accepts. Nothing, and a line in `error` with the smallest arena found, when the
// budget cannot be met. The result is a function of the arguments alone.
std::optional<Schedule> PlanSchedule(const RowNetwork& network, const ScheduleOptions& options, std::string* error);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_SCHEDULE_H_
