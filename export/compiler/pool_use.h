// What the variants of pools share, whatever the core.
#ifndef MOTE_EXPORT_COMPILER_POOL_USE_H_
#define MOTE_EXPORT_COMPILER_POOL_USE_H_

#include "export/compiler/variant.h"

namespace mote::compiler {

// Whether one window takes in the whole image.
bool IsGlobalPool(const Layer& layer);
// Elements of the largest window.
int64_t PoolElements(const Layer& layer);

// A pool row by row, int8 in and out, all but its function, header and costs. None where other layouts are asked for.
std::optional<KernelUse> PoolRowUse(const Network& network, const Layer& layer, const Request& request);
// A global average pool, an input row at a time.
std::optional<KernelUse> GlobalAverageUse(const Network& network, const Layer& layer, const Request& request);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_POOL_USE_H_
