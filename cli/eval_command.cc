#include <chrono>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "datasets/file.h"
#include "nlohmann/json.hpp"
#include "torch/types.h"
#include "train/fit.h"

namespace mote {
namespace {

struct Arguments {
  std::string model, on = "host", json;
  DataArguments data;
};

absl::StatusOr<int> Evaluate(const Arguments& arguments) {
  absl::StatusOr<std::unique_ptr<RuntimeModel>> loaded = RuntimeModel::Load(arguments.model);
  if (!loaded.ok()) return loaded.status();
  const RuntimeModel& model = **loaded;
  absl::StatusOr<ModelData> data = LoadModelData(arguments.data, model);
  if (!data.ok()) return data.status();
  if (!data->labels.defined() && !data->targets.defined()) {
    return absl::InvalidArgumentError(absl::StrCat(arguments.data.data,
                                                   " holds neither labels nor targets; mote invoke runs a "
                                                   "model without them"));
  }
  const auto start = std::chrono::steady_clock::now();
  absl::StatusOr<Invocation> run = InvokeOn(arguments.on, model, {data->codes}, /*keep=*/false);
  if (!run.ok()) return run.status();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  const int64_t samples = data->codes.size(0);
  const torch::Tensor output = run->result.outputs[0].reshape({samples, -1});
  nlohmann::ordered_json json = {{"backend", arguments.on}, {"samples", samples}};
  std::string line;
  if (data->labels.defined()) {
    if (data->labels.max().item<int64_t>() >= output.size(1)) {
      return absl::InvalidArgumentError(absl::StrCat("a label is ", data->labels.max().item<int64_t>(),
                                                     ", but the model puts out ", output.size(1), " classes"));
    }
    const double accuracy = Accuracy(output, data->labels);
    json["accuracy"] = accuracy;
    line = absl::StrFormat("accuracy %.2f %% (%d of %d)", 100 * accuracy, std::llround(accuracy * samples), samples);
  } else {
    const TensorInfo& info = model.tensors()[model.outputs()[0]];
    const torch::Tensor targets = data->targets.reshape({samples, -1});
    if (targets.size(1) != output.size(1)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the data has ", targets.size(1), " targets a sample, but the model puts out ", output.size(1), " values"));
    }
    if (info.scales.size() != 1 || info.zero_points.size() != 1) {
      return absl::InvalidArgumentError(absl::StrCat("the model's output '", info.name, "' has no scale"));
    }
    const torch::Tensor real = (output.to(torch::kFloat64) - info.zero_points[0]) * info.scales[0];
    const torch::Tensor error = real - targets.to(torch::kFloat64);
    const double absolute = error.abs().mean().item<double>(), squared = error.square().mean().item<double>();
    json["mean_absolute_error"] = absolute;
    json["mean_squared_error"] = squared;
    line =
        absl::StrFormat("mean absolute error %.6g, mean squared error %.6g (%d samples)", absolute, squared, samples);
  }
  json["seconds"] = seconds;
  if (!arguments.json.empty()) {
    if (absl::Status status = WriteFileAtomically(arguments.json, json.dump(2) + "\n"); !status.ok()) return status;
  }
  std::cout << line << ", " << run->note << absl::StrFormat(", %.2f s\n", seconds);
  return 0;
}

}  // namespace

void AddEval(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("eval", "accuracy (or error) of a model on labelled data");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("MODEL", arguments->model, "a .tflite file")->required();
  AddDataArguments(*command, arguments->data);
  command->get_option("--data")->required();
  command->add_option("--on", arguments->on, "host, or an emulated core such as cortex-m4")->capture_default_str();
  command->add_option("--json", arguments->json, "write the result to this file too");
  command->footer(
      "Example:\n  mote eval runs/digits/model.tflite --data digits\n"
      "  mote eval model.tflite --data test.npz --on cortex-m4");
  command->callback([arguments, &action] { action = [arguments] { return Evaluate(*arguments); }; });
}

}  // namespace mote
