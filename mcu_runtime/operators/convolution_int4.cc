/* CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED with int4 weights: a block of them at a time becomes int8. */
#include "mcu_runtime/kernels/conv_2d.h"
#include "mcu_runtime/kernels/depthwise_conv_2d.h"
#include "mcu_runtime/kernels/int4.h"
#include "mcu_runtime/operators/convolution.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

void Unpack(const ConvolutionPlan& plan, ConvolutionBlock* block) {
  const ConvolutionParams& p = plan.p;
  int8_t* unpacked = block->patches + PatchBytes(plan);
  block->weights = unpacked;
  block->weights_step = block->count;
  if (!plan.depthwise) return UnpackInt4(plan.weights, block->first * p.taps(), block->count * p.taps(), unpacked);
  for (int32_t tap = 0; tap < p.taps(); ++tap, unpacked += block->count) {
    UnpackInt4(plan.weights, tap * p.output_channels + block->first, block->count, unpacked);
  }
}

}  // namespace

mote_status EvalConv2dInt4(Invocation& op) { return RunConvolution(op, kConv, Conv2d, Unpack); }
mote_status EvalDepthwiseConv2dInt4(Invocation& op) { return RunConvolution(op, kDepthwise, DepthwiseConv2d, Unpack); }
mote_status EvalFullyConnectedInt4(Invocation& op) { return RunConvolution(op, kDense, Conv2d, Unpack); }

}  // namespace mote::device
