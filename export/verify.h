// Verify: one model, one set of inputs, any set of back ends; every tensor after every operator compared, tolerance
// zero.
#ifndef MOTE_EXPORT_VERIFY_H_
#define MOTE_EXPORT_VERIFY_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "export/runtime_model.h"
#include "quantize/quantize.h"

namespace mote {

struct Difference {
  int op = 0;           // index of the first operator whose output differs (execution order); -1: the input itself
  std::string op_name;  // "CONV_2D 'stem'"
  int tensor = 0;       // its output tensor that differs
  std::string tensor_name;
  int64_t sample = 0;
  std::vector<int64_t> index;  // first differing element, within the sample
  int expected = 0, actual = 0;
};

struct BackendResult {
  std::string backend;  // "training", "integer", "host", "cortex-m4", ...
  int64_t samples = 0;
  std::optional<double> accuracy;  // in 0..1, where labels were given
  int64_t bytes_compared = 0;      // over every activation tensor, against the reference back end
  int64_t bytes_different = 0;
  int64_t output_bytes_different = 0;
  std::optional<Difference> first_difference;
  double seconds = 0;
  std::string note;  // the machine, or why the back end could not run
  bool ran = true;
};

struct VerifyOptions {
  std::vector<std::string> backends;  // empty: all that can run. "training" needs `training`
  QuantizedNetwork* training = nullptr;
  // For tests and for back ends of the user's own: called instead of the built-in one of this name.
  using Backend =
      std::function<absl::StatusOr<std::map<int, torch::Tensor>>(const RuntimeModel&, const torch::Tensor&)>;
  std::map<std::string, Backend> custom;
  std::function<void(const BackendResult&)> on_result;  // progress
};

// The first back end of the list (by default "integer", else "host") is the reference that the others are compared
// with. `codes`: int8 [N, ...]; `labels`: int64 [N] or undefined.
absl::StatusOr<std::vector<BackendResult>> VerifyModel(const RuntimeModel& model, const torch::Tensor& codes,
                                                       const torch::Tensor& labels, const VerifyOptions& options);

bool AllEqual(const std::vector<BackendResult>& results);  // every one ran and differs nowhere
std::string VerifyTable(const std::vector<BackendResult>& results);
std::string VerifyJson(const std::vector<BackendResult>& results);  // a list, one object a back end

}  // namespace mote

#endif  // MOTE_EXPORT_VERIFY_H_
