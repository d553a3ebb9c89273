#include "cli/recipe.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/recipe_table.h"
#include "datasets/file.h"
#include "export/emulator.h"

namespace mote {
namespace {

constexpr int64_t kMaxRecipeBytes = int64_t{1} << 20;
constexpr int64_t kMany = 1000000;

// Path of a data file: relative ones begin at the recipe's folder.
std::string Beside(const std::string& file, const std::string& path) {
  std::filesystem::path given(path);
  if (given.is_absolute()) return path;
  return (std::filesystem::path(file).parent_path() / given).lexically_normal().string();
}

const toml::table* Section(const toml::table& recipe, const char* name) { return recipe[name].as_table(); }

// Every top-level entry is a section that we know, and of its right kind.
absl::Status CheckSections(const std::string& file, const toml::table& recipe) {
  const std::vector<std::string> names = {"run",   "data",     "augment", "network", "layer",
                                          "train", "quantize", "export",  "verify"};
  const toml::key* first = nullptr;
  for (const auto& [key, node] : recipe) {
    if (std::find(names.begin(), names.end(), key.str()) != names.end()) continue;
    if (first == nullptr || key.source().begin < first->source().begin) first = &key;
  }
  if (first != nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(Place(file, first->source().begin), "[", std::string(first->str()),
                                                   "] is not a section; did you mean [", Nearest(first->str(), names),
                                                   "]?"));
  }
  for (const auto& [key, node] : recipe) {
    const bool layers = key.str() == "layer";
    if (layers ? node.is_array_of_tables() : node.is_table()) continue;
    const std::string name(key.str());
    return absl::InvalidArgumentError(absl::StrCat(
        Place(file, key.source().begin), name, " must be ",
        layers ? "a list of tables, each beginning with [[layer]]" : absl::StrCat("a section, [", name, "]")));
  }
  for (const char* needed : {"data", "layer"}) {
    if (!recipe.contains(needed)) {
      return absl::InvalidArgumentError(absl::StrCat(
          file, ": needs ", std::string(needed) == "data" ? "a section [data]" : "at least one [[layer]]"));
    }
  }
  return absl::OkStatus();
}

void ReadSourceKeys(RecipeTable& table, const std::string& file, DataSource* source) {
  using Kind = DataSource::Kind;
  const std::vector<std::pair<const char*, Kind>> kinds = {{"dataset", Kind::kDigits}, {"csv", Kind::kCsv},
                                                           {"npy", Kind::kNpy},        {"npz", Kind::kNpz},
                                                           {"idx", Kind::kIdx},        {"cifar10", Kind::kCifar10}};
  std::vector<const char*> given;
  for (const auto& [key, kind] : kinds) {
    table.Known(key);
    if (!table.Has(key)) continue;
    given.push_back(key);
    source->kind = kind;
  }
  if (given.empty()) {  // which other keys are right depends on it
    for (const char* key : {"labels", "label_column", "regression", "scale", "sample_shape", "class_names"})
      table.Known(key);
    return table.Wrong("", "needs one of dataset, csv, npy, npz, idx, cifar10");
  }
  if (given.size() > 1) {
    return table.Wrong(given[1], absl::StrCat("has both ", given[0], " and ", given[1], "; give one of them"));
  }
  if (source->kind == Kind::kDigits) {
    table.Choice("dataset", &source->kind, {{"digits", Kind::kDigits}});
  } else if (source->kind == Kind::kCifar10) {
    table.Texts("cifar10", &source->paths);
    if (source->paths.empty()) table.Wrong("cifar10", "cifar10 must not be empty");
  } else {
    source->paths.resize(1);
    table.Text(given[0], &source->paths[0]);
  }
  for (std::string& path : source->paths) path = Beside(file, path);
  if (source->kind == Kind::kNpy || source->kind == Kind::kIdx) {
    table.Text("labels", &source->labels);
    if (!source->labels.empty()) source->labels = Beside(file, source->labels);
    if (source->kind == Kind::kIdx && !table.Has("labels"))
      table.Wrong("idx", "idx needs labels, the file of the labels");
  }
  if (source->kind == Kind::kCsv) {
    table.Text("label_column", &source->label_column);
    table.Flag("regression", &source->regression);
  }
  if (source->kind == Kind::kCsv || source->kind == Kind::kNpy || source->kind == Kind::kNpz) {
    table.RealAbove("scale", &source->scale, 0.0);
    table.Integers("sample_shape", &source->sample_shape, 1);
  }
  if (source->kind != Kind::kDigits) table.Texts("class_names", &source->class_names);
}

absl::Status ReadData(const std::string& file, const toml::table& recipe, DataOptions* data) {
  const toml::table* section = Section(recipe, "data");
  RecipeTable table(file, "[data]", section);
  ReadSourceKeys(table, file, &data->source);
  table.Known("test");
  if (table.Has("validation_fraction") || table.Has("test_fraction") || table.Has("split_seed")) data->split.emplace();
  SplitOptions split;
  table.RealBelow("validation_fraction", &split.validation_fraction, 0.0, 1.0);
  table.RealBelow("test_fraction", &split.test_fraction, 0.0, 1.0);
  table.Integer("split_seed", &split.seed, 0);
  if (data->split.has_value()) *data->split = split;
  const toml::table* test = nullptr;
  if (table.Has("test")) {
    test = (*section)["test"].as_table();
    if (test == nullptr) table.Wrong("test", "test must be a section, [data.test]");
    if (table.Has("test_fraction")) table.Wrong("test_fraction", "test_fraction and [data.test] exclude each other");
  } else if (split.validation_fraction + split.test_fraction >= 1.0) {
    table.Wrong("test_fraction", "validation_fraction + test_fraction must be less than 1");
  } else if (data->split.has_value() && split.test_fraction == 0.0) {
    table.Wrong("test_fraction", "test_fraction must be more than 0, for what is exported is verified on that split");
  }
  if (absl::Status status = table.Finish(); !status.ok()) return status;
  if (test == nullptr) return absl::OkStatus();
  RecipeTable test_table(file, "[data.test]", test);
  ReadSourceKeys(test_table, file, &data->test.emplace());
  return test_table.Finish();
}

// The keys that [train] and [quantize] share.
void ReadFit(RecipeTable& table, FitOptions* fit) {
  using Optimizer = OptimizerOptions::Kind;
  using Schedule = ScheduleOptions::Kind;
  table.Integer("epochs", &fit->epochs, 1, kMany);
  table.Integer("batch_size", &fit->batch_size, 1, kMany);
  table.Choice("optimizer", &fit->optimizer.kind,
               {{"adam", Optimizer::kAdam}, {"adamw", Optimizer::kAdamW}, {"sgd", Optimizer::kSgd}});
  table.RealAbove("learning_rate", &fit->optimizer.learning_rate, 0.0);
  table.Real("weight_decay", &fit->optimizer.weight_decay, 0.0);
  table.RealBelow("beta1", &fit->optimizer.beta1, 0.0, 1.0);
  table.RealBelow("beta2", &fit->optimizer.beta2, 0.0, 1.0);
  table.RealAbove("epsilon", &fit->optimizer.epsilon, 0.0);
  table.RealBelow("momentum", &fit->optimizer.momentum, 0.0, 1.0);
  table.Flag("nesterov", &fit->optimizer.nesterov);
  table.Choice("schedule", &fit->schedule.kind,
               {{"constant", Schedule::kConstant}, {"step", Schedule::kStep}, {"cosine", Schedule::kCosine}});
  table.Real("warmup_epochs", &fit->schedule.warmup_epochs, 0.0);
  table.Real("final_fraction", &fit->schedule.final_fraction, 0.0, 1.0);
  table.Integer("step_epochs", &fit->schedule.step_epochs, 1, kMany);
  table.RealAbove("step_factor", &fit->schedule.step_factor, 0.0);
  table.RealBelow("label_smoothing", &fit->label_smoothing, 0.0, 1.0);
  table.Reals("class_weights", &fit->class_weights);
  table.Flag("balance_classes", &fit->balance_classes);
  if (fit->balance_classes && !fit->class_weights.empty()) {
    table.Wrong("balance_classes", "balance_classes and class_weights exclude each other");
  }
  table.Real("gradient_clip", &fit->gradient_clip, 0.0);
  table.Integer("checkpoint_steps", &fit->checkpoint_steps, 0, kMany);
}

absl::Status ReadTrain(const std::string& file, const toml::table& recipe, Recipe* out) {
  RecipeTable table(file, "[train]", Section(recipe, "train"));
  ReadFit(table, &out->train);
  table.Integer("early_stopping", &out->train.early_stopping_patience, 0, kMany);
  table.Flag("keep_best", &out->train.keep_best);
  Task task = Task::kClassification;
  table.Choice("task", &task,
               {{"classification", Task::kClassification},
                {"regression", Task::kRegression},
                {"reconstruction", Task::kReconstruction}});
  if (table.Has("task")) out->task = task;
  return table.Finish();
}

absl::Status ReadQuantize(const std::string& file, const toml::table& recipe, Recipe* out) {
  RecipeTable table(file, "[quantize]", Section(recipe, "quantize"));
  QuantizeOptions& options = out->quantize;
  table.Choice("method", &out->quantization_aware, {{"qat", true}, {"ptq", false}});
  table.Choice("calibration", &options.calibration,
               {{"min_max", Calibration::kMinMax},
                {"percentile", Calibration::kPercentile},
                {"mean_squared_error", Calibration::kMeanSquaredError}});
  double percentile = options.percentile;
  table.RealAbove("percentile", &percentile, 50.0);
  if (percentile > 100.0)
    table.Wrong("percentile", absl::StrCat("percentile = ", percentile, " is out of range: it must be at most 100"));
  options.percentile = percentile;
  table.Integer("calibration_samples", &options.calibration_samples, 1, std::numeric_limits<int>::max());
  table.Choice(
      "scales", &options.scales,
      {{"learned", ScaleLearning::kLearned}, {"tracked", ScaleLearning::kTracked}, {"fixed", ScaleLearning::kFixed}});
  table.Real("tracking_momentum", &options.tracking_momentum, 0.0, 1.0);
  table.Flag("per_channel_dense", &options.per_channel_dense);
  table.Real("freeze_fraction", &options.freeze_fraction, 0.0, 1.0);
  // What training of the quantized network begins with: a tenth of the float network's rate, and a quarter of its
  // length.
  FitOptions& fit = out->quantize_train;
  fit = out->train;
  fit.early_stopping_patience = 0;
  fit.keep_best = false;
  fit.epochs = std::max(1, out->train.epochs / 4);
  fit.optimizer.learning_rate = out->train.optimizer.learning_rate / 10;
  fit.schedule.warmup_epochs = 0;
  ReadFit(table, &fit);
  return table.Finish();
}

absl::Status ReadRun(const std::string& file, const toml::table& recipe, Recipe* out) {
  RecipeTable table(file, "[run]", Section(recipe, "run"));
  out->name = std::filesystem::path(file).stem().string();
  table.Text("name", &out->name);
  for (char c : out->name) {
    if (c == '/' || static_cast<unsigned char>(c) < 0x20) {
      table.Wrong("name", "name must hold no slashes and no control characters");
      break;
    }
  }
  table.Integer("seed", &out->seed, 0);
  table.Integer("threads", &out->threads, 0, 1024);
  out->folder = absl::StrCat("runs/", out->name);
  table.Text("folder", &out->folder);
  return table.Finish();
}

absl::Status ReadVerify(const std::string& file, const toml::table& recipe, Recipe* out) {
  RecipeTable table(file, "[verify]", Section(recipe, "verify"));
  table.Integer("samples", &out->samples, 0);
  std::vector<std::string> cores, names;
  table.Texts("cores", &cores);
  for (const CoreInfo& core : EmulatedCores()) names.push_back(core.name);
  for (const std::string& core : cores) {
    if (std::find(names.begin(), names.end(), core) != names.end()) continue;
    table.Wrong("cores", absl::StrCat("cores: \"", core, "\" is not one of ", absl::StrJoin(names, ", "),
                                      "; did you mean ", Nearest(core, names), "?"));
    break;
  }
  if (table.Has("cores")) out->cores = cores;
  return table.Finish();
}

// One [[layer]]: what it may hold depends on its type. `previous` is the name of the layer before it.
absl::Status ReadLayer(const std::string& file, const toml::table& node, size_t number, const std::string& previous,
                       std::map<LayerKind, int>& counts, Layer* layer) {
  std::string title = absl::StrCat("[[layer]] ", number);
  if (const auto* name = node["name"].as_string()) title = absl::StrCat("[[layer]] '", name->get(), "'");
  RecipeTable table(file, title, &node);
  table.Known("type");
  const std::string* type =
      node.contains("type") && node["type"].is_string() ? &node["type"].as_string()->get() : nullptr;
  if (type == nullptr) {
    table.Wrong("type", node.contains("type") ? "type must be a string" : "needs a type, such as type = \"conv_2d\"");
    for (const char* key : {"name", "inputs", "filters", "units", "kernel", "stride", "dilation", "padding", "bias",
                            "depth_multiplier", "rate", "epsilon", "momentum"}) {
      table.Known(key);
    }
    return table.Finish();
  }
  absl::StatusOr<LayerKind> kind = LayerKindFromName(*type);
  if (!kind.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(Place(file, node["type"].node()->source().begin), title, " ",
                                                   std::string(kind.status().message())));
  }
  layer->kind = *kind;
  int& count = counts[*kind];
  layer->name = count == 0 ? *type : absl::StrCat(*type, "_", count);
  ++count;
  table.Text("name", &layer->name);
  layer->inputs = {previous};
  table.Texts("inputs", &layer->inputs);

  const bool conv = *kind == LayerKind::kConv2d, depthwise = *kind == LayerKind::kDepthwiseConv2d;
  const bool pool = *kind == LayerKind::kMaxPool2d || *kind == LayerKind::kAveragePool2d;
  const bool dense = *kind == LayerKind::kDense;
  auto need = [&](const char* key) {
    if (!table.Has(key)) table.Wrong(key, absl::StrCat("needs ", key));
  };
  if (conv || depthwise || pool) {
    need("kernel");
    table.Pair("kernel", &layer->kernel, 1);
    if (pool) {  // windows side by side, as TensorFlow's pools have it
      layer->stride = layer->kernel;
      layer->padding = Padding::kValid;
    }
    table.Pair("stride", &layer->stride, 1);
    table.Choice("padding", &layer->padding, {{"same", Padding::kSame}, {"valid", Padding::kValid}});
  }
  if (conv) {
    need("filters");
    table.Integer("filters", &layer->filters, 1);
  }
  if (dense) {
    need("units");
    table.Integer("units", &layer->filters, 1);
  }
  if (depthwise) table.Integer("depth_multiplier", &layer->depth_multiplier, 1);
  if (conv || depthwise) table.Pair("dilation", &layer->dilation, 1);
  if (conv || depthwise || dense) table.Flag("bias", &layer->bias);
  if (*kind == LayerKind::kDropout) {
    need("rate");
    table.RealBelow("rate", &layer->rate, 0.0, 1.0);
  }
  if (*kind == LayerKind::kBatchNorm) {
    table.RealAbove("epsilon", &layer->epsilon, 0.0);
    table.RealAbove("momentum", &layer->momentum, 0.0);
    if (layer->momentum > 1.0) table.Wrong("momentum", "momentum must be at most 1");
  }
  return table.Finish();
}

absl::Status ReadNetwork(const std::string& file, const toml::table& recipe, Recipe* out) {
  const toml::table* section = Section(recipe, "network");
  RecipeTable table(file, "[network]", section);
  out->network.name = out->name;
  table.Text("name", &out->network.name);
  table.Integers("input", &out->network.input_shape, 1);
  if (absl::Status status = table.Finish(); !status.ok()) return status;

  out->network.layers.push_back({.name = "input", .kind = LayerKind::kInput});
  out->layer_places.push_back(section == nullptr ? absl::StrCat(file, ": ") : Place(file, section->source().begin));
  std::map<LayerKind, int> counts;
  size_t number = 0;
  for (const toml::node& node : *recipe["layer"].as_array()) {
    const std::string previous = out->network.layers.back().name;
    Layer& layer = out->network.layers.emplace_back();
    out->layer_places.push_back(Place(file, node.source().begin));
    if (absl::Status status = ReadLayer(file, *node.as_table(), ++number, previous, counts, &layer); !status.ok()) {
      return status;
    }
  }
  if (out->network.input_shape.empty()) return absl::OkStatus();
  return NetworkFor(*out, out->network.input_shape).status();
}

// Formatted alike whatever the file's comments and spaces.
std::string SectionsText(const toml::table& recipe, const std::vector<const char*>& names) {
  std::ostringstream text;
  for (const char* name : names) {
    text << name << "\n";
    if (const toml::node* node = recipe.get(name)) {
      if (const toml::table* table = node->as_table()) text << toml::json_formatter(*table);
      if (const toml::array* array = node->as_array()) text << toml::json_formatter(*array);
    }
    text << "\n";
  }
  return text.str();
}

}  // namespace

absl::StatusOr<Network> NetworkFor(const Recipe& recipe, const Shape& sample_shape) {
  Network network = recipe.network;
  if (!network.input_shape.empty() && network.input_shape != sample_shape) {
    return absl::InvalidArgumentError(
        absl::StrCat(recipe.layer_places.front(), "[network] input is [", absl::StrJoin(network.input_shape, ", "),
                     "], but a sample of the data has the shape [", absl::StrJoin(sample_shape, ", "), "]"));
  }
  network.input_shape = sample_shape;
  absl::StatusOr<std::vector<Shape>> shapes = InferShapes(network);
  if (shapes.ok()) return network;
  // The message begins with the layer's kind and its quoted name; the last of that name, for doubles come second.
  const std::string message(shapes.status().message());
  for (size_t i = network.layers.size(); i-- > 1;) {
    const std::string kind(LayerKindName(network.layers[i].kind));
    if (message.starts_with(absl::StrCat(kind, " '", network.layers[i].name, "'"))) {
      return absl::InvalidArgumentError(absl::StrCat(recipe.layer_places[i], message));
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(recipe.layer_places.front(), message));
}

absl::StatusOr<Recipe> ParseRecipe(const std::string& text, const std::string& file) {
  toml::parse_result parsed = toml::parse(text, file);
  if (!parsed) {
    std::string what(parsed.error().description());
    std::replace(what.begin(), what.end(), '\n', ' ');
    return absl::InvalidArgumentError(absl::StrCat(Place(file, parsed.error().source().begin), "not TOML: ", what));
  }
  const toml::table& table = parsed.table();
  Recipe recipe;
  recipe.file = file;
  recipe.text = text;
  if (absl::Status status = CheckSections(file, table); !status.ok()) return status;
  if (absl::Status status = ReadRun(file, table, &recipe); !status.ok()) return status;
  if (absl::Status status = ReadData(file, table, &recipe.data); !status.ok()) return status;
  if (absl::Status status = ReadTrain(file, table, &recipe); !status.ok()) return status;
  RecipeTable augment(file, "[augment]", Section(table, "augment"));
  augment.Integer("shift", &recipe.train.augment.shift, 0, 1024);
  augment.Real("noise", &recipe.train.augment.noise, 0.0);
  if (absl::Status status = augment.Finish(); !status.ok()) return status;
  if (absl::Status status = ReadQuantize(file, table, &recipe); !status.ok()) return status;
  RecipeTable exporting(file, "[export]", Section(table, "export"));
  int64_t selftest = 0;
  exporting.Integer("selftest", &selftest, 0, kMaxSelftestSamples);
  if (exporting.Has("selftest")) recipe.export_options.selftest = selftest;
  if (absl::Status status = exporting.Finish(); !status.ok()) return status;
  if (absl::Status status = ReadVerify(file, table, &recipe); !status.ok()) return status;
  if (absl::Status status = ReadNetwork(file, table, &recipe); !status.ok()) return status;
  recipe.train_sections = SectionsText(table, {"data", "augment", "network", "layer", "train"});
  recipe.quantize_sections = SectionsText(table, {"quantize"});
  return recipe;
}

absl::StatusOr<Recipe> LoadRecipe(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path, kMaxRecipeBytes);
  if (!text.ok()) return text.status();
  return ParseRecipe(*text, path);
}

}  // namespace mote
