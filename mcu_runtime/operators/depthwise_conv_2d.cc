#include "mcu_runtime/kernels/depthwise_conv_2d.h"

#include "mcu_runtime/operators/convolution.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {

mote_status EvalDepthwiseConv2d(Invocation& op) {
  return RunConvolution(op, kDepthwise, DepthwiseConv2d, WeightsInFile);
}

}  // namespace mote::device
