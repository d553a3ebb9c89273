// What the variants of ADD, SUB and pools share, whatever the core: int8 in and out, as the file has it.
#ifndef MOTE_EXPORT_COMPILER_ELEMENTWISE_USE_H_
#define MOTE_EXPORT_COMPILER_ELEMENTWISE_USE_H_

#include "export/compiler/sum_of_two.h"
#include "export/compiler/variant.h"

namespace mote::compiler {

// None where the layer is no ADD or SUB of int8.
std::optional<ContractSum> ContractOfAdd(const Layer& layer);

// ADD or SUB, all but its function, header and costs. None where another layout is asked for, or no constants are
// proved.
std::optional<KernelUse> AddUse(const Network& network, const Layer& layer, const Request& request, ProvedSum* sum);

// Whether one window takes in the whole image.
bool IsGlobalPool(const Layer& layer);
// Elements of the largest window.
int64_t PoolElements(const Layer& layer);

// A pool row by row; as above.
std::optional<KernelUse> PoolRowUse(const Network& network, const Layer& layer, const Request& request);
// A global average pool, or MEAN or SUM over the image, an input row at a time.
std::optional<KernelUse> GlobalUse(const Network& network, const Layer& layer, const Request& request);
// The instance of `kernel` (GlobalRow, GlobalRowDsp) for it.
std::string GlobalFunction(const std::string& kernel, const Layer& layer);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_ELEMENTWISE_USE_H_
