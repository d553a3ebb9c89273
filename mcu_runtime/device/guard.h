// Bytes of a known value before and after a model's arena: who writes outside of it changes them.
#ifndef MOTE_DEVICE_GUARD_H_
#define MOTE_DEVICE_GUARD_H_

#include <stdint.h>

namespace mote::device {

// MOTE_GUARD_BYTES on each side.
void PaintGuards(uint8_t* arena, uint32_t arena_bytes);

// False: the byte at `*offset` from the arena's begin was changed.
bool GuardsHold(const uint8_t* arena, uint32_t arena_bytes, int32_t* offset);

}  // namespace mote::device

#endif  // MOTE_DEVICE_GUARD_H_
