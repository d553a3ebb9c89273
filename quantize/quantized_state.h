// What a QuantizedNetwork holds, for the files of this room that train it and that export it.
#ifndef MOTE_QUANTIZE_QUANTIZED_STATE_H_
#define MOTE_QUANTIZE_QUANTIZED_STATE_H_

#include <string>
#include <vector>

#include "quantize/calibrate.h"
#include "quantize/lower.h"
#include "quantize/quantize.h"
#include "quantize/weights.h"

namespace mote {

struct QuantizedNetwork::State {
  enum class Kind { kWeight, kBias, kScale };
  struct KindOf {
    Kind kind;
    int index;  // operator, or group of a scale
  };

  Network network;
  QuantizeOptions options;
  LoweredNetwork lowered;
  std::vector<torch::Tensor> weights, biases;  // one an operator; undefined where it has none. Float, folded
  // One a group. The scale is trained as its logarithm: always positive, and a step changes it by a share of itself.
  std::vector<torch::Tensor> log_scales;   // float32 []
  std::vector<torch::Tensor> zero_points;  // int32 []
  std::vector<torch::Tensor> ranges;       // float32 [2]: low, high, as calibrated or tracked
  NamedTensors parameters, buffers;
  std::vector<KindOf> kinds;  // of parameters
  bool frozen = false;        // scales stay as they are

  void List();  // fills parameters, buffers, kinds
  void SetRange(int group, Range range);
  ScaleAndZero Quantizer(int value) const;
  QuantizedWeights Weights(size_t op) const;
  CodeRange Centred(
      const LoweredOperator& op) const;  // codes that the operator's activation leaves, less the zero point
};

}  // namespace mote

#endif  // MOTE_QUANTIZE_QUANTIZED_STATE_H_
