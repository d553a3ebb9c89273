// mote: what you train is what you flash. The subcommands are in *_command.cc.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "absl/status/status.h"
#include "cli/commands.h"
#include "datasets/nearest.h"

namespace mote {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);
volatile sig_atomic_t last_signal = SIGINT;

// The first asks for a checkpoint; a second ends the program as signals do.
void HandleSignal(int number) {
  last_signal = number;
  interrupted.store(true);
  signal(number, SIG_DFL);
}

// OpenMP's threads spin while they wait, which costs the whole machine where several programs share it, and reads its
// environment before main: so set it and begin again. Where that fails, go on as it is.
void KeepOpenMpFromSpinning(char** argv) {
  if (getenv("OMP_WAIT_POLICY") != nullptr) return;
  setenv("OMP_WAIT_POLICY", "passive", 1);
  setenv("GOMP_SPINCOUNT", "0", 0);
  execv("/proc/self/exe", argv);
}

// CLI11 speaks in several lines at times; the first one is the message.
std::string OneLine(const std::string& text) { return text.substr(0, text.find('\n')); }

int Fail(int status, const std::string& message) {
  std::fprintf(stderr, "mote: %s\n", OneLine(message).c_str());
  return status;
}

// What was not understood, and the nearest that would be: of subcommands, or of the options of the one given.
int WrongUsage(const CLI::App& app, const CLI::ParseError& error) {
  const auto given = app.get_subcommands();
  const CLI::App& command = given.empty() ? app : *given.front();
  const std::string help = "; see: mote " + (given.empty() ? std::string() : command.get_name() + " ") + "--help";
  const std::vector<std::string> extras = app.remaining(/*recurse=*/true);
  if (!extras.empty()) {  // also where the error is that something is missing: a misspelt option often is its cause
    const std::string& extra = extras.front();
    std::vector<std::string> names;
    if (extra.starts_with("-")) {
      const std::string name = extra.substr(0, extra.find('='));
      for (const CLI::Option* option : command.get_options()) {
        for (const std::string& known : option->get_lnames()) names.push_back("--" + known);
      }
      return Fail(2, name + " is not an option; did you mean " + Nearest(name, names) + "?" + help);
    }
    return Fail(2, "'" + extra + "' is one argument too many" + help);
  }
  return Fail(2, OneLine(error.what()) + help);
}

int Main(int argc, char** argv) {
  CLI::App app(
      "mote: what you train is what you flash. Trains, quantizes and exports networks for microcontrollers,\n"
      "and shows that every stage computes the same integers.");
  app.name("mote");
  app.set_version_flag("--version", ToolVersion());
  app.require_subcommand(1);
  app.footer("Example:\n  mote run docs/recipes/digits.toml\n  mote COMMAND --help    # more on one of them");
  app.get_formatter()->column_width(28);
  Action action;
  AddRun(app, action);
  AddTrain(app, action);
  AddQuantize(app, action);
  AddExport(app, action);
  AddVerify(app, action);
  AddInspect(app, action);
  AddRegistry(app, action);
  AddEval(app, action);
  AddInvoke(app, action);
  AddCompile(app, action);
  AddBench(app, action);

  if (argc < 2) {
    std::fprintf(stderr, "%s", app.help().c_str());
    return 2;
  }
  if (const std::string first = argv[1]; !first.starts_with("-")) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
    if (std::find(names.begin(), names.end(), first) == names.end()) {
      return Fail(2, "'" + first + "' is not a command; did you mean " + Nearest(first, names) + "? See: mote --help");
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : WrongUsage(app, error);
  }
  signal(SIGINT, HandleSignal);
  signal(SIGTERM, HandleSignal);
  try {
    absl::StatusOr<int> status = action();
    if (interrupted.load()) {
      const bool done = status.ok();
      if (!done) Fail(1, std::string(status.status().message()) + "; --resume goes on from there");
      if (!done) return 128 + last_signal;
    }
    if (!status.ok()) return Fail(1, std::string(status.status().message()));
    std::cout.flush();
    return std::cout.good() ? *status : Fail(1, "standard output cannot be written");
  } catch (const std::exception& error) {  // the rooms throw nothing: memory that ran out, or a mistake of ours
    return Fail(1, OneLine(error.what()));
  }
}

}  // namespace

const std::atomic<bool>& InterruptFlag() { return interrupted; }

}  // namespace mote

int main(int argc, char** argv) {
  mote::KeepOpenMpFromSpinning(argv);
  return mote::Main(argc, argv);
}
