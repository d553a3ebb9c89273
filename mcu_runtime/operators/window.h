/* Strides, dilations and paddings of convolutions and pools. */
#ifndef MOTE_MCU_RUNTIME_OPERATORS_WINDOW_H_
#define MOTE_MCU_RUNTIME_OPERATORS_WINDOW_H_

#include "mcu_runtime/kernels/window.h"
#include "mcu_runtime/mote_runtime.h"

namespace mote::device {

enum Padding : int32_t { kPaddingSame = 0, kPaddingValid = 1 };

/* Sets window->padding, and checks that the output's extent is what filter, stride, dilation and padding make of the
 * input's. All but `padding` are set before. */
mote_status SolveWindow(int32_t padding, Window* window);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_OPERATORS_WINDOW_H_
