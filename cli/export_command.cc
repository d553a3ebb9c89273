#include <iostream>
#include <memory>

#include "cli/commands.h"

namespace mote {

void AddExport(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("export", "write the quantized network as a TensorFlow Lite file");
  auto target = std::make_shared<std::string>();
  command->add_option("RUN", *target, "the folder of a run that is quantized, or its recipe")->required();
  command->footer(
      "Leaves model.tflite in the run's folder, after a proof that no accumulator can leave 32 bits.\n\n"
      "Example:\n  mote export runs/digits");
  command->callback([target, &action] {
    action = [target]() -> absl::StatusOr<int> {
      absl::StatusOr<std::unique_ptr<Run>> run = Run::Open(*target, Interactive({}));
      if (!run.ok()) return run.status();
      if (absl::Status status = (*run)->Export(); !status.ok()) return status;
      std::cout << (*run)->folder() << "/model.tflite\n";
      return 0;
    };
  });
}

}  // namespace mote
