/* CONV_2D, FULLY_CONNECTED. */
#include "mcu_runtime/kernels/conv_2d.h"

#include "mcu_runtime/operators/convolution.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {

mote_status SolveFullyConnected(Invocation& op, const ConvolutionTypes& types, ConvolutionTensors* t,
                                ConvolutionParams* p) {
  enum : uint32_t { kActivation, kWeightsFormat };
  const TensorInfo &input = t->input, &weights = t->weights, &output = t->output;
  MOTE_RETURN_IF_ERROR(op.Input(0, types.activations, &t->input));
  MOTE_RETURN_IF_ERROR(op.Weights(1, types.weights, 2, 0, &t->weights));
  MOTE_RETURN_IF_ERROR(op.Output(types.activations, &t->output));
  if (op.Option8(kWeightsFormat, 0) != 0) return op.Fail(MOTE_ERROR_OPTION, weights);
  const int32_t units = weights.shape[0];
  const int32_t inputs = weights.shape[1];
  const int32_t rows = input.elements / inputs;
  if (rows * inputs != input.elements) return op.Fail(MOTE_ERROR_SHAPE, weights);
  if (output.dimensions < 1 || output.last_dimension() != units || output.elements / units != rows) {
    return op.Fail(MOTE_ERROR_SHAPE, output);
  }
  MOTE_RETURN_IF_ERROR(op.Bias(2, units, types.bias, &t->bias));
  p->batches = rows;
  p->input_channels = p->filter_channels = inputs;
  p->output_channels = units;
  p->vertical = p->horizontal = {1, 1, 1, 1, 1, 0};
  p->input_zero_point = input.zero_point;
  return op.Range(kActivation, output, &p->output);
}

mote_status EvalConv2d(Invocation& op) { return RunConvolution(op, {SolveConv2d, Conv2d, false, kInt8, nullptr}); }
mote_status EvalFullyConnected(Invocation& op) {
  return RunConvolution(op, {SolveFullyConnected, Conv2d, false, kInt8, nullptr});
}

}  // namespace mote::device
