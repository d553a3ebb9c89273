// Outputs that no operator computes.
#ifndef MOTE_EXPORT_COMPILER_OUTPUT_COPIES_H_
#define MOTE_EXPORT_COMPILER_OUTPUT_COPIES_H_

#include "export/compiler/record.h"

namespace mote::compiler {

// Outputs of the network that are constants, or the network's inputs (under whatever shape), become tensors of their
// own, each with an operator at the end that copies it.
void CopyOutputs(RecordedModel* model);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_OUTPUT_COPIES_H_
