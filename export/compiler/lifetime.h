// When rows are alive in an order of steps, and how many bytes that takes.
#ifndef MOTE_EXPORT_COMPILER_LIFETIME_H_
#define MOTE_EXPORT_COMPILER_LIFETIME_H_

#include <cstdint>
#include <vector>

#include "export/compiler/schedule.h"
#include "export/compiler/step_graph.h"

namespace mote::compiler {

// Times: 0 is before the first step, i + 1 step number i of the order, end_time after the last one.
struct Lifetimes {
  int end_time = 0;
  std::vector<int> birth;     // by row; -1: never alive here
  std::vector<int> death;     // by row: the last time at which it must be intact
  std::vector<int> capacity;  // by tensor: the least capacity of a ring that holds it
};

// `order`: all steps of the layers first ... end-1. What other layers wrote before or read after is alive at time 0 or
// end_time. With kWhole, all rows of a tensor live from the first birth to the last death.
Lifetimes FindLifetimes(const StepGraph& graph, const std::vector<int>& order, int first, int end, RowStorage storage);

// Bytes alive at each time, rows that may share bytes (RowUse::overwrite_lag) counted once. With kRings, a ring counts
// whole from its first row to its last one: an estimate, since other tensors may use its free slots; with the other
// storages a lower bound of every placement.
std::vector<int64_t> BytesAlive(const StepGraph& graph, const std::vector<int>& order, const Lifetimes& lifetimes,
                                RowStorage storage);

// The most of them.
int64_t MostBytesAlive(const StepGraph& graph, const std::vector<int>& order, const Lifetimes& lifetimes,
                       RowStorage storage);

// Sum of step_cost over the steps that do not follow a step of their own layer.
int64_t OrderCost(const StepGraph& graph, const std::vector<int>& order);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_LIFETIME_H_
