// What a compiled model is compared with: the device runtime on this machine.
#ifndef MOTE_EXPORT_COMPILER_REFERENCE_H_
#define MOTE_EXPORT_COMPILER_REFERENCE_H_

#include <string>

#include "absl/status/statusor.h"
#include "export/compiler/run.h"
#include "mcu_runtime/mote_runtime.h"

namespace mote::compiler {

// The outputs of every step of every sample, laid out as those of a CompiledRun. Errors: InvalidArgument for a file
// that the runtime refuses and for inputs of another size. `hook` is called after each operator.
absl::StatusOr<std::string> RunReference(const std::string& file, const Inputs& inputs, mote_hook hook = nullptr,
                                         void* hook_context = nullptr);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_REFERENCE_H_
