// The machines of QEMU that stand for cores, as programs of compiled models see them.
#ifndef MOTE_EXPORT_COMPILER_MACHINE_H_
#define MOTE_EXPORT_COMPILER_MACHINE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "export/compiler/target.h"
#include "mcu_runtime/device/job.h"

namespace mote::compiler {

struct Machine {
  std::string emulator;  // "qemu-system-arm"; empty: programs run here, nothing is counted
  std::string entry;     // the program's first function
  uint32_t code_origin = 0, code_bytes = 0;
  uint32_t data_origin = 0, data_bytes = 0;
  uint32_t model_origin = 0;         // of the interpreter's program: where the model's file comes
  double tick_instructions = 0;      // of the core's counter: nanoseconds at -icount shift=0
  std::vector<std::string> sources;  // of mcu_runtime/device: start-up, files, counter
};

// The machine that Core::machine names.
const Machine& MachineOf(const Core& core);

// For the linker, around mcu_runtime/device/sections.ld.
std::string MemoryMap(const Machine& machine);

// Instructions of what was counted, where nothing at all counts as `empty`.
double Instructions(const Machine& machine, const mote_count& count, const mote_count& empty);

// The paths of programs. Errors: FailedPrecondition, with what to install.
absl::StatusOr<std::string> FindCompiler(const Core& core);
absl::StatusOr<std::string> FindEmulator(const Core& core);

// The arguments to run `program` on the core's machine: the emulator's, or the program alone.
absl::StatusOr<std::vector<std::string>> RunArguments(const Core& core, const std::string& program);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_MACHINE_H_
