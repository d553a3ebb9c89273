#include <filesystem>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "datasets/file.h"
#include "export/emulator.h"
#include "torch/types.h"

namespace mote {
namespace {

constexpr int64_t kRandomSamples = 100;

struct Arguments {
  std::string target;
  DataArguments data;
  std::vector<std::string> on;
  std::string json;
};

// Without --data: uniform int8 codes, the same ones every time.
absl::StatusOr<ModelData> RandomData(const RuntimeModel& model, int64_t samples) {
  if (model.inputs().size() != 1)
    return absl::InvalidArgumentError("the model has several inputs; verify takes models with one");
  std::vector<int64_t> shape = model.tensors()[model.inputs()[0]].shape;
  if (shape.empty()) return absl::InvalidArgumentError("the model's input has no dimensions");
  if (shape[0] != 1) shape.insert(shape.begin(), 1);  // no batch of one in front: samples are stacked before it
  shape[0] = samples > 0 ? samples : kRandomSamples;
  at::Generator generator = at::detail::createCPUGenerator(/*seed_val=*/1);
  return ModelData{torch::randint(-128, 128, shape, generator, torch::kInt8), {}, {}};
}

absl::StatusOr<std::vector<BackendResult>> VerifyFile(const Arguments& arguments) {
  absl::StatusOr<std::unique_ptr<RuntimeModel>> model = RuntimeModel::Load(arguments.target);
  if (!model.ok()) return model.status();
  VerifyOptions options;
  options.backends = arguments.on;
  if (options.backends.empty()) {
    options.backends = {"integer", "host"};
    for (const CoreInfo& core : EmulatedCores()) {
      if (absl::Status status = CoreAvailable(core.name); status.ok()) {
        options.backends.push_back(core.name);
      } else {
        Note(absl::StrCat(core.name, " left out: ", std::string(status.message())));
      }
    }
  }
  for (const std::string& backend : options.backends) {
    if (backend == "training") {
      return absl::InvalidArgumentError("--on training needs the folder of a run, not a model alone");
    }
  }
  absl::StatusOr<ModelData> data = arguments.data.data.empty() ? RandomData(**model, arguments.data.samples)
                                                               : LoadModelData(arguments.data, **model);
  if (!data.ok()) return data.status();
  return VerifyModel(**model, data->codes, data->labels, options);
}

absl::StatusOr<int> Report(const std::vector<BackendResult>& results, const std::string& json) {
  if (!json.empty()) {
    if (absl::Status status = WriteFileAtomically(json, VerifyJson(results)); !status.ok()) return status;
  }
  std::cout << VerifyTable(results);
  return AllEqual(results) ? 0 : 1;
}

absl::StatusOr<int> VerifyRun(const Arguments& arguments) {
  if (!arguments.data.data.empty()) {
    return absl::InvalidArgumentError("--data goes with a model; a run is verified on its own test split");
  }
  absl::StatusOr<std::unique_ptr<Run>> opened = Run::Open(arguments.target, Interactive({}));
  if (!opened.ok()) return opened.status();
  Run& run = **opened;
  if (!arguments.on.empty() || arguments.data.samples > 0) {
    absl::StatusOr<std::vector<BackendResult>> results = run.Compare(arguments.on, arguments.data.samples);
    if (!results.ok()) return results.status();
    return Report(*results, arguments.json);
  }
  if (absl::Status status = run.Verify(); !status.ok()) return status;
  if (!arguments.json.empty()) {
    absl::StatusOr<std::string> results = ReadFile(run.folder() + "/verify.json");
    if (!results.ok()) return results.status();
    if (absl::Status status = WriteFileAtomically(arguments.json, *results); !status.ok()) return status;
  }
  return PrintTable(run);
}

}  // namespace

void AddVerify(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("verify", "compare every tensor of a model on any set of back ends, tolerance zero");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("TARGET", arguments->target, "the folder of a run, or a .tflite file")->required();
  AddDataArguments(*command, arguments->data);
  command
      ->add_option("--on", arguments->on,
                   "back ends, the first is the reference: training, integer, host, cortex-m0, ...")
      ->delimiter(',');
  command->add_option("--json", arguments->json, "write the results as a list to this file");
  command->footer(
      "Status 0: all equal; 1: not. Without --data, a model is given random inputs. With --on or --samples, a run's\n"
      "verify.json stays as it is.\n\n"
      "Example:\n  mote verify runs/digits\n  mote verify model.tflite --data digits --on integer,host,cortex-m4 "
      "--json verify.json");
  command->callback([arguments, &action] {
    action = [arguments]() -> absl::StatusOr<int> {
      if (absl::Status status = CheckBackends(arguments->on); !status.ok()) {
        return absl::InvalidArgumentError(absl::StrCat("--on: ", std::string(status.message())));
      }
      if (std::filesystem::is_directory(arguments->target)) return VerifyRun(*arguments);
      absl::StatusOr<std::vector<BackendResult>> results = VerifyFile(*arguments);
      if (!results.ok()) return results.status();
      return Report(*results, arguments->json);
    };
  });
}

}  // namespace mote
