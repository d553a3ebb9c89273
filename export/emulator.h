// Emulated microcontrollers: the device runtime, built for a core, run by QEMU with semihosting.
//
// One start of the emulator takes all inputs in bulk from a file and leaves all outputs (and, if asked for, every
// tensor after every operator) in another. The programs are built by the project itself (`mote_device_<core>`,
// mcu_runtime/device) and found beside the library or through MOTE_DEVICE_DIR. Everything here may be called from
// several threads at once.
#ifndef MOTE_EXPORT_EMULATOR_H_
#define MOTE_EXPORT_EMULATOR_H_

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "export/runtime_model.h"

namespace mote {

struct CoreInfo {
  std::string name;         // "cortex-m4"
  std::string machine;      // what QEMU calls the board
  int64_t ram_bytes = 0;    // for the arena
  int64_t model_bytes = 0;  // for the file: flash, or memory that stands for it
};
// cortex-m0, -m3, -m4, -m7, -m33, -m55, riscv32. Of cortex-m0 this is the microbit; larger models run on mps2-an385.
const std::vector<CoreInfo>& EmulatedCores();
absl::StatusOr<CoreInfo> FindCore(const std::string& name);  // the error lists them and names the nearest

// Whether QEMU and the core's program are there; the error says what to install or build.
absl::Status CoreAvailable(const std::string& core);

struct EmulatedRun {
  RuntimeModel::Result result;
  int64_t instructions = 0;       // of one inference (the mean), counted with -icount shift=0
  int64_t load_instructions = 0;  // of mote_model_load
  int64_t arena_bytes = 0;        // the fewest that mote_model_load takes on this core; the model ran in exactly them
  int64_t stack_bytes = 0;        // deepest use of the whole program, the harness's own few frames included
  std::string machine;            // that it ran on (cortex-m0 falls back to a machine with more memory; says which)
};

struct EmulatorOptions {
  // An emulator whose results do not grow for so long is killed, and that is an error. One inference must end within
  // it.
  std::chrono::milliseconds stall = std::chrono::minutes(2);
  // Faults made on purpose on the device, to see that they are reported: an undefined instruction, an endless loop, a
  // byte written past the arena.
  enum class Sabotage { kNone, kUndefinedInstruction, kEndlessLoop, kArenaOverrun };
  Sabotage sabotage = Sabotage::kNone;
};

// Errors: InvalidArgument for inputs that do not fit the model and for a model that the runtime refuses on the core;
// ResourceExhausted where the model or its arena is larger than the machine's memory; FailedPrecondition as
// CoreAvailable; DeadlineExceeded for a stall; Internal for a fault, a write outside of the arena, or too small a
// stack.
absl::StatusOr<EmulatedRun> InvokeOnCore(const std::string& core, const RuntimeModel& model,
                                         const std::vector<torch::Tensor>& inputs, bool keep,
                                         const EmulatorOptions& options = {});

// What the core's instruction counter says of a loop of `instructions` (even, 2 to 2^32 - 2) instructions: as many, and
// up to about twenty more (a call, and the interrupts that widen a 24-bit counter). InvokeOnCore checks this itself,
// too.
absl::StatusOr<int64_t> CountLoop(const std::string& core, int64_t instructions);

}  // namespace mote

#endif  // MOTE_EXPORT_EMULATOR_H_
