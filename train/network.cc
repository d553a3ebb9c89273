#include "train/network.h"

#include <algorithm>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "datasets/nearest.h"

namespace mote {
namespace {

struct KindName {
  LayerKind kind;
  std::string_view name;
};
constexpr KindName kKindNames[] = {
    {LayerKind::kInput, "input"},
    {LayerKind::kConv2d, "conv_2d"},
    {LayerKind::kDepthwiseConv2d, "depthwise_conv_2d"},
    {LayerKind::kDense, "dense"},
    {LayerKind::kBatchNorm, "batch_norm"},
    {LayerKind::kRelu, "relu"},
    {LayerKind::kRelu6, "relu6"},
    {LayerKind::kMaxPool2d, "max_pool_2d"},
    {LayerKind::kAveragePool2d, "average_pool_2d"},
    {LayerKind::kGlobalAveragePool, "global_average_pool"},
    {LayerKind::kAdd, "add"},
    {LayerKind::kConcat, "concat"},
    {LayerKind::kFlatten, "flatten"},
    {LayerKind::kDropout, "dropout"},
    {LayerKind::kSoftmax, "softmax"},
};

// Larger than anything that a microcontroller holds, small enough that no product below overflows.
constexpr int64_t kMaxSize = int64_t{1} << 20;

std::string ShapeText(const Shape& shape) { return absl::StrCat("{", absl::StrJoin(shape, ", "), "}"); }

// "conv_2d 'stem'"
std::string Title(const Layer& layer) {
  std::string_view kind = LayerKindName(layer.kind);
  return absl::StrFormat("%s '%s'", absl::string_view(kind.data(), kind.size()), layer.name);
}

template <typename... Parts>
absl::Status Wrong(const Layer& layer, const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(Title(layer), ": ", parts...));
}

absl::Status CheckPair(const Layer& layer, const char* what, const std::array<int64_t, 2>& pair) {
  for (int64_t value : pair) {
    if (value < 1 || value > kMaxSize) {
      return Wrong(layer, what, " is ", pair[0], " x ", pair[1], "; both must be at least 1");
    }
  }
  return absl::OkStatus();
}

// Size of one dimension after a window; an error where a VALID window is larger than its input.
absl::StatusOr<int64_t> WindowOutput(const Layer& layer, int axis, int64_t size) {
  const int64_t reach = (layer.kernel[axis] - 1) * layer.dilation[axis] + 1;
  const int64_t stride = layer.stride[axis];
  if (layer.padding == Padding::kSame) return (size + stride - 1) / stride;
  if (reach > size) {
    return Wrong(layer, "a window of ", reach, " does not fit into an input of ", size, " along ",
                 axis == 0 ? "height" : "width", "; use padding same or a smaller kernel");
  }
  return (size - reach) / stride + 1;
}

absl::StatusOr<Shape> WindowShape(const Layer& layer, const Shape& in, int64_t channels) {
  if (in.size() != 3) return Wrong(layer, "needs an input {height, width, channels}, got ", ShapeText(in));
  for (auto [what, pair] :
       {std::pair{"kernel", layer.kernel}, {"stride", layer.stride}, {"dilation", layer.dilation}}) {
    if (absl::Status status = CheckPair(layer, what, pair); !status.ok()) return status;
  }
  absl::StatusOr<int64_t> height = WindowOutput(layer, 0, in[0]);
  if (!height.ok()) return height.status();
  absl::StatusOr<int64_t> width = WindowOutput(layer, 1, in[1]);
  if (!width.ok()) return width.status();
  return Shape{*height, *width, channels};
}

absl::StatusOr<Shape> AddShape(const Layer& layer, const std::vector<const Shape*>& in) {
  if (*in[0] != *in[1]) {
    return Wrong(layer, "adds ", ShapeText(*in[0]), " and ", ShapeText(*in[1]), "; the shapes must be equal");
  }
  return *in[0];
}

absl::StatusOr<Shape> ConcatShape(const Layer& layer, const std::vector<const Shape*>& in) {
  Shape out = *in[0];
  for (size_t i = 1; i < in.size(); ++i) {
    if (in[i]->size() != out.size() || !std::equal(out.begin(), out.end() - 1, in[i]->begin())) {
      return Wrong(layer, "joins ", ShapeText(*in[0]), " and ", ShapeText(*in[i]),
                   " along channels; the other dimensions must be equal");
    }
    out.back() += in[i]->back();
  }
  return out;
}

absl::StatusOr<Shape> LayerShape(const Layer& layer, const std::vector<const Shape*>& in) {
  const Shape& first = *in[0];
  switch (layer.kind) {
    case LayerKind::kInput:
      return Wrong(layer, "only the first layer is the input");
    case LayerKind::kConv2d:
      if (layer.filters < 1 || layer.filters > kMaxSize) {
        return Wrong(layer, "filters is ", layer.filters, "; it must be at least 1");
      }
      return WindowShape(layer, first, layer.filters);
    case LayerKind::kDepthwiseConv2d:
      if (layer.depth_multiplier < 1 || layer.depth_multiplier > kMaxSize) {
        return Wrong(layer, "depth_multiplier is ", layer.depth_multiplier, "; it must be at least 1");
      }
      return WindowShape(layer, first, first.back() * layer.depth_multiplier);
    case LayerKind::kMaxPool2d:
    case LayerKind::kAveragePool2d:
      if (layer.dilation != std::array<int64_t, 2>{1, 1}) return Wrong(layer, "pools have no dilation");
      return WindowShape(layer, first, first.back());
    case LayerKind::kGlobalAveragePool:
      if (first.size() != 3) {
        return Wrong(layer, "needs an input {height, width, channels}, got ", ShapeText(first));
      }
      return Shape{first[2]};
    case LayerKind::kDense:
      if (layer.filters < 1 || layer.filters > kMaxSize) {
        return Wrong(layer, "units is ", layer.filters, "; it must be at least 1");
      }
      if (first.size() != 1) {
        return Wrong(layer, "needs an input {features}, got ", ShapeText(first), "; put a flatten layer before it");
      }
      return Shape{layer.filters};
    case LayerKind::kDropout:
      if (!(layer.rate >= 0.0 && layer.rate < 1.0)) {
        return Wrong(layer, "rate is ", layer.rate, "; it must be at least 0 and less than 1");
      }
      return first;
    case LayerKind::kBatchNorm:
      if (!(layer.epsilon > 0.0)) return Wrong(layer, "epsilon is ", layer.epsilon, "; it must be more than 0");
      if (!(layer.momentum > 0.0 && layer.momentum <= 1.0)) {
        return Wrong(layer, "momentum is ", layer.momentum, "; it must be more than 0 and at most 1");
      }
      return first;
    case LayerKind::kRelu:
    case LayerKind::kRelu6:
      return first;
    case LayerKind::kSoftmax:
      if (first.size() != 1) return Wrong(layer, "needs an input {features}, got ", ShapeText(first));
      return first;
    case LayerKind::kAdd:
      return AddShape(layer, in);
    case LayerKind::kConcat:
      return ConcatShape(layer, in);
    case LayerKind::kFlatten: {
      int64_t elements = 1;
      for (int64_t size : first) elements *= size;
      return Shape{elements};
    }
  }
  return Wrong(layer, "unknown kind");
}

absl::Status CheckInputShape(const Network& network) {
  const Shape& shape = network.input_shape;
  if (shape.size() != 1 && shape.size() != 3) {
    return absl::InvalidArgumentError(absl::StrCat("network '", network.name, "': the input's shape is ",
                                                   ShapeText(shape),
                                                   "; it must be {features} or {height, width, channels}"));
  }
  for (int64_t size : shape) {
    if (size < 1 || size > kMaxSize) {
      return absl::InvalidArgumentError(absl::StrCat("network '", network.name, "': the input's shape is ",
                                                     ShapeText(shape), "; every dimension must be 1 to ", kMaxSize));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckInputCount(const Layer& layer) {
  const size_t count = layer.inputs.size();
  if (layer.kind == LayerKind::kAdd ? count != 2 : layer.kind == LayerKind::kConcat ? count < 2 : count != 1) {
    const char* right = layer.kind == LayerKind::kAdd ? "2" : layer.kind == LayerKind::kConcat ? "2 or more" : "1";
    return Wrong(layer, "has ", count, " inputs; it takes ", right);
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view LayerKindName(LayerKind kind) {
  for (const KindName& entry : kKindNames) {
    if (entry.kind == kind) return entry.name;
  }
  return "?";
}

absl::StatusOr<LayerKind> LayerKindFromName(std::string_view name) {
  std::vector<std::string> names;
  for (const KindName& entry : kKindNames) {
    if (entry.name == name) return entry.kind;
    names.emplace_back(entry.name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", std::string(name), "' is not a kind of layer; did you mean ", Nearest(name, names), "?"));
}

int LayerIndex(const Network& network, std::string_view name) {
  for (size_t i = 0; i < network.layers.size(); ++i) {
    if (network.layers[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

absl::StatusOr<std::vector<Shape>> InferShapes(const Network& network) {
  if (absl::Status status = CheckInputShape(network); !status.ok()) return status;
  if (network.layers.empty() || network.layers[0].kind != LayerKind::kInput || !network.layers[0].inputs.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("network '", network.name, "': the first layer must be the input"));
  }
  if (network.layers.size() < 2) {
    return absl::InvalidArgumentError(absl::StrCat("network '", network.name, "' has no layers"));
  }
  std::vector<Shape> shapes = {network.input_shape};
  std::set<std::string> used;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    if (layer.name.empty()) return absl::InvalidArgumentError(absl::StrCat("layer ", i, " has no name"));
    if (LayerIndex(network, layer.name) != static_cast<int>(i)) {
      return Wrong(layer, "the name is taken by an earlier layer");
    }
    if (i == 0) continue;
    if (layer.kind == LayerKind::kInput) return Wrong(layer, "only the first layer is the input");
    if (absl::Status status = CheckInputCount(layer); !status.ok()) return status;
    std::vector<const Shape*> in;
    for (const std::string& name : layer.inputs) {
      const int index = LayerIndex(network, name);
      if (index < 0) return Wrong(layer, "its input '", name, "' is not a layer");
      if (index >= static_cast<int>(i)) return Wrong(layer, "its input '", name, "' does not come before it");
      in.push_back(&shapes[index]);
      used.insert(name);
    }
    absl::StatusOr<Shape> shape = LayerShape(layer, in);
    if (!shape.ok()) return shape.status();
    int64_t elements = 1;
    for (int64_t size : *shape) {
      elements *= size;
      if (size > kMaxSize * 64 || elements > (int64_t{1} << 31)) {
        return Wrong(layer, "puts out ", ShapeText(*shape), ", more than 2^31 values");
      }
    }
    shapes.push_back(*std::move(shape));
  }
  for (size_t i = 0; i + 1 < network.layers.size(); ++i) {
    if (!used.contains(network.layers[i].name)) {
      return Wrong(network.layers[i], "nothing uses its output; only the last layer is the network's output");
    }
  }
  return shapes;
}

absl::StatusOr<std::string> Summary(const Network& network) {
  absl::StatusOr<std::vector<Shape>> shapes = InferShapes(network);
  if (!shapes.ok()) return shapes.status();
  std::string out = absl::StrFormat("%-24s %-20s %-16s %12s %12s\n", "layer", "kind", "output", "parameters", "MACs");
  int64_t total_parameters = 0, total_macs = 0;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    const Shape& shape = (*shapes)[i];
    int64_t parameters = 0, macs = 0;
    if (i > 0) {
      const Shape& in = (*shapes)[LayerIndex(network, layer.inputs[0])];
      const int64_t positions = shape.size() == 3 ? shape[0] * shape[1] : 1;
      const int64_t window = layer.kernel[0] * layer.kernel[1];
      int64_t weights = 0;
      if (layer.kind == LayerKind::kConv2d) weights = window * in.back() * shape.back();
      if (layer.kind == LayerKind::kDepthwiseConv2d) weights = window * shape.back();
      if (layer.kind == LayerKind::kDense) weights = in.back() * shape.back();
      parameters = weights + (weights > 0 && layer.bias ? shape.back() : 0);
      macs = weights * positions;
      if (layer.kind == LayerKind::kBatchNorm) parameters = 2 * shape.back();
    }
    total_parameters += parameters;
    total_macs += macs;
    const std::string kind(LayerKindName(layer.kind));
    absl::StrAppendFormat(&out, "%-24s %-20s %-16s %12d %12d\n", layer.name, kind, absl::StrJoin(shape, "x"),
                          parameters, macs);
  }
  absl::StrAppendFormat(&out, "%-24s %-20s %-16s %12d %12d\n", "total", "", "", total_parameters, total_macs);
  return out;
}

}  // namespace mote
