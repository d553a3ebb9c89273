/* SLICE, STRIDED_SLICE, PAD, PADV2: a box of a tensor. */
#include "mcu_runtime/operators/moving.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

struct Range1d {
  int32_t begin;
  int32_t stride;
  int32_t count;
};

/* The elements that `ranges` name of the input, in the order of the output. */
void SolveBox(const Invocation& op, const TensorInfo& input, const Range1d* ranges, const TensorInfo& output,
              Move* move) {
  const int32_t bytes = ElementBytes(input);
  int32_t source_step = bytes;
  int32_t target_step = bytes;
  int32_t begin = 0;
  move->copy.run = bytes;
  for (int32_t d = input.dimensions - 1; d >= 0; --d) {
    begin += ranges[d].begin * source_step;
    move->copy.AddAxis(ranges[d].count, ranges[d].stride * source_step, target_step);
    source_step *= input.shape[d];
    target_step *= ranges[d].count;
  }
  move->Place(op, input, begin, output, 0);
}

MOTE_NOINLINE mote_status SolveSlice(Invocation& op, Move* move) {
  TensorInfo input, output, begins, sizes;
  MOTE_RETURN_IF_ERROR(ReadMoved(op, &input, &output));
  MOTE_RETURN_IF_ERROR(op.Constant(1, kIndexTypes, &begins));
  MOTE_RETURN_IF_ERROR(op.Constant(2, kIndexTypes, &sizes));
  if (begins.elements != input.dimensions || sizes.elements != input.dimensions) {
    return op.Fail(MOTE_ERROR_SHAPE, begins);
  }
  if (output.dimensions != input.dimensions) return op.Fail(MOTE_ERROR_SHAPE, output);
  Range1d ranges[MOTE_MAX_DIMENSIONS];
  for (int32_t d = 0; d < input.dimensions; ++d) {
    const int64_t begin = IndexAt(begins, d);
    const int64_t size = IndexAt(sizes, d);
    if (begin < 0 || begin >= input.shape[d]) return op.Fail(MOTE_ERROR_OPTION, begins);
    const int64_t rest = input.shape[d] - begin;
    if (size < -1 || size > rest) return op.Fail(MOTE_ERROR_OPTION, sizes);
    ranges[d] = {static_cast<int32_t>(begin), 1, static_cast<int32_t>(size == -1 ? rest : size)};
    if (output.shape[d] != ranges[d].count) return op.Fail(MOTE_ERROR_SHAPE, output);
  }
  SolveBox(op, input, ranges, output, move);
  return MOTE_OK;
}

/* One entry of a strided slice on an axis of `size`, as NumPy reads it: indices from the end where negative, then held
 * within the axis. False for a stride of 0, and where an index that takes the axis away is no element. */
bool SolveRange(int32_t size, int64_t begin, int64_t end, int64_t stride, bool whole_begin, bool whole_end, bool shrink,
                Range1d* range) {
  if (stride == 0 || (shrink && stride < 0)) return false;
  const int64_t low = stride > 0 ? 0 : -1; /* one before the first, one behind the last element in walking order */
  const int64_t high = stride > 0 ? size : size - 1;
  if (begin < 0) begin += size;
  if (end < 0) end += size;
  begin = begin < low ? low : begin > high ? high : begin;
  end = end < low ? low : end > high ? high : end;
  if (whole_begin) begin = stride > 0 ? 0 : size - 1;
  if (whole_end) end = stride > 0 ? size : -1;
  if (shrink) {
    *range = {static_cast<int32_t>(begin), 1, 1};
    return begin < size;
  }
  const int64_t distance = stride > 0 ? end - begin : begin - end;
  const int64_t pace = stride > 0 ? stride : -stride;
  const int64_t count = distance <= 0 ? 0 : (distance - 1) / pace + 1;
  *range = {static_cast<int32_t>(begin), static_cast<int32_t>(count > 1 ? stride : 1), static_cast<int32_t>(count)};
  return true;
}

MOTE_NOINLINE mote_status ReadStridedSlice(Invocation& op, const TensorInfo& input, const TensorInfo& output,
                                           Range1d* ranges) {
  enum : uint32_t { kBeginMask, kEndMask, kEllipsisMask, kNewAxisMask, kShrinkMask, kOffset };
  constexpr int32_t kMostEntries = 2 * MOTE_MAX_DIMENSIONS + 1;
  TensorInfo begins, ends, strides;
  MOTE_RETURN_IF_ERROR(op.Constant(1, kIndexTypes, &begins));
  MOTE_RETURN_IF_ERROR(op.Constant(2, kIndexTypes, &ends));
  MOTE_RETURN_IF_ERROR(op.Constant(3, kIndexTypes, &strides));
  const int32_t entries = begins.elements;
  if (entries > kMostEntries || ends.elements != entries || strides.elements != entries) {
    return op.Fail(MOTE_ERROR_SHAPE, begins);
  }
  const int32_t ellipsis = op.Option32(kEllipsisMask, 0) & ((1 << entries) - 1);
  const int32_t new_axis = op.Option32(kNewAxisMask, 0) & ~ellipsis;
  const int32_t shrink = op.Option32(kShrinkMask, 0);
  int32_t rest = input.dimensions; /* axes that no entry but an ellipsis takes */
  for (int32_t i = 0; i < entries; ++i) {
    if (((ellipsis | new_axis) >> i & 1) == 0) --rest;
  }
  if (rest < 0 || (ellipsis & (ellipsis - 1)) != 0 || op.Option8(kOffset, 0) != 0) {
    return op.Fail(MOTE_ERROR_OPTION, begins);
  }
  int32_t axis = 0;
  int32_t made = 0; /* axes of the output */
  for (int32_t i = 0; i <= entries; ++i) {
    const int32_t bit = i < entries ? 1 << i : 0;
    if (i == entries || (ellipsis & bit) != 0) { /* axes without an entry follow the last one */
      for (; rest > 0; --rest, ++axis, ++made) {
        ranges[axis] = {0, 1, input.shape[axis]};
        if (made >= output.dimensions || output.shape[made] != input.shape[axis]) {
          return op.Fail(MOTE_ERROR_SHAPE, output);
        }
      }
      continue;
    }
    int32_t count = 1;
    if ((new_axis & bit) == 0) {
      if (!SolveRange(input.shape[axis], IndexAt(begins, i), IndexAt(ends, i), IndexAt(strides, i),
                      (op.Option32(kBeginMask, 0) & bit) != 0, (op.Option32(kEndMask, 0) & bit) != 0,
                      (shrink & bit) != 0, &ranges[axis])) {
        return op.Fail(MOTE_ERROR_OPTION, begins);
      }
      count = ranges[axis++].count;
      if ((shrink & bit) != 0) continue;
    }
    if (made >= output.dimensions || output.shape[made++] != count) return op.Fail(MOTE_ERROR_SHAPE, output);
  }
  return made == output.dimensions ? MOTE_OK : op.Fail(MOTE_ERROR_SHAPE, output);
}

MOTE_NOINLINE mote_status SolveStridedSlice(Invocation& op, Move* move) {
  TensorInfo input, output;
  Range1d ranges[MOTE_MAX_DIMENSIONS];
  MOTE_RETURN_IF_ERROR(ReadMoved(op, &input, &output));
  MOTE_RETURN_IF_ERROR(ReadStridedSlice(op, input, output, ranges));
  SolveBox(op, input, ranges, output, move);
  return MOTE_OK;
}

/* The output is filled with the padding's value, then the input is laid into it. */
MOTE_NOINLINE mote_status SolvePad(Invocation& op, Move* move) {
  TensorInfo input, output, other;
  MOTE_RETURN_IF_ERROR(ReadMoved(op, &input, &output));
  const int32_t bytes = ElementBytes(input);
  const int64_t zero_point = output.zero_point; /* 0 where there is no quantization */
  uint8_t padding[8];
  __builtin_memcpy(padding, &zero_point, sizeof padding);
  if (op.HasInput(2)) {
    MOTE_RETURN_IF_ERROR(MovedInput(op, 2, &other));
    MOTE_RETURN_IF_ERROR(RequireTied(op, other, output));
    if (other.elements != 1) return op.Fail(MOTE_ERROR_SHAPE, other);
    if (!op.verifying()) __builtin_memcpy(padding, op.Data<uint8_t>(other), static_cast<uint32_t>(bytes));
  }
  MOTE_RETURN_IF_ERROR(op.Constant(1, kIndexTypes, &other));
  if (output.dimensions != input.dimensions) return op.Fail(MOTE_ERROR_SHAPE, output);
  if (other.elements != 2 * input.dimensions) return op.Fail(MOTE_ERROR_SHAPE, other);
  int32_t source_step = bytes;
  int32_t target_step = bytes;
  int32_t begin = 0;
  move->copy.run = bytes;
  for (int32_t d = input.dimensions - 1; d >= 0; --d) {
    const int64_t before = IndexAt(other, 2 * d);
    const int64_t after = IndexAt(other, 2 * d + 1);
    if (before < 0 || after < 0) return op.Fail(MOTE_ERROR_OPTION, other);
    if (before > output.shape[d] || after != output.shape[d] - before - input.shape[d]) {
      return op.Fail(MOTE_ERROR_SHAPE, output);
    }
    begin += static_cast<int32_t>(before) * target_step;
    move->copy.AddAxis(input.shape[d], source_step, target_step);
    source_step *= input.shape[d];
    target_step *= output.shape[d];
  }
  move->Place(op, input, 0, output, begin);
  if (!op.verifying()) FillElements(output.elements, bytes, padding, op.MutableData<uint8_t>(output));
  return MOTE_OK;
}

}  // namespace

mote_status EvalSlice(Invocation& op) {
  Move move;
  MOTE_RETURN_IF_ERROR(SolveSlice(op, &move));
  if (!op.verifying()) move.Do();
  return MOTE_OK;
}

mote_status EvalStridedSlice(Invocation& op) {
  Move move;
  MOTE_RETURN_IF_ERROR(SolveStridedSlice(op, &move));
  if (!op.verifying()) move.Do();
  return MOTE_OK;
}

mote_status EvalPad(Invocation& op) {
  Move move;
  MOTE_RETURN_IF_ERROR(SolvePad(op, &move));
  if (!op.verifying()) move.Do();
  return MOTE_OK;
}

}  // namespace mote::device
