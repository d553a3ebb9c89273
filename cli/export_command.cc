#include <iostream>
#include <memory>

#include "cli/commands.h"

namespace mote {

void AddExport(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("export", "write the quantized network as a TensorFlow Lite file");
  auto arguments = std::make_shared<RunArguments>();
  command->add_option("RUN", arguments->target, "the folder of a run that is quantized, or its recipe")->required();
  command
      ->add_option("--selftest", arguments->options.selftest,
                   "how many samples with checksums for mote_selftest the file holds, in place of the recipe's number "
                   "(default: 1 where the inputs are at most 1 KB, else 0)")
      ->check(CLI::Range(int64_t{0}, kMaxSelftestSamples));
  command->footer(
      "Leaves model.tflite in the run's folder, after a proof that no accumulator can leave 32 bits.\n\n"
      "Example:\n  mote export runs/digits");
  command->callback([arguments, &action] {
    action = [arguments]() -> absl::StatusOr<int> {
      absl::StatusOr<std::unique_ptr<Run>> run = Run::Open(arguments->target, Interactive(arguments->options));
      if (!run.ok()) return run.status();
      if (absl::Status status = (*run)->Export(); !status.ok()) return status;
      std::cout << (*run)->folder() << "/model.tflite\n";
      return 0;
    };
  });
}

}  // namespace mote
