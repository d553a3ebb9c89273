/* Verifies a graph, operator by operator, and plans its memory. */
#ifndef MOTE_MCU_RUNTIME_LOADER_H_
#define MOTE_MCU_RUNTIME_LOADER_H_

#include "mcu_runtime/graph.h"
#include "mcu_runtime/operators/operators.h"
#include "mcu_runtime/planner.h"

namespace mote::device {

/* The operator's row in a list that ends with null, or null; `*status`: why there is none. */
const mote_operator* FindOperator(const mote_operator* const* operators, Graph* graph, const OperatorInfo& op,
                                  mote_status* status);

/* Where a plan is made, and what it is made for. */
struct PlanMemory {
  uint32_t* own;
  size_t own_size;
  uint8_t* shared; /* null: it follows `own` in one arena */
  size_t shared_size;
  bool only_size; /* the memory is for planning only: do not ask whether the model fits */
};

class Loader {
 public:
  Loader(Graph* graph, const mote_operator* const* operators, const PlanMemory& memory, mote_fault* fault)
      : graph_(*graph), operators_(operators), plan_(memory), fault_(*fault) {}

  /* Afterwards the model's own memory holds {offset of each tensor} {offset of each scratch} {state}. */
  mote_status Run(mote_memory* needed);
  uint32_t state_bytes() const { return memory_.state_bytes; }

 private:
  mote_status Fail(mote_status status, int32_t tensor) {
    fault_.tensor = tensor;
    return status;
  }
  mote_status NewBlock(uint32_t bytes, uint32_t time, uint32_t* number);
  mote_status Define(int32_t index, uint32_t time);
  mote_status Use(int32_t index, uint32_t time);
  mote_status CheckOperator(uint32_t index);
  mote_status KeepOutputs();
  mote_status ShareMemory();
  Block* BlockOf(int32_t tensor);

  Graph& graph_;
  const mote_operator* const* operators_;
  const PlanMemory& plan_;
  mote_fault& fault_;
  Memory memory_;
  Block* blocks_ = nullptr;
  size_t most_blocks_ = 0;
  uint32_t count_ = 0;
  uint32_t scratches_ = 0;
};

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_LOADER_H_
