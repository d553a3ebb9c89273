/* Strides, dilations and paddings of convolutions and pools. */
#ifndef MOTE_MCU_RUNTIME_OPERATORS_WINDOW_H_
#define MOTE_MCU_RUNTIME_OPERATORS_WINDOW_H_

#include "mcu_runtime/kernels/window.h"
#include "mcu_runtime/operators/invocation.h"

namespace mote::device {

/* The two windows of an operator whose options begin with padding, width's and height's stride. Reads those and the
 * output's extents, computes the paddings, and checks that the output's extents are what filter, stride, dilation and
 * padding make of the input's. All else of the windows is set before. `output` is asked to be of `batches` and
 * `channels`. */
mote_status SolveWindows(Invocation& op, const TensorInfo& output, int32_t batches, int32_t channels, Window* vertical,
                         Window* horizontal);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_OPERATORS_WINDOW_H_
