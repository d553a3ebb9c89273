// Network: a float network as plain data. A recipe, C++ and Python make the same description; no tensors in it.
//
// Shapes are per sample and follow TensorFlow Lite: {height, width, channels} or {features}. The last layer is the
// output.
//
//   Network net = NetworkBuilder("digits", {8, 8, 1})
//                     .Conv2d(16, {3, 3}).BatchNorm().Relu()
//                     .DepthwiseConv2d({3, 3}).BatchNorm().Relu()
//                     .GlobalAveragePool()
//                     .Dense(10)
//                     .Build();
#ifndef MOTE_TRAIN_NETWORK_H_
#define MOTE_TRAIN_NETWORK_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace mote {

using Shape = std::vector<int64_t>;

enum class LayerKind {
  kInput,
  kConv2d,
  kDepthwiseConv2d,
  kDense,
  kBatchNorm,
  kRelu,
  kRelu6,
  kMaxPool2d,
  kAveragePool2d,
  kGlobalAveragePool,
  kAdd,
  kConcat,
  kFlatten,
  kDropout,
  kSoftmax,
};

// TensorFlow's: kSame pads with zeros to ceil(size / stride), the odd one at the end; kValid does not pad.
enum class Padding { kSame, kValid };

// A field holds for the kinds named beside it; elsewhere it keeps its default.
struct Layer {
  std::string name;  // unique in the network
  LayerKind kind = LayerKind::kInput;
  std::vector<std::string> inputs = {};   // names of earlier layers: 1; add 2; concat 2 or more; input none
  int64_t filters = 0;                    // conv_2d: output channels; dense: units; >= 1
  std::array<int64_t, 2> kernel{1, 1};    // conv_2d, depthwise, pools: height, width; >= 1
  std::array<int64_t, 2> stride{1, 1};    // the same
  std::array<int64_t, 2> dilation{1, 1};  // conv_2d, depthwise
  Padding padding = Padding::kSame;       // conv_2d, depthwise, pools
  int64_t depth_multiplier = 1;           // depthwise: output channels an input channel
  bool bias = true;                       // conv_2d, depthwise, dense
  double rate = 0.0;                      // dropout: share of values dropped, [0, 1)
  double epsilon = 1e-3;                  // batch_norm
  double momentum = 0.1;                  // batch_norm: weight of the newest batch in the running statistics

  bool operator==(const Layer&) const = default;
};

struct Network {
  std::string name;
  std::vector<Layer> layers;  // topological order; layers[0] is the input

  Shape input_shape;  // per sample

  bool operator==(const Network&) const = default;
};

// "conv_2d" and so on, as recipes spell them.
std::string_view LayerKindName(LayerKind kind);
absl::StatusOr<LayerKind> LayerKindFromName(std::string_view name);  // the error names the nearest one

// The shape that every layer puts out, in the order of `network.layers`; or what is wrong with which layer.
absl::StatusOr<std::vector<Shape>> InferShapes(const Network& network);

// Index of the layer called `name`, or -1.
int LayerIndex(const Network& network, std::string_view name);

// A table of layers, shapes, parameters and MACs, for people.
absl::StatusOr<std::string> Summary(const Network& network);

// JSON text with every field; the reader accepts what the writer writes and names the field that is wrong.
std::string NetworkToJson(const Network& network);
absl::StatusOr<Network> NetworkFromJson(const std::string& json);

struct ConvOptions {
  std::array<int64_t, 2> stride{1, 1};
  std::array<int64_t, 2> dilation{1, 1};
  Padding padding = Padding::kSame;
  int64_t depth_multiplier = 1;  // depthwise only
  bool bias = true;
};
struct PoolOptions {
  std::array<int64_t, 2> stride{0, 0};  // {0, 0}: the kernel's size
  Padding padding = Padding::kValid;
};

// Reads like the network. Each call adds a layer behind the current one; `Named` names the newest, `From` goes back to
// a named one, so that any directed acyclic graph can be written:
//
//   .Conv2d(16, {3, 3}).Relu().Named("trunk")
//   .Conv2d(16, {3, 3}).Add("trunk").Relu()
//
// Mistakes are kept and reported by InferShapes, which every consumer calls.
class NetworkBuilder {
 public:
  NetworkBuilder(std::string name, Shape input_shape);
  NetworkBuilder& Conv2d(int64_t filters, std::array<int64_t, 2> kernel, const ConvOptions& options = {});
  NetworkBuilder& DepthwiseConv2d(std::array<int64_t, 2> kernel, const ConvOptions& options = {});
  NetworkBuilder& Dense(int64_t units, bool bias = true);
  NetworkBuilder& BatchNorm(double epsilon = 1e-3, double momentum = 0.1);
  NetworkBuilder& Relu();
  NetworkBuilder& Relu6();
  NetworkBuilder& MaxPool2d(std::array<int64_t, 2> kernel, const PoolOptions& options = {});
  NetworkBuilder& AveragePool2d(std::array<int64_t, 2> kernel, const PoolOptions& options = {});
  NetworkBuilder& GlobalAveragePool();  // {h, w, c} -> {c}
  NetworkBuilder& Add(std::string_view other);
  NetworkBuilder& Concat(std::vector<std::string> others);  // along channels, the current layer first
  NetworkBuilder& Flatten();
  NetworkBuilder& Dropout(double rate);
  NetworkBuilder& Softmax();
  NetworkBuilder& Named(std::string_view name);
  NetworkBuilder& From(std::string_view name);
  Network Build() const { return network_; }

 private:
  Layer& Append(LayerKind kind);
  Network network_;
  std::string current_;
  std::array<int, 16> counts_{};  // of each kind, for default names: conv_2d, conv_2d_1, ...
};

}  // namespace mote

#endif  // MOTE_TRAIN_NETWORK_H_
