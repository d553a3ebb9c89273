// Run: a recipe's whole way, stage by stage: train, quantize, export, verify. For the command line and for Python.
//
//   auto run = Run::Begin(recipe, options);     // or Run::Open(folder, options) to take up one that is there
//   (*run)->Train(); (*run)->Quantize(); (*run)->Export(); (*run)->Verify();
//
// Each stage leaves its product in the run's folder (cli/run_folder.h). A stage that is finished is left as it is; one
// that was interrupted goes on from its checkpoint and ends in the same bytes.
#ifndef MOTE_CLI_RUN_H_
#define MOTE_CLI_RUN_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/recipe.h"
#include "export/verify.h"

namespace mote {

struct RunOptions {
  std::string folder;               // in place of the recipe's
  std::optional<uint64_t> seed;     // in place of the recipe's
  std::optional<int64_t> selftest;  // in place of the recipe's
  bool resume = false;              // go on where the folder's run stopped
  bool force = false;               // throw away what is there
  FitOptions::Progress progress = FitOptions::Progress::kNone;
  const std::atomic<bool>* interrupt = nullptr;  // set: the stage leaves its checkpoint and returns kAborted
  std::function<void(const std::string&)> say;   // one line each of what is being done
};

class Run {
 public:
  // A new run, or with `resume` the one that is there. Refuses a folder that holds a run without `resume` or `force`.
  // Reads the data and checks the network against it.
  static absl::StatusOr<std::unique_ptr<Run>> Begin(Recipe recipe, const RunOptions& options);
  // The run in `path`, which is its folder or its recipe.
  static absl::StatusOr<std::unique_ptr<Run>> Open(const std::string& path, const RunOptions& options);
  ~Run();

  absl::Status Train();
  absl::Status Quantize();
  absl::Status Export();
  absl::Status Verify();  // with the recipe's cores and samples; verify.json

  // The same comparison without a trace in the folder. `backends`: the first is what the others are compared with;
  // empty: the training pass, the integer network, the host runtime, and the cores. `samples` of the test split, 0 =
  // all.
  absl::StatusOr<std::vector<BackendResult>> Compare(const std::vector<std::string>& backends, int64_t samples);

  const std::string& folder() const;
  // Of the verified run: every accuracy and every number of bytes that differ, in one table.
  absl::StatusOr<std::string> Table() const;
  // Whether every back end gave the same bytes, and the accuracy that training printed.
  absl::StatusOr<bool> Equal() const;

 private:
  struct State;
  explicit Run(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Back ends by name: all of training, integer, host and the emulated cores; an error names the nearest.
absl::Status CheckBackends(const std::vector<std::string>& backends);

std::string ToolVersion();  // "mote 0.1.0"

}  // namespace mote

#endif  // MOTE_CLI_RUN_H_
