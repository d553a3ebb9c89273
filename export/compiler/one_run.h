// Stages whose rows a kernel may take as one run of pixels.
#ifndef MOTE_EXPORT_COMPILER_ONE_RUN_H_
#define MOTE_EXPORT_COMPILER_ONE_RUN_H_

#include "export/compiler/network.h"
#include "export/compiler/plan.h"

namespace mote::compiler {

// Whether the rows follow each other without gaps, and no pixel of a block of several rows, or that the last block
// goes back to, is overwritten before it is read.
bool AreOneRun(const Network& network, const Plan& plan, const Stage& stage);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_ONE_RUN_H_
