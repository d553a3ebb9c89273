#include "export/verify.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "export/emulator.h"
#include "export/tflite.h"
#include "torch/types.h"

namespace mote {
namespace {

constexpr int kEmulatorsAtOnce = 2;

using Tensors = std::map<int, torch::Tensor>;

struct Run {
  absl::StatusOr<Tensors> tensors = absl::UnknownError("not run");
  double seconds = 0;
  std::string note;
};

bool IsCore(const std::string& name) {
  return std::any_of(EmulatedCores().begin(), EmulatedCores().end(),
                     [&name](const CoreInfo& core) { return core.name == name; });
}

// The tensors to compare: inputs (operator -1), then what each operator puts out, in order of execution.
std::vector<std::pair<int, int>> ActivationsOf(const RuntimeModel& model) {
  std::vector<std::pair<int, int>> activations;
  for (const int index : model.inputs()) activations.emplace_back(-1, index);
  for (const OperatorInfo& op : model.operators()) {
    for (const int index : op.outputs) activations.emplace_back(op.index, index);
  }
  return activations;
}

std::string OperatorText(const RuntimeModel& model, int op) {
  if (op < 0) return "input";
  const OperatorInfo& info = model.operators()[op];
  return info.layer.empty() ? absl::StrCat(info.name, " (operator ", op, ")")
                            : absl::StrCat(info.name, " '", info.layer, "'");
}

absl::StatusOr<Tensors> RunBackend(const std::string& name, const RuntimeModel& model, const torch::Tensor& codes,
                                   const VerifyOptions& options, std::string& note) {
  if (const auto custom = options.custom.find(name); custom != options.custom.end()) {
    return custom->second(model, codes);
  }
  if (name == "integer") {
    absl::StatusOr<IntegerNetwork> network = FromTflite(model.bytes());
    if (!network.ok()) return network.status();
    EvaluateOptions evaluate;
    evaluate.keep_tensors = true;
    absl::StatusOr<IntegerOutputs> outputs = EvaluateIntegers(*network, codes, evaluate);
    if (!outputs.ok()) return outputs.status();
    return std::move(outputs->tensors);
  }
  if (name == "host") {
    absl::StatusOr<RuntimeModel::Result> result = model.Invoke({codes}, /*keep=*/true);
    if (!result.ok()) return result.status();
    return std::move(result->tensors);
  }
  if (name == "training") {
    if (options.training == nullptr)
      return absl::FailedPreconditionError("needs the quantized network that was trained");
    return options.training->TrainingPassCodes(codes).tensors;
  }
  absl::StatusOr<EmulatedRun> run = InvokeOnCore(name, model, {codes}, /*keep=*/true);
  if (!run.ok()) return run.status();
  note = absl::StrCat(run->machine, run->machine.empty() ? "" : ", ", run->instructions, " instructions an inference");
  return std::move(run->result.tensors);
}

// Every activation has to be there, in its shape: a back end cannot agree by leaving tensors out.
absl::Status CheckComplete(const RuntimeModel& model, int64_t samples, Tensors& tensors) {
  for (const auto& [op, index] : ActivationsOf(model)) {
    const auto found = tensors.find(index);
    const std::string what = absl::StrCat("tensor ", index, " of ", OperatorText(model, op));
    if (found == tensors.end() || !found->second.defined()) {
      return absl::InternalError(absl::StrCat("gave no ", what));
    }
    const TensorInfo& info = model.tensors()[index];
    torch::Tensor& tensor = found->second;
    const int64_t bytes = info.bytes * samples;
    if (tensor.dim() < 1 || tensor.size(0) != samples || static_cast<int64_t>(tensor.nbytes()) != bytes) {
      return absl::InternalError(absl::StrCat("gave ", what, " with the shape [", absl::StrJoin(tensor.sizes(), ", "),
                                              "]; ", samples, " samples of [", absl::StrJoin(info.shape, ", "), "] ",
                                              info.type));
    }
    tensor = tensor.cpu().contiguous();
  }
  return absl::OkStatus();
}

Run TimedRun(const std::string& name, const RuntimeModel& model, const torch::Tensor& codes,
             const VerifyOptions& options) {
  Run run;
  const auto start = std::chrono::steady_clock::now();
  run.tensors = RunBackend(name, model, codes, options, run.note);
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (run.tensors.ok()) {
    if (absl::Status status = CheckComplete(model, codes.size(0), *run.tensors); !status.ok()) run.tensors = status;
  }
  return run;
}

// Index of the first element that differs within a sample, from its offset there.
std::vector<int64_t> Unravel(int64_t offset, std::vector<int64_t> shape) {
  if (!shape.empty() && shape[0] == 1) shape.erase(shape.begin());  // the batch
  std::vector<int64_t> index(shape.size(), 0);
  for (size_t d = shape.size(); d-- > 0;) {
    index[d] = offset % shape[d];
    offset /= shape[d];
  }
  return index;
}

void Compare(const RuntimeModel& model, const Tensors& reference, const Tensors& actual, BackendResult& result) {
  const std::set<int> outputs(model.outputs().begin(), model.outputs().end());
  for (const auto& [op, index] : ActivationsOf(model)) {
    const torch::Tensor expected = reference.at(index).flatten();
    const torch::Tensor got = actual.at(index).flatten();
    const torch::Tensor differs = got.view(torch::kUInt8) != expected.view(torch::kUInt8);
    const auto count = differs.sum().item<int64_t>();
    result.bytes_compared += differs.numel();
    result.bytes_different += count;
    if (outputs.count(index) > 0) result.output_bytes_different += count;
    if (count == 0 || result.first_difference) continue;
    const auto element = differs.nonzero()[0].item<int64_t>() / static_cast<int64_t>(expected.element_size());
    const int64_t per_sample = expected.numel() / reference.at(index).size(0);
    Difference first;
    first.op = op;
    first.op_name = OperatorText(model, op);
    first.tensor = index;
    first.tensor_name = model.tensors()[index].name;
    first.sample = element / per_sample;
    first.index = Unravel(element % per_sample, model.tensors()[index].shape);
    first.expected = expected[element].item<int>();
    first.actual = got[element].item<int>();
    result.first_difference = std::move(first);
  }
}

// Share of samples whose greatest output is the label; of equal ones the first counts, as it does on a device.
double AccuracyOf(const torch::Tensor& output, const torch::Tensor& labels) {
  const torch::Tensor scores = output.reshape({output.size(0), -1}).to(torch::kInt32).contiguous();
  const torch::Tensor wanted = labels.to(torch::kInt64).contiguous();
  const int64_t classes = scores.size(1);
  int64_t right = 0;
  for (int64_t i = 0; i < scores.size(0); ++i) {
    const int32_t* row = scores.data_ptr<int32_t>() + i * classes;
    right += std::max_element(row, row + classes) - row == wanted.data_ptr<int64_t>()[i] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(scores.size(0));
}

// What to run, the reference first. One name alone would be compared with nothing, so it gets a reference.
std::vector<std::string> BackendsToRun(const RuntimeModel& model, const VerifyOptions& options) {
  const bool integer = options.custom.count("integer") > 0 || FromTflite(model.bytes()).ok();
  std::vector<std::string> names = options.backends;
  if (names.empty()) {
    if (integer) names.push_back("integer");
    if (options.training != nullptr) names.push_back("training");
    names.push_back("host");
    for (const CoreInfo& core : EmulatedCores()) {
      if (CoreAvailable(core.name).ok()) names.push_back(core.name);
    }
    for (const auto& [name, backend] : options.custom) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  if (names.size() == 1) {
    const char* reference = integer && names[0] != "integer" ? "integer" : "host";
    if (names[0] != reference) names.insert(names.begin(), reference);
  }
  return names;
}

absl::Status CheckRequest(const RuntimeModel& model, const torch::Tensor& codes, const torch::Tensor& labels,
                          const VerifyOptions& options, const std::vector<std::string>& names) {
  if (model.inputs().size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat("verify: the model has ", model.inputs().size(), " inputs; 1"));
  }
  const TensorInfo& input = model.tensors()[model.inputs()[0]];
  if (!codes.defined() || codes.dim() < 1 || codes.size(0) < 1) {
    return absl::InvalidArgumentError("verify: no samples given");
  }
  if (codes.scalar_type() != torch::kInt8 || input.type != "int8") {
    return absl::InvalidArgumentError(absl::StrCat("verify: inputs are ", torch::toString(codes.scalar_type()),
                                                   " and the model's input is ", input.type, "; both int8"));
  }
  std::vector<int64_t> shape = input.shape;
  if (!shape.empty()) shape[0] = codes.size(0);
  if (codes.sizes() != torch::IntArrayRef(shape)) {
    return absl::InvalidArgumentError(absl::StrCat("verify: inputs have the shape [",
                                                   absl::StrJoin(codes.sizes(), ", "), "]; [",
                                                   absl::StrJoin(shape, ", "), "]"));
  }
  if (labels.defined() && (labels.dim() != 1 || labels.size(0) != codes.size(0))) {
    return absl::InvalidArgumentError(
        absl::StrCat("verify: ", labels.numel(), " labels for ", codes.size(0), " samples"));
  }
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) {
      return absl::InvalidArgumentError(absl::StrCat("verify: back end '", name, "' is listed twice"));
    }
    if (options.custom.count(name) > 0 || name == "integer" || name == "host" || name == "training") continue;
    if (IsCore(name)) continue;
    const absl::Status unknown = FindCore(name).status();
    return absl::InvalidArgumentError(
        absl::StrCat("verify: back end '", name, "': integer, host, training or a core; ", unknown.message()));
  }
  if (names.size() < 2)
    return absl::InvalidArgumentError("verify: one back end has nothing to be compared with; list two");
  return absl::OkStatus();
}

// Runs the back ends in the listed order and hands each run to `done` in that order; emulators overlap two at a time.
void RunInOrder(const std::vector<std::string>& names, const RuntimeModel& model, const torch::Tensor& codes,
                const VerifyOptions& options, const std::function<void(const std::string&, Run)>& done) {
  const auto emulated = [&](size_t i) {
    return i < names.size() && options.custom.count(names[i]) == 0 && IsCore(names[i]);
  };
  std::vector<std::future<Run>> ahead(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    if (!emulated(i)) {
      done(names[i], TimedRun(names[i], model, codes, options));
      continue;
    }
    for (size_t j = i; j < i + kEmulatorsAtOnce && emulated(j); ++j) {
      if (ahead[j].valid()) continue;
      ahead[j] = std::async(std::launch::async, [&, j] { return TimedRun(names[j], model, codes, options); });
    }
    done(names[i], ahead[i].get());
  }
}

}  // namespace

absl::StatusOr<std::vector<BackendResult>> VerifyModel(const RuntimeModel& model, const torch::Tensor& codes,
                                                       const torch::Tensor& labels, const VerifyOptions& options) {
  const std::vector<std::string> names = BackendsToRun(model, options);
  if (absl::Status status = CheckRequest(model, codes, labels, options, names); !status.ok()) return status;
  std::vector<BackendResult> results;
  std::optional<Tensors> reference;
  const torch::Tensor inputs = codes.contiguous();
  RunInOrder(names, model, inputs, options, [&](const std::string& name, Run run) {
    BackendResult result;
    result.backend = name;
    result.samples = inputs.size(0);
    result.seconds = run.seconds;
    result.note = std::move(run.note);
    if (run.tensors.ok()) {
      if (!model.outputs().empty() && labels.defined()) {
        result.accuracy = AccuracyOf(run.tensors->at(model.outputs()[0]), labels);
      }
      if (!reference) {
        reference = *std::move(run.tensors);
        absl::StrAppend(&result.note, result.note.empty() ? "" : "; ", "reference");
        Compare(model, *reference, *reference, result);
      } else {
        Compare(model, *reference, *run.tensors, result);
      }
    } else {
      result.ran = false;
      result.note = std::string(run.tensors.status().message());
    }
    if (options.on_result) options.on_result(result);
    results.push_back(std::move(result));
  });
  return results;
}

bool AllEqual(const std::vector<BackendResult>& results) {
  return results.size() >= 2 && std::all_of(results.begin(), results.end(), [](const BackendResult& result) {
           return result.ran && result.bytes_compared > 0 && result.bytes_different == 0;
         });
}

}  // namespace mote
