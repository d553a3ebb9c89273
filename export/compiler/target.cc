#include "export/compiler/target.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mote::compiler {

const std::vector<Core>& Cores() {
  static const std::vector<Core>* cores = new std::vector<Core>{
      {"generic", false, false, false, "g++", "", ""},
      {"cortex-m0", false, false, true, "arm-none-eabi-g++", "-mcpu=cortex-m0 -mthumb", "mps2-an385"},
      {"cortex-m0plus", false, false, true, "arm-none-eabi-g++", "-mcpu=cortex-m0plus -mthumb", "mps2-an385"},
      {"cortex-m3", false, false, false, "arm-none-eabi-g++", "-mcpu=cortex-m3 -mthumb", "mps2-an385"},
      {"cortex-m4", true, false, false, "arm-none-eabi-g++", "-mcpu=cortex-m4 -mthumb", "mps2-an386"},
      {"cortex-m7", true, false, false, "arm-none-eabi-g++", "-mcpu=cortex-m7 -mthumb", "mps2-an500"},
      {"cortex-m33", true, false, false, "arm-none-eabi-g++", "-mcpu=cortex-m33 -mthumb", "mps2-an505"},
      {"cortex-m55", true, true, false, "arm-none-eabi-g++", "-mcpu=cortex-m55 -mthumb -mfloat-abi=hard", "mps3-an547"},
      {"riscv32", false, false, false, "riscv64-unknown-elf-g++", "-march=rv32imac -mabi=ilp32 -misa-spec=2.2", "virt"},
  };
  return *cores;
}

absl::StatusOr<Core> FindCompilerCore(const std::string& name) {
  for (const Core& core : Cores()) {
    if (core.name == name) return core;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("core \"", name, "\" is not known; one of ",
                   absl::StrJoin(Cores(), ", ", [](std::string* out, const Core& core) { out->append(core.name); })));
}

const char* OptimizeName(Optimize optimize) {
  static constexpr const char* kNames[] = {"speed", "size", "ram"};
  return kNames[static_cast<int>(optimize)];
}

absl::StatusOr<Optimize> FindOptimize(const std::string& name) {
  for (const Optimize optimize : {Optimize::kSpeed, Optimize::kSize, Optimize::kRam}) {
    if (name == OptimizeName(optimize)) return optimize;
  }
  return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" is not one of speed, size, ram"));
}

}  // namespace mote::compiler
