// Golden data of a compiled model's self-test: inputs, and what the device runtime computes of them.
#ifndef MOTE_EXPORT_COMPILER_GOLDEN_H_
#define MOTE_EXPORT_COMPILER_GOLDEN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "export/compiler/network.h"

namespace mote::compiler {

constexpr uint32_t kGoldenSeed = 1;  // of inputs that the file does not hold: SeededBytes

struct Golden {
  int samples = 1;         // one after another, without a reset between them
  bool is_stored = false;  // the inputs are those of the file's metadata "mote_selftest"; else seeded
  std::string inputs;      // of each sample, the network's inputs in order
  std::vector<std::vector<uint32_t>>
      operators;  // by sample: the checksum of each operator's outputs, in the file's order
};

// `file` is the network's. Errors: InvalidArgument for golden data in the file that are damaged, or another model's.
absl::StatusOr<Golden> FindGolden(const std::string& file, const Network& network);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_GOLDEN_H_
