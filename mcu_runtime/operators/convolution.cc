#include "mcu_runtime/operators/convolution.h"

#include "mcu_runtime/kernels/conv_2d.h"
#include "mcu_runtime/operators/channel_table.h"
#include "mcu_runtime/operators/window.h"

namespace mote::device {
namespace {

constexpr int32_t kUnpackedChannels = 12;
static_assert(kUnpackedChannels <= kBlockChannels, "a block of any core holds them");

MOTE_NOINLINE int32_t Dilation(Invocation& op, uint32_t slot) { return op.Option32(slot, 1); }

MOTE_NOINLINE mote_status Solve(Invocation& op, const ConvolutionTypes& types, bool depthwise, ConvolutionPlan* plan) {
  enum : uint32_t { kPadding, kStrideW, kStrideH, kActivation, kDilationW, kDilationH, kDepthMultiplier = 3 };
  const uint32_t later = depthwise ? 1 : 0; /* there the multiplier stands before the activation */
  ConvolutionParams& p = plan->p;
  plan->depthwise = depthwise;
  TensorInfo tensor;
  MOTE_RETURN_IF_ERROR(PlanInput(op, types, &tensor, plan));
  if (tensor.dimensions != 4) return MOTE_ERROR_SHAPE;
  p.batches = tensor.shape[0];
  p.vertical.input = tensor.shape[1];
  p.horizontal.input = tensor.shape[2];
  p.input_channels = tensor.shape[3];

  MOTE_RETURN_IF_ERROR(PlanWeights(op, types, 4, depthwise ? 3 : 0, &tensor, plan));
  p.vertical.filter = tensor.shape[1];
  p.horizontal.filter = tensor.shape[2];
  p.filter_channels = depthwise ? tensor.shape[0] : tensor.shape[3];
  const int32_t groups = p.input_channels / p.filter_channels;
  if (groups * p.filter_channels != p.input_channels) return MOTE_ERROR_SHAPE;
  const int32_t share = p.output_channels / groups;
  if (share * groups != p.output_channels) return MOTE_ERROR_SHAPE;
  if (depthwise && p.filter_channels != 1) return MOTE_ERROR_SHAPE;
  if (depthwise && op.Option32(kDepthMultiplier, 0) != share) return MOTE_ERROR_OPTION;
  MOTE_RETURN_IF_ERROR(PlanBias(op, types, &tensor, plan));

  MOTE_RETURN_IF_ERROR(PlanOutput(op, types, kActivation + later, &tensor, plan));
  p.vertical.dilation = Dilation(op, kDilationH + later);
  p.horizontal.dilation = Dilation(op, kDilationW + later);
  return SolveWindows(op, tensor, p.batches, p.output_channels, &p.vertical, &p.horizontal);
}

#ifndef MOTE_RECORDING
/* A block of channels after the other. In a frame of its own: at load it is not there. */
MOTE_NOINLINE void RunBlocks(const ConvolutionPlan& plan, ConvolutionKernel* kernel, PlaceWeights* place,
                             int8_t* memory) {
  const ConvolutionParams& p = plan.p;
  const int32_t most = plan.weights_type == MOTE_INT4 ? kUnpackedChannels : kBlockChannels;
  const int32_t span = plan.depthwise ? p.output_channels : p.channels_a_group();
  ChannelTerms terms[kBlockChannels];
  ConvolutionBlock block;
  block.input = plan.input;
  block.terms = terms;
  block.patches = memory;
  block.output = plan.output;
  for (block.first = 0; block.first < p.output_channels; block.first += block.count) {
    block.count = span - block.first % span; /* no further than its group */
    if (block.count > most) block.count = most;
    place(plan, &block);
    FillTerms(plan, block, terms);
    kernel(p, block);
  }
}
#endif

}  // namespace

mote_status PlanInput(Invocation& op, const ConvolutionTypes& types, TensorInfo* input, ConvolutionPlan* plan) {
  MOTE_RETURN_IF_ERROR(op.Input(0, types.activations, input));
  plan->input_scale = input->scale;
  plan->p.input_zero_point = input->zero_point;
  plan->input = op.Data(*input);
  return MOTE_OK;
}

mote_status PlanWeights(Invocation& op, const ConvolutionTypes& types, int32_t dimensions, int32_t channel_dimension,
                        TensorInfo* weights, ConvolutionPlan* plan) {
  MOTE_RETURN_IF_ERROR(op.Weights(1, types.weights, dimensions, channel_dimension, weights));
  plan->scales = op.graph().file.data() + weights->scales.at;
  plan->per_channel = weights->scales.size != 1;
  plan->weights = weights->constant;
  plan->weights_type = weights->type;
  plan->weights_index = weights->index;
  plan->p.output_channels = weights->shape[channel_dimension];
  return MOTE_OK;
}

mote_status PlanOutput(Invocation& op, const ConvolutionTypes& types, uint32_t slot, TensorInfo* output,
                       ConvolutionPlan* plan) {
  MOTE_RETURN_IF_ERROR(op.Output(types.activations, output));
  plan->output_scale = output->scale;
  plan->output = op.MutableData(*output);
  return op.Range(slot, *output, &plan->p.output);
}

mote_status PlanBias(Invocation& op, const ConvolutionTypes& types, TensorInfo* bias, ConvolutionPlan* plan) {
  MOTE_RETURN_IF_ERROR(op.Bias(2, plan->p.output_channels, types.bias, bias));
  plan->biases = bias->constant;
  plan->bias_type = bias->type;
  return MOTE_OK;
}

mote_status SolveConv2d(Invocation& op, const ConvolutionTypes& types, ConvolutionPlan* plan) {
  return Solve(op, types, false, plan);
}

mote_status SolveDepthwiseConv2d(Invocation& op, const ConvolutionTypes& types, ConvolutionPlan* plan) {
  return Solve(op, types, true, plan);
}

uint32_t PatchBytes(const ConvolutionPlan& plan) {
  return plan.depthwise ? 0 : ScratchBytes(plan.p);
}

void WeightsInFile(const ConvolutionPlan& plan, ConvolutionBlock* block) {
  const int32_t begin = plan.depthwise ? block->first : block->first * plan.p.taps();
  block->weights = reinterpret_cast<const int8_t*>(plan.weights) + begin;
  block->weights_step = plan.p.output_channels;
}

mote_status RunConvolution(Invocation& op, SolveConvolution* solve, ConvolutionKernel* kernel, PlaceWeights* place) {
  /* Which of the two the weights are has decided between the rows. */
  static constexpr ConvolutionTypes kTypes = {kInt8, kInt8 | kInt4, kInt32};
  ConvolutionPlan plan;
  MOTE_RETURN_IF_ERROR(solve(op, kTypes, &plan));
  if (op.verifying()) MOTE_RETURN_IF_ERROR(VerifyChannels(op, plan));
  /* Patches, then the weights of a block, which has as many channels on every core then: the arena is the same. */
  uint32_t scratch = PatchBytes(plan);
  if (plan.weights_type == MOTE_INT4) {
    const int32_t channels = plan.p.output_channels;
    const int32_t most = channels < kUnpackedChannels ? channels : kUnpackedChannels;
    scratch += static_cast<uint32_t>(most) * static_cast<uint32_t>(plan.p.taps());
  }
  void* memory = scratch != 0 ? op.Scratch(scratch) : nullptr;
  if (op.verifying()) return MOTE_OK;
#ifdef MOTE_RECORDING
  (void)kernel;
  RecordConvolution(plan, place, static_cast<int8_t*>(memory));
#else
  RunBlocks(plan, kernel, place, static_cast<int8_t*>(memory));
#endif
  return MOTE_OK;
}

}  // namespace mote::device
