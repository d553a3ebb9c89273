// Where a run's or a command's samples come from: one description for recipes and for --data.
#ifndef MOTE_CLI_DATA_H_
#define MOTE_CLI_DATA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "datasets/readers.h"
#include "export/runtime_model.h"

namespace mote {

struct DataSource {
  enum class Kind { kDigits, kCsv, kNpy, kNpz, kIdx, kCifar10 };
  Kind kind = Kind::kDigits;
  std::vector<std::string> paths;        // one; CIFAR-10: one or more
  std::string labels;                    // NPY, IDX: the labels' file; "" = none (NPY)
  std::vector<int64_t> sample_shape;     // CSV, NPY, NPZ: of one sample, row-major; empty = as in the file
  double scale = 1.0;                    // CSV, NPY, NPZ: inputs are multiplied by this
  std::string label_column;              // CSV
  bool regression = false;               // CSV
  std::vector<std::string> class_names;  // CSV: their order; else: names of classes 0, 1, ...
};

struct DataOptions {
  DataSource source;
  std::optional<DataSource> test;     // a file of its own for the test split
  std::optional<SplitOptions> split;  // absent: the bundled data's own split, else SplitOptions' defaults
};

absl::StatusOr<Dataset> ReadSource(const DataSource& source);
absl::StatusOr<Splits> LoadSplits(const DataOptions& options);

// --data and the options beside it, of the commands that take a model.
struct DataArguments {
  std::string data;    // "digits", a recipe, or a file: .csv, .csv.gz, .npy, .npz, .bin (CIFAR-10), IDX
  std::string labels;  // of .npy and IDX
  std::string split;   // train, validation, test or all; "" = test for digits and recipes, all for files
  std::string label_column;
  double scale = 1.0;
  int64_t samples = 0;  // the first so many; 0 = all
};

struct ModelData {
  torch::Tensor codes;    // int8 [N, ...sample shape of the model]
  torch::Tensor labels;   // int64 [N] or undefined
  torch::Tensor targets;  // float32 [N, ...] or undefined
};

// Samples for a model with one int8 input: real values are quantized with its scale, int8 arrays are codes as they are.
absl::StatusOr<ModelData> LoadModelData(const DataArguments& arguments, const RuntimeModel& model);

// `array` [N, ...] as codes of `input`: int8 as they are, floats quantized; names `what` where it does not fit.
absl::StatusOr<torch::Tensor> CodesFor(const TensorInfo& input, const torch::Tensor& array, const std::string& what);

}  // namespace mote

#endif  // MOTE_CLI_DATA_H_
