#include "mcu_runtime/operators/convolution.h"

#include "mcu_runtime/kernels/conv_2d.h"
#include "mcu_runtime/operators/channel_table.h"
#include "mcu_runtime/operators/window.h"

namespace mote::device {
namespace {

constexpr int32_t kUnpackedChannels = 12;
static_assert(kUnpackedChannels <= kBlockChannels, "a block of any core holds them");

struct Plan {
  ConvolutionParams p;
  ChannelTable table;
  const int8_t* input;
  const int8_t* weights;
  int8_t* output;
};

MOTE_NOINLINE mote_status MakePlan(Invocation& op, const ConvolutionRow& row, Plan* plan) {
  ConvolutionTensors t;
  MOTE_RETURN_IF_ERROR(row.solve(op, {kInt8, row.weights, kInt32}, &t, &plan->p));
  plan->table.Set(op.graph(), t.input, t.weights, t.bias, t.output, plan->p.output_channels, row.depthwise);
  if (op.verifying()) return plan->table.Verify(op);
  plan->input = op.Data(t.input);
  plan->weights = op.Data(t.weights);
  plan->output = op.MutableData(t.output);
  return MOTE_OK;
}

mote_status Solve(Invocation& op, const ConvolutionTypes& types, bool depthwise, ConvolutionTensors* t,
                  ConvolutionParams* p) {
  enum : uint32_t { kPadding, kStrideW, kStrideH, kActivation, kDilationW, kDilationH, kDepthMultiplier = 3 };
  const uint32_t later = depthwise ? 1 : 0; /* there the multiplier stands before the activation */
  const int32_t channel_dimension = depthwise ? 3 : 0;
  const TensorInfo &input = t->input, &weights = t->weights, &output = t->output;
  MOTE_RETURN_IF_ERROR(op.Input(0, types.activations, &t->input));
  MOTE_RETURN_IF_ERROR(op.Weights(1, types.weights, 4, channel_dimension, &t->weights));
  MOTE_RETURN_IF_ERROR(op.Output(types.activations, &t->output));
  if (input.dimensions != 4) return op.Fail(MOTE_ERROR_SHAPE, input);
  if (output.dimensions != 4 || output.shape[0] != input.shape[0] ||
      output.shape[3] != weights.shape[channel_dimension]) {
    return op.Fail(MOTE_ERROR_SHAPE, output);
  }
  p->batches = input.shape[0];
  p->input_channels = input.shape[3];
  p->filter_channels = depthwise ? weights.shape[0] : weights.shape[3];
  p->output_channels = output.shape[3];
  if (depthwise && p->filter_channels != 1) return op.Fail(MOTE_ERROR_SHAPE, weights);
  if (p->input_channels % p->filter_channels != 0 ||
      p->output_channels % (p->input_channels / p->filter_channels) != 0) {
    return op.Fail(MOTE_ERROR_SHAPE, weights);
  }
  if (depthwise && op.Option32(kDepthMultiplier, 0) != p->channels_a_group()) {
    return op.Fail(MOTE_ERROR_OPTION, weights);
  }
  MOTE_RETURN_IF_ERROR(op.Bias(2, p->output_channels, types.bias, &t->bias));
  for (int32_t d = 1; d <= 2; ++d) {
    const uint32_t horizontal = static_cast<uint32_t>(d) - 1;
    Window& window = horizontal ? p->horizontal : p->vertical;
    window.input = input.shape[d];
    window.output = output.shape[d];
    window.filter = weights.shape[d];
    window.stride = op.Option32(kStrideH - horizontal, 0);
    window.dilation = op.Option32(kDilationH - horizontal + later, 1);
    const mote_status status = SolveWindow(op.Option8(kPadding, 0), &window);
    if (status != MOTE_OK) return op.Fail(status, output);
  }
  p->input_zero_point = input.zero_point;
  return op.Range(kActivation + later, output, &p->output);
}

}  // namespace

mote_status SolveConv2d(Invocation& op, const ConvolutionTypes& types, ConvolutionTensors* t, ConvolutionParams* p) {
  return Solve(op, types, false, t, p);
}

mote_status SolveDepthwiseConv2d(Invocation& op, const ConvolutionTypes& types, ConvolutionTensors* t,
                                 ConvolutionParams* p) {
  return Solve(op, types, true, t, p);
}

mote_status RunConvolution(Invocation& op, const ConvolutionRow& row) {
  Plan plan;
  MOTE_RETURN_IF_ERROR(MakePlan(op, row, &plan));
  const ConvolutionParams& p = plan.p;
  /* Patches, then the weights of a block, which has as many channels on every core then: the arena is the same. */
  const int32_t most = row.unpack != nullptr ? kUnpackedChannels : kBlockChannels;
  const uint32_t patches = !row.depthwise && GathersPatches(p) ? PatchElements(p) : 0;
  uint32_t scratch = patches;
  if (row.unpack != nullptr) {
    scratch +=
        static_cast<uint32_t>(p.output_channels < most ? p.output_channels : most) * static_cast<uint32_t>(p.taps());
  }
  ConvolutionBlock block;
  block.patches = scratch != 0 ? static_cast<int8_t*>(op.Scratch(scratch)) : nullptr;
  if (op.verifying()) return MOTE_OK;
  ChannelTerms terms[kBlockChannels];
  block.input = plan.input;
  block.output = plan.output;
  block.terms = terms;
  const int32_t span = row.depthwise ? p.output_channels : p.channels_a_group();
  block.first = 0;
  for (int32_t end = span; end <= p.output_channels; end += span) {
    for (; block.first < end; block.first += block.count) {
      block.count = end - block.first < most ? end - block.first : most;
      block.weights = plan.weights + block.first * (row.depthwise ? 1 : p.taps());
      block.weights_step = p.output_channels;
      if (row.unpack != nullptr) {
        row.unpack(p, plan.weights, block, row.depthwise, block.patches + patches);
        block.weights = block.patches + patches;
        block.weights_step = block.count;
      }
      plan.table.Fill(block.first, block.count, !row.depthwise && FoldsZeroPoint(p) ? block.weights : nullptr, terms);
      row.kernel(p, block);
    }
  }
  return MOTE_OK;
}

}  // namespace mote::device
