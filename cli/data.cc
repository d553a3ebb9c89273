#include "cli/data.h"

#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/recipe.h"
#include "datasets/nearest.h"
#include "datasets/numpy_file.h"
#include "quantize/integer_network.h"
#include "torch/types.h"

namespace mote {
namespace {

using Kind = DataSource::Kind;

std::string ShapeText(at::IntArrayRef shape) { return absl::StrCat("[", absl::StrJoin(shape, ", "), "]"); }

absl::StatusOr<Dataset> ReadFiles(const DataSource& source) {
  switch (source.kind) {
    case Kind::kDigits:
      return Digits();
    case Kind::kCsv: {
      CsvOptions options;
      options.label_column = source.label_column;
      options.regression = source.regression;
      options.sample_shape = source.sample_shape;
      options.scale = source.scale;
      options.class_names = source.class_names;
      return ReadCsv(source.paths[0], options);
    }
    case Kind::kNpy:
      return ReadNpy(source.paths[0], source.labels);
    case Kind::kNpz:
      return ReadNpz(source.paths[0]);
    case Kind::kIdx:
      return ReadIdx(source.paths[0], source.labels);
    case Kind::kCifar10:
      return ReadCifar10(source.paths);
  }
  return absl::InternalError("unknown kind of data");
}

}  // namespace

absl::StatusOr<Dataset> ReadSource(const DataSource& source) {
  absl::StatusOr<Dataset> read = ReadFiles(source);
  if (!read.ok()) return read.status();
  Dataset data = *std::move(read);
  if (source.kind == Kind::kNpy || source.kind == Kind::kNpz) {
    if (source.scale != 1.0) data.inputs = data.inputs * source.scale;
    if (!source.sample_shape.empty()) {
      int64_t elements = 1, per_sample = data.size() == 0 ? 0 : data.inputs.numel() / data.size();
      for (int64_t size : source.sample_shape) elements *= size;
      if (elements != per_sample) {
        return absl::InvalidArgumentError(absl::StrCat(source.paths[0], ": sample_shape ",
                                                       ShapeText(source.sample_shape), " holds ", elements,
                                                       " values, but a sample has ", per_sample));
      }
      std::vector<int64_t> shape = source.sample_shape;
      shape.insert(shape.begin(), data.size());
      data.inputs = data.inputs.reshape(shape);
    }
  }
  if (!source.class_names.empty() && source.kind != Kind::kCsv && data.labels.defined()) {
    const int64_t largest = data.labels.numel() == 0 ? -1 : data.labels.max().item<int64_t>();
    if (largest >= static_cast<int64_t>(source.class_names.size())) {
      return absl::InvalidArgumentError(absl::StrCat(source.paths[0], ": class_names has ", source.class_names.size(),
                                                     " names, but a label is ", largest));
    }
    data.class_names = source.class_names;
  }
  if (absl::Status status = Validate(data); !status.ok()) return status;
  return data;
}

absl::StatusOr<Splits> LoadSplits(const DataOptions& options) {
  if (options.source.kind == Kind::kDigits && !options.split.has_value() && !options.test.has_value()) {
    return DigitsSplits();
  }
  absl::StatusOr<Dataset> whole = ReadSource(options.source);
  if (!whole.ok()) return whole.status();
  SplitOptions split = options.split.value_or(SplitOptions{});
  if (!options.test.has_value()) return Split(*whole, split);
  absl::StatusOr<Dataset> test = ReadSource(*options.test);
  if (!test.ok()) return test.status();
  if (test->sample_shape() != whole->sample_shape()) {
    return absl::InvalidArgumentError(absl::StrCat("[data.test]: a sample has the shape ",
                                                   ShapeText(test->sample_shape()), ", but one of [data] has ",
                                                   ShapeText(whole->sample_shape())));
  }
  if (test->labels.defined() != whole->labels.defined() || test->class_names.size() > whole->class_names.size()) {
    return absl::InvalidArgumentError(absl::StrCat("[data.test] has ", test->class_names.size(),
                                                   " classes, but [data] has ", whole->class_names.size()));
  }
  test->class_names = whole->class_names;
  split.test_fraction = 0.0;
  absl::StatusOr<Splits> splits = Split(*whole, split);
  if (splits.ok()) splits->test = *std::move(test);
  return splits;
}

absl::StatusOr<torch::Tensor> CodesFor(const TensorInfo& input, const torch::Tensor& array, const std::string& what) {
  if (input.type != "int8") {
    return absl::InvalidArgumentError(
        absl::StrCat("the model's input '", input.name, "' is ", input.type, "; only int8 inputs are taken"));
  }
  std::vector<int64_t> sample(input.shape.begin() + (input.shape.empty() ? 0 : 1), input.shape.end());
  std::vector<int64_t> wanted = sample;
  wanted.insert(wanted.begin(), array.dim() > 0 ? array.size(0) : 1);
  if (array.sizes().vec() != wanted) {
    return absl::InvalidArgumentError(absl::StrCat(what, " has the shape ", ShapeText(array.sizes()),
                                                   "; the model's input '", input.name, "' takes [samples",
                                                   sample.empty() ? "" : ", ", absl::StrJoin(sample, ", "), "]"));
  }
  if (array.size(0) == 0) return absl::InvalidArgumentError(absl::StrCat(what, " holds no samples"));
  if (array.scalar_type() == torch::kInt8) return array.contiguous();
  if (!array.is_floating_point()) {
    const std::string type(c10::toString(array.scalar_type()));
    return absl::InvalidArgumentError(absl::StrCat(what, " holds values of the type ", type,
                                                   "; int8 (codes) or floats (real values, quantized here) are taken"));
  }
  if (input.scales.size() != 1 || input.zero_points.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("the model's input '", input.name, "' has no scale; give int8 codes"));
  }
  if (!array.isfinite().all().item<bool>()) {
    return absl::InvalidArgumentError(absl::StrCat(what, " holds a NaN or an infinity"));
  }
  IntegerNetwork network;  // as much of one as QuantizeInput looks at
  IntegerTensor tensor;
  tensor.name = input.name;
  tensor.shape = input.shape;
  tensor.scales = input.scales;
  tensor.zero_points = input.zero_points;
  network.tensors = {tensor};
  network.inputs = {0};
  return QuantizeInput(network, array.to(torch::kFloat32));
}

absl::StatusOr<ModelData> LoadModelData(const DataArguments& arguments, const RuntimeModel& model) {
  if (model.inputs().size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("the model has ", model.inputs().size(), " inputs; this command takes models with one"));
  }
  const std::string& path = arguments.data;
  const std::string lower = absl::AsciiStrToLower(path);
  auto ends = [&](const char* ending) { return absl::EndsWith(lower, ending); };
  const std::vector<std::string> names = {"train", "validation", "test", "all"};
  if (!arguments.split.empty() && std::find(names.begin(), names.end(), arguments.split) == names.end()) {
    return absl::InvalidArgumentError(absl::StrCat("--split ", arguments.split,
                                                   " is not one of train, validation, test, "
                                                   "all; did you mean ",
                                                   Nearest(arguments.split, names), "?"));
  }

  Dataset data;
  torch::Tensor raw;  // int8 codes, where the file holds them
  DataOptions options;
  bool splits_exist = true;
  if (path == "digits") {
    options.source.kind = Kind::kDigits;
  } else if (ends(".toml")) {
    absl::StatusOr<Recipe> recipe = LoadRecipe(path);
    if (!recipe.ok()) return recipe.status();
    options = recipe->data;
  } else {
    splits_exist = false;
    options.source.paths = {path};
    options.source.labels = arguments.labels;
    options.source.label_column = arguments.label_column;
    options.source.scale = arguments.scale;
    if (ends(".csv") || ends(".csv.gz")) {
      options.source.kind = Kind::kCsv;
      const TensorInfo& input = model.tensors()[model.inputs()[0]];
      options.source.sample_shape.assign(input.shape.begin() + (input.shape.empty() ? 0 : 1), input.shape.end());
    } else if (ends(".npy")) {
      options.source.kind = Kind::kNpy;
      absl::StatusOr<torch::Tensor> array = ReadNpyTensor(path);
      if (!array.ok()) return array.status();
      if (array->scalar_type() == torch::kInt8) raw = *array;
    } else if (ends(".npz")) {
      options.source.kind = Kind::kNpz;
      absl::StatusOr<std::map<std::string, torch::Tensor>> arrays = ReadNpzTensors(path);
      if (!arrays.ok()) return arrays.status();
      for (const char* name : {"x", "inputs"}) {
        if (arrays->contains(name) && arrays->at(name).scalar_type() == torch::kInt8) raw = arrays->at(name);
      }
    } else if (ends(".bin")) {
      options.source.kind = Kind::kCifar10;
    } else if (lower.find("idx") != std::string::npos) {
      options.source.kind = Kind::kIdx;
      if (arguments.labels.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("--data ", path, ": IDX images need --labels, the file of the labels"));
      }
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("--data ", path,
                       " is neither digits nor a file that ends in .toml, .csv, .csv.gz, .npy, .npz or .bin, nor IDX"));
    }
    if (!arguments.split.empty() && arguments.split != "all") {
      return absl::InvalidArgumentError(
          absl::StrCat("--split ", arguments.split, ": a single file has no splits; leave --split out"));
    }
  }

  if (splits_exist && arguments.split != "all") {
    absl::StatusOr<Splits> splits = LoadSplits(options);
    if (!splits.ok()) return splits.status();
    data = arguments.split == "train"        ? splits->train
           : arguments.split == "validation" ? splits->validation
                                             : splits->test;
  } else {
    absl::StatusOr<Dataset> whole = ReadSource(options.source);
    if (!whole.ok()) return whole.status();
    data = *std::move(whole);
  }
  const TensorInfo& input = model.tensors()[model.inputs()[0]];
  absl::StatusOr<torch::Tensor> codes = CodesFor(input, raw.defined() ? raw : data.inputs, path);
  if (!codes.ok()) return codes.status();
  ModelData out{*codes, data.labels, data.targets};
  if (arguments.samples > 0 && arguments.samples < out.codes.size(0)) {
    out.codes = out.codes.slice(0, 0, arguments.samples).contiguous();
    if (out.labels.defined()) out.labels = out.labels.slice(0, 0, arguments.samples).contiguous();
    if (out.targets.defined()) out.targets = out.targets.slice(0, 0, arguments.samples).contiguous();
  }
  return out;
}

}  // namespace mote
