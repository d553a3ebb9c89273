#include <iostream>
#include <memory>

#include "cli/commands.h"

namespace mote {

void AddTrain(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("train", "train a recipe's float network");
  auto arguments = std::make_shared<RunArguments>();
  command->add_option("RECIPE", arguments->target, "a TOML file")->required();
  AddRunArguments(*command, *arguments, /*fresh=*/true);
  command->footer(
      "Leaves float.ckpt in the run's folder.\n\n"
      "Example:\n  mote train docs/recipes/digits.toml\n  mote train docs/recipes/digits.toml --resume    # after "
      "Ctrl-C");
  command->callback([arguments, &action] {
    action = [arguments]() -> absl::StatusOr<int> {
      absl::StatusOr<Recipe> recipe = LoadRecipe(arguments->target);
      if (!recipe.ok()) return recipe.status();
      absl::StatusOr<std::unique_ptr<Run>> run = Run::Begin(*std::move(recipe), Interactive(arguments->options));
      if (!run.ok()) return run.status();
      if (absl::Status status = (*run)->Train(); !status.ok()) return status;
      std::cout << (*run)->folder() << "/float.ckpt\n";
      return 0;
    };
  });
}

}  // namespace mote
