// What `mote bench` takes and does: for the program mote, and for mote-bench, which is it alone, without LibTorch.
#ifndef MOTE_CLI_BENCH_ARGUMENTS_H_
#define MOTE_CLI_BENCH_ARGUMENTS_H_

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "cli/compile_arguments.h"

namespace mote {

struct BenchArguments {
  CompileArguments compile;  // without its folder
  std::string json;          // a file; empty: none
  std::string peers;         // a file; empty: the table that the program holds
  std::string board;         // empty: none
  int seeds = 8;
};

void AddBenchArguments(CLI::App* command, BenchArguments* arguments);

// Measures, prints the report and writes the JSON file. The exit status: 1 where the model is not exact.
absl::StatusOr<int> RunBench(const BenchArguments& arguments);

}  // namespace mote

#endif  // MOTE_CLI_BENCH_ARGUMENTS_H_
