#include <algorithm>
#include <iostream>
#include <map>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands.h"
#include "datasets/numpy_file.h"
#include "torch/types.h"

namespace mote {
namespace {

struct Arguments {
  std::string model, input, output, tensors, on = "host", optimize = "speed";
  bool compiled = false;
};

// Names that number their arrays ("arr_2" before "arr_10") in the order of the numbers, others by the alphabet.
bool InOrder(const std::string& a, const std::string& b) {
  auto digits = [](const std::string& name) { return name.find_last_not_of("0123456789") + 1; };  // npos + 1 is 0
  const std::string stem_a = a.substr(0, digits(a)), stem_b = b.substr(0, digits(b));
  if (stem_a != stem_b || stem_a.size() == a.size() || stem_b.size() == b.size()) return a < b;
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

// One array an input of the model, in the model's order: by name where all names are there, else in order.
absl::StatusOr<std::vector<std::pair<std::string, torch::Tensor>>> ReadInputs(const std::string& path,
                                                                              const RuntimeModel& model) {
  std::vector<std::pair<std::string, torch::Tensor>> inputs;
  const size_t count = model.inputs().size();
  if (!absl::EndsWith(path, ".npz")) {
    if (count != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("the model has ", count, " inputs; give --input an .npz with as many arrays"));
    }
    absl::StatusOr<torch::Tensor> array = ReadNpyTensor(path);
    if (!array.ok()) return array.status();
    inputs.emplace_back(path, *array);
    return inputs;
  }
  absl::StatusOr<std::map<std::string, torch::Tensor>> arrays = ReadNpzTensors(path);
  if (!arrays.ok()) return arrays.status();
  std::vector<std::string> names;
  for (const auto& [name, array] : *arrays) names.push_back(name);
  std::sort(names.begin(), names.end(), InOrder);
  if (names.size() != count) {
    return absl::InvalidArgumentError(absl::StrCat(path, " holds ", names.size(), " arrays (",
                                                   absl::StrJoin(names, ", "), "), but the model has ", count,
                                                   " inputs"));
  }
  bool by_name = true;
  for (int index : model.inputs()) by_name = by_name && arrays->contains(model.tensors()[index].name);
  for (size_t i = 0; i < count; ++i) {
    const std::string& name = by_name ? model.tensors()[model.inputs()[i]].name : names[i];
    inputs.emplace_back(absl::StrCat(path, ": array ", name), arrays->at(name));
  }
  return inputs;
}

absl::StatusOr<int> InvokeFile(const Arguments& arguments) {
  if (arguments.compiled && !arguments.tensors.empty()) {
    return absl::InvalidArgumentError("--tensors: a compiled model keeps its outputs alone; leave out --compiled");
  }
  absl::StatusOr<std::unique_ptr<RuntimeModel>> loaded = RuntimeModel::Load(arguments.model);
  if (!loaded.ok()) return loaded.status();
  const RuntimeModel& model = **loaded;
  const bool npz = absl::EndsWith(arguments.output, ".npz");
  if (!npz && model.outputs().size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("the model has ", model.outputs().size(), " outputs; give --output a name that ends in .npz"));
  }
  auto arrays = ReadInputs(arguments.input, model);
  if (!arrays.ok()) return arrays.status();
  std::vector<torch::Tensor> inputs;
  for (size_t i = 0; i < arrays->size(); ++i) {
    const auto& [what, array] = (*arrays)[i];
    absl::StatusOr<torch::Tensor> codes = CodesFor(model.tensors()[model.inputs()[i]], array, what);
    if (!codes.ok()) return codes.status();
    if (!inputs.empty() && codes->size(0) != inputs[0].size(0)) {
      return absl::InvalidArgumentError(absl::StrCat(what, " holds ", codes->size(0), " samples, but ",
                                                     (*arrays)[0].first, " holds ", inputs[0].size(0)));
    }
    inputs.push_back(*codes);
  }
  absl::StatusOr<Invocation> run = arguments.compiled
                                       ? InvokeCompiled(arguments.on, arguments.optimize, model, inputs)
                                       : InvokeOn(arguments.on, model, inputs, !arguments.tensors.empty());
  if (!run.ok()) return run.status();

  if (!arguments.tensors.empty()) {
    std::map<std::string, torch::Tensor> tensors;
    for (const auto& [index, tensor] : run->result.tensors) tensors[std::to_string(index)] = tensor;
    if (absl::Status status = WriteNpzTensors(arguments.tensors, tensors); !status.ok()) return status;
  }
  if (npz) {
    std::map<std::string, torch::Tensor> outputs;
    for (size_t i = 0; i < run->result.outputs.size(); ++i) outputs[std::to_string(i)] = run->result.outputs[i];
    if (absl::Status status = WriteNpzTensors(arguments.output, outputs); !status.ok()) return status;
  } else if (absl::Status status = WriteNpyTensor(arguments.output, run->result.outputs[0]); !status.ok()) {
    return status;
  }
  std::cout << arguments.output << ": " << inputs[0].size(0) << " samples, " << run->note << "\n";
  return 0;
}

}  // namespace

void AddInvoke(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("invoke", "run any int8 model on arrays, on the host or an emulated core");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("MODEL", arguments->model, "a .tflite file")->required();
  command
      ->add_option(
          "--input", arguments->input,
          "an .npy, samples along the first axis; int8 codes as they are, floats are quantized with the input's "
          "scale. Several inputs: an .npz, by name or in order")
      ->required();
  command->add_option("--output", arguments->output, "the output's codes as .npy; as .npz: every output, by its number")
      ->required();
  command->add_option("--tensors", arguments->tensors,
                      "every activation tensor as .npz, arrays named by index in the file");
  command
      ->add_option("--on", arguments->on,
                   "host, cortex-m0, cortex-m3, cortex-m4, cortex-m7, cortex-m33, cortex-m55 or riscv32")
      ->capture_default_str();
  command->add_flag("--compiled", arguments->compiled, "compile the model for the core, in place of the runtime");
  command->add_option("--optimize", arguments->optimize, "of --compiled: speed, size or ram")->capture_default_str();
  command->footer(
      "Example:\n  mote invoke model.tflite --input x.npy --output y.npy\n"
      "  mote invoke model.tflite --input x.npy --output y.npy --tensors all.npz --on cortex-m4");
  command->callback([arguments, &action] { action = [arguments] { return InvokeFile(*arguments); }; });
}

}  // namespace mote
