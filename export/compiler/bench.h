// Compiles a model, builds it, runs it under emulation, compares all outputs with the host runtime's, and says what it
// takes.
#ifndef MOTE_EXPORT_COMPILER_BENCH_H_
#define MOTE_EXPORT_COMPILER_BENCH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "export/compiler/boards.h"
#include "export/compiler/compile.h"
#include "export/compiler/interpreter.h"
#include "export/compiler/peers.h"

namespace mote::compiler {

struct BenchLayer {
  int index = 0;
  std::string text;     // "CONV_2D 3x3 stride 2, [96, 96, 3] -> [48, 48, 8]"
  std::string variant;  // the kernel
  int64_t macs = 0;
  int64_t instructions = 0;  // with a few of the hook's, which counts them
};

struct BenchReport {
  std::string model;  // the file's name without its ending
  std::string hash;   // SHA-256 of the file
  std::string core, machine, optimize;
  int64_t instructions = 0;  // of one inference: input of seed 1; 0 where nothing can be counted (generic)
  int64_t macs = 0;
  int64_t code_bytes = 0, constant_bytes = 0;
  // RAM is the sum of these four. The input lies in the arena: `arena_bytes` is what it takes beside the input. Where
  // the input is given row by row, `input_bytes` is a row, which the caller holds.
  int64_t arena_bytes = 0, input_bytes = 0, static_bytes = 0, stack_bytes = 0;
  // Where the model is given frames: of them. Then instructions, MAC and layers are of a frame, once whole windows are
  // there, and the input's bytes are a frame's.
  std::optional<Stream> stream;
  int64_t window_macs = 0;
  int compared_frames = 0;  // of each seed: those with a whole window
  int seeds = 0;
  bool exact = false;
  std::string difference;  // where it is not: the first byte that differs
  std::vector<BenchLayer> layers;
  std::optional<InterpreterRun> interpreter;  // the same model and input in the runtime, where its program is built
  std::vector<Peer> peers;
  std::optional<BoardEstimate> board;

  int64_t ram_bytes() const { return arena_bytes + input_bytes + static_bytes + stack_bytes; }
};

struct BenchOptions {
  CompileOptions compile;                   // its hook is of no account
  int seeds = 8;                            // inputs, each from a seed: 1, 2, ...
  int steps = 4;                            // inferences a seed, for networks with state
  std::string peers = kPeersOfThisVersion;  // the table's text
  std::string board;                        // that time and energy are estimated for; empty: none
};

// Errors: as Compile, BuildCompiled and RunCompiled. An inexact model is no error; the report says it.
absl::StatusOr<BenchReport> Bench(const std::string& path, const BenchOptions& options);

// xorshift32 (13, 17, 5), its state first `seed`: a byte is its state >> 24 after a step.
std::string SeededBytes(uint32_t seed, int64_t bytes);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_BENCH_H_
