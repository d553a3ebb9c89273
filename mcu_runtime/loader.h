/* Verifies a graph, operator by operator, and plans its memory. */
#ifndef MOTE_MCU_RUNTIME_LOADER_H_
#define MOTE_MCU_RUNTIME_LOADER_H_

#include "mcu_runtime/model.h"
#include "mcu_runtime/planner.h"

namespace mote::device {

/* The operator's row in a list that ends with null, or null; why there is none is in the file's status then. */
const mote_operator* FindOperator(const mote_operator* const* operators, Graph* graph, const OperatorInfo& op);

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
  /* The model's graph is open, and its operators are set; its memory is set by Run, as far as loading goes. */
  Loader(Model* model, const PlanMemory& memory, mote_fault* fault)
      : model_(*model), graph_(model->graph), memory_(model->memory), plan_(memory), fault_(*fault) {}

  /* Afterwards the model's own memory holds {offset of each tensor} {offset of each scratch} {state}. */
  mote_status Run(mote_memory* needed);

 private:
  mote_status Fail(mote_status status, int32_t tensor) {
    fault_.tensor = tensor;
    return status;
  }
  mote_status TooSmall() const { return plan_.only_size ? MOTE_ERROR_LIMIT : MOTE_ERROR_ARENA_TOO_SMALL; }
  mote_status NewBlock(uint32_t bytes, uint32_t time, bool is_scratch, uint32_t* number);
  mote_status Define(int32_t index, uint32_t time);
  mote_status Use(int32_t index, uint32_t time);
  mote_status CheckOperator(uint32_t index);
  mote_status KeepOutputs();
  mote_status ShareMemory();
  Block* BlockOf(int32_t tensor);

  Model& model_;
  Graph& graph_;
  Memory& memory_;
  const PlanMemory& plan_;
  mote_fault& fault_;
  Block* blocks_ = nullptr;
  size_t most_blocks_ = 0;
  uint32_t count_ = 0;
  uint32_t scratches_ = 0;
};

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_LOADER_H_
