#include "mcu_runtime/operators/channel_table.h"

#include "mcu_runtime/kernels/codes.h"
#include "mcu_runtime/kernels/int4.h"

namespace mote::device {

void ChannelTable::Set(const Graph& graph, const TensorInfo& input, const TensorInfo& weights, const TensorInfo& bias,
                       const TensorInfo& output, int32_t channels, bool interleaved) {
  input_scale_ = input.scale;
  output_scale_ = output.scale;
  scales_ = graph.file.data() + weights.scales.at;
  biases_ = bias.constant;
  weights_ = weights.constant;
  weights_index_ = weights.index;
  channels_ = channels;
  taps_ = weights.elements / channels;
  input_zero_point_ = static_cast<int16_t>(input.zero_point);
  per_channel_ = weights.scales.size != 1;
  interleaved_ = interleaved;
  packed_ = weights.type == MOTE_INT4;
}

bool ChannelTable::ScaleOf(int32_t channel, Scale* scale) const {
  return DecodeScale(LoadCode<uint32_t>(scales_, per_channel_ ? channel : 0), scale);
}

int32_t ChannelTable::BiasOf(int32_t channel) const {
  return biases_ == nullptr ? 0 : LoadCode<int32_t>(biases_, channel);
}

int64_t ChannelTable::SumOfMagnitudes(int32_t channel) const {
  const int32_t step = interleaved_ ? channels_ : 1;
  int32_t at = interleaved_ ? channel : channel * taps_;
  int64_t sum = 0;
  for (int32_t i = 0; i < taps_; ++i, at += step) {
    const int32_t weight = packed_ ? LoadInt4(weights_, at) : static_cast<int8_t>(weights_[at]);
    sum += weight < 0 ? -weight : weight;
  }
  return sum;
}

mote_status ChannelTable::Verify(Invocation& op) const {
  Graph& graph = op.graph();
  op.fault_tensor = weights_index_;
  const int32_t z = input_zero_point_;
  const int64_t largest_input = 127 - z > z + 128 ? 127 - z : z + 128;
  const int64_t largest_sum = largest_input * (packed_ ? 8 : 128) * taps_;
  int32_t limit = 0; /* of the sum, before the multiplier's left shift */
  MOTE_RETURN_IF_ERROR(graph.Spend(static_cast<uint32_t>(channels_)));
  for (int32_t c = 0; c < channels_; ++c) {
    if (c == 0 || per_channel_) {
      Scale scale;
      if (!ScaleOf(c, &scale)) return MOTE_ERROR_QUANTIZATION;
      /* The quotient of the mantissas is under 2^25, so that this is no less than the multiplier's exponent; it is
       * formed only where that could shift to the left. */
      int32_t exponent = input_scale_.exponent + scale.exponent - output_scale_.exponent + 25;
      if (exponent > 0) exponent = MultiplierFromProduct(input_scale_, scale, output_scale_).exponent;
      if (exponent > 30) return MOTE_ERROR_QUANTIZATION;
      limit = INT32_MAX >> (exponent > 0 ? exponent : 0);
    }
    int64_t magnitude = BiasOf(c);
    if (magnitude < 0) magnitude = -magnitude;
    if (magnitude + largest_sum <= limit) continue;
    /* Weights are read only where the largest weights and inputs could leave the range. */
    MOTE_RETURN_IF_ERROR(graph.Spend(static_cast<uint32_t>(taps_)));
    if (magnitude + largest_input * SumOfMagnitudes(c) > limit) return MOTE_ERROR_ACCUMULATOR;
  }
  op.fault_tensor = -1;
  return MOTE_OK;
}

void ChannelTable::Fill(int32_t first, int32_t count, const int8_t* weights, ChannelTerms* terms) const {
  const int32_t z = weights != nullptr ? input_zero_point_ : 0;
  for (int32_t c = 0; c < count; ++c) {
    uint32_t bias = static_cast<uint32_t>(BiasOf(first + c));
    if (z != 0) {
      int32_t sum = 0;
      for (int32_t k = 0; k < taps_; ++k) sum += *weights++;
      bias -= static_cast<uint32_t>(z * sum);
    }
    terms[c].bias = static_cast<int32_t>(bias);
    if (c == 0 || per_channel_) {
      Scale scale;
      ScaleOf(first + c, &scale);
      terms[c].multiplier = MultiplierFromProduct(input_scale_, scale, output_scale_);
    } else {
      terms[c].multiplier = terms[0].multiplier;
    }
  }
}

}  // namespace mote::device
