// A model as layers: what the recorded operators compute, in the terms that kernels are chosen and constants are packed
// by.
//
// A layer is one operator of the file. Layers that some family of kernels may have a fast form for are solved into
// fields; of all others the recorded calls of the runtime's plain kernels stand (and of those too: every layer can be
// computed by them). Tensors that share their bytes (RESHAPE) are one tensor here.
#ifndef MOTE_EXPORT_COMPILER_NETWORK_H_
#define MOTE_EXPORT_COMPILER_NETWORK_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "export/compiler/record.h"
#include "export/compiler/stream_window.h"

namespace mote::compiler {

// An activation. Images are [height, width, channels]; whatever else has one row: height 1, width 1, channels =
// elements of the last dimension, and the other dimensions as width.
struct Tensor {
  int index = 0;       // in Network::tensors
  int file_index = 0;  // in the file: the first of those that share its bytes
  std::string name;
  std::string type;  // "int8", ...
  std::vector<int> shape;
  int height = 1, width = 1, channels = 1;
  int64_t bytes = 0;
  float scale = 0;
  int zero_point = 0;
  bool is_state = false;  // kept from one inference to the next
  int64_t state_offset = 0;
  bool is_window = false;                    // state that a kWindow layer writes: its layout and place are the plan's
  bool is_input = false, is_output = false;  // of the network
  int producer = -1;                         // a layer; -1: an input of the network, or state
  std::vector<int> consumers;                // layers, ascending; one that reads it twice stands there twice
};

enum class LayerKind {
  kConvolution,  // CONV_2D without groups, FULLY_CONNECTED of several rows: `window`, `channels`, `weights`
  kDepthwise,    // DEPTHWISE_CONV_2D: the same; output channel c reads input channel c / multiplier
  kDense,        // one row of inputs times weights [outputs][inputs]: FULLY_CONNECTED of one row, CONV_2D on one pixel
  kAdd,          // ADD, SUB of two activations of equal shapes: `sum`
  kAveragePool,  // `window`
  kMaxPool,      // `window`
  kMean,         // MEAN, SUM over height and width: both axes as a window of the whole image, one of `channels`
  kTable,        // int8 (or uint8) in and out, element by element: `table`
  kSoftmax,      // int8 in and out, along rows of `input_channels`: `exponentials`
  kWindow,       // of a streamed network (stream.h), no operator of the file: the last rows of what grows by its input
  kOther,        // the recorded calls alone
};

// One spatial axis: output o reads input o * stride - padding + tap * dilation, for taps that meet the input.
struct Axis {
  int input = 1, output = 1, filter = 1, stride = 1, dilation = 1, padding = 0;
};

// How the sum of one output channel becomes a code (docs/arithmetic.md): requantize(bias + sum of (q - z) * w) + z_out.
struct OutputChannel {
  int32_t bias = 0;  // as the file has it: the zero point's share is not in it
  int32_t mantissa = 0;
  int32_t exponent = 0;
};

// Of ADD and SUB: code = clamp(z_out + requantize(a' +- b')), a' = requantize((a - z_a) << left_shift), and so on.
struct SumOfTwo {
  int32_t zero_a = 0, zero_b = 0;
  int32_t mantissa_a = 0, exponent_a = 0, mantissa_b = 0, exponent_b = 0;
  int32_t mantissa = 0, exponent = 0;
  int left_shift = 20;
  bool subtracts = false;
};

struct Layer {
  int index = 0;     // the operator's
  std::string name;  // "CONV_2D"
  LayerKind kind = LayerKind::kOther;
  std::vector<int> inputs;   // tensors that are activations or state, in the operator's order, constants left out
  std::vector<int> outputs;  // tensors
  int64_t macs = 0;

  Axis vertical, horizontal;
  int input_channels = 0, output_channels = 0;
  int input_zero_point = 0;
  int output_zero_point = 0, output_min = -128, output_max = 127;  // what the fused activation leaves
  std::vector<int8_t> weights;  // convolution, dense: [output channel][tap row][tap column][input channel]; depthwise:
                                // [output channel][tap row][tap column]
  std::vector<OutputChannel> channels;
  SumOfTwo sum;
  std::array<int8_t, 256> table{};  // by the code's byte: table[uint8(q)]
  // Of a code that is this many under its row's largest, Q0.31, as far as they change a result.
  std::vector<int32_t> exponentials;

  const RecordedOperator* recorded = nullptr;

  int taps() const { return vertical.filter * horizontal.filter; }
};

struct Network {
  RecordedModel model;  // owns the bytes that layers' recorded calls point into
  std::vector<Tensor> tensors;
  std::vector<Layer> layers;             // in the file's order; those that do nothing (RESHAPE) are left out
  std::vector<int> inputs, outputs;      // tensors
  std::vector<int> tensor_of_file;       // by the file's index: the tensor that has its bytes; -1: a constant
  std::vector<std::string> class_names;  // of the output's last dimension, where the file says them
  std::optional<Stream> stream;          // of one that StreamedNetwork made

  int64_t input_bytes() const {
    int64_t bytes = 0;
    for (const int input : inputs) bytes += tensors[input].bytes;
    return bytes;
  }
};

// Errors: as RecordModel.
absl::StatusOr<Network> ReadNetwork(std::string file);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_NETWORK_H_
