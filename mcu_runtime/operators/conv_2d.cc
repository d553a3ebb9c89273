/* CONV_2D, FULLY_CONNECTED. */
#include "mcu_runtime/kernels/conv_2d.h"

#include "mcu_runtime/operators/convolution.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {

mote_status EvalConv2d(Invocation& op) { return RunConvolution(op, kConv, Conv2d, WeightsInFile); }
mote_status EvalFullyConnected(Invocation& op) { return RunConvolution(op, kDense, Conv2d, WeightsInFile); }

}  // namespace mote::device
