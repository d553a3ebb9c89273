/* CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED on int16 activations, with int8 weights; zero points are 0.
 *
 * Sums are of 64 bits. How they become codes depends on the bias' type:
 *   int32   as for int8 (requantize.h)
 *   int64   M16 = min(round(M / 2^16), 2^15 - 1), the mantissa's upper half; then
 *           result = floor((acc * M16 + 2^(14 - e)) / 2^(15 - e)), rounded once, halves up; e <= 7
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_CONVOLUTION_INT16_H_
#define MOTE_MCU_RUNTIME_KERNELS_CONVOLUTION_INT16_H_

#include "mcu_runtime/kernels/convolution.h"
#include "mcu_runtime/kernels/sums.h"

namespace mote::device {

struct WideTerms {
  int64_t bias;
  Multiplier multiplier;
};

constexpr int32_t kWideBlockChannels = 8;

/* Output channels [first, first + count), of one group where the filter is not depthwise. */
struct WideBlock {
  int32_t first;
  int32_t count;
  const int16_t* input;   /* at any alignment: it may be a constant */
  const int8_t* weights;  /* of channel `first` */
  const WideTerms* terms; /* of channel `first` */
  bool has_wide_sums;     /* int64 biases, or none */
  int16_t* patch;         /* memory for a patch of taps() codes */
  int16_t* output;
};

void Conv2dInt16(const ConvolutionParams& p, const WideBlock& block);
void DepthwiseConv2dInt16(const ConvolutionParams& p, const WideBlock& block);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_CONVOLUTION_INT16_H_
