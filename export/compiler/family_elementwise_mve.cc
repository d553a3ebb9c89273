// ADD, SUB, pools and conversions between layouts for Helium.
#include "absl/strings/str_cat.h"
#include "export/compiler/elementwise_use.h"
#include "export/compiler/layouts_mve.h"
#include "export/compiler/requantization_mve.h"
#include "export/compiler/variant.h"

namespace mote::compiler {
namespace {

class AddMve : public Variant {
 public:
  std::string name() const override { return "add_mve"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    if (!request.target.core.has_mve) return std::nullopt;
    const std::optional<ContractSum> contract = ContractOfAdd(layer);
    if (!contract) return std::nullopt;
    const Tensor& output = network.tensors[layer.outputs[0]];
    if (request.output && *request.output != Nhwc8(output)) return std::nullopt;
    const std::optional<MveAddition> sum = FindMveAddition(*contract);
    if (!sum) return std::nullopt;
    KernelUse use;
    use.variant = name();
    use.form = KernelForm::kPixels;
    use.in_place = true;
    use.function = absl::StrCat("mote::compiled::AddPixelsMve<", sum->shift, ", ", sum->clamps ? "true" : "false", ">");
    use.header = "mcu_runtime/compiled/add_mve.h";
    use.params_type = "mote::compiled::AddPixelsMveParams";
    use.params =
        absl::StrCat("{/*sum=*/{/*a=*/", sum->a, ", /*b=*/", sum->b, ", /*c=*/", sum->c, ", /*min=*/", layer.output_min,
                     ", /*max=*/", layer.output_max, "}, /*channels=*/", output.channels, "}");
    for (const int input : layer.inputs) use.reads.push_back(Nhwc8(network.tensors[input]));
    use.writes = Nhwc8(output);
    use.instructions = output.bytes * (sum->clamps ? 18 : 14) / 8;
    use.code_bytes = 200;
    return use;
  }
};

class PoolMve : public Variant {
 public:
  std::string name() const override { return "pool_2d_mve"; }

  std::optional<KernelUse> Use(const Network& network, const Layer& layer, const Request& request) const override {
    constexpr int64_t kMostElements = 65535;
    const bool average = layer.kind == LayerKind::kAveragePool;
    if (!request.target.core.has_mve || request.target.is(Optimize::kRam)) return std::nullopt;
    if ((!average && layer.kind != LayerKind::kMaxPool) || PoolElements(layer) > kMostElements) return std::nullopt;
    std::optional<KernelUse> use = PoolRowUse(network, layer, request);
    if (!use) return std::nullopt;
    const Axis& v = layer.vertical;
    const Axis& h = layer.horizontal;
    const char* pool = !average ? "MaxPoolMve" : PoolElements(layer) > 255 ? "AveragePoolLargeMve" : "AveragePoolMve";
    use->variant = name();
    use->form = KernelForm::kVector;
    use->takes_null_rows = false;
    use->writes_padding = true;
    use->function = absl::StrCat("mote::compiled::PoolImageMve<mote::compiled::", pool, ">");
    use->header = "mcu_runtime/compiled/pool_2d_mve.h";
    use->params_type = "mote::compiled::PoolImageMveParams";
    const auto window = [](const Axis& axis) {
      return absl::StrCat("{", axis.input, ", ", axis.output, ", ", axis.filter, ", ", axis.stride, ", ", axis.dilation,
                          ", ", axis.padding, "}");
    };
    use->params =
        absl::StrCat("{/*channels=*/", layer.output_channels, ", /*vertical=*/", window(v), ", /*horizontal=*/",
                     window(h), ", /*min=*/", layer.output_min, ", /*max=*/", layer.output_max, "}");
    const int64_t together = !average ? 16 : PoolElements(layer) > 255 ? 4 : 8;
    const int64_t vectors = (layer.output_channels + together - 1) / together;
    use->instructions = int64_t{v.output} * h.output * (40 + vectors * ((average ? 4 : 6) * PoolElements(layer) + 50));
    use->code_bytes = 400;
    return use;
  }
};

class ConversionMve : public Variant {
 public:
  std::string name() const override { return "convert_mve"; }
  std::optional<KernelUse> Use(const Network&, const Layer&, const Request&) const override { return std::nullopt; }
  std::optional<KernelUse> Convert(const Tensor& tensor, const RowLayout& from, const RowLayout& to,
                                   const Target& target) const override {
    if (!target.core.has_mve) return std::nullopt;
    return ConvertMveUse(tensor, from, to);
  }
};

}  // namespace

void AddElementwiseMveVariants(VariantList* variants) {
  variants->push_back(std::make_unique<AddMve>());
  variants->push_back(std::make_unique<PoolMve>());
  variants->push_back(std::make_unique<ConversionMve>());
}

}  // namespace mote::compiler
