// Lowering: a float network's layers become the operators of the integer network. Batch norms are folded into the
// weights before them (or become a 1x1 depthwise convolution), activations fuse, dropout goes, values that the format
// ties share one quantizer.
#ifndef MOTE_QUANTIZE_LOWER_H_
#define MOTE_QUANTIZE_LOWER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "quantize/integer_network.h"
#include "train/float_network.h"
#include "train/network.h"

namespace mote {

struct LoweredValue {
  std::string name;
  Shape shape;    // per sample
  int layer = 0;  // of the float network, whose output is this value before quantization
  int group = 0;  // values of one group share scale and zero point
};

struct LoweredOperator {
  OperatorKind kind = OperatorKind::kReshape;
  std::string name;         // of its first layer
  std::vector<int> inputs;  // values
  int output = 0;
  Layer geometry;  // kernel, stride, dilation, padding, depth_multiplier
  Activation activation = Activation::kNone;
  int source = -1;  // layer with the weights (or the batch norm itself), -1 where there are none
  int norm = -1;    // batch norm to fold into them, or -1
  bool has_weights() const { return source >= 0; }
};

struct LoweredNetwork {
  std::vector<LoweredValue> values;  // values[0] is the input
  std::vector<LoweredOperator> operators;
  int output = 0;
  int groups = 0;
  std::vector<bool> fixed;  // a group: scale 1/256 and zero point -128 (softmax)
};

absl::StatusOr<LoweredNetwork> Lower(const Network& network);

// Shape of the weights of `op`: conv [O, I, kh, kw], depthwise [O, 1, kh, kw], dense [O, I]; outputs along dimension 0.
Shape WeightShape(const LoweredNetwork& lowered, const LoweredOperator& op);
// Whether its bias is trained: the layer has one, or a batch norm gives one.
bool HasBias(const Network& network, const LoweredOperator& op);
// Weights and bias with the batch norm folded in, float32, detached copies.
std::pair<torch::Tensor, torch::Tensor> FoldedWeights(const FloatNetwork& source, const LoweredNetwork& lowered,
                                                      const LoweredOperator& op);

}  // namespace mote

#endif  // MOTE_QUANTIZE_LOWER_H_
