/* Terms of output channels (bias, multiplier), formed from the file's own scales and biases whenever they are needed, a
 * block at a time on the stack: no copy of them is kept in memory. For operators with int8 (or int4) weights and int32
 * biases.
 */
#ifndef MOTE_MCU_RUNTIME_OPERATORS_CHANNEL_TABLE_H_
#define MOTE_MCU_RUNTIME_OPERATORS_CHANNEL_TABLE_H_

#include <stdint.h>

#include "mcu_runtime/operators/invocation.h"

namespace mote::device {

class ChannelTable {
 public:
  /* A channel's weights lie side by side; or, `interleaved`, those of all channels for one tap do. */
  void Set(const Graph& graph, const TensorInfo& input, const TensorInfo& weights, const TensorInfo& bias,
           const TensorInfo& output, int32_t channels, bool interleaved);

  /* Every scale and multiplier in range, and no order of summation leaves int32, the shift of requantization included.
   */
  mote_status Verify(Invocation& op) const;

  /* Terms of channels [first, first + count). `weights`, of the first one: its share of the zero point, -z * sum of
   * weights, joins the bias; null: it does not. */
  void Fill(int32_t first, int32_t count, const int8_t* weights, ChannelTerms* terms) const;

  int32_t channels() const { return channels_; }
  int32_t taps() const { return taps_; }

 private:
  bool ScaleOf(int32_t channel, Scale* scale) const;
  int32_t BiasOf(int32_t channel) const;
  mote_status VerifyChannel(Graph& graph, int32_t channel, int32_t largest_input) const;
  int64_t SumOfMagnitudes(int32_t channel) const;

  Scale input_scale_;
  Scale output_scale_;
  const uint8_t* scales_;
  const uint8_t* biases_;
  const uint8_t* weights_;
  int32_t weights_index_;
  int32_t channels_;
  int32_t taps_;
  int16_t input_zero_point_;
  bool per_channel_;
  bool interleaved_;
  bool packed_; /* two weights a byte */
};

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_OPERATORS_CHANNEL_TABLE_H_
