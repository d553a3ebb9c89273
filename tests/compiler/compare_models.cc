// Compiles models for a core, builds all of them into one program, runs it under emulation and compares every output
// byte with the host runtime's.
//   compare_models [--winograd] CORE OPTIMIZE SEED MODEL.tflite...
// OPTIMIZE may end with ",stream": then models are given frames, and windows of them are compared.
// Prints a line a model: "equal MODEL: kernel (remark), kernel, ...", or "DIFFERENT ..." with the first byte. Status 1
// where any differs, 2 where something fails.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "datasets/file.h"
#include "export/compiler/bench.h"
#include "export/compiler/reference.h"
#include "export/compiler/run.h"
#include "export/compiler/stream_run.h"

namespace mote::compiler {
namespace {

constexpr int kSamples = 4;  // the last one's codes are all at an end

struct Compared {
  std::string path;
  CompiledModel model;
  Inputs inputs;  // frames, of a streamed model
  std::string expected;
};

std::string Kernels(const CompiledModel& model) {
  return absl::StrJoin(model.layers, ", ", [](std::string* out, const CompiledLayer& layer) {
    absl::StrAppend(out, layer.variant, layer.remark.empty() ? "" : absl::StrCat(" (", layer.remark, ")"));
  });
}

absl::StatusOr<Compared> Prepare(const std::string& path, const CompileOptions& options, int number, uint32_t seed) {
  const absl::StatusOr<std::string> file = ReadFile(path);
  if (!file.ok()) return file.status();
  CompileOptions named = options;
  named.name = absl::StrCat("model_", number);
  absl::StatusOr<CompiledModel> model = Compile(*file, path, named);
  if (!model.ok()) return absl::Status(model.status().code(), absl::StrCat(path, ": ", model.status().message()));
  Compared compared = {path, *std::move(model), {}, {}};
  compared.inputs.samples = kSamples;
  const std::optional<Stream>& stream = compared.model.stream;
  if (stream) compared.inputs.steps = FramesToCompare(*stream);
  const int64_t sample_bytes = compared.inputs.steps * compared.model.input_bytes;
  compared.inputs.bytes = SeededBytes(seed, kSamples * sample_bytes);
  std::for_each(compared.inputs.bytes.end() - sample_bytes, compared.inputs.bytes.end(),
                [](char& code) { code = code < 0 ? -128 : 127; });
  const absl::StatusOr<std::string> expected =
      RunReference(*file, stream ? WindowsOf(compared.model, compared.inputs) : compared.inputs);
  if (!expected.ok()) return expected.status();
  compared.expected = *expected;
  return compared;
}

// Whether all are equal.
absl::StatusOr<bool> Compare(const CompileOptions& options, uint32_t seed, const std::vector<std::string>& paths) {
  std::vector<Compared> all;
  std::vector<CompiledModel> models;
  std::vector<Inputs> inputs;
  for (const std::string& path : paths) {
    absl::StatusOr<Compared> compared =
        Prepare(path, options, static_cast<int>(all.size()), seed + 1 + static_cast<uint32_t>(all.size()));
    if (!compared.ok()) return compared.status();
    models.push_back(compared->model);
    inputs.push_back(compared->inputs);
    all.push_back(*std::move(compared));
  }
  const absl::StatusOr<CompiledProgram> program = BuildCompiled(std::move(models), options.core);
  if (!program.ok()) return program.status();
  const absl::StatusOr<std::vector<CompiledRun>> runs = RunCompiled(*program, inputs);
  if (!runs.ok()) return runs.status();
  bool equal = true;
  for (size_t i = 0; i < all.size(); ++i) {
    const std::string outputs = all[i].model.stream
                                    ? OutputsOfWindows(all[i].model, (*runs)[i].outputs, all[i].inputs.steps)
                                    : (*runs)[i].outputs;
    const auto at = std::mismatch(outputs.begin(), outputs.end(), all[i].expected.begin(), all[i].expected.end());
    const bool same = outputs.size() == all[i].expected.size() && at.first == outputs.end();
    const std::string where =
        same ? "" : absl::StrFormat(" at output byte %d of %d", at.first - outputs.begin(), outputs.size());
    std::printf("%s%s %s: %s\n", same ? "equal" : "DIFFERENT", where.c_str(), all[i].path.c_str(),
                Kernels(all[i].model).c_str());
    equal = equal && same;
  }
  return equal;
}

}  // namespace
}  // namespace mote::compiler

int main(int argc, char** argv) {
  using namespace mote::compiler;
  CompileOptions options;
  if (argc > 1 && std::string(argv[1]) == "--winograd") {
    options.winograd = true;
    --argc;
    ++argv;
  }
  if (argc < 5) {
    std::fprintf(stderr, "compare_models [--winograd] CORE OPTIMIZE SEED MODEL.tflite...\n");
    return 2;
  }
  options.core = argv[1];
  std::string goal = argv[2];
  const std::string kStream = ",stream";
  options.stream = absl::EndsWith(goal, kStream);
  if (options.stream) goal.resize(goal.size() - kStream.size());
  const absl::StatusOr<Optimize> optimize = FindOptimize(goal);
  if (!optimize.ok()) {
    std::fprintf(stderr, "%s\n", std::string(optimize.status().message()).c_str());
    return 2;
  }
  options.optimize = *optimize;
  const absl::StatusOr<bool> equal =
      Compare(options, static_cast<uint32_t>(std::atol(argv[3])), std::vector<std::string>(argv + 4, argv + argc));
  if (!equal.ok()) {
    std::fprintf(stderr, "%s\n", std::string(equal.status().message()).c_str());
    return 2;
  }
  return *equal ? 0 : 1;
}
