// Variants of ADD, SUB and pools for cores with the DSP extension.
#include "absl/strings/str_cat.h"
#include "export/compiler/pool_use.h"
#include "export/compiler/sum_of_two.h"
#include "export/compiler/variant.h"

namespace mote::compiler {
namespace {

// How codes of a layout reach the kernel: mote::compiled::Held.
struct HeldLayout {
  const char* name = nullptr;
  int offset = 0;  // an element is q + offset
  int shift = 8;
  int64_t skip_bytes = 0;  // padding at the begin of a row
};

// None where the kernel does not take it. Elements of 16 bits hold q + offset, and so does their padding, whose q is
// the zero point.
std::optional<HeldLayout> HeldOf(const Tensor& tensor, const RowLayout& layout) {
  if (layout == Nhwc8(tensor)) return HeldLayout{"kInt8", 0, 8, 0};
  if (!layout.is_pixels || layout.element_bytes != 2) return std::nullopt;
  const int offset = layout.padding_value - tensor.zero_point;
  if (offset < -128 || offset > 128) return std::nullopt;
  return HeldLayout{"kInt16", offset, 6, int64_t{2} * layout.left * tensor.channels};
}

ContractSum ContractOf(const Layer& layer) {
  const SumOfTwo& sum = layer.sum;
  ContractSum contract;
  contract.zero_a = sum.zero_a;
  contract.zero_b = sum.zero_b;
  contract.a = {sum.mantissa_a, sum.exponent_a};
  contract.b = {sum.mantissa_b, sum.exponent_b};
  contract.sum = {sum.mantissa, sum.exponent};
  contract.output = {layer.output_zero_point, layer.output_min, layer.output_max};
  contract.subtracts = sum.subtracts;
  return contract;
}

class AddDsp : public Variant {
 public:
  std::string name() const override { return "add_dsp"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (layer.kind != LayerKind::kAdd || !request.target.core.has_dsp || layer.sum.left_shift != 20)
      return std::nullopt;
    const Tensor& a = network.tensors[layer.inputs[0]];
    const Tensor& b = network.tensors[layer.inputs[1]];
    const Tensor& output = network.tensors[layer.outputs[0]];
    const RowLayout wanted = request.output.value_or(Nhwc8(output));
    const std::optional<HeldLayout> held = HeldOf(output, wanted);
    // The kernel's results are q + 128.
    if (!held || (held->skip_bytes != 0 && wanted.element_bytes == 1)) return std::nullopt;
    if (wanted.element_bytes == 2 && held->offset != 128) return std::nullopt;
    const std::optional<HeldLayout> held_a = HeldOf(a, Nhwc8(a)), held_b = HeldOf(b, Nhwc8(b));
    const std::optional<ProvedSum> sum =
        FindSum(ContractOf(layer), {held_a->offset, held_a->shift}, {held_b->offset, held_b->shift});
    if (!sum) return std::nullopt;
    KernelUse use;
    use.variant = name();
    use.form = KernelForm::kPixels;
    const std::string prefix = "mote::compiled::Held::";
    use.function = absl::StrCat("mote::compiled::AddDsp<", sum->shift, ", ", prefix, held_a->name, ", ", prefix,
                                held_b->name, ", ", prefix, held->name, ", ", sum->clamps ? "true" : "false", ">");
    use.header = "mcu_runtime/compiled/add_dsp.h";
    use.params_type = "mote::compiled::AddDspParams";
    use.params = absl::StrCat("{/*channels=*/", output.channels, ", /*a=*/", sum->a, ", /*b=*/", sum->b,
                              ", /*offset=*/", sum->offset, ", /*min=*/", layer.output_min + 128, ", /*max=*/",
                              layer.output_max + 128, ", /*skip_a=*/", held_a->skip_bytes, ", /*skip_b=*/",
                              held_b->skip_bytes, ", /*skip_output=*/", held->skip_bytes, "}");
    use.reads = {Nhwc8(a), Nhwc8(b)};
    use.writes = wanted;
    use.in_place = wanted.element_bytes == 1;
    const int64_t quarters = 25 + (sum->clamps ? 16 : 0);  // of an instruction an element
    use.instructions = int64_t{output.height} * output.width * output.channels * quarters / 4;
    use.code_bytes = 240;
    return use;
  }
};

// Four channels to a word.
class PoolRowsDsp : public Variant {
 public:
  std::string name() const override { return "pool_rows_dsp"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    const bool average = layer.kind == LayerKind::kAveragePool;
    if (!request.target.core.has_dsp || layer.output_channels % 4 != 0) return std::nullopt;
    if (!average && layer.kind != LayerKind::kMaxPool) return std::nullopt;
    if (average && PoolElements(layer) > 255) return std::nullopt;
    std::optional<KernelUse> use = PoolRowUse(network, layer, request);
    if (!use) return std::nullopt;
    use->variant = name();
    use->function = average ? "mote::compiled::PoolRowDsp<mote::compiled::SumsOfFour>"
                            : "mote::compiled::PoolRowDsp<mote::compiled::MaximaOfFour>";
    use->header = "mcu_runtime/compiled/pool_2d_dsp.h";
    use->instructions = network.tensors[layer.outputs[0]].bytes * (2 * PoolElements(layer) + (average ? 24 : 6));
    use->code_bytes = 300;
    return use;
  }
};

class GlobalAverageRowsDsp : public Variant {
 public:
  std::string name() const override { return "global_average_rows_dsp"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (!request.target.core.has_dsp || layer.output_channels % 4 != 0 || PoolElements(layer) > 255)
      return std::nullopt;
    std::optional<KernelUse> use = GlobalAverageUse(network, layer, request);
    if (!use) return std::nullopt;
    use->variant = name();
    use->function = "mote::compiled::GlobalAverageRowDsp";
    use->header = "mcu_runtime/compiled/pool_2d_dsp.h";
    use->state_bytes = int64_t{2} * layer.output_channels;
    use->instructions = network.tensors[layer.inputs[0]].bytes * 2 + 16 * layer.output_channels;
    use->code_bytes = 240;
    return use;
  }
};

}  // namespace

void AddElementwiseDspVariants(VariantList* variants) {
  variants->push_back(std::make_unique<AddDsp>());
  variants->push_back(std::make_unique<PoolRowsDsp>());
  variants->push_back(std::make_unique<GlobalAverageRowsDsp>());
}

}  // namespace mote::compiler
