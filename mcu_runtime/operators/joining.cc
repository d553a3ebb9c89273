/* CONCATENATION, PACK, SPLIT, SPLIT_V, UNPACK: parts that lie one behind the other along an axis of a whole. */
#include "mcu_runtime/operators/moving.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

struct Parts {
  bool joined;    /* parts are inputs, the whole is the output; else the other way round */
  bool stacked;   /* parts lack the axis */
  int32_t whole;  /* position */
  int32_t axis;   /* negative: from the whole's end */
  int32_t count;  /* of parts */
  int32_t filled; /* of the whole's axis, so far */
};

MOTE_NOINLINE mote_status SolvePart(Invocation& op, int32_t position, Parts* parts, Move* move) {
  TensorInfo whole, part;
  if (parts->joined) {
    MOTE_RETURN_IF_ERROR(MovedOutput(op, parts->whole, &whole));
    MOTE_RETURN_IF_ERROR(MovedInput(op, position, &part));
  } else {
    MOTE_RETURN_IF_ERROR(MovedInput(op, parts->whole, &whole));
    MOTE_RETURN_IF_ERROR(MovedOutput(op, position, &part));
  }
  MOTE_RETURN_IF_ERROR(RequireTied(op, part, whole));
  int32_t axis = 0;
  MOTE_RETURN_IF_ERROR(ReadAxis(op, parts->axis, whole, &axis));
  if (part.dimensions != whole.dimensions - (parts->stacked ? 1 : 0)) return op.Fail(MOTE_ERROR_SHAPE, part);
  int32_t outer = 1;
  int32_t inner = ElementBytes(part);
  for (int32_t d = 0; d < whole.dimensions; ++d) {
    if (d == axis) continue;
    const int32_t extent = part.shape[parts->stacked && d > axis ? d - 1 : d];
    if (extent != whole.shape[d]) return op.Fail(MOTE_ERROR_SHAPE, part);
    if (d < axis) outer *= extent;
    if (d > axis) inner *= extent;
  }
  const int32_t extent = parts->stacked ? 1 : part.shape[axis];
  if (extent > whole.shape[axis] - parts->filled) return op.Fail(MOTE_ERROR_SHAPE, part);
  if (position == parts->count - 1 && parts->filled + extent != whole.shape[axis]) {
    return op.Fail(MOTE_ERROR_SHAPE, whole);
  }
  const int32_t begin = parts->filled * inner;
  const int32_t run = extent * inner;
  const int32_t whole_step = whole.shape[axis] * inner;
  parts->filled += extent;
  move->copy = StridedCopyParams::Of(run);
  if (parts->joined) {
    move->copy.AddAxis(outer, run, whole_step);
    move->Place(op, part, 0, whole, begin);
  } else {
    move->copy.AddAxis(outer, whole_step, run);
    move->Place(op, whole, begin, part, 0);
  }
  return MOTE_OK;
}

mote_status MoveParts(Invocation& op, Parts* parts) {
  for (int32_t i = 0; i < parts->count; ++i) {
    Move move;
    MOTE_RETURN_IF_ERROR(SolvePart(op, i, parts, &move));
    if (!op.verifying()) RunMove(move);
  }
  return MOTE_OK;
}

mote_status ReadSplitAxis(Invocation& op, int32_t position, Parts* parts) {
  return op.Option32(0, 0) == parts->count ? ReadIndex(op, position, &parts->axis) : MOTE_ERROR_OPTION;
}

/* All parts of SPLIT are of one size. */
MOTE_NOINLINE mote_status CheckEqualParts(Invocation& op, int32_t value) {
  TensorInfo first, part;
  MOTE_RETURN_IF_ERROR(op.RawOutput(kAllTypes, &first, 0));
  int32_t axis = 0;
  MOTE_RETURN_IF_ERROR(ReadAxis(op, value, first, &axis));
  for (int32_t i = 1; i < op.output_count(); ++i) {
    MOTE_RETURN_IF_ERROR(op.RawOutput(kAllTypes, &part, i));
    if (part.dimensions != first.dimensions || part.shape[axis] != first.shape[axis]) {
      return op.Fail(MOTE_ERROR_SHAPE, part);
    }
  }
  return MOTE_OK;
}

/* The outputs' own extents count; sizes that SPLIT_V states must say the same, -1 for one that follows from others. */
MOTE_NOINLINE mote_status CheckSizes(Invocation& op, int32_t value) {
  TensorInfo part;
  Indices sizes;
  MOTE_RETURN_IF_ERROR(ReadIndices(op, 1, &sizes));
  if (sizes.count != op.output_count()) return sizes.Fail(op, MOTE_ERROR_SHAPE);
  for (int32_t i = 0; i < sizes.count; ++i) {
    MOTE_RETURN_IF_ERROR(op.RawOutput(kAllTypes, &part, i));
    int32_t axis = 0;
    MOTE_RETURN_IF_ERROR(ReadAxis(op, value, part, &axis));
    const int32_t size = sizes.At(i);
    if (size != -1 && size != part.shape[axis]) return op.Fail(MOTE_ERROR_SHAPE, part);
  }
  return MOTE_OK;
}

}  // namespace

mote_status EvalConcatenation(Invocation& op) {
  enum : uint32_t { kAxis, kActivation };
  if (op.Option8(kActivation, 0) != 0) return MOTE_ERROR_OPTION;
  Parts parts = {true, false, 0, op.Option32(kAxis, 0), op.input_count(), 0};
  return MoveParts(op, &parts);
}

mote_status EvalPack(Invocation& op) {
  enum : uint32_t { kCount, kAxis };
  Parts parts = {true, true, 0, op.Option32(kAxis, 0), op.input_count(), 0};
  if (op.Option32(kCount, 0) != parts.count) return MOTE_ERROR_OPTION;
  return MoveParts(op, &parts);
}

mote_status EvalUnpack(Invocation& op) {
  enum : uint32_t { kCount, kAxis };
  Parts parts = {false, true, 0, op.Option32(kAxis, 0), op.output_count(), 0};
  if (op.Option32(kCount, 0) != parts.count) return MOTE_ERROR_OPTION;
  return MoveParts(op, &parts);
}

mote_status EvalSplit(Invocation& op) {
  Parts parts = {false, false, 1, 0, op.output_count(), 0};
  MOTE_RETURN_IF_ERROR(ReadSplitAxis(op, 0, &parts));
  if (op.verifying()) MOTE_RETURN_IF_ERROR(CheckEqualParts(op, parts.axis));
  return MoveParts(op, &parts);
}

mote_status EvalSplitV(Invocation& op) {
  Parts parts = {false, false, 0, 0, op.output_count(), 0};
  MOTE_RETURN_IF_ERROR(ReadSplitAxis(op, 2, &parts));
  if (op.verifying()) MOTE_RETURN_IF_ERROR(CheckSizes(op, parts.axis));
  return MoveParts(op, &parts);
}

}  // namespace mote::device
