// The plain way to compute a layer: the runtime's own kernels, as the operator called them when it was recorded. Every
// layer of every model has it, on every core.
#ifndef MOTE_EXPORT_COMPILER_PLAIN_H_
#define MOTE_EXPORT_COMPILER_PLAIN_H_

#include "export/compiler/variant.h"

namespace mote::compiler {

KernelUse PlainUse(const Network& network, const Layer& layer, const Target& target);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_PLAIN_H_
