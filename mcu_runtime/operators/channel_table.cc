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

mote_status ChannelTable::VerifyChannel(Graph& graph, int32_t channel, int32_t largest_input) const {
  Scale scale;
  if (!ScaleOf(channel, &scale)) return MOTE_ERROR_QUANTIZATION;
  const int32_t exponent = MultiplierFromProduct(input_scale_, scale, output_scale_).exponent;
  if (exponent > 30) return MOTE_ERROR_QUANTIZATION;
  MOTE_RETURN_IF_ERROR(graph.Spend(static_cast<uint32_t>(taps_)));
  const int64_t bias = BiasOf(channel);
  const int64_t largest = (bias < 0 ? -bias : bias) + largest_input * SumOfMagnitudes(channel);
  return largest <= INT32_MAX >> (exponent > 0 ? exponent : 0) ? MOTE_OK : MOTE_ERROR_ACCUMULATOR;
}

/* Nearly all channels of nearly all files are well by two comparisons: the scale is small enough that no multiplier of
 * it shifts to the left, and the bias leaves room for the largest weights and inputs that there are. Only where that is
 * not so the multiplier is formed and the weights are read. */
mote_status ChannelTable::Verify(Invocation& op) const {
  Graph& graph = op.graph();
  op.fault_tensor = weights_index_;
  MOTE_RETURN_IF_ERROR(graph.Spend(static_cast<uint32_t>(channels_)));
  const int32_t z = input_zero_point_;
  const int32_t largest_input = 127 - z > z + 128 ? 127 - z : z + 128;
  const int64_t room = INT32_MAX - int64_t{largest_input} * (packed_ ? 8 : 128) * taps_;
  /* With a mantissa of 24 bits a scale's exponent is that of float32 less 150. The quotient of the three mantissas is
   * under 2^25, and the multiplier's exponent then at most 0. */
  int32_t exponents = 150 - 25 - input_scale_.exponent + output_scale_.exponent;
  if (exponents > 254) exponents = 254;
  if (exponents < 0 || room < 0) exponents = 0; /* none */
  const uint32_t most = static_cast<uint32_t>(room);
  for (int32_t c = 0; c < channels_; ++c) {
    /* Subnormal scales are 0 here, negative ones above 255. */
    const uint32_t exponent = LoadCode<uint32_t>(scales_, per_channel_ ? c : 0) >> 23;
    const uint32_t bias = static_cast<uint32_t>(BiasOf(c));
    if (exponent - 1 < static_cast<uint32_t>(exponents) && bias + most <= 2 * most) continue;
    MOTE_RETURN_IF_ERROR(VerifyChannel(graph, c, largest_input));
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
