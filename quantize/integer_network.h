// IntegerNetwork: a quantized network as plain data, the product of this room. It says exactly which integers are
// computed (docs/arithmetic.md, contract mote-int8 v1) and maps one to one onto a TensorFlow Lite subgraph.
#ifndef MOTE_QUANTIZE_INTEGER_NETWORK_H_
#define MOTE_QUANTIZE_INTEGER_NETWORK_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "quantize/integer_math.h"
#include "torch/types.h"
#include "train/network.h"

namespace mote {

enum class DataType { kInt8, kInt32 };

struct IntegerTensor {
  std::string name;
  std::vector<int64_t> shape;  // NHWC; activations have a leading batch dimension of 1
  DataType type = DataType::kInt8;
  std::vector<float> scales;         // 1, or one a channel; empty for shapes and the like
  std::vector<int64_t> zero_points;  // as many
  int quantized_dimension = 0;       // of per-channel scales
  torch::Tensor data;                // int8 or int32 of `shape`, contiguous, for constants; undefined for activations

  bool is_constant() const { return data.defined(); }
  int64_t elements() const;  // of one sample
};

// What TensorFlow Lite calls them.
enum class OperatorKind {
  kAdd,
  kAveragePool2d,
  kConcatenation,
  kConv2d,
  kDepthwiseConv2d,
  kFullyConnected,
  kMaxPool2d,
  kRelu,
  kRelu6,
  kReshape,
  kSoftmax,
};
std::string_view OperatorKindName(OperatorKind kind);  // "CONV_2D" ...

struct IntegerOperator {
  OperatorKind kind = OperatorKind::kReshape;
  std::string name;  // of the layer that it came from
  std::vector<int>
      inputs;  // tensors. Convolutions and dense: input, weights, bias (or -1). Reshape: input, shape (int32)
  std::vector<int> outputs;                   // one tensor
  Activation activation = Activation::kNone;  // fused
  Padding padding = Padding::kSame;           // convolutions, pools
  std::array<int64_t, 2> stride{1, 1};        // convolutions, pools
  std::array<int64_t, 2> dilation{1, 1};      // convolutions
  std::array<int64_t, 2> kernel{1, 1};        // pools: window
  int64_t depth_multiplier = 1;               // depthwise
  int axis = 0;                               // concatenation, batch dimension counted
  float beta = 1.0F;                          // softmax
};

// Weights: conv [O, kh, kw, I] per-channel along 0; depthwise [1, kh, kw, O] along 3; dense [out, in].
struct IntegerNetwork {
  std::string name;
  std::vector<IntegerTensor> tensors;
  std::vector<IntegerOperator> operators;       // in order of execution
  std::vector<int> inputs, outputs;             // tensors; networks made here have one of each
  std::vector<std::string> class_names;         // of the output's last dimension, or empty
  std::map<std::string, std::string> metadata;  // "run_hash", "tool", ...: goes into the file as it is
};

// Structure: indices, shapes, types, quantization, ties between tensors that the contract demands. Names the operator.
absl::Status Validate(const IntegerNetwork& network);

// What one operator costs for one sample.
struct OperatorCost {
  int64_t macs = 0;
  int64_t weight_bytes = 0;  // weights and biases
};
OperatorCost CostOf(const IntegerNetwork& network, const IntegerOperator& op);

// For each output channel, the largest |accumulator| that any int8 input can lead to, in any order of summation.
struct AccumulatorBound {
  int op = 0;           // index of the operator
  int64_t channel = 0;  // the worst one
  int64_t bound = 0;    // <= INT32_MAX for the export to accept it
};
// One entry for every convolution and dense operator; an error by layer name and channel where int32 can overflow.
absl::StatusOr<std::vector<AccumulatorBound>> ProveAccumulators(const IntegerNetwork& network);

// Real inputs [N, ...sample shape] to int8 codes: round(x / s), halves away from zero, plus z, clamped.
torch::Tensor QuantizeInput(const IntegerNetwork& network, const torch::Tensor& inputs);
// int8 codes [N, ...] of tensor `index` to float32 s * (q - z).
torch::Tensor Dequantize(const IntegerNetwork& network, int index, const torch::Tensor& codes);

struct EvaluateOptions {
  int batch_size = 256;
  bool keep_tensors = false;  // give every activation tensor, not only the output
};
struct IntegerOutputs {
  torch::Tensor output;                  // int8 [N, ...], the network's first output
  std::map<int, torch::Tensor> tensors;  // with keep_tensors: int8 [N, ...] by tensor index, input included
};
// Runs `codes` (int8 [N, ...sample shape]), batched, on all of LibTorch's threads.
absl::StatusOr<IntegerOutputs> EvaluateIntegers(const IntegerNetwork& network, const torch::Tensor& codes,
                                                const EvaluateOptions& options = {});

}  // namespace mote

#endif  // MOTE_QUANTIZE_INTEGER_NETWORK_H_
