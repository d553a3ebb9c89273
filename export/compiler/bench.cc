#include "export/compiler/bench.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "datasets/file.h"
#include "export/compiler/reference.h"
#include "export/compiler/run.h"
#include "export/compiler/stream_run.h"
#include "export/compiler/text.h"

namespace mote::compiler {
namespace {

// "sample 3, step 0, byte 17: 5 and not -4", or nothing where all are equal.
std::string FirstDifference(const std::string& outputs, const std::string& expected, int64_t step_bytes, int steps) {
  const auto at = std::mismatch(outputs.begin(), outputs.end(), expected.begin(), expected.end());
  if (at.first == outputs.end() && at.second == expected.end()) return "";
  const int64_t offset = at.first - outputs.begin();
  return absl::StrFormat("seed %d, step %d, output byte %d is %d, the runtime's %d", offset / (step_bytes * steps) + 1,
                         offset / step_bytes % steps, offset % step_bytes, *at.first, *at.second);
}

Inputs SeededInputs(const CompiledModel& model, int seeds, int steps) {
  Inputs inputs;
  inputs.samples = seeds;
  inputs.steps = steps;
  for (int seed = 1; seed <= seeds; ++seed) {
    inputs.bytes += SeededBytes(static_cast<uint32_t>(seed), model.input_bytes * steps);
  }
  return inputs;
}

// Of a model that is given its input row by row: what its caller holds of it.
int64_t RowBytes(const CompiledModel& model) {
  const std::string& header = model.files.at(model.name + ".h");
  const std::string key = absl::StrCat(Upper(model.name), "_INPUT_ROW_BYTES ");
  const size_t at = header.find(key);
  return at == header.npos ? 0 : std::atoll(header.c_str() + at + key.size());
}

// Another program, as the calls of the hook take instructions, too.
absl::StatusOr<std::vector<BenchLayer>> BenchLayers(const std::string& file, const std::string& path,
                                                    CompileOptions options) {
  options.hook = true;
  absl::StatusOr<CompiledModel> model = Compile(file, path, options);
  if (!model.ok()) return model.status();
  absl::StatusOr<CompiledProgram> program = BuildCompiled({*model}, options.core);
  if (!program.ok()) return program.status();
  const int steps = model->stream ? model->stream->frames() : 1;
  const absl::StatusOr<std::vector<CompiledRun>> runs = RunCompiled(*program, {SeededInputs(*model, 1, steps)});
  if (!runs.ok()) return runs.status();
  std::vector<BenchLayer> layers;
  for (const CompiledLayer& layer : model->layers) {
    const int64_t instructions = runs->front().layers.empty() ? 0 : runs->front().layers[layer.index];
    layers.push_back({layer.index, layer.text, layer.variant, layer.macs, instructions});
  }
  return layers;
}

}  // namespace

std::string SeededBytes(uint32_t seed, int64_t bytes) {
  std::string text(static_cast<size_t>(bytes), 0);
  for (char& byte : text) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    byte = static_cast<char>(seed >> 24);
  }
  return text;
}

absl::StatusOr<BenchReport> Bench(const std::string& path, const BenchOptions& options) {
  if (!options.board.empty()) {  // what is wrong with it is said before the work
    const absl::StatusOr<BoardEstimate> known = EstimateOnBoard(options.board, options.compile.core, 0);
    if (!known.ok()) return known.status();
  }
  const absl::StatusOr<std::string> file = ReadFile(path);
  if (!file.ok()) return file.status();
  CompileOptions compile = options.compile;
  compile.hook = false;
  absl::StatusOr<CompiledModel> model = Compile(*file, path, compile);
  if (!model.ok()) {
    return absl::Status(model.status().code(), absl::StrCat(path, ": ", model.status().message()));
  }
  absl::StatusOr<CompiledProgram> program = BuildCompiled({*model}, compile.core);
  if (!program.ok()) return program.status();
  const int steps = model->stream ? FramesToCompare(*model->stream) : model->state_bytes == 0 ? 1 : options.steps;
  const Inputs inputs = SeededInputs(*model, options.seeds, steps);
  const Inputs whole = model->stream ? WindowsOf(*model, inputs) : inputs;
  const absl::StatusOr<std::string> expected = RunReference(*file, whole);
  if (!expected.ok()) return expected.status();
  const absl::StatusOr<std::vector<CompiledRun>> runs = RunCompiled(*program, {inputs});
  if (!runs.ok()) return runs.status();
  const absl::StatusOr<Footprint> footprint = program->MeasureFootprint(0);
  if (!footprint.ok()) return footprint.status();
  absl::StatusOr<std::vector<BenchLayer>> layers = BenchLayers(*file, path, compile);
  if (!layers.ok()) return layers.status();

  const CompiledRun& run = runs->front();
  BenchReport report;
  report.model = std::filesystem::path(path).stem().string();
  report.hash = Sha256(*file);
  report.core = compile.core;
  report.machine = program->core().machine;
  report.optimize = OptimizeName(compile.optimize);
  report.instructions = run.instructions;
  report.macs = model->macs;
  report.code_bytes = footprint->code;
  report.constant_bytes = footprint->constants;
  report.input_bytes = compile.by_rows ? RowBytes(*model) : model->input_bytes;
  report.arena_bytes = model->arena_bytes - (compile.by_rows || compile.stream ? 0 : model->input_bytes);
  report.static_bytes = footprint->static_bytes;
  report.stack_bytes = run.stack_bytes;
  report.seeds = options.seeds;
  const std::string outputs = model->stream ? OutputsOfWindows(*model, run.outputs, steps) : run.outputs;
  report.difference = FirstDifference(outputs, *expected, model->output_bytes, whole.steps);
  report.exact = report.difference.empty();
  report.layers = *std::move(layers);
  absl::StatusOr<InterpreterRun> interpreter = RunInterpreter(program->core(), *file, whole);
  if (interpreter.ok()) {
    report.interpreter = *interpreter;
  } else if (!absl::IsFailedPrecondition(interpreter.status())) {
    return interpreter.status();
  }
  if (model->stream) {
    report.stream = model->stream;
    report.window_macs = model->window_macs;
    report.compared_frames = whole.steps;
  }
  absl::StatusOr<std::vector<Peer>> peers = FindPeers(options.peers, report.model, report.macs, report.core);
  if (!peers.ok()) return peers.status();
  report.peers = *std::move(peers);
  if (!options.board.empty()) report.board = *EstimateOnBoard(options.board, compile.core, report.instructions);
  return report;
}

}  // namespace mote::compiler
