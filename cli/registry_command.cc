#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "datasets/file.h"
#include "export/registry.h"

namespace mote {

void AddRegistry(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("registry", "write the list of operators that models need, as C");
  struct Arguments {
    std::vector<std::string> models;
    std::string output;
  };
  auto arguments = std::make_shared<Arguments>();
  command->add_option("MODEL", arguments->models, ".tflite files")->required();
  command->add_option("-o,--output", arguments->output, "the C file")->required();
  command->footer(
      "A program links the operators that it names and no others. The file has one list a model,\n"
      "mote_operators_of_<model>, to be given to mote_model_load in place of mote_all_operators.\n\n"
      "Example:\n  mote registry keywords.tflite wake_word.tflite -o operators.c");
  command->callback([arguments, &action] {
    action = [arguments]() -> absl::StatusOr<int> {
      absl::StatusOr<std::string> source = RegistrySource(arguments->models);
      if (!source.ok()) return source.status();
      if (absl::Status status = WriteFileAtomically(arguments->output, *source); !status.ok()) return status;
      std::cout << arguments->output << "\n";
      return 0;
    };
  });
}

}  // namespace mote
