#include "mcu_runtime/device/guard.h"

#include "mcu_runtime/device/job.h"

namespace mote::device {
namespace {

constexpr uint8_t kGuard = 0x5a;

}  // namespace

void PaintGuards(uint8_t* arena, uint32_t arena_bytes) {
  for (uint32_t i = 0; i < MOTE_GUARD_BYTES; ++i) {
    (arena - MOTE_GUARD_BYTES)[i] = kGuard;
    (arena + arena_bytes)[i] = kGuard;
  }
}

bool GuardsHold(const uint8_t* arena, uint32_t arena_bytes, int32_t* offset) {
  for (uint32_t i = 0; i < MOTE_GUARD_BYTES; ++i) {
    const int32_t offsets[2] = {static_cast<int32_t>(i) - static_cast<int32_t>(MOTE_GUARD_BYTES),
                                static_cast<int32_t>(arena_bytes + i)};
    for (const int32_t at : offsets) {
      if (arena[at] != kGuard) {
        *offset = at;
        return false;
      }
    }
  }
  return true;
}

}  // namespace mote::device
