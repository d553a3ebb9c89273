#include "export/compiler/variant.h"

namespace mote::compiler {

std::optional<KernelUse> Variant::Convert(const Tensor&, const RowLayout&, const RowLayout&, const Target&) const {
  return std::nullopt;
}

const VariantList& AllVariants() {
  static const VariantList* variants = [] {
    auto* list = new VariantList;
    AddDspVariants(list);
    AddWinogradVariants(list);
    AddMveVariants(list);
    AddElementwiseMveVariants(list);
    AddElementwiseDspVariants(list);
    AddPortableVariants(list);
    AddThumb1Variants(list);
    return list;
  }();
  return *variants;
}

}  // namespace mote::compiler
