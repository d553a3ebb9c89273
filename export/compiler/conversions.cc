#include "export/compiler/conversions.h"

namespace mote::compiler {

std::optional<KernelUse> ConversionUse(const Tensor& tensor, const RowLayout& from, const RowLayout& to,
                                       const Target& target) {
  for (const auto& variant : AllVariants()) {
    if (std::optional<KernelUse> use = variant->Convert(tensor, from, to, target)) return use;
  }
  return std::nullopt;
}

}  // namespace mote::compiler
