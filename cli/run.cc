#include "cli/run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/run_folder.h"
#include "datasets/file.h"
#include "datasets/nearest.h"
#include "export/emulator.h"
#include "export/tflite.h"
#include "torch/types.h"
#include "torch/utils.h"
#include "torch/version.h"
#include "train/checkpoint.h"
#include "train/loss.h"

namespace mote {
namespace {

constexpr const char* kModelPrefix = "model/";

class Stopwatch {
 public:
  double Seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::string MetricText(const std::string& name, double value) {
  return name == "accuracy" ? absl::StrFormat("%.2f %%", 100 * value) : absl::StrFormat("%.6g", value);
}

// JSON has no NaN.
Json NumberOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

// The finished network alone: what the next stage takes up. (What training needs to go on is in *.training.ckpt.)
absl::Status SaveModel(const std::string& path, const char* format, const Network& network, Trainable& model) {
  Checkpoint checkpoint;
  checkpoint.meta = Json{{"format", format}, {"network", Json::parse(NetworkToJson(network))}}.dump();
  for (const NamedTensors& tensors : {model.Parameters(), model.Buffers()}) {
    for (const auto& [name, tensor] : tensors) {
      checkpoint.tensors.emplace_back(kModelPrefix + name, tensor.detach().contiguous());
    }
  }
  return SaveCheckpoint(path, checkpoint);
}

absl::Status RestoreModel(const std::string& path, const char* format, const Network& network, Trainable& model) {
  absl::StatusOr<Checkpoint> checkpoint = LoadCheckpoint(path);
  if (!checkpoint.ok()) return checkpoint.status();
  const Json meta = Json::parse(checkpoint->meta, nullptr, /*allow_exceptions=*/false);
  if (!meta.is_object() || !meta.contains("format") || meta["format"] != format || !meta.contains("network")) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a checkpoint of the format ", format));
  }
  absl::StatusOr<Network> saved = NetworkFromJson(meta["network"].dump());
  if (!saved.ok()) return saved.status();
  if (!(*saved == network))
    return absl::InvalidArgumentError(absl::StrCat(path, " holds another network than the recipe's"));
  NamedTensors into = model.Parameters();
  for (const auto& buffer : model.Buffers()) into.push_back(buffer);
  torch::NoGradGuard no_grad;
  return RestoreTensors(*checkpoint, kModelPrefix, into);
}

constexpr const char* kFloatFormat = "mote-float 1";
constexpr const char* kQuantizedFormat = "mote-quantized 1";

// The task, and that the network's output fits it.
absl::StatusOr<Task> TaskFor(const Recipe& recipe, const Dataset& data, const Network& network) {
  Task task = recipe.task.value_or(data.labels.defined()    ? Task::kClassification
                                   : data.targets.defined() ? Task::kRegression
                                                            : Task::kReconstruction);
  if (task == Task::kClassification && !data.labels.defined()) {
    return absl::InvalidArgumentError(
        absl::StrCat(recipe.file, ": [train] task is classification, but the data has no labels"));
  }
  if (task == Task::kRegression && !data.targets.defined()) {
    return absl::InvalidArgumentError(
        absl::StrCat(recipe.file, ": [train] task is regression, but the data has no targets"));
  }
  for (const auto& [section, weights] :
       {std::pair{"[train]", &recipe.train.class_weights}, {"[quantize]", &recipe.quantize_train.class_weights}}) {
    if (weights->empty() || (task == Task::kClassification && weights->size() == data.class_names.size())) continue;
    return absl::InvalidArgumentError(absl::StrCat(recipe.file, ": ", section, " class_weights has ", weights->size(),
                                                   " values, but the data has ", data.class_names.size(), " classes"));
  }
  absl::StatusOr<std::vector<Shape>> shapes = InferShapes(network);
  if (!shapes.ok()) return shapes.status();
  auto elements = [](const Shape& shape) {
    int64_t product = 1;
    for (int64_t size : shape) product *= size;
    return product;
  };
  const int64_t out = elements(shapes->back());
  int64_t wanted = elements(network.input_shape);
  std::string what = "values a sample to reconstruct";
  if (task == Task::kClassification) wanted = static_cast<int64_t>(data.class_names.size()), what = "classes";
  if (task == Task::kRegression) wanted = elements(data.targets.sizes().slice(1).vec()), what = "targets a sample";
  if (out != wanted) {
    return absl::InvalidArgumentError(absl::StrCat(recipe.layer_places.back(), "the last layer, '",
                                                   network.layers.back().name, "', puts out ", out,
                                                   " values, but the data has ", wanted, " ", what));
  }
  return task;
}

}  // namespace

std::string ToolVersion() { return "mote " MOTE_VERSION; }

struct Run::State {
  Recipe recipe;
  RunOptions options;
  RunFolder folder = RunFolder::Fresh("");
  Splits data;
  Network network;  // with the data's shape
  Task task = Task::kClassification;
  std::string train_tag, quantize_tag;

  void Say(const std::string& line) const {
    if (options.say) options.say(line);
  }
  bool Interrupted() const { return options.interrupt != nullptr && options.interrupt->load(); }
  absl::Status CheckInterrupt() const {
    return Interrupted() ? absl::AbortedError(absl::StrCat(folder.path(), ": interrupted")) : absl::OkStatus();
  }

  absl::Status Prepare();
  Json Description() const;
  FitOptions FitFor(const FitOptions& base, const char* stage, const std::string& tag) const;
  absl::StatusOr<std::unique_ptr<FloatNetwork>> LoadFloat() const;
  absl::StatusOr<std::unique_ptr<QuantizedNetwork>> LoadQuantized() const;
  absl::Status Need(const char* stage, const std::string& tag, const char* command) const;
};

// Reads the data, checks the network against it, forms the tags of the stages.
absl::Status Run::State::Prepare() {
  if (recipe.threads > 0) at::set_num_threads(recipe.threads);
  absl::StatusOr<Splits> splits = LoadSplits(recipe.data);
  if (!splits.ok()) return splits.status();
  data = *std::move(splits);
  absl::StatusOr<Network> checked = NetworkFor(recipe, data.train.sample_shape());
  if (!checked.ok()) return checked.status();
  network = *std::move(checked);
  absl::StatusOr<Task> found = TaskFor(recipe, data.train, network);
  if (!found.ok()) return found.status();
  task = *found;
  for (const auto& [section, fit] : {std::pair{"[train]", &recipe.train}, {"[quantize]", &recipe.quantize_train}}) {
    FitOptions options_with_task = *fit;
    options_with_task.task = task;
    options_with_task.checkpoint_path = "set when the folder is known";
    if (absl::Status status = CheckFitOptions(options_with_task); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(recipe.file, ": ", section, " ", std::string(status.message())));
    }
  }
  train_tag = Sha256(absl::StrCat(recipe.train_sections, "seed ", recipe.seed, "\nthreads ", recipe.threads, "\n",
                                  Fingerprint(data.train), Fingerprint(data.validation), Fingerprint(data.test), "\n",
                                  ToolVersion()));
  quantize_tag = Sha256(absl::StrCat(train_tag, "\n", recipe.quantize_sections));
  return absl::OkStatus();
}

// What the manifest says of the run as a whole.
Json Run::State::Description() const {
  Json description;
  description["format"] = "mote-run 1";
  description["name"] = recipe.name;
  description["tool"] = ToolVersion();
  description["torch"] = TORCH_VERSION;
  description["seed"] = recipe.seed;
  description["threads"] = at::get_num_threads();
  description["recipe"] = {{"path", std::filesystem::absolute(recipe.file).lexically_normal().string()},
                           {"sha256", Sha256(recipe.text)}};
  Json parts = Json::object();
  for (const auto& [name, part] :
       {std::pair{"train", &data.train}, {"validation", &data.validation}, {"test", &data.test}}) {
    parts[name] = {{"samples", part->size()}, {"sha256", Fingerprint(*part)}};
  }
  description["data"] = {{"name", data.train.name}, {"classes", data.train.class_names}, {"parts", parts}};
  // Of everything that decides the model's bytes; neither paths nor times.
  Json decides = {{"train", train_tag},    {"quantize", quantize_tag},
                  {"name", recipe.name},   {"threads", at::get_num_threads()},
                  {"tool", ToolVersion()}, {"torch", TORCH_VERSION}};
  description["run_hash"] = Sha256(decides.dump());
  return description;
}

Run::Run(std::unique_ptr<State> state) : state_(std::move(state)) {}
Run::~Run() = default;
const std::string& Run::folder() const { return state_->folder.path(); }

absl::StatusOr<std::unique_ptr<Run>> Run::Begin(Recipe recipe, const RunOptions& options) {
  auto state = std::make_unique<State>();
  state->recipe = std::move(recipe);
  state->options = options;
  if (options.seed.has_value()) state->recipe.seed = *options.seed;
  const std::string path = options.folder.empty() ? state->recipe.folder : options.folder;
  if (absl::Status status = state->Prepare(); !status.ok()) return status;

  const bool there = RunFolder::HoldsRun(path);
  if (there && !options.resume && !options.force) {
    return absl::AlreadyExistsError(
        absl::StrCat(path, " already holds a run; --resume takes it up, --force begins again"));
  }
  if (!there && RunFolder::HoldsFiles(path) && !options.resume && !options.force) {
    return absl::AlreadyExistsError(
        absl::StrCat(path, " exists and holds no run; name another with --folder, or use --force"));
  }
  Json stages = Json::object();
  if (there && !options.force) {
    absl::StatusOr<RunFolder> opened = RunFolder::Open(path);
    if (!opened.ok()) return opened.status();
    if (opened->Begun("train") && !opened->BegunWith("train", state->train_tag)) {
      return absl::FailedPreconditionError(absl::StrCat(
          path,
          " was trained with another recipe, data, seed or version; --force begins again, --folder goes elsewhere"));
    }
    if (opened->manifest().contains("stages")) stages = opened->manifest()["stages"];
  }
  state->folder = RunFolder::Fresh(path);
  if (options.force) {
    // The old manifest goes first: a kill in between leaves files that nothing speaks of, and --force removes those
    // too.
    std::error_code error;
    std::filesystem::remove(path + "/manifest.json", error);
    if (absl::Status status = state->folder.Discard("train"); !status.ok()) return status;
  }
  state->folder.manifest() = state->Description();
  state->folder.manifest()["stages"] = stages;
  if (absl::Status status = WriteFileAtomically(state->folder.File("recipe.toml"), state->recipe.text); !status.ok()) {
    return status;
  }
  if (absl::Status status = state->folder.SaveManifest(); !status.ok()) return status;
  return std::unique_ptr<Run>(new Run(std::move(state)));
}

absl::StatusOr<std::unique_ptr<Run>> Run::Open(const std::string& path, const RunOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  const bool is_recipe = !std::filesystem::is_directory(path);
  std::string folder = path;
  if (!std::filesystem::exists(path)) {
    return absl::NotFoundError(absl::StrCat(path, " does not exist; give the folder of a run, or its recipe"));
  }
  if (is_recipe) {
    absl::StatusOr<Recipe> recipe = LoadRecipe(path);
    if (!recipe.ok()) return recipe.status();
    state->recipe = *std::move(recipe);
    folder = options.folder.empty() ? state->recipe.folder : options.folder;
  }
  absl::StatusOr<RunFolder> opened = RunFolder::Open(folder);
  if (!opened.ok()) {
    if (is_recipe && absl::IsNotFound(opened.status())) {
      return absl::NotFoundError(absl::StrCat(folder, " holds no run of ", path, "; begin with: mote train ", path));
    }
    return opened.status();
  }
  state->folder = *std::move(opened);
  Json& manifest = state->folder.manifest();
  if (!is_recipe) {
    // The copy in the folder, with paths as they were where the recipe lay.
    absl::StatusOr<std::string> text = ReadFile(state->folder.File("recipe.toml"));
    if (!text.ok()) return text.status();
    absl::StatusOr<Recipe> recipe = ParseRecipe(*text, manifest["recipe"]["path"].get<std::string>());
    if (!recipe.ok()) return recipe.status();
    state->recipe = *std::move(recipe);
  }
  state->recipe.seed = manifest["seed"].get<uint64_t>();
  if (absl::Status status = state->Prepare(); !status.ok()) return status;
  if (!state->folder.BegunWith("train", state->train_tag)) {
    return absl::FailedPreconditionError(
        absl::StrCat(folder, " was trained with another recipe, data or version; train again: ", "mote train ",
                     is_recipe ? path : "RECIPE", " --force"));
  }
  Json stages = manifest["stages"];
  manifest = state->Description();
  manifest["stages"] = stages;
  return std::unique_ptr<Run>(new Run(std::move(state)));
}

FitOptions Run::State::FitFor(const FitOptions& base, const char* stage, const std::string& tag) const {
  FitOptions fit = base;
  const bool train = std::string(stage) == "train";
  fit.task = task;
  fit.seed = recipe.seed;
  fit.threads = recipe.threads;
  fit.checkpoint_path = folder.File(train ? "float.training.ckpt" : "quantized.training.ckpt");
  fit.resume = true;  // a checkpoint under another tag has been removed by BeginStage
  fit.checkpoint_tag = tag;
  fit.checkpoint_meta = Json{{"network", Json::parse(NetworkToJson(network))}}.dump();
  fit.tensorboard_dir = folder.File(absl::StrCat("tensorboard/", stage));
  fit.progress = options.progress;
  fit.label = stage;
  fit.interrupt = options.interrupt;
  return fit;
}

absl::Status Run::State::Need(const char* stage, const std::string& tag, const char* command) const {
  absl::StatusOr<bool> finished = folder.Finished(stage, tag);
  if (!finished.ok()) return finished.status();
  if (*finished) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      folder.path(), ": the stage '", stage, "' is not finished",
      folder.Begun(stage) ? "" : " (not begun, or begun with another recipe)", "; do that first: ", command));
}

absl::StatusOr<std::unique_ptr<FloatNetwork>> Run::State::LoadFloat() const {
  absl::StatusOr<std::unique_ptr<FloatNetwork>> model = FloatNetwork::Create(network, recipe.seed);
  if (!model.ok()) return model.status();
  if (absl::Status status = RestoreModel(folder.File("float.ckpt"), kFloatFormat, network, **model); !status.ok())
    return status;
  return model;
}

absl::StatusOr<std::unique_ptr<QuantizedNetwork>> Run::State::LoadQuantized() const {
  absl::StatusOr<std::unique_ptr<QuantizedNetwork>> model = QuantizedNetwork::CreateEmpty(network, recipe.quantize);
  if (!model.ok()) return model.status();
  if (absl::Status status = RestoreModel(folder.File("quantized.ckpt"), kQuantizedFormat, network, **model);
      !status.ok()) {
    return status;
  }
  return model;
}

namespace {

// What a training stage leaves in the manifest; `fit` is null where nothing was trained.
Json TrainingResults(const FitResult* fit, const Metrics& test, Task task, double seconds) {
  Json results;
  results["metric"] = MetricName(task);
  results["test"] = NumberOrNull(test.metric);
  results["test_loss"] = NumberOrNull(test.loss);
  if (fit != nullptr && !fit->epochs.empty()) {
    const EpochReport& last = fit->epochs.back();
    results["epochs"] = last.epoch;
    results["best_epoch"] = fit->best_epoch;
    results["stopped_early"] = fit->stopped_early;
    results["train"] = NumberOrNull(last.train_metric);
    results["validation"] = NumberOrNull(last.validation_metric);
  }
  results["seconds"] = seconds;
  return results;
}

}  // namespace

absl::Status Run::Train() {
  State& s = *state_;
  absl::StatusOr<bool> finished = s.folder.Finished("train", s.train_tag);
  if (!finished.ok()) return finished.status();
  if (*finished) {
    std::filesystem::remove(s.folder.File("float.training.ckpt"));  // where a kill came just before
    s.Say("train      finished before");
    return absl::OkStatus();
  }
  if (absl::Status status = s.CheckInterrupt(); !status.ok()) return status;
  if (absl::Status status = s.folder.BeginStage("train", s.train_tag); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<FloatNetwork>> model = FloatNetwork::Create(s.network, s.recipe.seed);
  if (!model.ok()) return model.status();
  Stopwatch watch;
  absl::StatusOr<FitResult> fit =
      Fit(**model, s.data.train, s.data.validation, s.FitFor(s.recipe.train, "train", s.train_tag));
  if (!fit.ok()) return fit.status();
  absl::StatusOr<Metrics> test = Evaluate(**model, s.data.test, s.task);
  if (!test.ok()) return test.status();
  s.Say(absl::StrFormat("train      float network, test split: %s %s", MetricName(s.task),
                        MetricText(MetricName(s.task), test->metric)));
  if (absl::Status status = SaveModel(s.folder.File("float.ckpt"), kFloatFormat, s.network, **model); !status.ok())
    return status;
  const Json results = TrainingResults(&*fit, *test, s.task, watch.Seconds());
  if (absl::Status status = s.folder.FinishStage("train", results); !status.ok()) return status;
  std::filesystem::remove(s.folder.File("float.training.ckpt"));
  return absl::OkStatus();
}

absl::Status Run::Quantize() {
  State& s = *state_;
  if (absl::Status status = s.Need("train", s.train_tag, "mote train"); !status.ok()) return status;
  absl::StatusOr<bool> finished = s.folder.Finished("quantize", s.quantize_tag);
  if (!finished.ok() && !s.options.force) return finished.status();
  if (finished.ok() && *finished && s.options.resume) {
    std::filesystem::remove(s.folder.File("quantized.training.ckpt"));
    s.Say("quantize   finished before");
    return absl::OkStatus();
  }
  if (s.folder.Begun("quantize") && !s.options.resume && !s.options.force) {
    return absl::AlreadyExistsError(absl::StrCat(s.folder.path(), " is quantized already, or was interrupted in it; ",
                                                 "--resume goes on, --force does it again"));
  }
  if (s.folder.Begun("quantize") && !s.folder.BegunWith("quantize", s.quantize_tag)) {
    s.Say("quantize   [quantize] has changed: done anew");
  }
  if (absl::Status status = s.CheckInterrupt(); !status.ok()) return status;
  if (s.options.force) {
    if (absl::Status status = s.folder.Discard("quantize"); !status.ok()) return status;
  }
  if (absl::Status status = WriteFileAtomically(s.folder.File("recipe.toml"), s.recipe.text); !status.ok())
    return status;
  if (absl::Status status = s.folder.BeginStage("quantize", s.quantize_tag); !status.ok()) return status;

  absl::StatusOr<std::unique_ptr<FloatNetwork>> source = s.LoadFloat();
  if (!source.ok()) return source.status();
  absl::StatusOr<std::unique_ptr<QuantizedNetwork>> model =
      QuantizedNetwork::Create(**source, s.data.train, s.recipe.quantize);
  if (!model.ok()) return model.status();
  Stopwatch watch;
  std::optional<FitResult> fit;
  if (s.recipe.quantization_aware) {
    absl::StatusOr<FitResult> result =
        Fit(**model, s.data.train, s.data.validation, s.FitFor(s.recipe.quantize_train, "quantize", s.quantize_tag));
    if (!result.ok()) return result.status();
    fit = *std::move(result);
  }
  absl::StatusOr<Metrics> test = Evaluate(**model, s.data.test, s.task);
  if (!test.ok()) return test.status();
  s.Say(absl::StrFormat(
      "quantize   %s, test split: %s %s",
      fit.has_value() ? "bit-true network after its last epoch" : "calibrated network, not trained further",
      MetricName(s.task), MetricText(MetricName(s.task), test->metric)));
  if (absl::Status status = SaveModel(s.folder.File("quantized.ckpt"), kQuantizedFormat, s.network, **model);
      !status.ok()) {
    return status;
  }
  Json results = TrainingResults(fit.has_value() ? &*fit : nullptr, *test, s.task, watch.Seconds());
  results["method"] = s.recipe.quantization_aware ? "qat" : "ptq";
  if (absl::Status status = s.folder.FinishStage("quantize", results); !status.ok()) return status;
  std::filesystem::remove(s.folder.File("quantized.training.ckpt"));
  return absl::OkStatus();
}

absl::Status Run::Export() {
  State& s = *state_;
  if (absl::Status status = s.Need("quantize", s.quantize_tag, "mote quantize"); !status.ok()) return status;
  if (absl::Status status = s.CheckInterrupt(); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<QuantizedNetwork>> model = s.LoadQuantized();
  if (!model.ok()) return model.status();
  absl::StatusOr<IntegerNetwork> integers = (*model)->ToInteger();
  if (!integers.ok()) return integers.status();
  integers->name = s.network.name;
  integers->class_names = s.data.train.class_names;
  integers->metadata["run_hash"] = s.folder.manifest()["run_hash"].get<std::string>();
  integers->metadata["tool"] = ToolVersion();
  ExportOptions export_options = s.recipe.export_options;
  if (s.options.selftest.has_value()) export_options.selftest = s.options.selftest;
  absl::StatusOr<std::string> bytes = ToTflite(*integers, export_options);
  if (!bytes.ok()) return bytes.status();
  const std::string path = s.folder.File("model.tflite");
  absl::StatusOr<std::unique_ptr<RuntimeModel>> loaded = RuntimeModel::FromBytes(*bytes, path);
  if (!loaded.ok()) return loaded.status();

  const std::string tag = Sha256(absl::StrCat(s.quantize_tag, "\n", Sha256(*bytes)));
  absl::StatusOr<bool> finished = s.folder.Finished("export", tag);
  if (finished.ok() && *finished) {
    s.Say("export     finished before");
    return absl::OkStatus();
  }
  if (absl::Status status = s.folder.Discard("export"); !status.ok()) return status;
  if (absl::Status status = s.folder.BeginStage("export", tag); !status.ok()) return status;
  if (absl::Status status = WriteFileAtomically(path, *bytes); !status.ok()) return status;
  int64_t macs = 0;
  for (const OperatorInfo& op : (*loaded)->operators()) macs += op.macs;
  const Json results = {{"bytes", bytes->size()}, {"arena_bytes", (*loaded)->arena_bytes()}, {"macs", macs}};
  if (absl::Status status = s.folder.FinishStage("export", results); !status.ok()) return status;
  s.Say(absl::StrFormat("export     %s: %d bytes, arena %d bytes, %d MACs", path, bytes->size(),
                        (*loaded)->arena_bytes(), macs));
  return absl::OkStatus();
}

absl::Status CheckBackends(const std::vector<std::string>& backends) {
  std::vector<std::string> names = {"training", "integer", "host"};
  for (const CoreInfo& core : EmulatedCores()) names.push_back(core.name);
  for (const std::string& backend : backends) {
    if (std::find(names.begin(), names.end(), backend) != names.end()) continue;
    return absl::InvalidArgumentError(absl::StrCat("'", backend, "' is not one of ", absl::StrJoin(names, ", "),
                                                   "; did you mean ", Nearest(backend, names), "?"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<BackendResult>> Run::Compare(const std::vector<std::string>& backends, int64_t samples) {
  State& s = *state_;
  if (absl::Status status = CheckBackends(backends); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<QuantizedNetwork>> training = s.LoadQuantized();
  if (!training.ok()) return training.status();
  absl::StatusOr<std::unique_ptr<RuntimeModel>> model = RuntimeModel::Load(s.folder.File("model.tflite"));
  if (!model.ok()) return model.status();
  VerifyOptions options;
  options.training = training->get();
  options.backends = backends;
  if (backends.empty()) {
    options.backends = {"training", "integer", "host"};
    for (const CoreInfo& core : EmulatedCores()) {
      if (s.recipe.cores.has_value()) {
        const auto& wanted = *s.recipe.cores;
        if (std::find(wanted.begin(), wanted.end(), core.name) == wanted.end()) continue;
      } else if (absl::Status status = CoreAvailable(core.name); !status.ok()) {
        s.Say(absl::StrCat("verify     ", core.name, " left out: ", std::string(status.message())));
        continue;
      }
      options.backends.push_back(core.name);
    }
  }
  options.on_result = [&s](const BackendResult& result) {
    s.Say(absl::StrFormat("verify     %-12s %s", result.backend,
                          !result.ran ? absl::StrCat("did not run: ", result.note)
                                      : absl::StrFormat("%d samples, %d bytes differ, %.1f s", result.samples,
                                                        result.bytes_different, result.seconds)));
  };
  const Dataset& test = s.data.test;
  const int64_t count = samples > 0 ? std::min(samples, test.size()) : test.size();
  const TensorInfo& input = (*model)->tensors()[(*model)->inputs()[0]];
  absl::StatusOr<torch::Tensor> codes = CodesFor(input, test.inputs.slice(0, 0, count), "the test split");
  if (!codes.ok()) return codes.status();
  const bool labelled = s.task == Task::kClassification;
  return VerifyModel(**model, *codes, labelled ? test.labels.slice(0, 0, count).contiguous() : torch::Tensor(),
                     options);
}

absl::Status Run::Verify() {
  State& s = *state_;
  if (!s.folder.Begun("export") || !s.folder.manifest()["stages"]["export"].value("finished", false)) {
    return absl::FailedPreconditionError(
        absl::StrCat(s.folder.path(), " holds no model.tflite; do that first: mote export ", s.folder.path()));
  }
  if (absl::Status status = s.CheckInterrupt(); !status.ok()) return status;
  const std::string cores = s.recipe.cores.has_value() ? absl::StrJoin(*s.recipe.cores, ",") : "all that can run";
  const std::string tag = Sha256(
      absl::StrCat(s.folder.manifest()["stages"]["export"].value("sha256", ""), "\n", cores, "\n", s.recipe.samples));
  if (s.options.resume) {
    absl::StatusOr<bool> finished = s.folder.Finished("verify", tag);
    if (finished.ok() && *finished) {
      s.Say("verify     finished before");
      return absl::OkStatus();
    }
  }
  absl::StatusOr<std::vector<BackendResult>> results = Compare({}, s.recipe.samples);
  if (absl::Status status = s.CheckInterrupt(); !status.ok())
    return status;  // before errors: emulators end with Ctrl-C too
  if (!results.ok()) return results.status();
  if (absl::Status status = s.folder.Discard("verify"); !status.ok()) return status;
  if (absl::Status status = s.folder.BeginStage("verify", tag); !status.ok()) return status;
  if (absl::Status status = WriteFileAtomically(s.folder.File("verify.json"), VerifyJson(*results)); !status.ok())
    return status;
  return s.folder.FinishStage(
      "verify", {{"equal", AllEqual(*results)}, {"all_samples", results->front().samples == s.data.test.size()}});
}

absl::StatusOr<bool> Run::Equal() const {
  const Json& stages = state_->folder.manifest()["stages"];
  if (!stages.contains("verify") || !stages["verify"].value("finished", false)) {
    return absl::FailedPreconditionError(absl::StrCat(folder(), " has not been verified"));
  }
  if (!stages["verify"].value("equal", false)) return false;
  if (state_->task != Task::kClassification || !stages["verify"].value("all_samples", false)) return true;
  // The same samples: the accuracy that training printed must be each back end's.
  absl::StatusOr<std::string> text = ReadFile(state_->folder.File("verify.json"));
  if (!text.ok()) return text.status();
  const double printed = stages["quantize"].value("test", -1.0);
  const Json results = Json::parse(*text, nullptr, false);
  for (const Json& result : results) {
    if (!result.contains("accuracy") || !result["accuracy"].is_number()) continue;
    if (std::abs(result["accuracy"].get<double>() - printed) > 1e-9) return false;  // one sample is more than 1e-9
  }
  return true;
}

absl::StatusOr<std::string> Run::Table() const {
  const Json& stages = state_->folder.manifest()["stages"];
  absl::StatusOr<std::string> text = ReadFile(state_->folder.File("verify.json"));
  if (!text.ok()) return text.status();
  const Json results = Json::parse(*text, nullptr, false);
  if (!results.is_array())
    return absl::DataLossError(absl::StrCat(state_->folder.File("verify.json"), " is not a list"));
  const std::string metric = MetricName(state_->task);
  const bool qat = stages["quantize"].value("method", "") == "qat";
  std::string table = absl::StrFormat("%-34s %20s %14s %14s %8s %8s\n", "", "", "output bytes", "tensor bytes", "", "");
  absl::StrAppendFormat(&table, "%-34s %20s %14s %14s %8s %8s\n", state_->recipe.name + ", test split", metric,
                        "that differ", "that differ", "samples", "seconds");
  auto row = [&table](const std::string& what, const std::string& value, const std::string& outputs,
                      const std::string& tensors, int64_t samples, double seconds) {
    absl::StrAppendFormat(&table, "%-34s %20s %14s %14s %8d %8.1f\n", what, value, outputs, tensors, samples, seconds);
  };
  auto number = [](const Json& object, const char* key) {
    return object.contains(key) && object[key].is_number() ? object[key].get<double>() : std::nan("");
  };
  const int64_t all = state_->data.test.size();
  row("float", MetricText(metric, number(stages["train"], "test")), "-", "-", all, number(stages["train"], "seconds"));
  row(qat ? "quantized, last epoch of training" : "quantized, calibrated only",
      MetricText(metric, number(stages["quantize"], "test")), "-", "-", all, number(stages["quantize"], "seconds"));
  for (const Json& result : results) {
    const std::string backend = result.value("backend", "?");
    if (!result.value("ran", true)) {
      absl::StrAppendFormat(&table, "%-34s did not run: %s\n", backend, result.value("note", ""));
      continue;
    }
    const bool has = result.contains("accuracy") && result["accuracy"].is_number();
    const std::string name = backend == "training"  ? "training pass (the reference)"
                             : backend == "integer" ? "integer network"
                             : backend == "host"    ? "model.tflite on the host runtime"
                                                    : absl::StrCat("model.tflite on ", backend);
    row(name, has ? MetricText("accuracy", result["accuracy"].get<double>()) : "-",
        absl::StrCat(result.value("output_bytes_different", int64_t{0})),
        absl::StrCat(result.value("bytes_different", int64_t{0})), result.value("samples", int64_t{0}),
        number(result, "seconds"));
  }
  return table;
}

}  // namespace mote
