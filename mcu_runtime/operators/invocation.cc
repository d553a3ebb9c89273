#include "mcu_runtime/operators/invocation.h"

namespace mote::device {
namespace {

/* Of a dilated filter: positions in kernels, padding and dilation added, stay within int32. */
constexpr int64_t kMaxReach = int64_t{1} << 28;

enum Activation : int32_t { kNone = 0, kRelu = 1, kReluN1To1 = 2, kRelu6 = 3 };

int32_t Clamped(int32_t code) { return code < -128 ? -128 : code > 127 ? 127 : code; }

}  // namespace

mote_status Invocation::Read(const Vector& indices, uint32_t position, TensorInfo* info) {
  const int32_t index = graph_->file.ElementI32(indices, position);
  if (graph_->file.status != MOTE_OK) return graph_->file.status;
  fault_tensor = index;
  MOTE_RETURN_IF_ERROR(graph_->ReadTensor(index, info));
  fault_tensor = -1;
  return MOTE_OK;
}

mote_status Invocation::ReadActivation(const Vector& indices, uint32_t position, TensorInfo* info) {
  MOTE_RETURN_IF_ERROR(Read(indices, position, info));
  FlatBuffer& file = graph_->file;
  if (info->type != MOTE_INT8) return Fail(MOTE_ERROR_TYPE, *info);
  if (info->scales.size != 1 || info->zero_points.size != 1) return Fail(MOTE_ERROR_QUANTIZATION, *info);
  if (!DecodeScale(file.U32(info->scales.at), &info->scale)) return Fail(MOTE_ERROR_QUANTIZATION, *info);
  const int32_t low = file.I32(info->zero_points.at);
  const int32_t high = file.I32(info->zero_points.at + 4);
  if (low < -128 || low > 127 || high != (low < 0 ? -1 : 0)) return Fail(MOTE_ERROR_QUANTIZATION, *info);
  info->zero_point = low;
  return file.status;
}

mote_status Invocation::Input(int32_t position, TensorInfo* info) {
  return ReadActivation(op_->inputs, static_cast<uint32_t>(position), info);
}

mote_status Invocation::Output(TensorInfo* info) { return ReadActivation(op_->outputs, 0, info); }

mote_status Invocation::Weights(int32_t position, int32_t dimensions, int32_t channel_dimension, TensorInfo* info) {
  MOTE_RETURN_IF_ERROR(Read(op_->inputs, static_cast<uint32_t>(position), info));
  if (info->type != MOTE_INT8) return Fail(MOTE_ERROR_TYPE, *info);
  if (info->constant == nullptr) return Fail(MOTE_ERROR_BUFFER, *info);
  if (info->dimensions != dimensions) return Fail(MOTE_ERROR_SHAPE, *info);
  if (info->scales.size == 0 || info->zero_points.size != info->scales.size) {
    return Fail(MOTE_ERROR_QUANTIZATION, *info);
  }
  if (info->scales.size != 1) {
    if (info->quantized_dimension != channel_dimension ||
        info->scales.size != static_cast<uint32_t>(info->shape[channel_dimension])) {
      return Fail(MOTE_ERROR_QUANTIZATION, *info);
    }
  }
  if (verifying()) {
    for (uint32_t i = 0; i < info->zero_points.size; ++i) {
      const uint32_t at = graph_->file.Element(info->zero_points, i, 8);
      if (graph_->file.U32(at) != 0 || graph_->file.U32(at + 4) != 0) return Fail(MOTE_ERROR_QUANTIZATION, *info);
    }
  }
  return graph_->file.status;
}

mote_status Invocation::ConstantInt32(int32_t position, TensorInfo* info) {
  MOTE_RETURN_IF_ERROR(Read(op_->inputs, static_cast<uint32_t>(position), info));
  if (info->type != MOTE_INT32) return Fail(MOTE_ERROR_TYPE, *info);
  if (info->constant == nullptr) return Fail(MOTE_ERROR_BUFFER, *info);
  return MOTE_OK;
}

mote_status Invocation::Bias(int32_t position, int32_t channels, TensorInfo* info) {
  *info = TensorInfo();
  if (!HasInput(position)) return MOTE_OK;
  MOTE_RETURN_IF_ERROR(ConstantInt32(position, info));
  if (info->elements != channels) return Fail(MOTE_ERROR_SHAPE, *info);
  return MOTE_OK;
}

mote_status Invocation::Range(uint32_t slot, const TensorInfo& output, OutputRange* range) {
  return RangeOf(Option8(slot, kNone), output, range);
}

mote_status Invocation::RangeOf(int32_t activation, const TensorInfo& output, OutputRange* range) {
  const int32_t z = output.zero_point;
  range->zero_point = z;
  range->min = -128;
  range->max = 127;
  switch (activation) {
    case kNone:
      return MOTE_OK;
    case kRelu:
      range->min = z;
      return MOTE_OK;
    case kReluN1To1:
      range->min = Clamped(z - QuantizeBound(1, output.scale));
      range->max = Clamped(z + QuantizeBound(1, output.scale));
      return MOTE_OK;
    case kRelu6:
      range->min = z;
      range->max = Clamped(z + QuantizeBound(6, output.scale));
      return MOTE_OK;
    default:
      return Fail(MOTE_ERROR_OPTION, output);
  }
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
