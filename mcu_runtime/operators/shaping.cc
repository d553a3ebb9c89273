/* RESHAPE, SQUEEZE, EXPAND_DIMS, TRANSPOSE, SPACE_TO_DEPTH, DEPTH_TO_SPACE: elements of any type keep their values and
 * take another shape. The first three keep their places too, and share their input's memory. */
#include "mcu_runtime/operators/moving.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

/* Constants are copied; an activation lies there already. */
mote_status Share(const Invocation& op, const TensorInfo& input, const TensorInfo& output) {
  if (op.verifying()) return MOTE_OK;
  const uint8_t* source = op.Data<uint8_t>(input);
  uint8_t* target = op.MutableData<uint8_t>(output);
  if (source != target) MOTE_RUN((target, source, static_cast<int32_t>(input.bytes)), CopyBytes);
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolveTranspose(Invocation& op, Move* move) {
  TensorInfo input, output;
  Indices permutation;
  MOTE_RETURN_IF_ERROR(ReadMoved(op, &input, &output));
  MOTE_RETURN_IF_ERROR(ReadIndices(op, 1, &permutation));
  if (permutation.count != input.dimensions || output.dimensions != input.dimensions) {
    return op.Fail(MOTE_ERROR_SHAPE, output);
  }
  const int32_t bytes = ElementBytes(input);
  int32_t step[MOTE_MAX_DIMENSIONS]; /* of the input, in bytes */
  int32_t size = bytes;
  for (int32_t d = input.dimensions - 1; d >= 0; --d) {
    step[d] = size;
    size *= input.shape[d];
  }
  move->copy.run = bytes;
  uint32_t seen = 0;
  size = bytes;
  for (int32_t d = output.dimensions - 1; d >= 0; --d) {
    const int32_t from = permutation.At(d);
    if (from < 0 || from >= input.dimensions || (seen >> from & 1) != 0) {
      return permutation.Fail(op, MOTE_ERROR_OPTION);
    }
    seen |= uint32_t{1} << from;
    if (output.shape[d] != input.shape[from]) return op.Fail(MOTE_ERROR_SHAPE, output);
    move->copy.AddAxis(output.shape[d], step[from], size);
    size *= output.shape[d];
  }
  move->Place(op, input, 0, output, 0);
  return MOTE_OK;
}

/* `deep` has the blocks of `wide`, of block x block pixels, as its pixels. */
MOTE_NOINLINE mote_status SolveBlocks(Invocation& op, bool to_depth, Move* move) {
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(ReadMoved(op, &input, &output));
  if (input.dimensions != 4) return op.Fail(MOTE_ERROR_SHAPE, input);
  const TensorInfo& wide = to_depth ? input : output;
  const TensorInfo& deep = to_depth ? output : input;
  const int64_t block = op.Option32(0, 0);
  if (block < 1) return op.Fail(MOTE_ERROR_OPTION, input);
  if (output.dimensions != 4 || wide.shape[0] != deep.shape[0] || wide.shape[1] != deep.shape[1] * block ||
      wide.shape[2] != deep.shape[2] * block || deep.shape[3] != wide.shape[3] * (block * block)) {
    return op.Fail(MOTE_ERROR_SHAPE, output);
  }
  const int32_t b = static_cast<int32_t>(block);
  const int32_t bytes = ElementBytes(input);
  const int32_t run = b * wide.shape[3] * bytes; /* of a block's row: side by side in both */
  const int32_t wide_row = deep.shape[2] * run;
  const int32_t deep_row = b * wide_row;
  const struct {
    int32_t size, wide_step, deep_step;
  } axes[] = {{b, wide_row, run}, {deep.shape[2], run, b * run}, {deep.shape[1] * deep.shape[0], deep_row, deep_row}};
  move->copy.run = run;
  for (const auto& axis : axes) {
    if (to_depth) {
      move->copy.AddAxis(axis.size, axis.wide_step, axis.deep_step);
    } else {
      move->copy.AddAxis(axis.size, axis.deep_step, axis.wide_step);
    }
  }
  move->Place(op, input, 0, output, 0);
  return MOTE_OK;
}

mote_status EvalBlocks(Invocation& op, bool to_depth) {
  Move move;
  MOTE_RETURN_IF_ERROR(SolveBlocks(op, to_depth, &move));
  if (!op.verifying()) RunMove(move);
  return MOTE_OK;
}

}  // namespace

mote_status EvalReshape(Invocation& op) {
  TensorInfo input, output;
  /* The output's own shape counts; the shape that the operator states is only asked to be a constant. */
  if (op.HasInput(1)) MOTE_RETURN_IF_ERROR(op.Constant(1, kInt32, &input));
  MOTE_RETURN_IF_ERROR(ReadMoved(op, &input, &output));
  if (input.elements != output.elements) return op.Fail(MOTE_ERROR_SHAPE, output);
  return Share(op, input, output);
}

mote_status EvalSqueeze(Invocation& op) {
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(ReadMoved(op, &input, &output));
  const Vector axes = op.OptionVector(0, 4);
  if (axes.size > MOTE_MAX_DIMENSIONS) return op.Fail(MOTE_ERROR_OPTION, input);
  for (uint32_t i = 0; i < axes.size; ++i) {
    int32_t axis = 0;
    MOTE_RETURN_IF_ERROR(ReadAxis(op, op.graph().file.ElementI32(axes, i), input, &axis));
    if (input.shape[axis] != 1) return op.Fail(MOTE_ERROR_SHAPE, input);
  }
  if (output.dimensions > input.dimensions || !HasRemainingShape(output, input, 0)) {
    return op.Fail(MOTE_ERROR_SHAPE, output);
  }
  return Share(op, input, output);
}

mote_status EvalExpandDims(Invocation& op) {
  TensorInfo input, output;
  int32_t value = 0;
  MOTE_RETURN_IF_ERROR(ReadIndex(op, 1, &value));
  MOTE_RETURN_IF_ERROR(ReadMoved(op, &input, &output));
  int32_t axis = 0;
  MOTE_RETURN_IF_ERROR(ReadAxis(op, value, output, &axis));
  if (output.dimensions != input.dimensions + 1 || output.shape[axis] != 1 || !HasRemainingShape(output, input, 0)) {
    return op.Fail(MOTE_ERROR_SHAPE, output);
  }
  return Share(op, input, output);
}

mote_status EvalTranspose(Invocation& op) {
  Move move;
  MOTE_RETURN_IF_ERROR(SolveTranspose(op, &move));
  if (!op.verifying()) RunMove(move);
  return MOTE_OK;
}

mote_status EvalSpaceToDepth(Invocation& op) { return EvalBlocks(op, true); }
mote_status EvalDepthToSpace(Invocation& op) { return EvalBlocks(op, false); }

}  // namespace mote::device
