/* MAXIMUM and MINIMUM, plain. Inputs and output share scale and zero point, so that codes are compared as they are. */
#ifndef MOTE_MCU_RUNTIME_KERNELS_MAXIMUM_H_
#define MOTE_MCU_RUNTIME_KERNELS_MAXIMUM_H_

#include "mcu_runtime/kernels/elementwise.h"

namespace mote::device {

struct MaximumFunction {
  int32_t operator()(int32_t x, int32_t y) const { return x > y ? x : y; }
};

struct MinimumFunction {
  int32_t operator()(int32_t x, int32_t y) const { return x < y ? x : y; }
};

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_MAXIMUM_H_
