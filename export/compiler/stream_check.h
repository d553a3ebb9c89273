// Proof of a streamed network and its plan that shares nothing with what made them: follows calls byte by byte, where
// every row is known by what it was computed of, down to rows of the input, and compares the outputs with those of the
// file's model on whole windows.
#ifndef MOTE_EXPORT_COMPILER_STREAM_CHECK_H_
#define MOTE_EXPORT_COMPILER_STREAM_CHECK_H_

#include <string>

#include "export/compiler/network.h"
#include "export/compiler/plan.h"

namespace mote::compiler {

// Empty, or what is wrong in one line. `streamed` is StreamedNetwork(whole), `plan` its plan.
std::string CheckStream(const Network& whole, const Network& streamed, const Plan& plan);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_STREAM_CHECK_H_
