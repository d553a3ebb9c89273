/* What a mote_model holds. */
#ifndef MOTE_MCU_RUNTIME_MODEL_H_
#define MOTE_MCU_RUNTIME_MODEL_H_

#include "mcu_runtime/operators/operators.h"

namespace mote::device {

/* mote_model.state */
constexpr uint32_t kModelFresh = 0x45544f4du; /* until the first inference is done */
constexpr uint32_t kModelRun = 0x45544f4eu;

struct Model {
  Graph graph;
  Memory memory;
  const mote_operator* const* operators = nullptr;
  size_t own_bytes = 0;
  size_t state_at = 0; /* of the model's own memory: state is what stands from here to its end */
};
static_assert(sizeof(Model) <= sizeof(mote_model::internal), "a mote_model has room for it");

/* Null where none is loaded. Reading a model's file changes what is kept of errors: not for two callers at a time. */
Model* LoadedModel(const mote_model* model);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_MODEL_H_
