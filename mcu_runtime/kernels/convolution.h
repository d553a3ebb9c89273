/* What CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED have in common, whatever their types.
 *
 *   acc[b, y, x, o] = bias[o] + sum over (ky, kx, i) of (input[b, y*sy + ky*dy - top, x*sx + kx*dx - left, g*I + i] -
 * z_in)
 *                               * weight[o, ky, kx, i]           terms outside of the input are left out
 *   output = clamp(z_out + requantize(acc, m[o]))
 *
 * Input and output are NHWC. A filter sees I (`filter_channels`) of the input's channels; with fewer than all of them,
 * output channels are in groups, and channel o reads group g = o / (output_channels / groups). Depthwise is I = 1.
 * Fully connected is a filter of one tap over an image of one row.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_CONVOLUTION_H_
#define MOTE_MCU_RUNTIME_KERNELS_CONVOLUTION_H_

#include "mcu_runtime/kernels/requantize.h"
#include "mcu_runtime/kernels/window.h"

namespace mote::device {

struct ConvolutionParams {
  int32_t batches;
  int32_t input_channels;
  int32_t filter_channels;
  int32_t output_channels;
  Window vertical;
  Window horizontal;
  int32_t input_zero_point;
  OutputRange output;

  /* Products in a sum, those outside of the input counted. */
  int32_t taps() const { return vertical.filter * horizontal.filter * filter_channels; }
  int32_t pixels() const { return batches * vertical.output * horizontal.output; }
  int32_t channels_a_group() const { return output_channels / (input_channels / filter_channels); }
};

/* Output channels [first, first + count) of all pixels, at most kBlockChannels. */
struct ConvolutionBlock {
  int32_t first;
  int32_t count;
  const int8_t* input;
  const int8_t* weights;     /* of channel `first` */
  int32_t weights_step;      /* depthwise: from a tap to the next */
  const ChannelTerms* terms; /* of channel `first` */
  int8_t* patches;           /* memory for the kernel */
  int8_t* output;
};

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_CONVOLUTION_H_
