/* How the C API's functions come to a loaded model's graph. */
#ifndef MOTE_MCU_RUNTIME_ACCESS_H_
#define MOTE_MCU_RUNTIME_ACCESS_H_

#include "mcu_runtime/graph.h"

namespace mote::device {

/* mote_model.state */
constexpr uint32_t kModelFresh = 0x45544f4du; /* until the first inference is done */
constexpr uint32_t kModelRun = 0x45544f4eu;

mote_status OpenLoaded(const mote_model* model, Graph* graph);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_ACCESS_H_
