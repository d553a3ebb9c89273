// The order of steps in few bytes, as nested loops.
#ifndef MOTE_EXPORT_COMPILER_COMPACT_ORDER_H_
#define MOTE_EXPORT_COMPILER_COMPACT_ORDER_H_

#include <cstddef>
#include <vector>

#include "export/compiler/schedule.h"

namespace mote::compiler {

// Runs `count` times: one step of `layer` (a layer's steps come in order, so their numbers need not be said), or
// `body`.
struct OrderLoop {
  int count = 1;
  int layer = -1;               // -1: body
  std::vector<OrderLoop> body;  // empty where layer is given
};

std::vector<OrderLoop> CompactOrder(const std::vector<Step>& steps);

// The layers that the loops run, step by step: the inverse of CompactOrder.
std::vector<int> ExpandOrder(const std::vector<OrderLoop>& loops);

// Bytes of the loops as a table: two (layer, count) for each step that is repeated, one for a single step, two for a
// loop of loops (count, length).
size_t OrderBytes(const std::vector<OrderLoop>& loops);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_COMPACT_ORDER_H_
