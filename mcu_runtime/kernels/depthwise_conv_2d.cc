#include "mcu_runtime/kernels/depthwise_conv_2d.h"

#include "mcu_runtime/kernels/core.h"
#include "mcu_runtime/kernels/tiles.h"

namespace mote::device {

MOTE_KERNEL void DepthwiseConv2d(const ConvolutionParams& p, const ConvolutionBlock& block) {
  const int32_t multiplier = p.channels_a_group();
  /* Neighbouring channels read neighbouring codes and weights, a tile of them at a time; else each makes a tile. */
  const int32_t channels = multiplier == 1 && block.count >= kDepthwiseTile ? kDepthwiseTile : 1;
  DepthwiseTaps taps;
  taps.z = p.input_zero_point;
  taps.w_step = block.weights_step;
  int8_t* output = block.output + block.first;
  PatchWalk walk(p.vertical, p.horizontal, p.input_channels);
  for (int32_t left = p.pixels(); left > 0; --left, output += p.output_channels) {
    walk.Next();
    taps.rows = walk.rows.count;
    taps.columns = walk.columns.count;
    taps.x_step = walk.step;
    taps.x_row = walk.row_step - walk.columns.count * walk.step;
    taps.w_row = (p.horizontal.filter - walk.columns.count) * taps.w_step;
    const int8_t* in = block.input + walk.at;
    const int8_t* w = block.weights + walk.tap() * taps.w_step;
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

}  // namespace mote::device
