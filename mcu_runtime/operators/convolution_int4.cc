/* CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED with int4 weights: a block of them at a time becomes int8. */
#include "mcu_runtime/kernels/conv_2d.h"
#include "mcu_runtime/kernels/depthwise_conv_2d.h"
#include "mcu_runtime/kernels/int4.h"
#include "mcu_runtime/operators/convolution.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

uint32_t Unpack(const ConvolutionPlan& plan, ConvolutionBlock* block) {
  const ConvolutionParams& p = plan.p;
  const int32_t taps = p.taps();
  if (block == nullptr) {
    const int32_t most = p.output_channels < kUnpackedChannels ? p.output_channels : kUnpackedChannels;
    return static_cast<uint32_t>(most) * static_cast<uint32_t>(taps);
  }
  int8_t* unpacked = block->patches + PatchBytes(plan);
  block->weights = unpacked;
  block->weights_step = block->count;
  if (plan.depthwise) {
    for (int32_t tap = 0; tap < taps; ++tap, unpacked += block->count) {
      UnpackInt4(plan.weights, tap * p.output_channels + block->first, block->count, unpacked);
    }
  } else {
    UnpackInt4(plan.weights, block->first * taps, block->count * taps, unpacked);
  }
  return 0;
}

}  // namespace

mote_status EvalConv2dInt4(Invocation& op) { return RunConvolution(op, kConv, Conv2d, Unpack); }
mote_status EvalDepthwiseConv2dInt4(Invocation& op) { return RunConvolution(op, kDepthwise, DepthwiseConv2d, Unpack); }
mote_status EvalFullyConnectedInt4(Invocation& op) { return RunConvolution(op, kDense, Conv2d, Unpack); }

}  // namespace mote::device
