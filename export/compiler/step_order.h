// The order in which a stretch of layers runs when it is streamed.
#ifndef MOTE_EXPORT_COMPILER_STEP_ORDER_H_
#define MOTE_EXPORT_COMPILER_STEP_ORDER_H_

#include <vector>

#include "export/compiler/step_graph.h"

namespace mote::compiler {

// All steps of layers first ... end-1; everything before them has run. A step runs just before the one that needs its
// row. Where a step needs rows of several branches, the branch with the least work left comes first: its rows wait
// least for the others. The same decides between several last layers.
std::vector<int> StreamOrder(const StepGraph& graph, int first, int end);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_STEP_ORDER_H_
