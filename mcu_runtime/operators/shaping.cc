/* RESHAPE, CONCATENATION, PAD: operators that move codes and change none. */
#include "mcu_runtime/kernels/copy.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {

mote_status EvalReshape(Invocation& op) {
  TensorInfo input, output, shape;
  MOTE_RETURN_IF_ERROR(op.Input(0, kInt8, &input));
  MOTE_RETURN_IF_ERROR(op.Output(kInt8, &output));
  /* The output's own shape counts; the shape that the operator states is only asked to be a constant. */
  if (op.HasInput(1)) MOTE_RETURN_IF_ERROR(op.Constant(1, kInt32, &shape));
  if (input.elements != output.elements) return op.Fail(MOTE_ERROR_SHAPE, output);
  if (!HaveTiedQuantization(input, output)) return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  if (op.verifying()) return MOTE_OK;
  const int8_t* source = op.Data(input);
  int8_t* target = op.MutableData(output);
  if (source != target) CopyRows(1, input.elements, source, 0, target, 0); /* of a constant */
  return MOTE_OK;
}

mote_status EvalConcatenation(Invocation& op) {
  enum : uint32_t { kAxis, kActivation };
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(op.Output(kInt8, &output));
  int32_t axis = op.Option32(kAxis, 0);
  if (axis < 0) axis += output.dimensions;
  if (axis < 0 || axis >= output.dimensions || op.Option8(kActivation, 0) != 0) {
    return op.Fail(MOTE_ERROR_OPTION, output);
  }
  int32_t outer = 1;
  int32_t inner = 1;
  for (int32_t d = 0; d < axis; ++d) outer *= output.shape[d];
  for (int32_t d = axis + 1; d < output.dimensions; ++d) inner *= output.shape[d];
  const int32_t output_step = output.shape[axis] * inner;
  int32_t filled = 0; /* along the axis */
  for (int32_t i = 0; i < op.input_count(); ++i) {
    MOTE_RETURN_IF_ERROR(op.Input(i, kInt8, &input));
    if (!HaveTiedQuantization(input, output)) return op.Fail(MOTE_ERROR_QUANTIZATION, input);
    if (input.dimensions != output.dimensions) return op.Fail(MOTE_ERROR_SHAPE, input);
    for (int32_t d = 0; d < output.dimensions; ++d) {
      if (d != axis && input.shape[d] != output.shape[d]) return op.Fail(MOTE_ERROR_SHAPE, input);
    }
    if (input.shape[axis] > output.shape[axis] - filled) return op.Fail(MOTE_ERROR_SHAPE, output);
    if (!op.verifying()) {
      const int32_t run = input.shape[axis] * inner;
      CopyRows(outer, run, op.Data(input), run, op.MutableData(output) + filled * inner, output_step);
    }
    filled += input.shape[axis];
  }
  return filled == output.shape[axis] ? MOTE_OK : op.Fail(MOTE_ERROR_SHAPE, output);
}

mote_status EvalPad(Invocation& op) {
  TensorInfo input, paddings, output;
  MOTE_RETURN_IF_ERROR(op.Input(0, kInt8, &input));
  MOTE_RETURN_IF_ERROR(op.Constant(1, kInt32, &paddings));
  MOTE_RETURN_IF_ERROR(op.Output(kInt8, &output));
  if (!HaveTiedQuantization(input, output)) return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  if (input.dimensions < 1 || input.dimensions != output.dimensions) return op.Fail(MOTE_ERROR_SHAPE, output);
  if (paddings.elements != 2 * input.dimensions) return op.Fail(MOTE_ERROR_SHAPE, paddings);
  int32_t step[MOTE_MAX_DIMENSIONS]; /* of the output, in elements */
  int32_t begin = 0;                 /* of the input's first element in the output */
  int32_t elements = 1;
  for (int32_t d = input.dimensions - 1; d >= 0; --d) {
    const uint8_t* pair = paddings.constant + 8 * d;
    const int64_t before = static_cast<int32_t>(LoadLittleEndian32(pair));
    const int64_t after = static_cast<int32_t>(LoadLittleEndian32(pair + 4));
    if (before < 0 || after < 0) return op.Fail(MOTE_ERROR_OPTION, paddings);
    if (before + input.shape[d] + after != output.shape[d]) return op.Fail(MOTE_ERROR_SHAPE, output);
    step[d] = elements;
    begin += static_cast<int32_t>(before) * elements;
    elements *= output.shape[d];
  }
  if (op.verifying()) return MOTE_OK;
  int8_t* target = op.MutableData(output);
  __builtin_memset(target, output.zero_point, static_cast<uint32_t>(output.elements));
  const int8_t* source = op.Data(input);
  const int32_t last = input.dimensions - 1;
  const int32_t run = input.shape[last];
  int32_t index[MOTE_MAX_DIMENSIONS] = {};
  for (int32_t done = 0; done < input.elements; done += run) {
    int32_t at = begin;
    for (int32_t d = 0; d < last; ++d) at += index[d] * step[d];
    CopyRows(1, run, source + done, 0, target + at, 0);
    for (int32_t d = last - 1; d >= 0 && ++index[d] == input.shape[d]; --d) index[d] = 0;
  }
  return MOTE_OK;
}

}  // namespace mote::device
