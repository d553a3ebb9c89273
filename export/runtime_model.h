// RuntimeModel: a .tflite on the device runtime (mcu_runtime, host build), with NumPy-like tensors around it.
#ifndef MOTE_EXPORT_RUNTIME_MODEL_H_
#define MOTE_EXPORT_RUNTIME_MODEL_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "torch/types.h"

namespace mote {

struct TensorInfo {
  int index = 0;  // in the file
  std::string name;
  std::string type;            // "int8", "int32", ...
  std::vector<int64_t> shape;  // as in the file, batch dimension included
  std::vector<float> scales;
  std::vector<int64_t> zero_points;
  int quantized_dimension = 0;
  int64_t bytes = 0;
  bool constant = false;
};

struct OperatorInfo {
  int index = 0;
  std::string name;   // "CONV_2D"
  std::string layer;  // that it came from, by the "mote" metadata; elsewhere the name of its output, or ""
  std::vector<int> inputs, outputs;  // -1 where an optional one is absent
  int64_t macs = 0;
  std::string detail;  // "3x3 stride 2 SAME RELU"
};

class RuntimeModel {
 public:
  static absl::StatusOr<std::unique_ptr<RuntimeModel>> Load(const std::string& path);
  static absl::StatusOr<std::unique_ptr<RuntimeModel>> FromBytes(const std::string& bytes, const std::string& name);
  ~RuntimeModel();

  const std::string& bytes() const;
  const std::vector<TensorInfo>& tensors() const;
  const std::vector<OperatorInfo>& operators() const;
  const std::vector<int>& inputs() const;
  const std::vector<int>& outputs() const;
  int64_t arena_bytes() const;  // exactly what mote_model_load needs
  std::map<std::string, std::string> metadata() const;
  std::vector<std::string> class_names() const;  // from the "mote" metadata; empty elsewhere

  // `inputs`: one tensor an input of the model, each of the file's type, [N, ...shape without its batch of 1].
  // Result: every output likewise; with `keep`, every activation tensor by index too, inputs included.
  struct Result {
    std::vector<torch::Tensor> outputs;
    std::map<int, torch::Tensor> tensors;
  };
  absl::StatusOr<Result> Invoke(const std::vector<torch::Tensor>& inputs, bool keep = false) const;

 private:
  struct State;
  explicit RuntimeModel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mote

#endif  // MOTE_EXPORT_RUNTIME_MODEL_H_
