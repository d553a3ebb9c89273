// What several subcommands share.
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/commands.h"
#include "datasets/nearest.h"
#include "export/emulator.h"

namespace mote {

void Note(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

void AddRunArguments(CLI::App& command, RunArguments& arguments, bool fresh) {
  command.add_flag("--resume", arguments.options.resume, "go on where the run in the folder stopped");
  command.add_flag("--force", arguments.options.force, "throw away what the folder holds of this and begin again");
  if (!fresh) return;
  command.add_option("--folder", arguments.options.folder, "where the run goes, in place of the recipe's folder");
  command.add_option("--seed", arguments.options.seed, "in place of the recipe's seed");
}

RunOptions Interactive(RunOptions options) {
  options.progress = FitOptions::Progress::kAuto;
  options.interrupt = &InterruptFlag();
  options.say = Note;
  return options;
}

absl::StatusOr<int> PrintTable(const Run& run) {
  absl::StatusOr<std::string> table = run.Table();
  if (!table.ok()) return table.status();
  absl::StatusOr<bool> equal = run.Equal();
  if (!equal.ok()) return equal.status();
  std::cout << *table << "\n"
            << (*equal ? "equal: every back end gave the same bytes in every tensor" : "DIFFERENT: see verify.json")
            << "; " << run.folder() << "/model.tflite\n";
  return *equal ? 0 : 1;
}

void AddDataArguments(CLI::App& command, DataArguments& arguments) {
  command.add_option(
      "--data", arguments.data,
      "digits, a recipe, or a file: .csv, .csv.gz, .npy, .npz, .bin (CIFAR-10), IDX; int8 arrays are codes as "
      "they are, all else is real values");
  command.add_option("--labels", arguments.labels, "file of the labels, for .npy and IDX");
  command.add_option("--split", arguments.split,
                     "train, validation, test or all (default: test of digits and recipes)");
  command.add_option("--label-column", arguments.label_column,
                     "of a CSV file: its name or number from 0 (default: the last)");
  command.add_option("--scale", arguments.scale, "inputs of CSV and NumPy files are multiplied by this");
  command.add_option("--samples", arguments.samples, "only the first so many")->check([](const std::string& text) {
    int64_t number = 0;
    return absl::SimpleAtoi(text, &number) && number >= 1 ? "" : text + " must be a whole number of at least 1";
  });
}

absl::StatusOr<Invocation> InvokeOn(const std::string& on, const RuntimeModel& model,
                                    const std::vector<torch::Tensor>& inputs, bool keep) {
  Invocation invocation;
  if (on == "host") {
    absl::StatusOr<RuntimeModel::Result> result = model.Invoke(inputs, keep);
    if (!result.ok()) return result.status();
    invocation.result = *std::move(result);
    invocation.note = "host";
    return invocation;
  }
  std::vector<std::string> names = {"host"};
  for (const CoreInfo& core : EmulatedCores()) names.push_back(core.name);
  if (std::find(names.begin(), names.end(), on) == names.end()) {
    return absl::InvalidArgumentError(absl::StrCat("--on ", on, " is not one of ", absl::StrJoin(names, ", "),
                                                   "; did you mean ", Nearest(on, names), "?"));
  }
  absl::StatusOr<EmulatedRun> run = InvokeOnCore(on, model, inputs, keep);
  if (!run.ok()) return run.status();
  invocation.note = absl::StrFormat("%s (%s), %d instructions an inference", on, run->machine, run->instructions);
  invocation.result = std::move(run->result);
  return invocation;
}

}  // namespace mote
