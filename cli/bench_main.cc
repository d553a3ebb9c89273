// mote-bench: `mote bench` alone, for machines without LibTorch.
#include <iostream>

#include "cli/bench_arguments.h"

int main(int argc, char** argv) {
  CLI::App app("Measures a compiled model on an emulated core.", "mote-bench");
  mote::BenchArguments arguments;
  mote::AddBenchArguments(&app, &arguments);
  CLI11_PARSE(app, argc, argv);
  const absl::StatusOr<int> status = mote::RunBench(arguments);
  if (status.ok()) return *status;
  std::cerr << "mote-bench: " << status.status().message() << "\n";
  return 1;
}
