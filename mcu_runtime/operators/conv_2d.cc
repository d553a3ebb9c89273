/* CONV_2D, FULLY_CONNECTED. */
#include "mcu_runtime/kernels/conv_2d.h"

#include "mcu_runtime/operators/convolution.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {

MOTE_NOINLINE mote_status SolveFullyConnected(Invocation& op, const ConvolutionTypes& types, ConvolutionPlan* plan) {
  enum : uint32_t { kActivation, kWeightsFormat };
  ConvolutionParams& p = plan->p;
  plan->depthwise = false;
  TensorInfo tensor;
  MOTE_RETURN_IF_ERROR(PlanInput(op, types, &tensor, plan));
  const int32_t elements = tensor.elements;
  MOTE_RETURN_IF_ERROR(PlanWeights(op, types, 2, 0, &tensor, plan));
  if (op.Option8(kWeightsFormat, 0) != 0) return MOTE_ERROR_OPTION;
  p.input_channels = p.filter_channels = tensor.shape[1];
  p.batches = elements / p.input_channels;
  if (p.batches * p.input_channels != elements) return MOTE_ERROR_SHAPE;
  MOTE_RETURN_IF_ERROR(PlanBias(op, types, &tensor, plan));
  MOTE_RETURN_IF_ERROR(PlanOutput(op, types, kActivation, &tensor, plan));
  if (tensor.dimensions < 1 || tensor.last_dimension() != p.output_channels ||
      tensor.elements / p.output_channels != p.batches) {
    return MOTE_ERROR_SHAPE;
  }
  p.vertical = p.horizontal = {1, 1, 1, 1, 1, 0};
  return MOTE_OK;
}

mote_status EvalConv2d(Invocation& op) { return RunConvolution(op, SolveConv2d, Conv2d, WeightsInFile); }
mote_status EvalFullyConnected(Invocation& op) {
  return RunConvolution(op, SolveFullyConnected, Conv2d, WeightsInFile);
}

}  // namespace mote::device
