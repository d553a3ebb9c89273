#include "mcu_runtime/operators/invocation.h"

namespace mote::device {
namespace {

enum Activation : int32_t { kNone = 0, kRelu = 1, kReluN1To1 = 2, kRelu6 = 3 };

}  // namespace

mote_status Memory::NewState(uint32_t bytes, uint32_t* place) {
  *place = kOwnMemory | state_bytes;
  state_bytes += (bytes + 3) & ~uint32_t{3};
  return state_bytes <= kMaxElements ? MOTE_OK : MOTE_ERROR_SHAPE;
}

uint8_t* Invocation::Place(int32_t tensor) const {
  if (verifying()) return nullptr;
  const uint32_t offset = memory_->offsets[tensor];
  return (offset & kOwnMemory ? memory_->own : memory_->shared) + (offset & ~kOwnMemory);
}

mote_status Invocation::Raw(int32_t position, uint32_t types, TensorInfo* info) {
  const bool is_input = position < kOutputs;
  const uint32_t at = static_cast<uint32_t>(is_input ? position : position - kOutputs);
  const int32_t index = graph_->file.ElementI32(is_input ? op_.inputs : op_.outputs, at);
  if (graph_->file.status != MOTE_OK) return graph_->file.status;
  fault_tensor = index;
  MOTE_RETURN_IF_ERROR(graph_->ReadTensor(index, info));
  if ((TypeBit(info->type) & types) == 0) return MOTE_ERROR_TYPE;
  if (verifying() && is_input) MOTE_RETURN_IF_ERROR(CheckInput(*info));
  fault_tensor = -1;
  return MOTE_OK;
}

/* An input is a constant, or an activation that has been made by now, or state, which has its place from its first use
 * on. */
mote_status Invocation::CheckInput(const TensorInfo& info) {
  uint32_t& offset = memory_->offsets[info.index];
  if (info.constant != nullptr || offset != kNoOffset) return MOTE_OK;
  if (!info.is_variable) return MOTE_ERROR_STRUCTURE;
  return memory_->NewState(info.bytes, &offset);
}

mote_status Invocation::Quantization(TensorInfo* info) {
  FlatBuffer& file = graph_->file;
  if (info->scales.size != 1 || !info->has_zero_points) return Fail(MOTE_ERROR_QUANTIZATION, *info);
  if (!DecodeScale(file.U32(info->scales.at), &info->scale)) return Fail(MOTE_ERROR_QUANTIZATION, *info);
  const int32_t low = file.I32(info->zero_points_at);
  const int32_t high = file.I32(info->zero_points_at + 4);
  /* In unsigned arithmetic, in which what is below the range is far above it. */
  const uint32_t above = static_cast<uint32_t>(low) + (info->type == MOTE_INT8 ? 128u : 0u);
  const uint32_t most = info->type == MOTE_INT8 || info->type == MOTE_UINT8 ? 255 : 0;
  if (above > most || high != low >> 31) return Fail(MOTE_ERROR_QUANTIZATION, *info);
  info->zero_point = low;
  return file.status;
}

mote_status Invocation::Input(int32_t position, uint32_t types, TensorInfo* info) {
  MOTE_RETURN_IF_ERROR(Raw(position, types, info));
  return Quantization(info);
}

mote_status Invocation::Constant(int32_t position, uint32_t types, TensorInfo* info) {
  MOTE_RETURN_IF_ERROR(Raw(position, types, info));
  return info->constant != nullptr ? MOTE_OK : Fail(MOTE_ERROR_BUFFER, *info);
}

mote_status Invocation::Variable(int32_t position, uint32_t types, TensorInfo* info) {
  MOTE_RETURN_IF_ERROR(Input(position, types, info));
  return info->is_variable ? MOTE_OK : Fail(MOTE_ERROR_STRUCTURE, *info);
}

mote_status Invocation::Weights(int32_t position, uint32_t types, int32_t dimensions, int32_t channel_dimension,
                                TensorInfo* info) {
  MOTE_RETURN_IF_ERROR(Constant(position, types, info));
  if (info->dimensions != dimensions) return Fail(MOTE_ERROR_SHAPE, *info);
  if (info->scales.size == 0 || !info->has_zero_points) return Fail(MOTE_ERROR_QUANTIZATION, *info);
  if (info->scales.size != 1) {
    if (info->quantized_dimension != channel_dimension ||
        info->scales.size != static_cast<uint32_t>(info->shape[channel_dimension])) {
      return Fail(MOTE_ERROR_QUANTIZATION, *info);
    }
  }
  if (verifying()) {
    const uint32_t words = 2 * info->scales.size;
    MOTE_RETURN_IF_ERROR(graph_->Spend(words));
    const uint8_t* zero_points = graph_->file.data() + info->zero_points_at;
    for (uint32_t i = 0; i < words; ++i) {
      if (LoadCode<uint32_t>(zero_points, static_cast<int32_t>(i)) != 0) return Fail(MOTE_ERROR_QUANTIZATION, *info);
    }
  }
  return MOTE_OK;
}

mote_status Invocation::Bias(int32_t position, int32_t channels, uint32_t types, TensorInfo* info) {
  info->constant = nullptr;
  if (!HasInput(position)) return MOTE_OK;
  MOTE_RETURN_IF_ERROR(Constant(position, types, info));
  return info->elements == channels ? MOTE_OK : Fail(MOTE_ERROR_SHAPE, *info);
}

void* Invocation::Scratch(uint32_t bytes) {
  if (!verifying()) return memory_->shared + memory_->offsets[memory_->scratch++];
  memory_->scratch = bytes;
  return nullptr;
}

mote_status Invocation::Range(uint32_t slot, const TensorInfo& output, OutputRange* range) {
  return RangeOf(Option8(slot, kNone), output, range);
}

mote_status Invocation::RangeOf(int32_t activation, const TensorInfo& output, OutputRange* range) {
  const int32_t z = output.zero_point;
  const int32_t low = output.type == MOTE_INT16 ? INT16_MIN : output.type == MOTE_INT8 ? INT8_MIN : 0;
  const int32_t high = output.type == MOTE_INT16 ? INT16_MAX : output.type == MOTE_INT8 ? INT8_MAX : UINT8_MAX;
  range->zero_point = z;
  range->min = low;
  range->max = high;
  if (activation == kNone) return MOTE_OK;
  range->min = z;
  if (activation == kRelu) return MOTE_OK;
  if (activation != kReluN1To1 && activation != kRelu6) return Fail(MOTE_ERROR_OPTION, output);
  const int32_t up = z + QuantizeBound(activation == kRelu6 ? 6 : 1, output.scale);
  const int32_t down = z - QuantizeBound(1, output.scale);
  if (up < high) range->max = up;
  if (activation == kReluN1To1) range->min = down > low ? down : low;
  return MOTE_OK;
}

bool HaveTiedQuantization(const TensorInfo& a, const TensorInfo& b) {
  if (a.zero_point != b.zero_point) return false;
  if (a.scale.exponent != b.scale.exponent) return false;
  const uint32_t x = a.scale.mantissa;
  const uint32_t y = b.scale.mantissa;
  return (x > y ? x - y : y - x) <= 8;
}

bool HaveEqualShapes(const TensorInfo& a, const TensorInfo& b) {
  if (a.dimensions != b.dimensions) return false;
  for (int32_t d = 0; d < a.dimensions; ++d) {
    if (a.shape[d] != b.shape[d]) return false;
  }
  return true;
}

}  // namespace mote::device
