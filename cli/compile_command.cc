#include <memory>

#include "cli/commands.h"
#include "cli/compile_arguments.h"

namespace mote {

void AddCompile(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("compile", "turn any int8 model into C++ for one core");
  auto arguments = std::make_shared<CompileArguments>();
  AddCompileArguments(command, arguments.get());
  command->callback([arguments, &action] {
    action = [arguments]() -> absl::StatusOr<int> {
      if (absl::Status status = RunCompile(*arguments); !status.ok()) return status;
      return 0;
    };
  });
}

}  // namespace mote
