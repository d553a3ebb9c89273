#include "export/compiler/compile.h"

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "datasets/file.h"
#include "export/compiler/emit.h"
#include "export/compiler/family_winograd.h"
#include "export/compiler/network.h"
#include "export/compiler/plan.h"
#include "export/compiler/sizes.h"
#include "export/compiler/stream.h"
#include "export/compiler/stream_check.h"
#include "export/compiler/text.h"

namespace mote::compiler {
namespace {

int64_t ConstantBytes(const KernelUse& use) {
  int64_t bytes = 0;
  for (const Constant& constant : use.constants) {
    bytes += ElementBytes(constant.element) * static_cast<int64_t>(constant.values.size());
  }
  return bytes;
}

// Of the calls that the plain kernels are made of: several may read one tensor.
int64_t ConstantBytes(const Network& network, const RecordedOperator& op) {
  int64_t bytes = 0;
  std::set<int> tensors;
  for (const KernelCall& call : op.calls) {
    for (const Argument& argument : call.arguments) {
      if (argument.kind != Argument::Kind::kPointer || argument.place != Argument::Place::kConstant) continue;
      if (argument.tensor < 0) {
        bytes += static_cast<int64_t>(argument.bytes.size());
      } else if (tensors.insert(argument.tensor).second) {
        bytes += network.model.tensors[argument.tensor].bytes;
      }
    }
  }
  return bytes;
}

int64_t ConstantBytes(const Network& network, const Stage& stage) {
  const bool recorded = stage.layer >= 0 && stage.use.form == KernelForm::kWhole;
  return ConstantBytes(stage.use) + (recorded ? ConstantBytes(network, *network.layers[stage.layer].recorded) : 0);
}

CompiledLayer Describe(const Network& network, const Plan& plan, size_t index) {
  const Stage& stage = plan.stages[index];
  CompiledLayer layer;
  layer.index = static_cast<int>(index);
  layer.text = StageText(network, plan, stage);
  layer.variant = stage.use.variant;
  layer.remark = stage.use.remark;
  layer.instructions = stage.use.instructions;
  layer.constant_bytes = ConstantBytes(network, stage);
  if (stage.layer >= 0) layer.macs = network.layers[stage.layer].macs;
  for (const int output : stage.outputs) {
    if (plan.buffers[output].state_offset >= 0) continue;
    const TensorPlace& place = plan.schedule.tensors[output];
    const std::set<int64_t> scattered(place.row_offsets.begin(), place.row_offsets.end());
    const int64_t rows = scattered.empty() ? place.capacity : static_cast<int64_t>(scattered.size());
    layer.row_bytes += rows * plan.buffers[output].layout.row_bytes;
  }
  return layer;
}

// Constants, and code as the variants estimate it: layers share what has the same name.
int64_t FlashBytes(const Network& network, const Plan& plan) {
  constexpr int64_t kProgram = 300, kStage = 60, kPlainKernel = 900;
  int64_t bytes = kProgram;
  std::set<std::string> kernels;
  for (const Stage& stage : plan.stages) {
    const bool plain = stage.use.form == KernelForm::kWhole;
    bytes += kStage + ConstantBytes(network, stage);
    if (kernels.insert(plain ? network.layers[stage.layer].name : stage.use.function).second) {
      bytes += plain ? kPlainKernel : stage.use.code_bytes;
    }
  }
  return bytes;
}

// The plan that is asked for or, where it takes more flash than there is, that of small kernels or of plain ones.
absl::StatusOr<Plan> PlanWithin(const Network& network, PlanOptions options, std::optional<int64_t> flash_bytes) {
  absl::StatusOr<Plan> plan = MakePlan(network, options);
  const auto fits = [&] { return !plan.ok() || !flash_bytes || FlashBytes(network, *plan) <= *flash_bytes; };
  if (fits()) return plan;
  const auto try_smaller = [&] {
    absl::StatusOr<Plan> smaller = MakePlan(network, options);
    if (smaller.ok() && FlashBytes(network, *smaller) < FlashBytes(network, *plan)) plan = std::move(smaller);
    return fits();
  };
  if (options.target.is(Optimize::kSpeed)) {
    options.target.optimize = Optimize::kSize;
    if (try_smaller()) return plan;
  }
  options.plain = true;
  options.prefer.clear();
  if (try_smaller()) return plan;
  std::string text = absl::StrCat("code and constants take about ", FlashBytes(network, *plan),
                                  " bytes, more than the ", *flash_bytes, " that they may; constants by layer:");
  for (size_t i = 0; i < plan->stages.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? " " : ", ", "#", i, " ", plan->rows.layers[i].name, " ",
                    ConstantBytes(network, plan->stages[i]));
  }
  return absl::ResourceExhaustedError(text);
}

}  // namespace

absl::StatusOr<CompiledModel> Compile(const std::string& file, const std::string& file_name,
                                      const CompileOptions& options) {
  absl::StatusOr<Core> core = FindCompilerCore(options.core);
  if (!core.ok()) return core.status();
  if (options.stream && options.by_rows) {
    return absl::InvalidArgumentError(
        "--stream and --by-rows exclude each other: a frame is the rows of a stream's input");
  }
  if (options.stream && options.self_test) {
    return absl::InvalidArgumentError(
        "--stream and --self-test exclude each other: golden checksums are of whole inferences");
  }
  if (options.plain && !options.prefer.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("either plain kernels alone, or the variant ", options.prefer, " where it can"));
  }
  absl::StatusOr<Network> whole = ReadNetwork(file);
  if (!whole.ok()) return whole.status();
  std::optional<Network> of_frame;
  if (options.stream) {
    absl::StatusOr<Network> streamed = StreamedNetwork(*whole);
    if (!streamed.ok()) return streamed.status();
    of_frame = *std::move(streamed);
  }
  const Network& network = of_frame ? *of_frame : *whole;
  PlanOptions plan_options;
  plan_options.target = {*core, options.optimize, options.winograd || options.prefer == kWinograd};
  plan_options.ram_bytes = options.ram_bytes;
  plan_options.plain = options.plain;
  plan_options.prefer = options.prefer;
  plan_options.by_rows = options.by_rows;
  absl::StatusOr<Plan> plan = PlanWithin(network, plan_options, options.flash_bytes);
  if (!plan.ok()) return plan.status();
  if (options.stream) {
    if (const std::string wrong = CheckStream(*whole, network, *plan); !wrong.empty()) {
      return absl::InternalError(absl::StrCat("the plan of frames is wrong: ", wrong));
    }
  }

  EmitOptions emit;
  const std::filesystem::path path(file_name);
  emit.name = Identifier(options.name.empty() ? path.stem().string() : options.name);
  emit.model_name = path.filename().string();
  emit.tool = "mote " MOTE_VERSION;
  emit.hash = Sha256(file);
  emit.class_names = network.class_names;
  emit.hook = options.hook;
  if (options.self_test) {
    absl::StatusOr<Golden> golden = FindGolden(file, network);
    if (!golden.ok()) return golden.status();
    emit.golden = *std::move(golden);
  }

  CompiledModel model;
  model.name = emit.name;
  model.files = EmitFiles(network, *plan, emit);
  for (size_t i = 0; i < plan->stages.size(); ++i) {
    model.layers.push_back(Describe(network, *plan, i));
    model.macs += model.layers.back().macs;
    model.constant_bytes += model.layers.back().constant_bytes;
  }
  model.arena_bytes = plan->arena_bytes;
  model.state_bytes = plan->state_bytes;
  model.input_bytes = network.input_bytes();
  for (const int output : network.outputs) model.output_bytes += network.tensors[output].bytes;
  model.streamed = plan->is_streamed();
  model.stream = network.stream;
  for (const Layer& layer : whole->layers) model.window_macs += layer.macs;
  return model;
}

absl::StatusOr<CompiledModel> CompileFile(const std::string& path, const std::string& folder,
                                          const CompileOptions& options) {
  absl::StatusOr<std::string> file = ReadFile(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<CompiledModel> model = Compile(*file, path, options);
  if (!model.ok()) {
    return absl::Status(model.status().code(), absl::StrCat(path, ": ", model.status().message()));
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return absl::InvalidArgumentError(absl::StrCat(folder, ": cannot make the folder: ", error.message()));
  for (const auto& [name, text] : model->files) {
    if (absl::Status status = WriteFileAtomically(absl::StrCat(folder, "/", name), text); !status.ok()) return status;
  }
  return model;
}

std::string ReportText(const CompiledModel& model) {
  size_t width = 5;
  for (const CompiledLayer& layer : model.layers) width = std::max(width, layer.text.size());
  std::string text =
      absl::StrFormat("  # %-*s %-26s %10s %10s\n", static_cast<int>(width), "layer", "kernel", "MAC", "constants");
  for (const CompiledLayer& layer : model.layers) {
    absl::StrAppendFormat(&text, "%3d %-*s %-26s %10d %10d%s\n", layer.index, static_cast<int>(width), layer.text,
                          layer.variant, layer.macs, layer.constant_bytes,
                          layer.remark.empty() ? "" : absl::StrCat("  (", layer.remark, ")"));
  }
  absl::StrAppendFormat(&text, "arena %d bytes (input %d, output %d%s), constants %d bytes, %d MAC%s\n",
                        model.arena_bytes, model.input_bytes, model.output_bytes,
                        model.state_bytes == 0 ? "" : absl::StrCat(", state ", model.state_bytes), model.constant_bytes,
                        model.macs, model.streamed ? ", rows streamed" : "");
  if (model.stream) {
    absl::StrAppendFormat(&text, "a frame is %d of the window's %d rows; the whole window takes %d MAC\n",
                          model.stream->frame_rows, model.stream->window_rows, model.window_macs);
  }
  return text;
}

}  // namespace mote::compiler
