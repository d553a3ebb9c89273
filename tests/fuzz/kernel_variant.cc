// The kernels that are fitted to cores, compiled for this machine as they are for another core, in a namespace of their
// own. CMakeLists.txt here compiles this file once for each: MOTE_VARIANT names the namespace and the variant.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "tests/fuzz/kernel_cases.h"

// What that core's compiler defines, for kernels/core.h alone.
#if defined(MOTE_AS_CORTEX_M0)
#define __ARM_ARCH_6M__ 1
#elif defined(MOTE_AS_CORTEX_M)
#define __arm__ 1
#elif defined(MOTE_AS_RISCV)
#define __riscv 1
#endif
#define device MOTE_VARIANT
#include "mcu_runtime/kernels/conv_2d.cc"
#include "mcu_runtime/kernels/convolution_int16.cc"
#include "mcu_runtime/kernels/depthwise_conv_2d.cc"
#include "mcu_runtime/kernels/tiles.cc"
#include "mcu_runtime/kernels/tiles_rare.cc"

namespace mote::device {
namespace {

using test::ConvolutionCase;

Window WindowOf(const test::Axis& a) { return {a.input, a.output, a.filter, a.stride, a.dilation, a.padding}; }

ConvolutionParams ParamsOf(const ConvolutionCase& c) {
  ConvolutionParams p;
  p.batches = c.batches;
  p.input_channels = c.input_channels;
  p.filter_channels = c.filter_channels;
  p.output_channels = c.output_channels;
  p.vertical = WindowOf(c.vertical);
  p.horizontal = WindowOf(c.horizontal);
  p.input_zero_point = c.input_zero_point;
  p.output = {c.output_zero_point, c.min, c.max};
  return p;
}

int32_t HighMultiply(int32_t a, int32_t b) { return RoundingDoublingHighMul(a, b); }
int32_t PreparedHighMultiply(int32_t a, int32_t b) { return HighFactor<kHasLongMultiply>(b).Times(a); }
int32_t RequantizeOne(int32_t acc, int32_t mantissa, int32_t exponent) { return Requantize(acc, {mantissa, exponent}); }
int8_t StoreCode(int32_t sum, int32_t bias, int32_t mantissa, int32_t exponent, int32_t z, int32_t min, int32_t max) {
  const ChannelTerms terms = {bias, {mantissa, exponent}};
  int8_t code;
  StoreCodes(&sum, &terms, 1, {z, min, max}, &code);
  return code;
}

// In blocks, as operators/convolution.cc calls the kernel. Memory is of exactly the size that is asked for.
std::vector<int16_t> Convolution(const ConvolutionCase& c) {
  const ConvolutionParams p = ParamsOf(c);
  const std::vector<int8_t> input(c.input.begin(), c.input.end());
  std::vector<int8_t> patches(!c.depthwise ? ScratchBytes(p) : 0);
  std::vector<int8_t> output(c.outputs(), int8_t{0x55});
  const int32_t taps = p.taps();
  const int32_t span = c.depthwise ? p.output_channels : p.channels_a_group();
  ConvolutionBlock block;
  block.input = input.data();
  block.output = output.data();
  block.patches = patches.data();
  block.weights_step = p.output_channels;
  block.first = 0;
  for (int32_t end = span; end <= p.output_channels; end += span) {
    for (; block.first < end; block.first += block.count) {
      block.count = std::min(end - block.first, kBlockChannels);
      block.weights = c.weights.data() + block.first * (c.depthwise ? 1 : taps);
      std::vector<ChannelTerms> terms;
      for (int32_t i = block.first; i < block.first + block.count; ++i) {
        uint32_t bias = static_cast<uint32_t>(c.bias[static_cast<size_t>(i)]);
        if (!c.depthwise && FoldsZeroPoint(p)) {
          for (int32_t k = 0; k < taps; ++k) {
            bias -= static_cast<uint32_t>(p.input_zero_point * c.weights[static_cast<size_t>(i * taps + k)]);
          }
        }
        terms.push_back(
            {static_cast<int32_t>(bias), {c.mantissas[static_cast<size_t>(i)], c.exponents[static_cast<size_t>(i)]}});
      }
      block.terms = terms.data();
      (c.depthwise ? DepthwiseConv2d : Conv2d)(p, block);
    }
  }
  return {output.begin(), output.end()};
}

std::vector<int16_t> ConvolutionInt16(const ConvolutionCase& c) {
  const ConvolutionParams p = ParamsOf(c);
  std::vector<int16_t> patch(static_cast<size_t>(p.taps()));
  std::vector<int16_t> output(c.outputs(), int16_t{0x5555});
  const int32_t span = c.depthwise ? p.output_channels : p.channels_a_group();
  WideBlock block;
  block.input = c.input.data();
  block.output = output.data();
  block.patch = patch.data();
  block.has_wide_sums = c.wide_sums;
  block.first = 0;
  for (int32_t end = span; end <= p.output_channels; end += span) {
    for (; block.first < end; block.first += block.count) {
      block.count = std::min(end - block.first, kWideBlockChannels);
      block.weights = c.weights.data() + block.first * (c.depthwise ? 1 : p.taps());
      std::vector<WideTerms> terms;
      for (int32_t i = block.first; i < block.first + block.count; ++i) {
        terms.push_back({c.bias[static_cast<size_t>(i)],
                         {c.mantissas[static_cast<size_t>(i)], c.exponents[static_cast<size_t>(i)]}});
      }
      block.terms = terms.data();
      (c.depthwise ? DepthwiseConv2dInt16 : Conv2dInt16)(p, block);
    }
  }
  return output;
}

}  // namespace
}  // namespace mote::device

namespace mote::test {

#define MOTE_TEXT_OF(name) #name
#define MOTE_TEXT(name) MOTE_TEXT_OF(name)
extern const KernelVariant MOTE_VARIANT;
const KernelVariant MOTE_VARIANT = {
    MOTE_TEXT(MOTE_VARIANT),        mote::device::HighMultiply, mote::device::PreparedHighMultiply,
    mote::device::RequantizeOne,    mote::device::StoreCode,    mote::device::Convolution,
    mote::device::ConvolutionInt16,
};

}  // namespace mote::test
