/* What the rows of CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED share. */
#ifndef MOTE_MCU_RUNTIME_OPERATORS_CONVOLUTION_H_
#define MOTE_MCU_RUNTIME_OPERATORS_CONVOLUTION_H_

#include "mcu_runtime/kernels/convolution.h"
#include "mcu_runtime/operators/invocation.h"

namespace mote::device {

/* What an operator takes. */
struct ConvolutionTypes {
  uint32_t activations;
  uint32_t weights;
  uint32_t bias;
};

struct ConvolutionTensors {
  TensorInfo input, weights, bias, output;
};

/* Read and check all but scales and weights. */
using SolveConvolution = mote_status(Invocation& op, const ConvolutionTypes& types, ConvolutionTensors* tensors,
                                     ConvolutionParams* p);
SolveConvolution SolveConv2d;
SolveConvolution SolveDepthwiseConv2d;
SolveConvolution SolveFullyConnected;

/* An operator of int8 (or int4) weights on int8 activations. */
using ConvolutionKernel = void(const ConvolutionParams& p, const ConvolutionBlock& block);
mote_status RunConvolution(Invocation& op, SolveConvolution* solve, ConvolutionKernel* kernel, bool depthwise);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_OPERATORS_CONVOLUTION_H_
