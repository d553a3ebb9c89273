/* The runtime's plain convolutions for compiled models: the same kernels, with the terms of all channels in a table. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_PLAIN_H_
#define MOTE_MCU_RUNTIME_COMPILED_PLAIN_H_

#undef MOTE_KERNEL /* of a header that came first */
#define MOTE_KERNEL inline
/* For speed, also where all else is compiled for size; as mcu_runtime/CMakeLists.txt has it for the runtime. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#if defined(__riscv)
#pragma GCC optimize("O2", "no-tree-ter", "no-schedule-insns")
#include "mcu_runtime/kernels/conv_2d.cc"
#include "mcu_runtime/kernels/depthwise_conv_2d.cc"
#elif defined(__thumb__) && !defined(__thumb2__)
/* The back end switches these two off, since its epilogues pop into registers that -fipa-ra believes untouched; the
 * pragma alone would switch them on again. */
#pragma GCC optimize("O2", "no-ipa-ra", "no-schedule-insns")
#else
#pragma GCC optimize("O2")
#endif
#include "mcu_runtime/kernels/tiles.cc"
#pragma GCC pop_options
#else
#include "mcu_runtime/kernels/tiles.cc"
#endif
#if !defined(__riscv) || defined(__clang__)
#include "mcu_runtime/kernels/conv_2d.cc"
#include "mcu_runtime/kernels/depthwise_conv_2d.cc"
#endif
#include "mcu_runtime/kernels/convolution_int16.cc"
#include "mcu_runtime/kernels/tiles_rare.cc"

namespace mote::compiled {

/* Blocks of channels; `weights_step`: from a channel's weights to the next channel's. */
template <typename Kernel>
inline void RunBlocks(Kernel kernel, const device::ConvolutionParams& p, device::ConvolutionBlock block, int32_t span,
                      int32_t weights_step) {
  const int8_t* weights = block.weights;
  const device::ChannelTerms* terms = block.terms;
  block.weights_step = p.output_channels;
  for (block.first = 0; block.first < p.output_channels; block.first += block.count) {
    block.count = span - block.first % span; /* no further than its group */
    if (block.count > device::kBlockChannels) block.count = device::kBlockChannels;
    block.weights = weights + block.first * weights_step;
    block.terms = terms + block.first;
    kernel(p, block);
  }
}

inline void RunConv2d(const device::ConvolutionParams& p, const int8_t* input, const int8_t* weights,
                      const device::ChannelTerms* terms, int8_t* patches, int8_t* output) {
  const device::ConvolutionBlock block = {0, 0, input, weights, 0, terms, patches, output};
  RunBlocks(device::Conv2d, p, block, p.channels_a_group(), p.taps());
}

inline void RunDepthwiseConv2d(const device::ConvolutionParams& p, const int8_t* input, const int8_t* weights,
                               const device::ChannelTerms* terms, int8_t* patches, int8_t* output) {
  const device::ConvolutionBlock block = {0, 0, input, weights, 0, terms, patches, output};
  RunBlocks(device::DepthwiseConv2d, p, block, p.output_channels, 1);
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_PLAIN_H_
