#include "mcu_runtime/operators/moving.h"

namespace mote::device {
namespace {

constexpr uint32_t kCodeTypes = kInt8 | kUInt8 | kInt16;

bool HasQuantization(const TensorInfo& info) { return info.scales.size != 0 && (TypeBit(info.type) & kCodeTypes) != 0; }

}  // namespace

mote_status MovedInput(Invocation& op, int32_t position, TensorInfo* info) {
  MOTE_RETURN_IF_ERROR(op.Raw(position, kAllTypes, info));
  return HasQuantization(*info) ? op.Quantization(info) : MOTE_OK;
}

mote_status ReadMoved(Invocation& op, TensorInfo* input, TensorInfo* output) {
  MOTE_RETURN_IF_ERROR(MovedInput(op, 0, input));
  MOTE_RETURN_IF_ERROR(MovedOutput(op, 0, output));
  if (!HasQuantization(*output) && output->type == input->type) return MOTE_OK; /* its codes are as the input's */
  return RequireTied(op, *output, *input);
}

mote_status RequireTied(Invocation& op, const TensorInfo& tensor, const TensorInfo& other) {
  if (tensor.type != other.type) return op.Fail(MOTE_ERROR_TYPE, tensor);
  return HaveTiedQuantization(tensor, other) ? MOTE_OK : op.Fail(MOTE_ERROR_QUANTIZATION, tensor);
}

mote_status ReadIndices(Invocation& op, int32_t position, Indices* indices) {
  TensorInfo info;
  MOTE_RETURN_IF_ERROR(op.Constant(position, kInt32 | kInt64, &info));
  *indices = {info.constant, info.elements, info.index, info.type == MOTE_INT64};
  return MOTE_OK;
}

int32_t Indices::At(int32_t i) const {
  constexpr int32_t kMost = kMaxElements + 1;
  const int64_t value = wide ? LoadCode<int64_t>(data, i) : LoadCode<int32_t>(data, i);
  return value > kMost ? kMost : value < -kMost ? -kMost : static_cast<int32_t>(value);
}

mote_status ReadIndex(Invocation& op, int32_t position, int32_t* index) {
  Indices indices;
  MOTE_RETURN_IF_ERROR(ReadIndices(op, position, &indices));
  if (indices.count != 1) return indices.Fail(op, MOTE_ERROR_SHAPE);
  *index = indices.At(0);
  return MOTE_OK;
}

mote_status ReadAxis(Invocation& op, int32_t value, const TensorInfo& tensor, int32_t* axis) {
  if (value < -tensor.dimensions || value >= tensor.dimensions) return op.Fail(MOTE_ERROR_OPTION, tensor);
  *axis = value + (value < 0 ? tensor.dimensions : 0);
  return MOTE_OK;
}

bool HasRemainingShape(const TensorInfo& output, const TensorInfo& input, uint32_t removed) {
  int32_t o = 0;
  for (int32_t i = 0; i < input.dimensions; ++i) {
    if ((removed >> i & 1) != 0 || input.shape[i] == 1) continue;
    while (o < output.dimensions && output.shape[o] == 1) ++o;
    if (o == output.dimensions || output.shape[o] != input.shape[i]) return false;
    ++o;
  }
  while (o < output.dimensions && output.shape[o] == 1) ++o;
  return o == output.dimensions;
}

}  // namespace mote::device
