#include "export/compiler/machine.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "export/emulator_process.h"
#include "export/qemu.h"

namespace mote::compiler {
namespace {

constexpr uint32_t kKiB = 1U << 10, kMiB = 1U << 20;
constexpr char kStackBytes[] = "32K";

// Data lie in the machine's large memory, so that every arena has room.
const std::map<std::string, Machine>& Machines() {
  static const auto* machines = [] {
    const std::vector<std::string> host = {"host_machine.cc"};
    const std::vector<std::string> arm = {"start.cc", "semihosting.cc", "start_cortex_m.cc", "counter_cortex_m.cc"};
    const std::vector<std::string> riscv = {"start.cc", "semihosting.cc", "start_riscv.cc", "counter_riscv.cc"};
    const auto cortex_m = [&arm](uint32_t code, uint32_t code_bytes, uint32_t data, uint32_t model, double tick) {
      return Machine{"qemu-system-arm", "Reset_Handler", code, code_bytes, data, 16 * kMiB, model, tick, arm};
    };
    return new std::map<std::string, Machine>{
        {"", Machine{"", "", 0, 0, 0, 0, 0, 0, host}},
        {"mps2-an385", cortex_m(0, 4 * kMiB, 0x21000000, 0x00080000, 40)},
        {"mps2-an386", cortex_m(0, 4 * kMiB, 0x21000000, 0x00080000, 40)},
        {"mps2-an500", cortex_m(0, 4 * kMiB, 0x60000000, 0x00080000, 40)},
        {"mps2-an505", cortex_m(0x10000000, 4 * kMiB, 0x80000000, 0x10080000, 50)},
        {"mps3-an547", cortex_m(0x10000000, 512 * kKiB, 0x70000000, 0x38000000, 31.25)},
        {"virt", Machine{"qemu-system-riscv32", "mote_entry", 0x80000000, 32 * kMiB, 0x82000000, 64 * kMiB, 0x80100000,
                         1, riscv}},
    };
  }();
  return *machines;
}

}  // namespace

const Machine& MachineOf(const Core& core) { return Machines().at(core.machine); }

std::string MemoryMap(const Machine& machine) {
  return absl::StrFormat(
      "MEMORY\n{\n  CODE (rx) : ORIGIN = 0x%08x, LENGTH = %uK\n  DATA (rw) : ORIGIN = 0x%08x, LENGTH = %uK\n}\n"
      "MOTE_STACK_BYTES = %s;\nENTRY(%s)\nINCLUDE sections.ld\n",
      machine.code_origin, machine.code_bytes / kKiB, machine.data_origin, machine.data_bytes / kKiB, kStackBytes,
      machine.entry);
}

double Instructions(const Machine& machine, const mote_count& count, const mote_count& empty) {
  return CountedInstructions(machine.tick_instructions, count, empty);
}

absl::StatusOr<std::string> FindCompiler(const Core& core) {
  return FindTool(core.compiler,
                  core.compiler == "g++"                              ? "g++"
                  : core.compiler.find("riscv") == core.compiler.npos ? "gcc-arm-none-eabi"
                                                                      : "gcc-riscv64-unknown-elf",
                  core.name);
}

absl::StatusOr<std::string> FindEmulator(const Core& core) { return FindQemu(MachineOf(core).emulator, core.name); }

absl::StatusOr<std::vector<std::string>> RunArguments(const Core& core, const std::string& program) {
  if (MachineOf(core).emulator.empty()) return std::vector<std::string>{program};
  absl::StatusOr<std::string> emulator = FindEmulator(core);
  if (!emulator.ok()) return emulator.status();
  return QemuArguments(*emulator, core.machine, program);
}

}  // namespace mote::compiler
