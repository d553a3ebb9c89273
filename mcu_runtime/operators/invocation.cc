#include "mcu_runtime/operators/invocation.h"

namespace mote::device {
namespace {

/* Of a dilated filter: positions in kernels, padding and dilation added, stay within int32. */
constexpr int64_t kMaxReach = int64_t{1} << 28;

enum Activation : int32_t { kNone = 0, kRelu = 1, kReluN1To1 = 2, kRelu6 = 3 };

}  // namespace

uint8_t* Invocation::Place(int32_t tensor) const {
  const uint32_t offset = memory_->offsets[tensor];
  return (offset & kOwnMemory ? memory_->own : memory_->shared) + (offset & ~kOwnMemory);
}

mote_status Invocation::Read(const Vector& indices, int32_t position, uint32_t types, TensorInfo* info) {
  const int32_t index = graph_->file.ElementI32(indices, static_cast<uint32_t>(position));
  if (graph_->file.status != MOTE_OK) return graph_->file.status;
  fault_tensor = index;
  MOTE_RETURN_IF_ERROR(graph_->ReadTensor(index, info));
  if ((TypeBit(info->type) & types) == 0) return MOTE_ERROR_TYPE;
  if (verifying() && &indices == &op_->inputs) MOTE_RETURN_IF_ERROR(CheckInput(*info));
  fault_tensor = -1;
  return MOTE_OK;
}

/* An input is a constant, or an activation that has been made by now, or state, which has its place from its first use
 * on. */
mote_status Invocation::CheckInput(const TensorInfo& info) {
  uint32_t& offset = memory_->offsets[info.index];
  if (info.constant != nullptr || offset != kNoOffset) return MOTE_OK;
  if (!info.is_variable) return MOTE_ERROR_STRUCTURE;
  offset = kOwnMemory | memory_->state_bytes;
  memory_->state_bytes += (info.bytes + 3) & ~uint32_t{3};
  return memory_->state_bytes <= kMaxElements ? MOTE_OK : MOTE_ERROR_SHAPE;
}

mote_status Invocation::ReadQuantized(const Vector& indices, int32_t position, uint32_t types, TensorInfo* info) {
  MOTE_RETURN_IF_ERROR(Read(indices, position, types, info));
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
  return ReadQuantized(op_->inputs, position, types, info);
}

mote_status Invocation::Output(uint32_t types, TensorInfo* info, int32_t position) {
  return ReadQuantized(op_->outputs, position, types, info);
}

mote_status Invocation::Raw(int32_t position, uint32_t types, TensorInfo* info) {
  return Read(op_->inputs, position, types, info);
}

mote_status Invocation::RawOutput(uint32_t types, TensorInfo* info, int32_t position) {
  return Read(op_->outputs, position, types, info);
}

mote_status Invocation::Constant(int32_t position, uint32_t types, TensorInfo* info) {
  MOTE_RETURN_IF_ERROR(Read(op_->inputs, position, types, info));
  return info->constant != nullptr ? MOTE_OK : Fail(MOTE_ERROR_BUFFER, *info);
}

mote_status Invocation::Variable(int32_t position, uint32_t types, TensorInfo* info) {
  MOTE_RETURN_IF_ERROR(ReadQuantized(op_->inputs, position, types, info));
  return info->is_variable ? MOTE_OK : Fail(MOTE_ERROR_STRUCTURE, *info);
}

mote_status Invocation::Intermediate(int32_t position, uint32_t types, TensorInfo* info) {
  constexpr uint32_t kIntermediates = 8;
  return ReadQuantized(graph_->file.FieldVector(op_->table, kIntermediates, 4), position, types, info);
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

mote_status SolveWindow(int32_t padding, Window* window) {
  if (window->stride < 1 || window->dilation < 1 || window->filter < 1) return MOTE_ERROR_OPTION;
  if (window->filter == 1) window->dilation = 1; /* it says nothing then, and may be of any size */
  const int64_t reach = static_cast<int64_t>(window->filter - 1) * window->dilation + 1;
  if (reach > kMaxReach) return MOTE_ERROR_OPTION;
  const int64_t input = window->input;
  int64_t output = 0;
  if (padding == kPaddingSame) {
    output = (input + window->stride - 1) / window->stride;
  } else if (padding == kPaddingValid) {
    if (input < reach) return MOTE_ERROR_SHAPE;
    output = (input - reach) / window->stride + 1;
  } else {
    return MOTE_ERROR_OPTION;
  }
  if (output != window->output) return MOTE_ERROR_SHAPE;
  const int64_t beyond = (output - 1) * window->stride + reach - input;
  window->padding = beyond > 0 ? static_cast<int32_t>(beyond / 2) : 0;
  return MOTE_OK;
}

bool ChannelTable::MultiplierOf(int32_t channel, Multiplier* multiplier) {
  const uint32_t index = weights_.scales.size == 1 ? 0 : static_cast<uint32_t>(channel);
  Scale scale;
  if (!DecodeScale(graph_->file.U32(graph_->file.Element(weights_.scales, index, 4)), &scale)) return false;
  *multiplier = MultiplierFromProduct(input_.scale, scale, output_.scale);
  return multiplier->exponent <= 30;
}

int32_t ChannelTable::BiasOf(int32_t channel) const {
  if (bias_.constant == nullptr) return 0;
  return static_cast<int32_t>(LoadLittleEndian32(bias_.constant + 4 * static_cast<uint32_t>(channel)));
}

int64_t ChannelTable::LargestSum(int32_t channel, int64_t bias) const {
  const int8_t* weight =
      reinterpret_cast<const int8_t*>(weights_.constant) + static_cast<int64_t>(channel) * (step_ == 1 ? taps_ : 1);
  int64_t sum = 0;
  for (int32_t i = 0; i < taps_; ++i, weight += step_) sum += *weight < 0 ? -*weight : *weight;
  const int32_t z = input_.zero_point;
  return bias + sum * (127 - z > z + 128 ? 127 - z : z + 128);
}

mote_status ChannelTable::Verify() {
  Multiplier multiplier;
  for (int32_t c = 0; c < channels_; ++c) {
    if ((c == 0 || weights_.scales.size != 1) && !MultiplierOf(c, &multiplier)) return MOTE_ERROR_QUANTIZATION;
    const int64_t bias = BiasOf(c);
    const int64_t magnitude = bias < 0 ? -bias : bias;
    const int32_t limit = INT32_MAX >> (multiplier.exponent > 0 ? multiplier.exponent : 0);
    /* Weights are read only where the largest weights and inputs could leave the range. */
    if (magnitude + int64_t{128} * 255 * taps_ > limit && LargestSum(c, magnitude) > limit) {
      return MOTE_ERROR_ACCUMULATOR;
    }
  }
  return graph_->file.status;
}

void ChannelTable::Fill(int32_t first, ChannelTerms* terms) {
  const int32_t count = BlockSize(first);
  for (int32_t c = 0; c < count; ++c) {
    terms[c].bias = BiasOf(first + c);
    if (c == 0 || weights_.scales.size != 1) {
      MultiplierOf(first + c, &terms[c].multiplier);
    } else {
      terms[c].multiplier = terms[0].multiplier;
    }
  }
}

}  // namespace mote::device
