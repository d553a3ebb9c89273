// mote invoke --compiled: the model as C++ for a core, in place of the runtime.
#include <cstring>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "export/compiler/run.h"
#include "torch/types.h"

namespace mote {
namespace {

// All samples of all inputs, as a program of compiled models takes them: steps of one sample, so that a network's state
// goes on from each to the next as it does in the runtime.
compiler::Inputs StepsOf(const std::vector<torch::Tensor>& inputs) {
  compiler::Inputs steps;
  steps.steps = static_cast<int>(inputs[0].size(0));
  for (int64_t step = 0; step < steps.steps; ++step) {
    for (const torch::Tensor& input : inputs) {
      const auto bytes = static_cast<int64_t>(input.nbytes()) / steps.steps;
      steps.bytes.append(static_cast<const char*>(input.data_ptr()) + step * bytes, static_cast<size_t>(bytes));
    }
  }
  return steps;
}

// Tensors like `outputs` with the values of a run.
std::vector<torch::Tensor> TensorsOf(const std::string& bytes, const std::vector<torch::Tensor>& outputs) {
  std::vector<torch::Tensor> tensors;
  for (const torch::Tensor& output : outputs) tensors.push_back(torch::empty(output.sizes(), output.options()));
  const char* from = bytes.data();
  const int64_t steps = outputs[0].size(0);
  for (int64_t step = 0; step < steps; ++step) {
    for (const torch::Tensor& tensor : tensors) {
      const auto size = static_cast<int64_t>(tensor.nbytes()) / steps;
      std::memcpy(static_cast<char*>(tensor.data_ptr()) + step * size, from, static_cast<size_t>(size));
      from += size;
    }
  }
  return tensors;
}

}  // namespace

absl::StatusOr<Invocation> InvokeCompiled(const std::string& on, const std::string& optimize, const RuntimeModel& model,
                                          const std::vector<torch::Tensor>& inputs) {
  const absl::StatusOr<compiler::Optimize> how = compiler::FindOptimize(optimize);
  if (!how.ok()) return absl::InvalidArgumentError(absl::StrCat("--optimize: ", how.status().message()));
  // The runtime's outputs say of what types and shapes they are, and what is right.
  absl::StatusOr<RuntimeModel::Result> expected = model.Invoke(inputs);
  if (!expected.ok()) return expected.status();
  if (inputs[0].size(0) == 0) return absl::InvalidArgumentError("--input holds no samples");
  compiler::CompileOptions options;
  options.core = on == "host" ? "generic" : on;
  options.optimize = *how;
  options.name = "model";
  absl::StatusOr<compiler::CompiledModel> compiled = compiler::Compile(model.bytes(), "model.tflite", options);
  if (!compiled.ok()) return compiled.status();
  const absl::StatusOr<compiler::CompiledProgram> program = compiler::BuildCompiled({*compiled}, options.core);
  if (!program.ok()) return program.status();
  std::vector<torch::Tensor> contiguous;
  for (const torch::Tensor& input : inputs) contiguous.push_back(input.contiguous());
  const absl::StatusOr<std::vector<compiler::CompiledRun>> runs =
      compiler::RunCompiled(*program, {StepsOf(contiguous)});
  if (!runs.ok()) return runs.status();

  Invocation invocation;
  invocation.result.outputs = TensorsOf(runs->front().outputs, expected->outputs);
  for (size_t i = 0; i < expected->outputs.size(); ++i) {
    if (!torch::equal(invocation.result.outputs[i], expected->outputs[i])) {
      return absl::InternalError(
          absl::StrCat(options.core, ": output ", i, " of the compiled model is not the runtime's"));
    }
  }
  invocation.note = absl::StrCat(options.core, ", compiled for ", optimize);
  if (runs->front().instructions != 0) {
    absl::StrAppend(&invocation.note, ", ", runs->front().instructions, " instructions an inference");
  }
  return invocation;
}

}  // namespace mote
