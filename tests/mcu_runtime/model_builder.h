// Builds small .tflite files for the reader's tests, right ones and wrong ones, with flatbuffers' builder and the
// schema's field numbers: no generated code, and nothing of the exporter that these tests do not want to trust.
#ifndef MOTE_TESTS_MCU_RUNTIME_MODEL_BUILDER_H_
#define MOTE_TESTS_MCU_RUNTIME_MODEL_BUILDER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace mote::test {

struct TensorSpec {
  std::vector<int32_t> shape;
  int8_t type = 9;  // int8
  std::vector<float> scales;
  std::vector<int64_t> zero_points;
  std::optional<std::vector<uint8_t>> data;  // a constant
  int32_t quantized_dimension = 0;
  bool is_variable = false;
  std::optional<uint32_t> buffer;  // instead of a buffer of its own
  bool is_external = false;        // the data stand behind the flatbuffer
};

// A number, a vector of them, or text.
using OptionKind = std::variant<int8_t, int32_t, float, std::vector<int32_t>, std::string>;

struct OptionValue {
  int slot;
  OptionKind value;
};

struct OperatorSpec {
  int32_t code;
  std::vector<int32_t> inputs;
  std::vector<int32_t> outputs;
  uint8_t options_type = 0;
  std::vector<OptionValue> options;
  int32_t version = 1;
  std::vector<int32_t> intermediates = {};

  void SetOption(int slot, OptionKind value);
};

struct SubgraphSpec {
  std::vector<TensorSpec> tensors;
  std::vector<OperatorSpec> operators;
  std::vector<int32_t> inputs;
  std::vector<int32_t> outputs;
};

// A subgraph, and what is about all of them.
struct ModelSpec : SubgraphSpec {
  std::vector<SubgraphSpec> more;  // subgraphs 1, 2, ...
  uint32_t version = 3;
  std::string identifier = "TFL3";
  int subgraphs = 1;
  bool code_out_of_range = false;
  std::vector<std::pair<std::string, std::vector<uint8_t>>> metadata;
};

std::vector<uint8_t> Build(const ModelSpec& model);

TensorSpec Activation(std::vector<int32_t> shape, float scale, int64_t zero_point);
TensorSpec Weights(std::vector<int32_t> shape, std::vector<float> scales, int32_t quantized_dimension);
TensorSpec Int32(std::vector<int32_t> shape, std::vector<int32_t> values);
// An activation or, with `data`, a constant, of a type of its own and without quantization.
TensorSpec Plain(std::vector<int32_t> shape, int8_t type, std::optional<std::vector<uint8_t>> data = std::nullopt);

// A model of one operator: its inputs are tensors 0, 1, ..., then come its outputs. The model's inputs are those that
// are neither constant nor variable.
ModelSpec OneOperator(int32_t code, uint8_t options_type, std::vector<OptionValue> options,
                      std::vector<TensorSpec> inputs, std::vector<TensorSpec> outputs);

// CONV_2D (3x3, SAME) - DEPTHWISE_CONV_2D - ADD - MAX_POOL_2D - RESHAPE - FULLY_CONNECTED - SOFTMAX. Tensors and
// operators by these numbers:
ModelSpec SmallModel();
enum SmallTensor : int32_t {
  kInput,
  kConvWeights,
  kConvBias,
  kConvOut,
  kDepthwiseWeights,
  kDepthwiseOut,
  kAddOut,
  kPoolOut,
  kShape,
  kFlat,
  kDenseWeights,
  kDenseBias,
  kDenseOut,
  kProbabilities,
};
enum SmallOperator : int32_t { kConv, kDepthwise, kAdd, kPool, kReshape, kDense, kSoftmax };

}  // namespace mote::test

#endif  // MOTE_TESTS_MCU_RUNTIME_MODEL_BUILDER_H_
