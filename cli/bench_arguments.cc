#include "cli/bench_arguments.h"

#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/file.h"
#include "export/compiler/bench.h"
#include "export/compiler/bench_text.h"

namespace mote {

void AddBenchArguments(CLI::App* command, BenchArguments* arguments) {
  AddCompileOptions(command, &arguments->compile);
  command->add_option("--json", arguments->json, "a file for the figures");
  command->add_option("--peers", arguments->peers, "a table of other tools' figures, in place of the one built in");
  command->add_option(
      "--board", arguments->board,
      absl::StrCat("estimate an inference's time and energy on it: ", absl::StrJoin(compiler::BoardNames(), ", ")));
  command->add_option("--seeds", arguments->seeds, "inputs that are compared with the host runtime's outputs")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  command->footer(
      "Compiles the model, builds it with the core's compiler, runs it under QEMU and compares every output byte with\n"
      "the host runtime's. Instructions are exact counts; flash is what the model adds to an empty program; the stack\n"
      "is that of the inference alone. Status 1 where an output differs.\n\n"
      "Example:\n  mote bench keywords.tflite --core cortex-m4 --json keywords.json");
}

absl::StatusOr<int> RunBench(const BenchArguments& arguments) {
  compiler::BenchOptions options;
  absl::StatusOr<compiler::CompileOptions> compile = ReadCompileOptions(arguments.compile);
  if (!compile.ok()) return compile.status();
  options.compile = *std::move(compile);
  options.seeds = arguments.seeds;
  options.board = arguments.board;
  if (!arguments.peers.empty()) {
    absl::StatusOr<std::string> peers = ReadFile(arguments.peers);
    if (!peers.ok()) return peers.status();
    options.peers = *std::move(peers);
  }
  const absl::StatusOr<compiler::BenchReport> report = compiler::Bench(arguments.compile.model, options);
  if (!report.ok()) return report.status();
  if (!arguments.json.empty()) {
    if (absl::Status status = WriteFileAtomically(arguments.json, compiler::BenchJson(*report)); !status.ok()) {
      return status;
    }
  }
  std::cout << compiler::BenchText(*report);
  return report->exact ? 0 : 1;
}

}  // namespace mote
