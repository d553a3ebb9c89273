#include <memory>

#include "cli/commands.h"

namespace mote {

void AddRun(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("run", "train, quantize, export and verify what a recipe describes");
  auto arguments = std::make_shared<RunArguments>();
  command->add_option("RECIPE", arguments->target, "a TOML file")->required();
  AddRunArguments(*command, *arguments, /*fresh=*/true);
  command->footer(
      "Ends with a table of the accuracy at every stage and of the bytes that differ; status 1 where any does.\n\n"
      "Example:\n  mote run docs/recipes/digits.toml\n  mote run docs/recipes/digits.toml --resume    # after Ctrl-C");
  command->callback([arguments, &action] {
    action = [arguments]() -> absl::StatusOr<int> {
      absl::StatusOr<Recipe> recipe = LoadRecipe(arguments->target);
      if (!recipe.ok()) return recipe.status();
      RunOptions options = Interactive(arguments->options);
      absl::StatusOr<std::unique_ptr<Run>> begun = Run::Begin(*std::move(recipe), options);
      if (!begun.ok()) return begun.status();
      Run& run = **begun;
      for (auto stage : {&Run::Train, &Run::Quantize, &Run::Export, &Run::Verify}) {
        if (absl::Status status = (run.*stage)(); !status.ok()) return status;
      }
      return PrintTable(run);
    };
  });
}

}  // namespace mote
