/* CONCATENATION, RESHAPE and PAD move codes and change none. */
#ifndef MOTE_MCU_RUNTIME_KERNELS_COPY_H_
#define MOTE_MCU_RUNTIME_KERNELS_COPY_H_

#include <stdint.h>

namespace mote::device {

/* `rows` runs of `run` bytes; in source and target they begin a step of so many bytes apart. */
inline void CopyRows(int32_t rows, int32_t run, const int8_t* source, int32_t source_step, int8_t* target,
                     int32_t target_step) {
  for (int32_t r = 0; r < rows; ++r) {
    __builtin_memcpy(target + r * target_step, source + r * source_step, static_cast<uint32_t>(run));
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_COPY_H_
