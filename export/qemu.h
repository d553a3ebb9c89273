// QEMU's machines, as all programs of ours are run on them: nothing attached, semihosting for files, instructions
// counted.
#ifndef MOTE_EXPORT_QEMU_H_
#define MOTE_EXPORT_QEMU_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mcu_runtime/device/job.h"

namespace mote {

// The path of `emulator` ("qemu-system-arm"). Errors: FailedPrecondition, which names the core and what to install.
absl::StatusOr<std::string> FindQemu(const std::string& emulator, const std::string& core);

// Runs the ELF file `program`; an instruction is a nanosecond of the machine's time.
std::vector<std::string> QemuArguments(const std::string& emulator, const std::string& machine,
                                       const std::string& program);

// Instructions of what was counted, where nothing at all counts as `empty`. `tick_instructions`: what a tick of the
// core's counter is worth, nanoseconds.
double CountedInstructions(double tick_instructions, const mote_count& count, const mote_count& empty);

}  // namespace mote

#endif  // MOTE_EXPORT_QEMU_H_
