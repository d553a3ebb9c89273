#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "export/inspect.h"

namespace mote {

void AddInspect(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("inspect", "show a model's operators, shapes, scales, bytes and MACs");
  struct Arguments {
    std::string model;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  command->add_option("MODEL", arguments->model, "a .tflite file")->required();
  command->add_flag("--json", arguments->json, "as JSON in place of a table");
  command->footer("Example:\n  mote inspect runs/digits/model.tflite\n  mote inspect model.tflite --json");
  command->callback([arguments, &action] {
    action = [arguments]() -> absl::StatusOr<int> {
      absl::StatusOr<std::unique_ptr<RuntimeModel>> model = RuntimeModel::Load(arguments->model);
      if (!model.ok()) return model.status();
      std::cout << (arguments->json ? InspectJson(**model) : InspectTable(**model));
      return 0;
    };
  });
}

}  // namespace mote
