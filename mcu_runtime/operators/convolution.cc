/* CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED: the operators with weights. */
#include "mcu_runtime/kernels/conv_2d.h"
#include "mcu_runtime/kernels/depthwise_conv_2d.h"
#include "mcu_runtime/kernels/fully_connected.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

/* Extents of an NHWC convolution along both axes. `filter` is [_, height, width, _]. */
mote_status SolveWindows(Invocation& op, int32_t padding, const TensorInfo& input, const TensorInfo& filter,
                         const TensorInfo& output, Window* vertical, Window* horizontal) {
  vertical->input = input.shape[1];
  vertical->output = output.shape[1];
  vertical->filter = filter.shape[1];
  horizontal->input = input.shape[2];
  horizontal->output = output.shape[2];
  horizontal->filter = filter.shape[2];
  mote_status status = SolveWindow(padding, vertical);
  if (status == MOTE_OK) status = SolveWindow(padding, horizontal);
  return status == MOTE_OK ? MOTE_OK : op.Fail(status, output);
}

}  // namespace

mote_status EvalConv2d(Invocation& op) {
  enum : uint32_t { kPadding, kStrideW, kStrideH, kActivation, kDilationW, kDilationH };
  TensorInfo input, weights, bias, output;
  MOTE_RETURN_IF_ERROR(op.Input(0, kInt8, &input));
  MOTE_RETURN_IF_ERROR(op.Weights(1, kInt8, 4, 0, &weights));
  MOTE_RETURN_IF_ERROR(op.Output(kInt8, &output));
  if (input.dimensions != 4) return op.Fail(MOTE_ERROR_SHAPE, input);
  if (output.dimensions != 4 || output.shape[0] != input.shape[0] || output.shape[3] != weights.shape[0]) {
    return op.Fail(MOTE_ERROR_SHAPE, output);
  }
  const int32_t channels = output.shape[3];
  const int32_t filter_channels = weights.shape[3];
  if (input.shape[3] % filter_channels != 0 || channels % (input.shape[3] / filter_channels) != 0) {
    return op.Fail(MOTE_ERROR_SHAPE, weights);
  }
  MOTE_RETURN_IF_ERROR(op.Bias(2, channels, kInt32, &bias));

  Conv2dParams p;
  p.batches = input.shape[0];
  p.input_channels = input.shape[3];
  p.filter_channels = filter_channels;
  p.output_channels = channels;
  p.vertical.stride = op.Option32(kStrideH, 0);
  p.vertical.dilation = op.Option32(kDilationH, 1);
  p.horizontal.stride = op.Option32(kStrideW, 0);
  p.horizontal.dilation = op.Option32(kDilationW, 1);
  MOTE_RETURN_IF_ERROR(SolveWindows(op, op.Option8(kPadding, 0), input, weights, output, &p.vertical, &p.horizontal));
  p.input_zero_point = static_cast<int16_t>(input.zero_point);
  MOTE_RETURN_IF_ERROR(op.Range(kActivation, output, &p.output));

  const int32_t taps = weights.elements / channels;
  ChannelTable table(&op.graph(), input, weights, bias, output, channels, taps, 1);
  if (op.verifying()) {
    const mote_status status = table.Verify();
    return status == MOTE_OK ? MOTE_OK : op.Fail(status, weights);
  }
  ChannelTerms terms[ChannelTable::kBlock];
  for (int32_t c = 0; c < channels; c += ChannelTable::kBlock) {
    table.Fill(c, terms);
    Conv2d(p, c, table.BlockSize(c), op.Data(input), op.Data(weights) + c * taps, terms, op.MutableData(output));
  }
  return MOTE_OK;
}

mote_status EvalDepthwiseConv2d(Invocation& op) {
  enum : uint32_t { kPadding, kStrideW, kStrideH, kDepthMultiplier, kActivation, kDilationW, kDilationH };
  TensorInfo input, weights, bias, output;
  MOTE_RETURN_IF_ERROR(op.Input(0, kInt8, &input));
  MOTE_RETURN_IF_ERROR(op.Weights(1, kInt8, 4, 3, &weights));
  MOTE_RETURN_IF_ERROR(op.Output(kInt8, &output));
  if (input.dimensions != 4) return op.Fail(MOTE_ERROR_SHAPE, input);
  if (output.dimensions != 4 || output.shape[0] != input.shape[0] || output.shape[3] != weights.shape[3]) {
    return op.Fail(MOTE_ERROR_SHAPE, output);
  }
  const int32_t channels = output.shape[3];
  if (weights.shape[0] != 1 || channels % input.shape[3] != 0) return op.Fail(MOTE_ERROR_SHAPE, weights);
  MOTE_RETURN_IF_ERROR(op.Bias(2, channels, kInt32, &bias));

  DepthwiseConv2dParams p;
  p.batches = input.shape[0];
  p.input_channels = input.shape[3];
  p.depth_multiplier = channels / input.shape[3];
  if (op.Option32(kDepthMultiplier, 0) != p.depth_multiplier) return op.Fail(MOTE_ERROR_OPTION, weights);
  p.vertical.stride = op.Option32(kStrideH, 0);
  p.vertical.dilation = op.Option32(kDilationH, 1);
  p.horizontal.stride = op.Option32(kStrideW, 0);
  p.horizontal.dilation = op.Option32(kDilationW, 1);
  MOTE_RETURN_IF_ERROR(SolveWindows(op, op.Option8(kPadding, 0), input, weights, output, &p.vertical, &p.horizontal));
  p.input_zero_point = static_cast<int16_t>(input.zero_point);
  MOTE_RETURN_IF_ERROR(op.Range(kActivation, output, &p.output));

  ChannelTable table(&op.graph(), input, weights, bias, output, channels, weights.elements / channels, channels);
  if (op.verifying()) {
    const mote_status status = table.Verify();
    return status == MOTE_OK ? MOTE_OK : op.Fail(status, weights);
  }
  ChannelTerms terms[ChannelTable::kBlock];
  for (int32_t c = 0; c < channels; c += ChannelTable::kBlock) {
    table.Fill(c, terms);
    DepthwiseConv2d(p, c, table.BlockSize(c), op.Data(input), op.Data(weights), terms, op.MutableData(output));
  }
  return MOTE_OK;
}

mote_status EvalFullyConnected(Invocation& op) {
  enum : uint32_t { kActivation, kWeightsFormat };
  TensorInfo input, weights, bias, output;
  MOTE_RETURN_IF_ERROR(op.Input(0, kInt8, &input));
  MOTE_RETURN_IF_ERROR(op.Weights(1, kInt8, 2, 0, &weights));
  MOTE_RETURN_IF_ERROR(op.Output(kInt8, &output));
  if (op.Option8(kWeightsFormat, 0) != 0) return op.Fail(MOTE_ERROR_OPTION, weights);
  FullyConnectedParams p;
  p.units = weights.shape[0];
  p.inputs = weights.shape[1];
  if (input.elements % p.inputs != 0) return op.Fail(MOTE_ERROR_SHAPE, weights);
  p.rows = input.elements / p.inputs;
  if (output.dimensions < 1 || output.last_dimension() != p.units || output.elements / p.units != p.rows) {
    return op.Fail(MOTE_ERROR_SHAPE, output);
  }
  MOTE_RETURN_IF_ERROR(op.Bias(2, p.units, kInt32, &bias));
  p.input_zero_point = static_cast<int16_t>(input.zero_point);
  MOTE_RETURN_IF_ERROR(op.Range(kActivation, output, &p.output));

  ChannelTable table(&op.graph(), input, weights, bias, output, p.units, p.inputs, 1);
  if (op.verifying()) {
    const mote_status status = table.Verify();
    return status == MOTE_OK ? MOTE_OK : op.Fail(status, weights);
  }
  ChannelTerms terms[ChannelTable::kBlock];
  for (int32_t u = 0; u < p.units; u += ChannelTable::kBlock) {
    table.Fill(u, terms);
    FullyConnected(p, u, table.BlockSize(u), op.Data(input), op.Data(weights) + u * p.inputs, terms,
                   op.MutableData(output));
  }
  return MOTE_OK;
}

}  // namespace mote::device
