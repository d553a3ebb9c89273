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

uint8_t* Invocation::Place(const TensorInfo& tensor) const {
  if (tensor.constant != nullptr) return const_cast<uint8_t*>(tensor.constant); /* an input: outputs are none */
  if (verifying()) return nullptr;
  return memory_->At(memory_->offsets[tensor.index]);
}

mote_status Invocation::Raw(int32_t position, uint32_t types, TensorInfo* info) {
  const bool is_input = position < kOutputs;
  const uint32_t at = static_cast<uint32_t>(is_input ? position : position - kOutputs);
  const int32_t index = graph_->file.ElementI32(is_input ? op_.inputs : op_.outputs, at);
  if (graph_->file.status != MOTE_OK) return graph_->file.status;
  fault_tensor = index;
  MOTE_RETURN_IF_ERROR(graph_->ReadTensor(index, info));
  if ((TypeBit(info->type) & types) == 0) return MOTE_ERROR_TYPE;
  return verifying() && is_input ? CheckInput(*info) : MOTE_OK;
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
  if (info->scales.size != 1 || info->zero_points_at == 0) return MOTE_ERROR_QUANTIZATION;
  const uint8_t* file = graph_->file.data();
  if (!DecodeScale(LoadUnaligned<uint32_t>(file + info->scales.at), &info->scale)) return MOTE_ERROR_QUANTIZATION;
  const int32_t low = LoadCode<int32_t>(file + info->zero_points_at, 0);
  const int32_t high = LoadCode<int32_t>(file + info->zero_points_at, 1);
  /* In unsigned arithmetic, in which what is below the range is far above it. */
  const uint32_t above = static_cast<uint32_t>(low) + (info->type == MOTE_INT8 ? 128u : 0u);
  const uint32_t most = info->type == MOTE_INT8 || info->type == MOTE_UINT8 ? 255 : 0;
  info->zero_point = low;
  return above <= most && high == low >> 31 ? MOTE_OK : MOTE_ERROR_QUANTIZATION;
}

mote_status Invocation::Input(int32_t position, uint32_t types, TensorInfo* info) {
  MOTE_RETURN_IF_ERROR(Raw(position, types, info));
  return Quantization(info);
}

mote_status Invocation::Constant(int32_t position, uint32_t types, TensorInfo* info) {
  MOTE_RETURN_IF_ERROR(Raw(position, types, info));
  return info->constant != nullptr ? MOTE_OK : MOTE_ERROR_BUFFER;
}

mote_status Invocation::Variable(int32_t position, uint32_t types, TensorInfo* info) {
  MOTE_RETURN_IF_ERROR(Input(position, types, info));
  return info->is_variable ? MOTE_OK : MOTE_ERROR_STRUCTURE;
}

mote_status Invocation::Weights(int32_t position, uint32_t types, int32_t dimensions, int32_t channel_dimension,
                                TensorInfo* info) {
  MOTE_RETURN_IF_ERROR(Constant(position, types, info));
  if (info->dimensions != dimensions) return MOTE_ERROR_SHAPE;
  const uint32_t scales = info->scales.size;
  if (scales == 0 || info->zero_points_at == 0) return MOTE_ERROR_QUANTIZATION;
  if (scales != 1 && (info->quantized_dimension != channel_dimension ||
                      scales != static_cast<uint32_t>(info->shape[channel_dimension]))) {
    return MOTE_ERROR_QUANTIZATION;
  }
  if (verifying()) {
    MOTE_RETURN_IF_ERROR(graph_->Spend(2 * scales));
    const uint8_t* zero_points = graph_->file.data() + info->zero_points_at;
    for (uint32_t i = 0; i < 2 * scales; ++i) {
      if (LoadCode<uint32_t>(zero_points, static_cast<int32_t>(i)) != 0) return MOTE_ERROR_QUANTIZATION;
    }
  }
  return MOTE_OK;
}

mote_status Invocation::Bias(int32_t position, int32_t channels, uint32_t types, TensorInfo* info) {
  info->constant = nullptr;
  if (!HasInput(position)) return MOTE_OK;
  MOTE_RETURN_IF_ERROR(Constant(position, types, info));
  return info->elements == channels ? MOTE_OK : MOTE_ERROR_SHAPE;
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
  const int32_t half = output.type == MOTE_INT16 ? 1 << 15 : 1 << 7;
  const int32_t low = output.type == MOTE_UINT8 ? 0 : -half;
  const int32_t high = low + 2 * half - 1;
  const int32_t z = output.zero_point;
  *range = {z, low, high};
  if (activation == kNone) return MOTE_OK;
  range->min = z;
  if (activation == kRelu) return MOTE_OK;
  if (activation != kReluN1To1 && activation != kRelu6) return Fail(MOTE_ERROR_OPTION, output);
  const int32_t bound = QuantizeBound(activation == kRelu6 ? 6 : 1, output.scale);
  if (z + bound < high) range->max = z + bound;
  if (activation == kReluN1To1) range->min = z - bound > low ? z - bound : low;
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
