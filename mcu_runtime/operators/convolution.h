/* What the rows of CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED share. */
#ifndef MOTE_MCU_RUNTIME_OPERATORS_CONVOLUTION_H_
#define MOTE_MCU_RUNTIME_OPERATORS_CONVOLUTION_H_

#include "mcu_runtime/kernels/convolution.h"
#include "mcu_runtime/kernels/core.h"
#include "mcu_runtime/operators/invocation.h"

namespace mote::device {

/* What an operator takes. */
struct ConvolutionTypes {
  uint32_t activations;
  uint32_t weights;
  uint32_t bias;
};

/* What is left of an operator's tensors when they have been read, one after the other: stacks are small. */
struct ConvolutionPlan {
  ConvolutionParams p;
  Scale input_scale;
  Scale output_scale;
  const uint8_t* scales; /* of the weights: one, or one a channel */
  const uint8_t* biases; /* null: none */
  const uint8_t* weights;
  const int8_t* input; /* no address at load, as output */
  int8_t* output;
  int32_t weights_index;
  mote_type weights_type : 8;
  mote_type bias_type : 8;
  bool per_channel;
  bool depthwise; /* the weights of all channels for one tap lie side by side; else a channel's do */
};

/* The operators differ in their weights' dimensions, in which of them the channels are, and in their options. */
enum ConvolutionKind : uint8_t { kConv, kDepthwise, kDense };

/* Reads and checks all but scales and weights. */
mote_status SolveConvolution(Invocation& op, const ConvolutionTypes& types, ConvolutionKind kind,
                             ConvolutionPlan* plan);

/* Channels of a block whose weights are unpacked: as many on every core, so that the arena is the same. */
constexpr int32_t kUnpackedChannels = 12;
static_assert(kUnpackedChannels <= kBlockChannels, "a block of any core holds them");

/* A row of operators.def on int8 activations. `place` sets the block's weights and the step between them. Where they
 * are not taken as they lie in the file, memory for them follows the patches: how many bytes it gives for no block. */
using ConvolutionKernel = void(const ConvolutionParams& p, const ConvolutionBlock& block);
using PlaceWeights = uint32_t(const ConvolutionPlan& plan, ConvolutionBlock* block);
mote_status RunConvolution(Invocation& op, ConvolutionKind kind, ConvolutionKernel* kernel, PlaceWeights* place);
PlaceWeights WeightsInFile;
uint32_t PatchBytes(const ConvolutionPlan& plan);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_OPERATORS_CONVOLUTION_H_
