#include "mcu_runtime/operators/channel_table.h"

#include "mcu_runtime/kernels/codes.h"
#include "mcu_runtime/kernels/conv_2d.h"
#include "mcu_runtime/kernels/int4.h"

namespace mote::device {
namespace {

/* As it stands in the file. */
uint32_t ScaleBits(const ConvolutionPlan& plan, int32_t channel) {
  return LoadCode<uint32_t>(plan.scales, plan.per_channel ? channel : 0);
}

int32_t BiasOf(const ConvolutionPlan& plan, int32_t channel) {
  return plan.biases == nullptr ? 0 : LoadCode<int32_t>(plan.biases, channel);
}

/* The largest |q - z|, from 128 to 255. */
uint32_t LargestInput(int32_t z) { return static_cast<uint32_t>(z < 0 ? 127 - z : z + 128); }

/* False where the channel's scale is no number to multiply with. */
bool MultiplierOf(const ConvolutionPlan& plan, int32_t channel, Multiplier* multiplier) {
  Scale scale;
  if (!DecodeScale(ScaleBits(plan, channel), &scale)) return false;
  *multiplier = MultiplierFromProduct(plan.input_scale, scale, plan.output_scale);
  return true;
}

/* Of a channel's weights; ends soon after 2^24, which with any input leaves int32, but not uint32. */
MOTE_NOINLINE uint32_t SumOfMagnitudes(const ConvolutionPlan& plan, int32_t channel) {
  constexpr uint32_t kMost = uint32_t{1} << 24;
  const int32_t taps = plan.p.taps();
  const int32_t step = plan.depthwise ? plan.p.output_channels : 1;
  int32_t at = plan.depthwise ? channel : channel * taps;
  uint32_t sum = 0;
  for (int32_t i = 0; i < taps && sum < kMost; ++i, at += step) {
    const int32_t weight =
        plan.weights_type == MOTE_INT4 ? LoadInt4(plan.weights, at) : static_cast<int8_t>(plan.weights[at]);
    sum += static_cast<uint32_t>(weight < 0 ? -weight : weight);
  }
  return sum;
}

}  // namespace

/* For nearly all channels of nearly all files two comparisons are enough: the scale is so small that no multiplier of
 * it shifts to the left, and beside the bias there is room for the largest weights and inputs that there are. Only
 * where that is not so the multiplier is formed, or the weights are read. */
mote_status VerifyChannels(Invocation& op, const ConvolutionPlan& plan) {
  Graph& graph = op.graph();
  op.fault_tensor = plan.weights_index;
  const uint32_t channels = static_cast<uint32_t>(plan.p.output_channels);
  MOTE_RETURN_IF_ERROR(graph.Spend(channels));
  const uint32_t taps = static_cast<uint32_t>(plan.p.taps());
  const uint32_t largest_input = LargestInput(plan.p.input_zero_point);
  const uint32_t product = largest_input * (plan.weights_type == MOTE_INT4 ? 8 : 128);
  const uint32_t products = taps < 65536 ? product * taps : UINT32_MAX; /* in 32 bits: a product is under 2^15 */
  /* With a mantissa of 24 bits a scale's exponent is that of float32 less 150. The quotient of the three mantissas is
   * under 2^25, and the multiplier's exponent then at most 0. */
  int32_t exponents = 150 - 25 - plan.input_scale.exponent + plan.output_scale.exponent;
  if (exponents > 254) exponents = 254;
  if (exponents < 0) exponents = 0; /* none */
  for (int32_t c = 0; c < plan.p.output_channels; ++c) {
    Multiplier multiplier;
    /* Subnormal scales are 0 here, negative ones above 255. */
    if ((ScaleBits(plan, c) >> 23) - 1 >= static_cast<uint32_t>(exponents)) {
      if (!MultiplierOf(plan, c, &multiplier) || multiplier.exponent > 30) return MOTE_ERROR_QUANTIZATION;
    }
    const uint32_t most = static_cast<uint32_t>(INT32_MAX) >> (multiplier.exponent > 0 ? multiplier.exponent : 0);
    const int32_t bias = BiasOf(plan, c);
    const uint32_t magnitude = bias < 0 ? 0 - static_cast<uint32_t>(bias) : static_cast<uint32_t>(bias);
    if (magnitude > most) return MOTE_ERROR_ACCUMULATOR;
    if (products <= most - magnitude) continue;
    MOTE_RETURN_IF_ERROR(graph.Spend(taps));
    if (largest_input * SumOfMagnitudes(plan, c) > most - magnitude) return MOTE_ERROR_ACCUMULATOR;
  }
  return MOTE_OK;
}

void FillTerms(const ConvolutionPlan& plan, const ConvolutionBlock& block, ChannelTerms* terms) {
  const int32_t z = !plan.depthwise && FoldsZeroPoint(plan.p) ? plan.p.input_zero_point : 0;
  const int32_t taps = plan.p.taps();
  const int8_t* weights = block.weights;
  for (int32_t c = block.first; c < block.first + block.count; ++c, ++terms) {
    uint32_t bias = static_cast<uint32_t>(BiasOf(plan, c));
    if (z != 0) {
      int32_t sum = 0;
      for (int32_t k = 0; k < taps; ++k) sum += *weights++;
      bias -= static_cast<uint32_t>(z * sum);
    }
    terms->bias = static_cast<int32_t>(bias);
    if (c == block.first || plan.per_channel) {
      MultiplierOf(plan, c, &terms->multiplier);
    } else {
      terms->multiplier = terms[-1].multiplier;
    }
  }
}

}  // namespace mote::device
