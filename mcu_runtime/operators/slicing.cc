/* SLICE, STRIDED_SLICE, PAD, PADV2: a box of a tensor. */
#include "mcu_runtime/operators/moving.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

/* Makes a copy of a box of the input, or of the input into a box of the output, axis by axis from the innermost. */
class Box {
 public:
  Box(Move* move, int32_t bytes) : move_(move), source_step_(bytes), target_step_(bytes) { move->copy.run = bytes; }

  /* Of the input's `size` elements, `count` from `begin` on by `stride`. */
  void Take(int32_t size, int32_t begin, int32_t stride, int32_t count) {
    begin_ += begin * source_step_;
    move_->copy.AddAxis(count, stride * source_step_, target_step_);
    source_step_ *= size;
    target_step_ *= count;
  }
  /* The input's `count` elements go behind `before` of the output's `size`. */
  void Put(int32_t count, int32_t before, int32_t size) {
    begin_ += before * target_step_;
    move_->copy.AddAxis(count, source_step_, target_step_);
    source_step_ *= count;
    target_step_ *= size;
  }
  /* Of the first element, in bytes: in the input for Take, in the output for Put. */
  int32_t begin() const { return begin_; }

 private:
  Move* move_;
  int32_t source_step_;
  int32_t target_step_;
  int32_t begin_ = 0;
};

MOTE_NOINLINE mote_status SolveSlice(Invocation& op, Move* move) {
  TensorInfo input, output;
  Indices begins, sizes;
  MOTE_RETURN_IF_ERROR(ReadMoved(op, &input, &output));
  MOTE_RETURN_IF_ERROR(ReadIndices(op, 1, &begins));
  MOTE_RETURN_IF_ERROR(ReadIndices(op, 2, &sizes));
  if (begins.count != input.dimensions || sizes.count != input.dimensions) {
    return begins.Fail(op, MOTE_ERROR_SHAPE);
  }
  if (output.dimensions != input.dimensions) return op.Fail(MOTE_ERROR_SHAPE, output);
  Box box(move, ElementBytes(input));
  for (int32_t d = input.dimensions - 1; d >= 0; --d) {
    const int32_t begin = begins.At(d);
    const int32_t size = sizes.At(d);
    if (begin < 0 || begin >= input.shape[d]) return begins.Fail(op, MOTE_ERROR_OPTION);
    const int32_t rest = input.shape[d] - begin;
    if (size < -1 || size > rest) return sizes.Fail(op, MOTE_ERROR_OPTION);
    if (output.shape[d] != (size == -1 ? rest : size)) return op.Fail(MOTE_ERROR_SHAPE, output);
    box.Take(input.shape[d], begin, 1, output.shape[d]);
  }
  move->Place(op, input, box.begin(), output, 0);
  return MOTE_OK;
}

struct Entry {
  int32_t begin;
  int32_t stride;
  int32_t count;
};

struct EntryMasks {
  bool whole_begin;
  bool whole_end;
  bool shrink;
};

/* One entry of a strided slice on an axis of `size`, as NumPy reads it: indices count from the end where negative, then
 * are held within the axis. False for a stride of 0, and where an index that takes the axis away is no element. */
bool SolveEntry(int32_t size, int32_t begin, int32_t end, int32_t stride, const EntryMasks& masks, Entry* entry) {
  if (stride == 0 || (masks.shrink && stride < 0)) return false;
  /* In walking order, one before the first and one behind the last element. */
  const int32_t low = stride > 0 ? 0 : -1;
  const int32_t high = stride > 0 ? size : size - 1;
  if (begin < 0) begin += size;
  if (end < 0) end += size;
  begin = begin < low ? low : begin > high ? high : begin;
  end = end < low ? low : end > high ? high : end;
  if (masks.whole_begin) begin = stride > 0 ? 0 : size - 1;
  if (masks.whole_end) end = stride > 0 ? size : -1;
  *entry = {begin, 1, 1};
  if (masks.shrink) return begin < size;
  const int32_t distance = stride > 0 ? end - begin : begin - end;
  entry->count = distance <= 0 ? 0 : (distance - 1) / (stride > 0 ? stride : -stride) + 1;
  if (entry->count > 1) entry->stride = stride;
  return true;
}

MOTE_NOINLINE mote_status SolveStridedSlice(Invocation& op, Move* move) {
  enum : uint32_t { kBeginMask, kEndMask, kEllipsisMask, kNewAxisMask, kShrinkMask, kOffset };
  constexpr int32_t kMostEntries = 2 * MOTE_MAX_DIMENSIONS + 1;
  TensorInfo input, output;
  Indices begins, ends, strides;
  MOTE_RETURN_IF_ERROR(ReadMoved(op, &input, &output));
  MOTE_RETURN_IF_ERROR(ReadIndices(op, 1, &begins));
  MOTE_RETURN_IF_ERROR(ReadIndices(op, 2, &ends));
  MOTE_RETURN_IF_ERROR(ReadIndices(op, 3, &strides));
  if (begins.count > kMostEntries || ends.count != begins.count || strides.count != begins.count) {
    return begins.Fail(op, MOTE_ERROR_SHAPE);
  }
  const int32_t ellipsis = op.Option32(kEllipsisMask, 0) & ((1 << begins.count) - 1);
  const int32_t new_axis = op.Option32(kNewAxisMask, 0) & ~ellipsis;
  int32_t rest = input.dimensions; /* axes that no entry but an ellipsis takes */
  for (int32_t i = 0; i < begins.count; ++i) {
    if (((ellipsis | new_axis) >> i & 1) == 0) --rest;
  }
  if (rest < 0 || (ellipsis & (ellipsis - 1)) != 0 || op.Option8(kOffset, 0) != 0) {
    return begins.Fail(op, MOTE_ERROR_OPTION);
  }
  Box box(move, ElementBytes(input));
  int32_t axis = input.dimensions;  /* those from here on are done, of the input */
  int32_t made = output.dimensions; /* and of the output */
  for (int32_t i = begins.count; i >= 0; --i) {
    const int32_t bit = 1 << i;
    if (i == begins.count ? ellipsis == 0 : (ellipsis & bit) != 0) { /* without an ellipsis, as if it were the last */
      for (; rest > 0; --rest) {
        const int32_t extent = input.shape[--axis];
        if (--made < 0 || output.shape[made] != extent) return op.Fail(MOTE_ERROR_SHAPE, output);
        box.Take(extent, 0, 1, extent);
      }
      continue;
    }
    if (i == begins.count) continue;
    Entry entry = {0, 1, 1};
    const bool shrink = (new_axis & bit) == 0 && (op.Option32(kShrinkMask, 0) & bit) != 0;
    if ((new_axis & bit) == 0) {
      --axis;
      const EntryMasks masks = {(op.Option32(kBeginMask, 0) & bit) != 0, (op.Option32(kEndMask, 0) & bit) != 0, shrink};
      if (!SolveEntry(input.shape[axis], begins.At(i), ends.At(i), strides.At(i), masks, &entry)) {
        return begins.Fail(op, MOTE_ERROR_OPTION);
      }
    }
    if (!shrink && (--made < 0 || output.shape[made] != entry.count)) return op.Fail(MOTE_ERROR_SHAPE, output);
    if ((new_axis & bit) == 0) box.Take(input.shape[axis], entry.begin, entry.stride, entry.count);
  }
  if (made != 0) return op.Fail(MOTE_ERROR_SHAPE, output);
  move->Place(op, input, box.begin(), output, 0);
  return MOTE_OK;
}

/* What PADV2 puts around the input; null: the code of 0. */
MOTE_NOINLINE mote_status ReadPadding(Invocation& op, const TensorInfo& output, const uint8_t** padding) {
  *padding = nullptr;
  if (!op.HasInput(2)) return MOTE_OK;
  TensorInfo value;
  MOTE_RETURN_IF_ERROR(MovedInput(op, 2, &value));
  MOTE_RETURN_IF_ERROR(RequireTied(op, value, output));
  if (value.elements != 1) return op.Fail(MOTE_ERROR_SHAPE, value);
  if (!op.verifying()) *padding = op.Data<uint8_t>(value);
  return MOTE_OK;
}

/* The output is filled with the padding, then the input is laid into it. */
MOTE_NOINLINE mote_status SolvePad(Invocation& op, Move* move) {
  TensorInfo input, output;
  Indices paddings;
  const uint8_t* padding;
  MOTE_RETURN_IF_ERROR(ReadMoved(op, &input, &output));
  MOTE_RETURN_IF_ERROR(ReadIndices(op, 1, &paddings));
  MOTE_RETURN_IF_ERROR(ReadPadding(op, output, &padding));
  if (output.dimensions != input.dimensions) return op.Fail(MOTE_ERROR_SHAPE, output);
  if (paddings.count != 2 * input.dimensions) return paddings.Fail(op, MOTE_ERROR_SHAPE);
  Box box(move, ElementBytes(input));
  for (int32_t d = input.dimensions - 1; d >= 0; --d) {
    const int32_t before = paddings.At(2 * d);
    const int32_t after = paddings.At(2 * d + 1);
    if (before < 0 || after < 0) return paddings.Fail(op, MOTE_ERROR_OPTION);
    if (before > output.shape[d] || after != output.shape[d] - before - input.shape[d]) {
      return op.Fail(MOTE_ERROR_SHAPE, output);
    }
    box.Put(input.shape[d], before, output.shape[d]);
  }
  move->Place(op, input, 0, output, box.begin());
  if (op.verifying()) return MOTE_OK;
  uint8_t* target = op.MutableData<uint8_t>(output);
  if (padding != nullptr) {
    MOTE_RUN((output.elements, ElementBytes(output), padding, target), FillElements);
  } else { /* the zero point, 0 where there is no quantization */
    MOTE_RUN((output.elements, ElementBytes(output), output.zero_point, target), FillWith);
  }
  return MOTE_OK;
}

}  // namespace

mote_status EvalSlice(Invocation& op) {
  Move move;
  MOTE_RETURN_IF_ERROR(SolveSlice(op, &move));
  if (!op.verifying()) RunMove(move);
  return MOTE_OK;
}

mote_status EvalStridedSlice(Invocation& op) {
  Move move;
  MOTE_RETURN_IF_ERROR(SolveStridedSlice(op, &move));
  if (!op.verifying()) RunMove(move);
  return MOTE_OK;
}

mote_status EvalPad(Invocation& op) {
  Move move;
  MOTE_RETURN_IF_ERROR(SolvePad(op, &move));
  if (!op.verifying()) RunMove(move);
  return MOTE_OK;
}

}  // namespace mote::device
