// Kernels that bring rows of a tensor from one layout into another, where no layer does it on its way.
#ifndef MOTE_EXPORT_COMPILER_CONVERSIONS_H_
#define MOTE_EXPORT_COMPILER_CONVERSIONS_H_

#include <optional>

#include "export/compiler/variant.h"

namespace mote::compiler {

// Of KernelForm::kVector, or kWindow with a window of one row. None where nothing knows how to.
std::optional<KernelUse> ConversionUse(const Tensor& tensor, const RowLayout& from, const RowLayout& to,
                                       const Target& target);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_CONVERSIONS_H_
