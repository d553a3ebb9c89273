#include "mcu_runtime/kernels/depthwise_conv_2d.h"

#include "mcu_runtime/kernels/core.h"
#include "mcu_runtime/kernels/tiles.h"

namespace mote::device {

MOTE_KERNEL void DepthwiseConv2d(const ConvolutionParams& p, const ConvolutionBlock& block) {
  const Window& v = p.vertical;
  const Window& h = p.horizontal;
  const int32_t multiplier = p.channels_a_group();
  /* Neighbouring channels read neighbouring codes and weights, a tile of them at a time; else each makes a tile. */
  const int32_t channels = multiplier == 1 && block.count >= kDepthwiseTile ? kDepthwiseTile : 1;
  DepthwiseTaps taps;
  taps.z = p.input_zero_point;
  taps.w_step = block.weights_step;
  int8_t* output = block.output + block.first;
  for (int32_t row = 0; row < p.batches * v.output; ++row) {
    const int32_t batch = row / v.output;
    const Taps rows = v.TapsInside(row - batch * v.output);
    const int32_t y = batch * v.input + rows.origin + rows.begin * v.dilation;
    taps.rows = rows.end - rows.begin;
    for (int32_t x = 0; x < h.output; ++x, output += p.output_channels) {
      const Taps columns = h.TapsInside(x);
      taps.columns = columns.end - columns.begin;
      /* Where there is one tap there is no step, and a dilation past the input is no distance in it. */
      taps.x_step = taps.columns > 1 ? h.dilation * p.input_channels : 0;
      taps.x_row = taps.rows > 1 ? v.dilation * h.input * p.input_channels - taps.columns * taps.x_step : 0;
      taps.w_row = (h.filter - taps.columns) * taps.w_step;
      const int8_t* in = block.input + (y * h.input + columns.origin + columns.begin * h.dilation) * p.input_channels;
      const int8_t* w = block.weights + (rows.begin * h.filter + columns.begin) * taps.w_step;
      int32_t sums[kBlockChannels];
      for (int32_t c = 0; c < block.count; c += channels) {
        if (c > block.count - channels) c = block.count - channels; /* the last tile is moved back to be whole */
        if (channels > 1) {
          SumDepthwiseTile(taps, in + block.first + c, w + c, sums + c);
        } else {
          SumDepthwise(taps, in + (block.first + c) / multiplier, w + c, sums + c);
        }
      }
      StoreCodes(sums, block.terms, block.count, p.output, output);
    }
  }
}

}  // namespace mote::device
