/* int4 weights: two a byte, the first in the low half. */
#ifndef MOTE_MCU_RUNTIME_KERNELS_INT4_H_
#define MOTE_MCU_RUNTIME_KERNELS_INT4_H_

#include <stdint.h>

namespace mote::device {

inline int32_t LoadInt4(const uint8_t* packed, int32_t index) {
  const uint32_t byte = packed[index >> 1];
  return static_cast<int8_t>((index & 1) != 0 ? byte & 0xf0u : byte << 4 & 0xf0u) >> 4;
}

/* `count` weights from `index` on. */
inline void UnpackInt4(const uint8_t* packed, int32_t index, int32_t count, int8_t* weights) {
  for (int32_t i = 0; i < count; ++i) weights[i] = static_cast<int8_t>(LoadInt4(packed, index + i));
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_INT4_H_
