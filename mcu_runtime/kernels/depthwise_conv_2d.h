/* DEPTHWISE_CONV_2D; weights are HWO. */
#ifndef MOTE_MCU_RUNTIME_KERNELS_DEPTHWISE_CONV_2D_H_
#define MOTE_MCU_RUNTIME_KERNELS_DEPTHWISE_CONV_2D_H_

#include "mcu_runtime/kernels/convolution.h"

namespace mote::device {

void DepthwiseConv2d(const ConvolutionParams& p, const ConvolutionBlock& block);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_DEPTHWISE_CONV_2D_H_
