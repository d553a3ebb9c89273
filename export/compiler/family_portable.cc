// Variants that run on any core: ADD, SUB, operators that are tables, and pools by rows.
#include "absl/strings/str_cat.h"
#include "export/compiler/elementwise_use.h"
#include "export/compiler/variant.h"

namespace mote::compiler {
namespace {

class TableVariant : public Variant {
 public:
  std::string name() const override { return "table"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (layer.kind != LayerKind::kTable) return std::nullopt;
    const Tensor& input = network.tensors[layer.inputs[0]];
    const Tensor& output = network.tensors[layer.outputs[0]];
    if (request.output && *request.output != Nhwc8(output)) return std::nullopt;
    KernelUse use;
    use.variant = name();
    use.form = KernelForm::kPixels;
    use.function = "mote::compiled::LookUp";
    use.header = "mcu_runtime/compiled/table.h";
    use.params_type = "mote::compiled::TableParams";
    use.params = absl::StrCat("{/*results=*/$results, /*channels=*/", output.channels, "}");
    Constant results = {"results", "uint8_t", 4, {}};
    for (const int8_t code : layer.table) results.values.push_back(static_cast<uint8_t>(code));
    use.constants = {results};
    use.reads = {Nhwc8(input)};
    use.writes = Nhwc8(output);
    use.in_place = true;
    use.instructions = 9 * output.bytes / 2;
    use.code_bytes = 80;
    return use;
  }
};

class AddPortable : public Variant {
 public:
  std::string name() const override { return "add"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    ProvedSum sum;
    std::optional<KernelUse> use = AddUse(network, layer, request, &sum);
    if (!use) return std::nullopt;
    use->variant = name();
    use->function = absl::StrCat("mote::compiled::Add<", sum.shift, ">");
    use->header = "mcu_runtime/compiled/add.h";
    use->instructions = network.tensors[layer.outputs[0]].bytes * (request.target.core.is_thumb1 ? 41 : 20);
    use->code_bytes = 100;
    return use;
  }
};

class PoolRows : public Variant {
 public:
  std::string name() const override { return "pool_rows"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    const bool average = layer.kind == LayerKind::kAveragePool;
    if (!average && layer.kind != LayerKind::kMaxPool) return std::nullopt;
    std::optional<KernelUse> use = PoolRowUse(network, layer, request);
    if (!use) return std::nullopt;
    use->variant = name();
    use->function = average ? "mote::compiled::PoolRow<mote::device::AverageOfInt8>"
                            : "mote::compiled::PoolRow<mote::device::MaximumOf>";
    use->header = "mcu_runtime/compiled/pool_2d.h";
    use->instructions = network.tensors[layer.outputs[0]].bytes * (5 * PoolElements(layer) + 12);
    use->code_bytes = 400;
    return use;
  }
};

class GlobalRows : public Variant {
 public:
  std::string name() const override { return "global_rows"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    std::optional<KernelUse> use = GlobalUse(network, layer, request);
    if (!use) return std::nullopt;
    use->variant = name();
    use->function = GlobalFunction("GlobalRow", layer);
    use->header = "mcu_runtime/compiled/pool_2d.h";
    use->state_bytes = int64_t{4} * layer.output_channels;
    use->instructions = network.tensors[layer.inputs[0]].bytes * 4 + 12 * layer.output_channels;
    use->code_bytes = 300;
    return use;
  }
};

}  // namespace

void AddPortableVariants(VariantList* variants) {
  variants->push_back(std::make_unique<TableVariant>());
  variants->push_back(std::make_unique<AddPortable>());
  variants->push_back(std::make_unique<PoolRows>());
  variants->push_back(std::make_unique<GlobalRows>());
}

}  // namespace mote::compiler
