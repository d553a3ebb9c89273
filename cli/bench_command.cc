#include <memory>

#include "cli/bench_arguments.h"
#include "cli/commands.h"

namespace mote {

void AddBench(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("bench", "measure a compiled model on an emulated core");
  auto arguments = std::make_shared<BenchArguments>();
  AddBenchArguments(command, arguments.get());
  command->callback([arguments, &action] { action = [arguments] { return RunBench(*arguments); }; });
}

}  // namespace mote
