#include "export/compiler/plain.h"

#include <algorithm>

#include "export/compiler/elementwise_use.h"
#include "mcu_runtime/kernels/requantize.h"

namespace mote::compiler {
namespace {

// Instructions a product and an element of the plain kernels, about: what other variants are held against.
constexpr int64_t kInstructionsAMac = 4;
constexpr int64_t kInstructionsADepthwiseMac = 12;
constexpr int64_t kConvolutionCodeBytes = 1600;
constexpr int64_t kCodeBytes = 450;
constexpr int64_t kInstructionsAnElement = 40;
constexpr int64_t kInstructionsAPooledElement = 6;
// On ARMv6-M the contract's requantization in 64 bits takes more, and so do sums of a single pixel: those of four
// outputs together, those of the last ones each.
constexpr int64_t kInstructionsADepthwiseMacOfThumb1 = 8;
constexpr int64_t kInstructionsADenseMacOfThumb1 = 6;
constexpr int64_t kInstructionsALastDenseMacOfThumb1 = 14;
constexpr int64_t kInstructionsAnElementOfThumb1 = 60;

int64_t MacInstructionsOfThumb1(const Layer& layer) {
  if (layer.kind == LayerKind::kDepthwise) return layer.macs * kInstructionsADepthwiseMacOfThumb1;
  if (layer.kind != LayerKind::kDense) return layer.macs * kInstructionsAMac;
  const int64_t outputs = static_cast<int64_t>(layer.channels.size()), last = layer.macs / outputs * (outputs % 4);
  return (layer.macs - last) * kInstructionsADenseMacOfThumb1 + last * kInstructionsALastDenseMacOfThumb1;
}

}  // namespace

KernelUse PlainUse(const Network& network, const Layer& layer, const Target& target) {
  KernelUse use;
  use.variant = "plain";
  use.form = KernelForm::kWhole;
  for (const int input : layer.inputs) use.reads.push_back(Nhwc8(network.tensors[input]));
  if (!layer.outputs.empty()) use.writes = Nhwc8(network.tensors[layer.outputs[0]]);
  use.in_place = layer.recorded->in_place;
  use.scratch_bytes = target.core.is_thumb1
                          ? std::max(layer.recorded->scratch_bytes, layer.recorded->packed_scratch_bytes)
                          : layer.recorded->scratch_bytes;
  int64_t elements = 0;
  for (const int output : layer.outputs) elements += network.tensors[output].bytes;
  // Weights, and the terms of each channel.
  use.recorded_constant_bytes =
      static_cast<int64_t>(layer.weights.size() + sizeof(device::ChannelTerms) * layer.channels.size());
  use.code_bytes = layer.channels.empty() ? kCodeBytes : kConvolutionCodeBytes;
  const bool depthwise = layer.kind == LayerKind::kDepthwise;
  use.instructions =
      (depthwise ? kInstructionsADepthwiseMac : kInstructionsAMac) * layer.macs + kInstructionsAnElement * elements;
  if (target.core.is_thumb1) {
    use.instructions = MacInstructionsOfThumb1(layer) + kInstructionsAnElementOfThumb1 * elements;
  }
  if (layer.kind == LayerKind::kAveragePool || layer.kind == LayerKind::kMaxPool || layer.kind == LayerKind::kMean) {
    use.instructions += kInstructionsAPooledElement * elements * PoolElements(layer);
  }
  return use;
}

}  // namespace mote::compiler
