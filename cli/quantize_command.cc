#include <iostream>
#include <memory>

#include "cli/commands.h"

namespace mote {

void AddQuantize(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("quantize", "quantize a trained network, bit-true (training or calibration)");
  auto arguments = std::make_shared<RunArguments>();
  command->add_option("RUN", arguments->target, "the folder of a run that is trained, or its recipe")->required();
  AddRunArguments(*command, *arguments, /*fresh=*/false);
  command->footer(
      "Leaves quantized.ckpt in the run's folder. With a recipe, a changed [quantize] section is what counts.\n\n"
      "Example:\n  mote quantize runs/digits\n  mote quantize docs/recipes/digits.toml --force");
  command->callback([arguments, &action] {
    action = [arguments]() -> absl::StatusOr<int> {
      absl::StatusOr<std::unique_ptr<Run>> run = Run::Open(arguments->target, Interactive(arguments->options));
      if (!run.ok()) return run.status();
      if (absl::Status status = (*run)->Quantize(); !status.ok()) return status;
      std::cout << (*run)->folder() << "/quantized.ckpt\n";
      return 0;
    };
  });
}

}  // namespace mote
