// Runs a program of compiled models, under emulation or here, and says what its models took.
#ifndef MOTE_EXPORT_COMPILER_RUN_H_
#define MOTE_EXPORT_COMPILER_RUN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "export/compiler/build.h"

namespace mote::compiler {

// What one model is given: for each sample and each step of it, each of the model's inputs in order, as bytes.
struct Inputs {
  int samples = 1;
  int steps = 1;  // inferences one after another that share the network's state, which is reset before a sample
  std::string bytes;
};

struct CompiledRun {
  std::string outputs;          // as the inputs are laid out
  int64_t instructions = 0;     // of the first inference, or the first whole window; 0 where nothing can be counted
  int64_t stack_bytes = 0;      // likewise, its caller's frame not included
  std::vector<int64_t> layers;  // instructions of each, where the model was compiled with a hook
};

// One a model of the program. Safe to call from several threads. Errors: FailedPrecondition where the emulator is not
// installed; InvalidArgument for inputs of another size; Internal for a fault, a write outside of an arena, a stack
// that was used up, or an emulator that counts otherwise; DeadlineExceeded where nothing was written for minutes.
absl::StatusOr<std::vector<CompiledRun>> RunCompiled(const CompiledProgram& program, const std::vector<Inputs>& inputs);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_RUN_H_
