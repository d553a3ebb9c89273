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

/* A row of operators.def on int8 activations. */
struct ConvolutionRow {
  SolveConvolution* solve;
  void (*kernel)(const ConvolutionParams& p, const ConvolutionBlock& block);
  bool depthwise;
  uint32_t weights; /* their type */
  /* Null, or brings the weights of a block into memory of its own, as int8; depthwise ones tap by tap. */
  void (*unpack)(const ConvolutionParams& p, const int8_t* weights, const ConvolutionBlock& block, bool depthwise,
                 int8_t* unpacked);
};
mote_status RunConvolution(Invocation& op, const ConvolutionRow& row);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_OPERATORS_CONVOLUTION_H_
