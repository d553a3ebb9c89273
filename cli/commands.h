// The subcommands of `mote`, one file each: what it takes, what it does, what it prints.
//
// Results go to stdout, progress and errors to stderr. Status: 0 done, 1 failed or differs, 2 wrong usage, 130 Ctrl-C.
#ifndef MOTE_CLI_COMMANDS_H_
#define MOTE_CLI_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/data.h"
#include "cli/run.h"
#include "export/runtime_model.h"

namespace mote {

// What main calls once the arguments are read; gives the exit status.
using Action = std::function<absl::StatusOr<int>()>;

void AddRun(CLI::App& app, Action& action);
void AddTrain(CLI::App& app, Action& action);
void AddQuantize(CLI::App& app, Action& action);
void AddExport(CLI::App& app, Action& action);
void AddVerify(CLI::App& app, Action& action);
void AddInspect(CLI::App& app, Action& action);
void AddRegistry(CLI::App& app, Action& action);
void AddEval(CLI::App& app, Action& action);
void AddInvoke(CLI::App& app, Action& action);
void AddCompile(CLI::App& app, Action& action);
void AddBench(CLI::App& app, Action& action);

// What several of them share.

const std::atomic<bool>& InterruptFlag();  // set by Ctrl-C and SIGTERM

struct RunArguments {
  std::string target;  // the recipe or the run's folder
  RunOptions options;
};
// --resume and --force, and with `fresh` also --folder and --seed.
void AddRunArguments(CLI::App& command, RunArguments& arguments, bool fresh);
// Progress and notes to stderr, Ctrl-C heeded.
RunOptions Interactive(RunOptions options);
void Note(const std::string& line);  // a line to stderr

// The table of a verified run and one line that says equal or not; gives the exit status.
absl::StatusOr<int> PrintTable(const Run& run);

void AddDataArguments(CLI::App& command, DataArguments& arguments);

// `on`: "host" or a core. The note says on what machine a core ran, and its instructions an inference.
struct Invocation {
  RuntimeModel::Result result;
  std::string note;
};
absl::StatusOr<Invocation> InvokeOn(const std::string& on, const RuntimeModel& model,
                                    const std::vector<torch::Tensor>& inputs, bool keep);
// The model compiled for `on` in place of the runtime; "host": generic C++. An output that differs from the runtime's
// is an error.
absl::StatusOr<Invocation> InvokeCompiled(const std::string& on, const std::string& optimize, const RuntimeModel& model,
                                          const std::vector<torch::Tensor>& inputs);

}  // namespace mote

#endif  // MOTE_CLI_COMMANDS_H_
