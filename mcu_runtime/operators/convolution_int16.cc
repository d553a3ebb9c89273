/* CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED on int16 activations. */
#include "mcu_runtime/kernels/convolution_int16.h"

#include "mcu_runtime/kernels/codes.h"
#include "mcu_runtime/operators/convolution.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

constexpr int64_t kLargestWideSum = (int64_t{1} << 47) - 1; /* the reference's own bound */

struct WideRow {
  SolveConvolution* solve;
  void (*kernel)(const ConvolutionParams& p, const WideBlock& block);
  bool depthwise;
  uint32_t biases;         /* their types */
  uint32_t bias_type_slot; /* of the option that says which sums there are without a bias; 0: there is none */
};

struct WidePlan {
  ConvolutionParams p;
  Scale input_scale;
  Scale output_scale;
  const uint8_t* scales;
  const uint8_t* biases;
  const int8_t* weights;
  const int16_t* input;
  int16_t* output;
  bool per_channel;
  bool has_wide_biases;
  bool has_wide_sums;
  bool depthwise;
};

bool TermsOf(const WidePlan& plan, int32_t channel, WideTerms* terms) {
  terms->bias = plan.biases == nullptr ? 0
                : plan.has_wide_biases ? LoadCode<int64_t>(plan.biases, channel)
                                       : LoadCode<int32_t>(plan.biases, channel);
  Scale scale;
  if (!DecodeScale(LoadCode<uint32_t>(plan.scales, plan.per_channel ? channel : 0), &scale)) return false;
  terms->multiplier = MultiplierFromProduct(plan.input_scale, scale, plan.output_scale);
  return terms->multiplier.exponent <= (plan.has_wide_sums ? 7 : 30);
}

/* No order of summation leaves the sum's type, and no result leaves int32. */
bool HasRoomFor(const WidePlan& plan, int64_t magnitude, const Multiplier& multiplier) {
  if (!plan.has_wide_sums) return magnitude <= INT32_MAX >> (multiplier.exponent > 0 ? multiplier.exponent : 0);
  return magnitude <= kLargestWideSum && magnitude * 0x7fff >> (15 - multiplier.exponent) < INT32_MAX;
}

mote_status Verify(Invocation& op, const WidePlan& plan) {
  const int32_t channels = plan.p.output_channels;
  const int32_t taps = plan.p.taps();
  MOTE_RETURN_IF_ERROR(op.graph().Spend(static_cast<uint32_t>(channels)));
  for (int32_t c = 0; c < channels; ++c) {
    WideTerms terms;
    if (!TermsOf(plan, c, &terms)) return MOTE_ERROR_QUANTIZATION;
    if (terms.bias > kLargestWideSum || terms.bias < -kLargestWideSum) return MOTE_ERROR_ACCUMULATOR;
    const int64_t bias = terms.bias < 0 ? -terms.bias : terms.bias;
    if (HasRoomFor(plan, bias + (int64_t{128 * 32768} * taps), terms.multiplier)) continue;
    MOTE_RETURN_IF_ERROR(op.graph().Spend(static_cast<uint32_t>(taps)));
    const int32_t step = plan.depthwise ? channels : 1;
    const int8_t* weight = plan.weights + c * (plan.depthwise ? 1 : taps);
    int64_t sum = 0;
    for (int32_t k = 0; k < taps; ++k) sum += weight[k * step] < 0 ? -weight[k * step] : weight[k * step];
    if (!HasRoomFor(plan, bias + sum * 32768, terms.multiplier)) return MOTE_ERROR_ACCUMULATOR;
  }
  return MOTE_OK;
}

MOTE_NOINLINE mote_status MakePlan(Invocation& op, const WideRow& row, WidePlan* plan) {
  ConvolutionTensors t;
  MOTE_RETURN_IF_ERROR(row.solve(op, {kInt16, kInt8, row.biases}, &t, &plan->p));
  plan->input_scale = t.input.scale;
  plan->output_scale = t.output.scale;
  plan->scales = op.graph().file.data() + t.weights.scales.at;
  plan->biases = t.bias.constant;
  plan->weights = reinterpret_cast<const int8_t*>(t.weights.constant);
  plan->per_channel = t.weights.scales.size != 1;
  plan->has_wide_biases = t.bias.type == MOTE_INT64;
  plan->has_wide_sums = plan->has_wide_biases;
  if (t.bias.constant == nullptr) {
    plan->has_wide_sums = row.bias_type_slot == 0 || op.Option8(row.bias_type_slot, MOTE_FLOAT32) != MOTE_INT32;
  }
  plan->depthwise = row.depthwise;
  if (op.verifying()) {
    const mote_status status = Verify(op, *plan);
    return status == MOTE_OK ? MOTE_OK : op.Fail(status, t.weights);
  }
  plan->input = op.Data<int16_t>(t.input);
  plan->output = op.MutableData<int16_t>(t.output);
  return MOTE_OK;
}

mote_status RunWide(Invocation& op, const WideRow& row) {
  WidePlan plan;
  MOTE_RETURN_IF_ERROR(MakePlan(op, row, &plan));
  const ConvolutionParams& p = plan.p;
  WideBlock block;
  block.patch = row.depthwise ? nullptr : static_cast<int16_t*>(op.Scratch(2 * static_cast<uint32_t>(p.taps())));
  if (op.verifying()) return MOTE_OK;
  WideTerms terms[kWideBlockChannels];
  block.input = plan.input;
  block.output = plan.output;
  block.terms = terms;
  block.has_wide_sums = plan.has_wide_sums;
  const int32_t span = row.depthwise ? p.output_channels : p.channels_a_group();
  block.first = 0;
  for (int32_t end = span; end <= p.output_channels; end += span) {
    for (; block.first < end; block.first += block.count) {
      block.count = end - block.first < kWideBlockChannels ? end - block.first : kWideBlockChannels;
      block.weights = plan.weights + block.first * (row.depthwise ? 1 : p.taps());
      for (int32_t c = 0; c < block.count; ++c) TermsOf(plan, block.first + c, &terms[c]);
      row.kernel(p, block);
    }
  }
  return MOTE_OK;
}

}  // namespace

mote_status EvalConv2dInt16(Invocation& op) {
  return RunWide(op, {SolveConv2d, Conv2dInt16, false, kInt32 | kInt64, 6});
}
/* The reference reads every bias of this one as int64. */
mote_status EvalDepthwiseConv2dInt16(Invocation& op) {
  return RunWide(op, {SolveDepthwiseConv2d, DepthwiseConv2dInt16, true, kInt64, 0});
}
mote_status EvalFullyConnectedInt16(Invocation& op) {
  return RunWide(op, {SolveFullyConnected, Conv2dInt16, false, kInt32 | kInt64, 4});
}

}  // namespace mote::device
