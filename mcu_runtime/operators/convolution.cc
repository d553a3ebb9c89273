#include "mcu_runtime/operators/convolution.h"

#include "mcu_runtime/kernels/conv_2d.h"
#include "mcu_runtime/operators/channel_table.h"
#include "mcu_runtime/operators/window.h"

namespace mote::device {
namespace {

int32_t Dilation(Invocation& op, uint32_t slot) { return op.Option32(slot, 1); }

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

MOTE_NOINLINE mote_status SolveConvolution(Invocation& op, const ConvolutionTypes& types, ConvolutionKind kind,
                                           ConvolutionPlan* plan) {
  enum : uint32_t { kPadding, kStrideW, kStrideH, kActivation, kDilationW, kDilationH, kDepthMultiplier = 3 };
  enum : uint32_t { kDenseActivation, kDenseFormat };
  const bool depthwise = kind == kDepthwise;
  const bool dense = kind == kDense;
  const uint32_t later = depthwise ? 1 : 0; /* there the multiplier stands before the activation */
  ConvolutionParams& p = plan->p;
  plan->depthwise = depthwise;
  TensorInfo tensor;
  MOTE_RETURN_IF_ERROR(op.Input(0, types.activations, &tensor));
  plan->input_scale = tensor.scale;
  p.input_zero_point = tensor.zero_point;
  plan->input = op.Data(tensor);
  const int32_t elements = tensor.elements;
  if (!dense) {
    if (tensor.dimensions != 4) return MOTE_ERROR_SHAPE;
    p.batches = tensor.shape[0];
    p.vertical.input = tensor.shape[1];
    p.horizontal.input = tensor.shape[2];
    p.input_channels = tensor.shape[3];
  }

  const int32_t channel_dimension = depthwise ? 3 : 0;
  MOTE_RETURN_IF_ERROR(op.Weights(1, types.weights, dense ? 2 : 4, channel_dimension, &tensor));
  plan->scales = op.graph().file.data() + tensor.scales.at;
  plan->per_channel = tensor.scales.size != 1;
  plan->weights = tensor.constant;
  plan->weights_type = tensor.type;
  plan->weights_index = tensor.index;
  p.output_channels = tensor.shape[channel_dimension];
  p.filter_channels = depthwise ? tensor.shape[0] : tensor.last_dimension();
  if (dense) {
    if (op.Option8(kDenseFormat, 0) != 0) return MOTE_ERROR_OPTION;
    p.input_channels = p.filter_channels;
    p.batches = elements / p.input_channels;
    if (p.batches * p.input_channels != elements) return MOTE_ERROR_SHAPE;
    p.vertical = {1, 1, 1, 1, 1, 0};
    p.horizontal = p.vertical;
  } else {
    p.vertical.filter = tensor.shape[1];
    p.horizontal.filter = tensor.shape[2];
    const int32_t groups = p.input_channels / p.filter_channels;
    if (groups * p.filter_channels != p.input_channels) return MOTE_ERROR_SHAPE;
    const int32_t share = p.output_channels / groups;
    if (share * groups != p.output_channels) return MOTE_ERROR_SHAPE;
    if (depthwise && p.filter_channels != 1) return MOTE_ERROR_SHAPE;
    if (depthwise && op.Option32(kDepthMultiplier, 0) != share) return MOTE_ERROR_OPTION;
    p.vertical.dilation = Dilation(op, kDilationH + later);
    p.horizontal.dilation = Dilation(op, kDilationW + later);
  }
  MOTE_RETURN_IF_ERROR(op.Bias(2, p.output_channels, types.bias, &tensor));
  plan->biases = tensor.constant;
  plan->bias_type = tensor.type;

  MOTE_RETURN_IF_ERROR(op.Output(types.activations, &tensor));
  plan->output_scale = tensor.scale;
  plan->output = op.MutableData(tensor);
  MOTE_RETURN_IF_ERROR(op.Range(dense ? kDenseActivation : kActivation + later, tensor, &p.output));
  if (!dense) return SolveWindows(op, tensor, p.batches, p.output_channels, &p.vertical, &p.horizontal);
  const bool fits = tensor.dimensions >= 1 && tensor.last_dimension() == p.output_channels &&
                    tensor.elements / p.output_channels == p.batches;
  return fits ? MOTE_OK : MOTE_ERROR_SHAPE;
}

uint32_t PatchBytes(const ConvolutionPlan& plan) { return plan.depthwise ? 0 : ScratchBytes(plan.p); }

uint32_t WeightsInFile(const ConvolutionPlan& plan, ConvolutionBlock* block) {
  if (block == nullptr) return 0;
  const int32_t begin = plan.depthwise ? block->first : block->first * plan.p.taps();
  block->weights = reinterpret_cast<const int8_t*>(plan.weights) + begin;
  block->weights_step = plan.p.output_channels;
  return 0;
}

mote_status RunConvolution(Invocation& op, ConvolutionKind kind, ConvolutionKernel* kernel, PlaceWeights* place) {
  /* Which of the two the weights are has decided between the rows. */
  static constexpr ConvolutionTypes kTypes = {kInt8, kInt8 | kInt4, kInt32};
  ConvolutionPlan plan;
  MOTE_RETURN_IF_ERROR(SolveConvolution(op, kTypes, kind, &plan));
  if (op.verifying()) MOTE_RETURN_IF_ERROR(VerifyChannels(op, plan));
  /* Patches, then the weights of a block, which has as many channels on every core then: the arena is the same. */
  const uint32_t scratch = PatchBytes(plan) + place(plan, nullptr);
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
