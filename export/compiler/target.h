// What a model is compiled for.
#ifndef MOTE_EXPORT_COMPILER_TARGET_H_
#define MOTE_EXPORT_COMPILER_TARGET_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mote::compiler {

enum class Optimize {
  kSpeed,  // unrolled blocks, weights packed for speed
  kSize,   // looped kernels
  kRam,    // rows are streamed wherever it lowers the peak
};

struct Core {
  std::string name;      // "cortex-m4"
  bool has_dsp = false;  // SMLAD and the like
  bool has_mve = false;  // Helium
  bool is_thumb1 = false;
  // Options of the compiler that generated code is built and measured with: "-mcpu=cortex-m4 -mthumb".
  std::string compiler;  // "arm-none-eabi-g++"
  std::string flags;
  std::string machine;  // that QEMU emulates; empty: none
};

struct Target {
  Core core;
  Optimize optimize = Optimize::kSpeed;
  bool winograd = false;  // 3x3 convolutions may take 3.6 times the flash to be faster (family_winograd.h)
  bool is(Optimize what) const { return optimize == what; }
};

// generic, cortex-m0, -m0plus, -m3, -m4, -m7, -m33, -m55, riscv32.
const std::vector<Core>& Cores();
absl::StatusOr<Core> FindCompilerCore(const std::string& name);  // the error lists them
absl::StatusOr<Optimize> FindOptimize(const std::string& name);
const char* OptimizeName(Optimize optimize);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_TARGET_H_
