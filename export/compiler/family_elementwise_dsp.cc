// Variants of ADD, SUB and pools for cores with the DSP extension.
#include "absl/strings/str_cat.h"
#include "export/compiler/elementwise_use.h"
#include "export/compiler/variant.h"

namespace mote::compiler {
namespace {

class AddDsp : public Variant {
 public:
  std::string name() const override { return "add_dsp"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (!request.target.core.has_dsp) return std::nullopt;
    ProvedSum sum;
    std::optional<KernelUse> use = AddUse(network, layer, request, &sum);
    if (!use) return std::nullopt;
    use->variant = name();
    use->function = absl::StrCat("mote::compiled::AddDsp<", sum.shift, ", ", sum.clamps ? "true" : "false", ">");
    use->header = "mcu_runtime/compiled/add_dsp.h";
    const int64_t quarters = 25 + (sum.clamps ? 16 : 0);  // of an instruction an element
    use->instructions = network.tensors[layer.outputs[0]].bytes * quarters / 4;
    use->code_bytes = 240;
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

class GlobalRowsDsp : public Variant {
 public:
  std::string name() const override { return "global_rows_dsp"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (!request.target.core.has_dsp || layer.output_channels % 4 != 0 || PoolElements(layer) > 255)
      return std::nullopt;
    std::optional<KernelUse> use = GlobalUse(network, layer, request);
    if (!use) return std::nullopt;
    use->variant = name();
    use->function = GlobalFunction("GlobalRowDsp", layer);
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
  variants->push_back(std::make_unique<GlobalRowsDsp>());
}

}  // namespace mote::compiler
