// The compiled models of a program that measures them: a table that the host writes from their headers.
#ifndef MOTE_DEVICE_COMPILED_MODELS_H_
#define MOTE_DEVICE_COMPILED_MODELS_H_

#include <stdint.h>

#include "mcu_runtime/device/job.h"

namespace mote::device {

struct TensorPlace {
  uint32_t offset;  // in the arena
  uint32_t bytes;
};

struct CompiledModel {
  uint32_t arena_bytes;
  uint8_t* fed_input;  // where the input stands of a model that is given it row by row; null: in the arena
  const TensorPlace* inputs;
  uint32_t input_count;
  const TensorPlace* outputs;
  uint32_t output_count;
  void (*invoke)(void* arena);
  void (*reset)(void* arena);                   // null: the network has no state
  void (**hook)(void* context, int32_t layer);  // null: compiled without a hook
  uint32_t layer_count;                         // that the hook is called with
  uint32_t counted_step = 0;                    // of a sample's steps, that whose instructions are counted
};
extern const CompiledModel kCompiledModels[];
extern const uint32_t kCompiledModelCount;

// As large as the largest arena, and MOTE_GUARD_BYTES before and after it; aligned to 16.
extern uint8_t compiled_arena[];
// One a layer of the model that has most.
extern mote_count compiled_layers[];

}  // namespace mote::device

#endif  // MOTE_DEVICE_COMPILED_MODELS_H_
