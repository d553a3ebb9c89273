/* Terms of output channels (bias, multiplier), formed from the file's own scales and biases whenever they are needed, a
 * block at a time on the stack: no copy of them is kept in memory. For operators with int8 (or int4) weights and int32
 * biases.
 */
#ifndef MOTE_MCU_RUNTIME_OPERATORS_CHANNEL_TABLE_H_
#define MOTE_MCU_RUNTIME_OPERATORS_CHANNEL_TABLE_H_

#include "mcu_runtime/operators/convolution.h"

namespace mote::device {

/* Every scale and multiplier in range, and no order of summation leaves int32, the shift of requantization included. */
mote_status VerifyChannels(Invocation& op, const ConvolutionPlan& plan);

/* Terms of the block's channels. The zero point's share, -z * sum of weights, joins the bias where the kernel leaves z
 * on its codes: that of CONV_2D does, FoldsZeroPoint. */
void FillTerms(const ConvolutionPlan& plan, const ConvolutionBlock& block, ChannelTerms* terms);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_OPERATORS_CHANNEL_TABLE_H_
