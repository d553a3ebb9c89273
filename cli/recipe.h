// Recipe: what a run is made of, read from a TOML file (docs/recipes/digits.toml shows every section).
//
// Every mistake is one line with file, line and column; an unknown key names the nearest that there is.
#ifndef MOTE_CLI_RECIPE_H_
#define MOTE_CLI_RECIPE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/data.h"
#include "export/tflite.h"
#include "quantize/quantize.h"
#include "train/fit.h"
#include "train/network.h"

namespace mote {

struct Recipe {
  std::string file;  // as it was given; for messages
  std::string text;  // the whole file

  // [run]
  std::string name;  // default: the file's name without its ending
  uint64_t seed = 1;
  int threads = 0;     // of LibTorch; 0 = as many as there are cores
  std::string folder;  // default: runs/<name>

  DataOptions data;          // [data], [data.test]
  Network network;           // [network], [[layer]]; an empty input_shape means: the data's
  std::optional<Task> task;  // [train] task; default: by what the data holds
  FitOptions train;          // [train], [augment]; neither seed, task, checkpoint nor progress are set here

  // [quantize]
  bool quantization_aware = true;  // method = "qat"; "ptq" only calibrates
  QuantizeOptions quantize;
  FitOptions quantize_train;

  ExportOptions export_options;  // [export]

  // [verify]
  std::optional<std::vector<std::string>> cores;  // absent: all that can run here
  int64_t samples = 0;                            // of the test split; 0 = all

  // Of network.layers, each "file:line:column: " of its [[layer]]; the input's is that of [network].
  std::vector<std::string> layer_places;

  // The sections that decide what training, and what quantization in addition, gives: as text, formatted alike.
  std::string train_sections, quantize_sections;
};

// `file` is for messages, for the default name, and its folder is where relative paths of data begin.
absl::StatusOr<Recipe> ParseRecipe(const std::string& text, const std::string& file);
absl::StatusOr<Recipe> LoadRecipe(const std::string& path);

// The recipe's network for samples of this shape, checked layer by layer: an error has the line of the layer at fault.
absl::StatusOr<Network> NetworkFor(const Recipe& recipe, const Shape& sample_shape);

}  // namespace mote

#endif  // MOTE_CLI_RECIPE_H_
