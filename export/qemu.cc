#include "export/qemu.h"

#include "export/emulator_process.h"

namespace mote {
namespace {

constexpr double kInstructionsPerPoll = 4;  // counter_cortex_m.cc

}  // namespace

absl::StatusOr<std::string> FindQemu(const std::string& emulator, const std::string& core) {
  return FindTool(emulator, emulator == "qemu-system-arm" ? emulator : "qemu-system-misc", core);
}

std::vector<std::string> QemuArguments(const std::string& emulator, const std::string& machine,
                                       const std::string& program) {
  std::vector<std::string> arguments = {emulator, "-M", machine, "-nodefaults"};
  for (const char* device : {"-display", "-monitor", "-serial"}) arguments.insert(arguments.end(), {device, "none"});
  arguments.insert(arguments.end(), {"-semihosting-config", "enable=on,target=native", "-icount", "shift=0"});
  if (machine == "virt") arguments.insert(arguments.end(), {"-bios", "none"});
  arguments.insert(arguments.end(), {"-kernel", program});
  return arguments;
}

double CountedInstructions(double tick_instructions, const mote_count& count, const mote_count& empty) {
  const auto value = [tick_instructions](const mote_count& c) {
    return static_cast<double>(c.ticks) * tick_instructions - kInstructionsPerPoll * c.polls;
  };
  return value(count) - count.regions * value(empty);
}

}  // namespace mote
