#include "export/compiler/family_winograd.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "export/compiler/dsp_use.h"
#include "export/compiler/pack_winograd.h"

namespace mote::compiler {
namespace {

constexpr int kMostChannels = 1024;  // of the input: distances stand in instructions

bool IsOfThreeTaps(const Axis& axis) { return axis.filter == 3 && axis.dilation == 1; }

// The most steps of the inner loop's code that divide all of them.
int UnrollOf(int steps) {
  int unroll = std::min(steps, 16);
  while (steps % unroll != 0) --unroll;
  return unroll;
}

class WinogradDsp : public Variant {
 public:
  std::string name() const override { return kWinograd; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (!request.target.winograd || layer.kind != LayerKind::kConvolution) return std::nullopt;
    if (!WhyNoWinograd(layer, request.target).empty()) return std::nullopt;
    const RowLayout written = Nhwc8(network.tensors[layer.outputs[0]]);
    if (request.output && *request.output != written) return std::nullopt;
    const PackedWinogradDsp packed = PackWinogradDsp(layer);
    if (!packed.is_exact) return std::nullopt;
    const DspRequantization& requantization = packed.requantization;
    const Axis& v = layer.vertical;
    const Axis& h = layer.horizontal;
    const int64_t tiles = int64_t{(v.output + 1) / 2} * ((h.output + 1) / 2);
    const int unroll = UnrollOf(layer.input_channels / 2);
    KernelUse use;
    use.variant = name();
    use.form = KernelForm::kVector;
    use.header = "mcu_runtime/compiled/winograd_dsp.h";
    use.function = absl::StrCat(
        "mote::compiled::WinogradDsp<", layer.input_channels, ", ", unroll, ", ", RequantizeName(requantization), ", ",
        HasSums(requantization) ? 0 : requantization.left_shift - 2, ", ", ShiftArgument(requantization), ", ",
        Bool(tiles >= 3 && tiles != 4), ", ", Bool(tiles > 1 && tiles % 3 != 0), ", ", Bool(tiles == 1), ">::Image");
    use.params_type = "mote::compiled::WinogradDspParams";
    use.params = absl::StrCat("{/*height=*/", v.input, ", /*width=*/", h.input, ", /*top=*/", v.padding, ", /*left=*/",
                              h.padding, ", /*output_height=*/", v.output, ", /*output_width=*/", h.output,
                              ", /*output_channels=*/", layer.output_channels, ", /*padding=*/0x",
                              absl::Hex(0x01010101u * static_cast<uint8_t>(layer.input_zero_point), absl::kZeroPad8),
                              "u, /*offset=*/", requantization.offset, ", /*stream_bytes=*/", packed.stream.size(),
                              ", ", ConstantsText(layer, requantization, "/*weights=*/"));
    AddConstants(packed.stream, requantization, &use);
    use.reads = {Nhwc8(network.tensors[layer.inputs[0]])};
    use.writes = written;
    use.scratch_bytes = 112 * int64_t{layer.input_channels};
    use.instructions = Instructions(layer, requantization, tiles);
    use.code_bytes = 2000 + 64 * unroll;
    AddClamp(layer, requantization, int64_t{v.output} * h.output * layer.output_channels, &use);
    return use;
  }

 private:
  static int64_t Instructions(const Layer& layer, const DspRequantization& requantization, int64_t tiles) {
    const int steps = layer.input_channels / 2;
    const int rounds = steps / UnrollOf(steps);
    const int64_t outputs = layer.output_channels;
    const auto block = [&](int size) {
      const int64_t products = 16 * ((2 + 2 * size) * steps + 4 + (rounds > 1 ? 6 + 2 * rounds : 0)) + 20;
      return size * (100 * steps + 100) + outputs / 2 * products +
             size * outputs * (46 + 4 * InstructionsACode(requantization));
    };
    if (tiles == 1) return block(1);
    const int64_t of_two = tiles % 3 == 1 ? 2 : tiles % 3 == 2 ? 1 : 0;
    return (tiles - 2 * of_two) / 3 * block(3) + of_two * block(2);
  }
};

}  // namespace

std::string WhyNoWinograd(const Layer& layer, const Target& target) {
  if (!target.core.has_dsp || target.core.has_mve) return "for cores with the DSP extension";
  if (!target.is(Optimize::kSpeed)) return "for speed, and memory that allows it";
  if (!IsOfThreeTaps(layer.vertical) || !IsOfThreeTaps(layer.horizontal)) return "for 3x3 taps";
  if (layer.vertical.stride != 1 || layer.horizontal.stride != 1) return "for stride 1";
  if (layer.input_channels % 2 != 0 || layer.output_channels % 2 != 0) return "for even numbers of channels";
  if (layer.input_channels > kMostChannels) return absl::StrCat("for ", kMostChannels, " channels at most");
  return "";
}

void AddWinogradRemark(const Layer& layer, const Target& target, KernelUse* chosen) {
  if (!target.winograd || layer.kind != LayerKind::kConvolution || chosen->variant == kWinograd) return;
  std::string why = WhyNoWinograd(layer, target);
  if (why.empty()) why = PackWinogradDsp(layer).is_exact ? "not faster here" : "four times a sum may leave 32 bits";
  absl::StrAppend(&chosen->remark, chosen->remark.empty() ? "" : "; ", "Winograd: ", why);
}

void AddWinogradVariants(VariantList* variants) { variants->push_back(std::make_unique<WinogradDsp>()); }

}  // namespace mote::compiler
