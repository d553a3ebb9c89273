// The same model in the runtime, under emulation: what a compiled model is held against.
#ifndef MOTE_EXPORT_COMPILER_INTERPRETER_H_
#define MOTE_EXPORT_COMPILER_INTERPRETER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "export/compiler/run.h"

namespace mote::compiler {

struct InterpreterRun {
  int64_t instructions = 0;       // of the first inference
  int64_t load_instructions = 0;  // of mote_model_load
  int64_t arena_bytes = 0;
  int64_t stack_bytes = 0;  // of the whole program, its own few frames included
};

// One inference on the first of `inputs`. Errors: FailedPrecondition where the core has no program of the runtime
// (mote_device_<core>) or that is not built; Internal where it does not end well.
absl::StatusOr<InterpreterRun> RunInterpreter(const Core& core, const std::string& file, const Inputs& inputs);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_INTERPRETER_H_
