// Models compiled for a core as one program, run under emulation and compared with the host runtime:
//   compiled_models CORE plain|fast SAMPLES SEED MODEL.tflite...
// prints a line of JSON a model: its kernels, instructions of the first sample, and the first byte that differs, if
// any. Of the samples the first is all -128, the second all 127; the others are drawn, from SEED + the model's number.
#include <algorithm>
#include <iostream>
#include <random>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "datasets/file.h"
#include "export/compiler/reference.h"
#include "export/compiler/run.h"
#include "nlohmann/json.hpp"

namespace mote::compiler {
namespace {

struct Arguments {
  CompileOptions options;
  int samples = 0;
  uint32_t seed = 0;
  std::vector<std::string> paths;
};

Inputs DrawnInputs(const CompiledModel& model, int samples, uint32_t seed) {
  Inputs inputs;
  inputs.samples = samples;
  inputs.bytes.resize(static_cast<size_t>(model.input_bytes * inputs.samples));
  std::mt19937 random(seed);
  std::generate(inputs.bytes.begin(), inputs.bytes.end(), [&] { return static_cast<char>(random() >> 24); });
  for (int64_t i = 0; i < 2 * model.input_bytes; ++i) inputs.bytes[i] = i < model.input_bytes ? -128 : 127;
  return inputs;
}

nlohmann::json Compared(const CompiledModel& model, const CompiledRun& run, const std::string& expected) {
  const std::string& outputs = run.outputs;
  nlohmann::json line;
  line["instructions"] = run.instructions;
  line["kernels"] = nlohmann::json::array();
  for (const CompiledLayer& layer : model.layers) {
    line["kernels"].push_back({{"layer", layer.text}, {"variant", layer.variant}, {"remark", layer.remark}});
  }
  const auto at = std::mismatch(outputs.begin(), outputs.end(), expected.begin(), expected.end());
  if (at.first != outputs.end() || at.second != expected.end()) {
    const int64_t offset = at.first - outputs.begin();
    line["difference"] =
        outputs.size() != expected.size()
            ? absl::StrCat(outputs.size(), " bytes of outputs, expected ", expected.size())
            : absl::StrCat("sample ", offset / model.output_bytes, ", byte ", offset % model.output_bytes, " is ",
                           static_cast<int>(*at.first), ", the runtime's ", static_cast<int>(*at.second));
  }
  return line;
}

absl::Status Run(const Arguments& arguments) {
  std::vector<std::string> files;
  std::vector<CompiledModel> models;
  for (const std::string& path : arguments.paths) {
    absl::StatusOr<std::string> file = ReadFile(path);
    if (!file.ok()) return file.status();
    CompileOptions options = arguments.options;
    options.name = absl::StrCat("model", models.size());
    absl::StatusOr<CompiledModel> model = Compile(*file, path, options);
    if (!model.ok()) return model.status();
    files.push_back(*std::move(file));
    models.push_back(*std::move(model));
  }
  const absl::StatusOr<CompiledProgram> program = BuildCompiled(models, arguments.options.core);
  if (!program.ok()) return program.status();
  std::vector<Inputs> inputs;
  for (size_t i = 0; i < models.size(); ++i) {
    inputs.push_back(DrawnInputs(models[i], arguments.samples, arguments.seed + static_cast<uint32_t>(i)));
  }
  const absl::StatusOr<std::vector<CompiledRun>> runs = RunCompiled(*program, inputs);
  if (!runs.ok()) return runs.status();
  for (size_t i = 0; i < models.size(); ++i) {
    const absl::StatusOr<std::string> expected = RunReference(files[i], inputs[i]);
    if (!expected.ok()) return expected.status();
    std::cout << Compared(models[i], (*runs)[i], *expected).dump() << "\n";
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace mote::compiler

int main(int argc, char** argv) {
  mote::compiler::Arguments arguments;
  if (argc < 6 || !absl::SimpleAtoi(argv[3], &arguments.samples) || arguments.samples < 2 ||
      !absl::SimpleAtoi(argv[4], &arguments.seed)) {
    std::cerr << "compiled_models CORE plain|fast SAMPLES SEED MODEL.tflite...\n";
    return 2;
  }
  arguments.options.core = argv[1];
  arguments.options.plain = std::string(argv[2]) == "plain";
  arguments.paths.assign(argv + 5, argv + argc);
  const absl::Status status = mote::compiler::Run(arguments);
  if (!status.ok()) std::cerr << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
