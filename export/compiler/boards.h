// Time and energy of an inference on a board, estimated from its instructions:
//
//   time = instructions * cycles an instruction / clock        energy = time * power
//
// Cycles an instruction and power are a board's own, each the mean over published results of MLPerf Tiny (boards.cc).
// The error that is given is that of the same formula against each of these results, where the other results alone
// give cycles and power: what is said of a model is not taken from that model.
#ifndef MOTE_EXPORT_COMPILER_BOARDS_H_
#define MOTE_EXPORT_COMPILER_BOARDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mote::compiler {

struct BoardEstimate {
  std::string board;
  double megahertz = 0;
  double cycles = 0;        // an instruction
  double milliwatts = 0;    // 0 where no energy was published for the board
  double milliseconds = 0;  // of the inference
  double microjoules = 0;   // likewise; 0 where no energy was published
  double time_error = 0;    // mean, as a share: 0.05
  double energy_error = 0;  // likewise
  int results = 0;          // that were published
  std::string source;
};

// "nucleo-l4r5zi", ...
std::vector<std::string> BoardNames();

// Errors: InvalidArgument for a board that is not known, or that has another core.
absl::StatusOr<BoardEstimate> EstimateOnBoard(const std::string& board, const std::string& core, int64_t instructions);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_BOARDS_H_
