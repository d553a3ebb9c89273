/* The order in which the rows of a streamed model are computed. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_ORDER_H_
#define MOTE_MCU_RUNTIME_COMPILED_ORDER_H_

#include <stdint.h>

namespace mote::compiled {

/* Computes row y of a layer; a layer's rows come in order. */
using StepFunction = void (*)(uint8_t* arena, int32_t y);

/* `order`, a table of bytes, is a list of entries:
 *   {layer, n}                       n rows of the layer
 *   {kOrderLoop, n, bytes, entries}  the entries, `bytes` long together, n times
 * rows[layer] counts those that are done. Loops stand in loops a few deep. */
constexpr uint8_t kOrderLoop = 255;

inline void RunOrder(const uint8_t* order, int32_t bytes, const StepFunction* steps, int16_t* rows, uint8_t* arena,
                     void (*hook)(int32_t layer) = nullptr) {
  for (const uint8_t* end = order + bytes; order != end;) {
    const uint8_t layer = order[0];
    if (layer == kOrderLoop) {
      for (int32_t n = order[1]; n > 0; --n) RunOrder(order + 3, order[2], steps, rows, arena, hook);
      order += 3 + order[2];
      continue;
    }
    for (int32_t n = order[1]; n > 0; --n) {
      steps[layer](arena, rows[layer]++);
      if (hook != nullptr) hook(layer);
    }
    order += 2;
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_ORDER_H_
