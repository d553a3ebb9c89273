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
// On ARMv6-M depthwise convolutions take more, and so does what the contract does in 64 bits.
constexpr int64_t kInstructionsADepthwiseMacOfThumb1 = 8;
constexpr int64_t kInstructionsAnElementOfThumb1 = 60;

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
    use.instructions = (depthwise ? kInstructionsADepthwiseMacOfThumb1 : kInstructionsAMac) * layer.macs +
                       kInstructionsAnElementOfThumb1 * elements;
  }
  if (layer.kind == LayerKind::kAveragePool || layer.kind == LayerKind::kMaxPool || layer.kind == LayerKind::kMean) {
    use.instructions += kInstructionsAPooledElement * elements * PoolElements(layer);
  }
  return use;
}

}  // namespace mote::compiler
