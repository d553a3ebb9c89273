// Compiles models for a core, builds all of them into one program, runs it under emulation and compares every output
// byte with the host runtime's.
//   compare_variants CORE SAMPLES < JOBS     a line a job: "OPTIMIZE VARIANT SEED MODEL.tflite"
//   compare_variants --variants              prints the names of all variants, a line each
// OPTIMIZE may end with ",winograd" and ",stream": then the model is given frames, and windows of them are compared.
// VARIANT is the one that layers are given to which it takes, "any" for the cheapest, "plain" for the runtime's
// kernels. A job whose variant takes no layer is left out; jobs that come to the same code run once. Of a job's samples
// the first is all -128, the second all 127; the others are drawn from SEED. Prints a line of JSON a job, in the jobs'
// order: "job" (its number from 0), "kernels", "instructions" of the first sample, and "difference", the first byte
// that differs, where one does. Status 1 where any differs, 2 where something fails.
#include <algorithm>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "datasets/file.h"
#include "export/compiler/bench.h"
#include "export/compiler/reference.h"
#include "export/compiler/run.h"
#include "export/compiler/stream_run.h"
#include "export/compiler/variant.h"
#include "nlohmann/json.hpp"

namespace mote::compiler {
namespace {

struct Job {
  CompileOptions options;
  uint32_t seed = 0;
  std::string path;
  CompiledModel model;
  size_t program = 0;  // its number among those that differ
};

struct Program {
  std::string file;
  Inputs inputs;  // frames, of a streamed model
};

absl::StatusOr<Job> ParseJob(const std::string& line, const std::string& core) {
  Job job;
  std::string optimize, variant;
  std::istringstream words(line);
  if (!(words >> optimize >> variant >> job.seed) || !std::getline(words >> std::ws, job.path)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", line, "\" is not \"OPTIMIZE VARIANT SEED MODEL\""));
  }
  for (const auto& [name, flag] : {std::pair(",stream", &job.options.stream), {",winograd", &job.options.winograd}}) {
    *flag = absl::EndsWith(optimize, name);
    if (*flag) optimize.resize(optimize.size() - std::string(name).size());
  }
  const absl::StatusOr<Optimize> found = FindOptimize(optimize);
  if (!found.ok()) return found.status();
  job.options.core = core;
  job.options.optimize = *found;
  job.options.plain = variant == "plain";
  if (variant != "plain" && variant != "any") job.options.prefer = variant;
  return job;
}

// All that decides what the model computes: its files without the comment that names what it is optimized for.
std::string CodeOf(const CompiledModel& model) {
  const std::string& header = model.files.at(model.name + ".h");
  return absl::StrCat(header.substr(header.find("#ifndef")), model.files.at(model.name + ".cc"),
                      model.files.at(model.name + "_constants.h"));
}

Inputs InputsOf(const CompiledModel& model, int samples, uint32_t seed) {
  Inputs inputs;
  inputs.samples = samples;
  if (model.stream) inputs.steps = FramesToCompare(*model.stream);
  const int64_t sample_bytes = inputs.steps * model.input_bytes;
  inputs.bytes = SeededBytes(seed + 1, samples * sample_bytes);
  for (int64_t i = 0; i < std::min(samples, 2) * sample_bytes; ++i) {
    inputs.bytes[static_cast<size_t>(i)] = i < sample_bytes ? -128 : 127;
  }
  return inputs;
}

// What every sample computes; of a stream what every window does.
std::string OutputsOf(const CompiledModel& model, const CompiledRun& run, const Inputs& inputs) {
  return model.stream ? OutputsOfWindows(model, run.outputs, inputs.steps) : run.outputs;
}

nlohmann::json Compared(const CompiledModel& model, const CompiledRun& run, const Inputs& inputs,
                        const std::string& expected) {
  const std::string outputs = OutputsOf(model, run, inputs);
  nlohmann::json line;
  line["instructions"] = run.instructions;
  line["kernels"] = nlohmann::json::array();
  for (const CompiledLayer& layer : model.layers) {
    line["kernels"].push_back({{"layer", layer.text}, {"variant", layer.variant}, {"remark", layer.remark}});
  }
  const auto at = std::mismatch(outputs.begin(), outputs.end(), expected.begin(), expected.end());
  if (outputs.size() != expected.size()) {
    line["difference"] = absl::StrCat(outputs.size(), " bytes of outputs, expected ", expected.size());
  } else if (at.first != outputs.end()) {
    const int64_t offset = at.first - outputs.begin();
    line["difference"] =
        absl::StrCat("sample ", offset / model.output_bytes, ", byte ", offset % model.output_bytes, " is ",
                     static_cast<int>(*at.first), ", the runtime's ", static_cast<int>(*at.second));
  }
  return line;
}

class Comparison {
 public:
  Comparison(std::string core, int samples) : core_(std::move(core)), samples_(samples) {}

  absl::Status Add(const std::string& line) {
    const int number = jobs_read_++;
    absl::StatusOr<Job> job = ParseJob(line, core_);
    if (!job.ok()) return job.status();
    const absl::StatusOr<std::string> file = ReadFile(job->path);
    if (!file.ok()) return file.status();
    job->options.name = "model";
    absl::StatusOr<CompiledModel> model = Compile(*file, job->path, job->options);
    if (absl::IsNotFound(model.status())) return absl::OkStatus();
    if (!model.ok()) return absl::Status(model.status().code(), absl::StrCat(line, ": ", model.status().message()));
    const auto [known, is_new] = programs_of_code_.try_emplace(CodeOf(*model), programs_.size());
    job->program = known->second;
    if (is_new) {
      programs_.push_back({*file, InputsOf(*model, samples_, job->seed)});
      job->options.name = absl::StrCat("model", job->program);
      absl::StatusOr<CompiledModel> named = Compile(*file, job->path, job->options);
      if (!named.ok()) return named.status();
      models_.push_back(*std::move(named));
    }
    job->model = *std::move(model);
    jobs_.emplace_back(number, *std::move(job));
    return absl::OkStatus();
  }

  // Whether all are equal.
  absl::StatusOr<bool> Run() const {
    if (jobs_.empty()) return true;
    const absl::StatusOr<CompiledProgram> program = BuildCompiled(models_, core_);
    if (!program.ok()) return program.status();
    std::vector<Inputs> inputs;
    for (const Program& one : programs_) inputs.push_back(one.inputs);
    const absl::StatusOr<std::vector<CompiledRun>> runs = RunCompiled(*program, inputs);
    if (!runs.ok()) return runs.status();
    std::vector<std::string> expected;
    for (size_t i = 0; i < programs_.size(); ++i) {
      const auto& [file, frames] = programs_[i];
      absl::StatusOr<std::string> outputs =
          RunReference(file, models_[i].stream ? WindowsOf(models_[i], frames) : frames);
      if (!outputs.ok()) return outputs.status();
      expected.push_back(*std::move(outputs));
    }
    bool equal = true;
    for (const auto& [number, job] : jobs_) {
      nlohmann::json line =
          Compared(job.model, (*runs)[job.program], programs_[job.program].inputs, expected[job.program]);
      line["job"] = number;
      equal = equal && !line.contains("difference");
      std::cout << line.dump() << "\n";
    }
    return equal;
  }

 private:
  const std::string core_;
  const int samples_;
  int jobs_read_ = 0;
  std::vector<std::pair<int, Job>> jobs_;
  std::map<std::string, size_t> programs_of_code_;
  std::vector<Program> programs_;
  std::vector<CompiledModel> models_;
};

int Main(const std::string& core, int samples) {
  Comparison comparison(core, samples);
  for (std::string line; std::getline(std::cin, line);) {
    if (const absl::Status status = comparison.Add(line); !status.ok()) {
      std::cerr << status.message() << "\n";
      return 2;
    }
  }
  const absl::StatusOr<bool> equal = comparison.Run();
  if (!equal.ok()) std::cerr << equal.status().message() << "\n";
  return !equal.ok() ? 2 : *equal ? 0 : 1;
}

}  // namespace
}  // namespace mote::compiler

int main(int argc, char** argv) {
  int samples = 0;
  if (argc == 2 && std::string(argv[1]) == "--variants") {
    for (const auto& variant : mote::compiler::AllVariants()) std::cout << variant->name() << "\n";
    return 0;
  }
  if (argc != 3 || !absl::SimpleAtoi(argv[2], &samples) || samples < 1) {
    std::cerr << "compare_variants CORE SAMPLES < JOBS, or compare_variants --variants\n";
    return 2;
  }
  return mote::compiler::Main(argv[1], samples);
}
