/* CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED on int16 activations. */
#include "mcu_runtime/kernels/convolution_int16.h"

#include "mcu_runtime/kernels/codes.h"
#include "mcu_runtime/operators/convolution.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

constexpr int64_t kLargestWideSum = (int64_t{1} << 47) - 1; /* the reference's own bound */

struct WideRow {
  ConvolutionKind kind;
  void (*kernel)(const ConvolutionParams& p, const WideBlock& block);
  uint32_t biases;         /* their types */
  uint32_t bias_type_slot; /* of the option that says which sums there are without a bias; 0: there is none */
};

struct WidePlan {
  ConvolutionPlan of;
  bool has_wide_sums;
};

bool TermsOf(const WidePlan& wide, int32_t channel, WideTerms* terms) {
  const ConvolutionPlan& plan = wide.of;
  terms->bias = plan.biases == nullptr         ? 0
                : plan.bias_type == MOTE_INT64 ? LoadCode<int64_t>(plan.biases, channel)
                                               : LoadCode<int32_t>(plan.biases, channel);
  Scale scale;
  if (!DecodeScale(LoadCode<uint32_t>(plan.scales, plan.per_channel ? channel : 0), &scale)) return false;
  terms->multiplier = MultiplierFromProduct(plan.input_scale, scale, plan.output_scale);
  return terms->multiplier.exponent <= (wide.has_wide_sums ? 7 : 30);
}

/* No order of summation leaves the sum's type, and no result leaves int32. */
bool HasRoomFor(const WidePlan& plan, int64_t magnitude, const Multiplier& multiplier) {
  if (!plan.has_wide_sums) return magnitude <= INT32_MAX >> (multiplier.exponent > 0 ? multiplier.exponent : 0);
  return magnitude <= kLargestWideSum &&
         magnitude * ReducedMantissa(multiplier) >> (15 - multiplier.exponent) < INT32_MAX;
}

mote_status Verify(Invocation& op, const WidePlan& plan) {
  const bool depthwise = plan.of.depthwise;
  const int32_t channels = plan.of.p.output_channels;
  const int32_t taps = plan.of.p.taps();
  MOTE_RETURN_IF_ERROR(op.graph().Spend(static_cast<uint32_t>(channels)));
  for (int32_t c = 0; c < channels; ++c) {
    WideTerms terms;
    if (!TermsOf(plan, c, &terms)) return MOTE_ERROR_QUANTIZATION;
    if (terms.bias > kLargestWideSum || terms.bias < -kLargestWideSum) return MOTE_ERROR_ACCUMULATOR;
    const int64_t bias = terms.bias < 0 ? -terms.bias : terms.bias;
    if (HasRoomFor(plan, bias + (int64_t{128 * 32768} * taps), terms.multiplier)) continue;
    MOTE_RETURN_IF_ERROR(op.graph().Spend(static_cast<uint32_t>(taps)));
    const int32_t step = depthwise ? channels : 1;
    const int8_t* weight = reinterpret_cast<const int8_t*>(plan.of.weights) + c * (depthwise ? 1 : taps);
    int64_t sum = 0;
    for (int32_t k = 0; k < taps; ++k) sum += weight[k * step] < 0 ? -weight[k * step] : weight[k * step];
    if (!HasRoomFor(plan, bias + sum * 32768, terms.multiplier)) return MOTE_ERROR_ACCUMULATOR;
  }
  return MOTE_OK;
}

mote_status MakePlan(Invocation& op, const WideRow& row, WidePlan* plan) {
  MOTE_RETURN_IF_ERROR(SolveConvolution(op, {kInt16, kInt8, row.biases}, row.kind, &plan->of));
  if (plan->of.biases != nullptr) {
    plan->has_wide_sums = plan->of.bias_type == MOTE_INT64;
  } else {
    plan->has_wide_sums = row.bias_type_slot == 0 || op.Option8(row.bias_type_slot, MOTE_FLOAT32) != MOTE_INT32;
  }
  if (!op.verifying()) return MOTE_OK;
  op.fault_tensor = plan->of.weights_index;
  return Verify(op, *plan);
}

/* In a frame of its own, as its int8 sibling. */
MOTE_NOINLINE void RunWideBlocks(const WidePlan& plan, const WideRow& row, int16_t* patch) {
  const bool depthwise = plan.of.depthwise;
  const ConvolutionParams& p = plan.of.p;
  const int32_t span = depthwise ? p.output_channels : p.channels_a_group();
  constexpr int32_t kMost = MOTE_BLOCK(kWideBlockChannels);
  WideTerms terms[kMost];
  WideBlock block;
  block.patch = patch;
  block.input = reinterpret_cast<const int16_t*>(plan.of.input);
  block.output = reinterpret_cast<int16_t*>(plan.of.output);
  block.terms = terms;
  block.has_wide_sums = plan.has_wide_sums;
  for (block.first = 0; block.first < p.output_channels; block.first += block.count) {
    block.count = span - block.first % span; /* no further than its group */
    if (block.count > kMost) block.count = kMost;
    block.weights = reinterpret_cast<const int8_t*>(plan.of.weights) + block.first * (depthwise ? 1 : p.taps());
    for (int32_t c = 0; c < block.count; ++c) TermsOf(plan, block.first + c, &terms[c]);
    MOTE_RUN_NAMED(depthwise ? "DepthwiseConv2dInt16" : "Conv2dInt16", (p, block), row.kernel);
  }
}

mote_status RunWide(Invocation& op, const WideRow& row) {
  WidePlan plan;
  MOTE_RETURN_IF_ERROR(MakePlan(op, row, &plan));
  void* patch = plan.of.depthwise ? nullptr : op.Scratch(2 * static_cast<uint32_t>(plan.of.p.taps()));
  if (!op.verifying()) RunWideBlocks(plan, row, static_cast<int16_t*>(patch));
  return MOTE_OK;
}

}  // namespace

mote_status EvalConv2dInt16(Invocation& op) { return RunWide(op, {kConv, Conv2dInt16, kInt32 | kInt64, 6}); }
/* The reference reads every bias of this one as int64. */
mote_status EvalDepthwiseConv2dInt16(Invocation& op) {
  return RunWide(op, {kDepthwise, DepthwiseConv2dInt16, kInt64, 0});
}
mote_status EvalFullyConnectedInt16(Invocation& op) { return RunWide(op, {kDense, Conv2dInt16, kInt32 | kInt64, 4}); }

}  // namespace mote::device
