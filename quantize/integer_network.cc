#include "quantize/integer_network.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "torch/types.h"

namespace mote {
namespace {

constexpr int kMaxRank = 6;                         // what the device runtime holds (MOTE_MAX_DIMENSIONS)
constexpr int64_t kMaxElements = int64_t{1} << 30;  // sizes stay in 32 bits on the device
constexpr int64_t kMaxInt32 = std::numeric_limits<int32_t>::max();
constexpr double kBiasScaleTolerance = 1e-6;          // relative; products of float32 scales round to 6e-8
constexpr double kTiedScaleTolerance = 1e-6;          // relative; tied scales of foreign files differ in a last bit
constexpr int64_t kMaxPoolWindow = int64_t{1} << 23;  // times 255 and half a count fits 32 bits
constexpr int64_t kMaxSoftmaxDepth = 4095;            // sum of exponentials, 12 integer bits
constexpr float kSoftmaxScale = 1.0F / 256.0F;
constexpr int64_t kSoftmaxZeroPoint = -128;

bool HasWeights(OperatorKind kind) {
  return kind == OperatorKind::kConv2d || kind == OperatorKind::kDepthwiseConv2d ||
         kind == OperatorKind::kFullyConnected;
}

std::string ShapeText(const std::vector<int64_t>& shape) { return absl::StrCat("[", absl::StrJoin(shape, ", "), "]"); }

// "conv_2d 'stem'"; by position where the operator has no name.
std::string Describe(const IntegerNetwork& network, const IntegerOperator& op) {
  const std::string_view upper = OperatorKindName(op.kind);
  const std::string kind = absl::AsciiStrToLower(absl::string_view(upper.data(), upper.size()));
  if (!op.name.empty()) return absl::StrCat(kind, " '", op.name, "'");
  return absl::StrCat(kind, " (operator ", &op - network.operators.data(), ")");
}

int64_t Product(const std::vector<int64_t>& shape) {
  int64_t product = 1;
  for (const int64_t size : shape) product *= size;
  return product;
}

// Output size of a window along one axis, as TensorFlow counts; 0 where nothing fits.
int64_t WindowOutput(int64_t input, int64_t kernel, int64_t stride, int64_t dilation, Padding padding) {
  if (padding == Padding::kSame) return (input + stride - 1) / stride;
  const int64_t reach = (kernel - 1) * dilation + 1;
  return reach > input ? 0 : (input - reach) / stride + 1;
}

// e of m = M * 2^(e - 31), M in [2^30, 2^31).
int RequantizationExponent(double multiplier) {
  int exponent = 0;
  const double fraction = std::frexp(multiplier, &exponent);
  return std::llround(fraction * 2147483648.0) == int64_t{1} << 31 ? exponent + 1 : exponent;
}

class Validator {
 public:
  explicit Validator(const IntegerNetwork& network) : network_(network), made_(network.tensors.size(), false) {}

  absl::Status Run() {
    if (network_.operators.empty()) return Error("has no operators");
    if (network_.inputs.empty()) return Error("has no inputs");
    if (network_.outputs.empty()) return Error("has no outputs");
    for (const int index : network_.inputs) {
      if (absl::Status status = CheckInput(index); !status.ok()) return status;
      made_[index] = true;
    }
    for (const IntegerOperator& op : network_.operators) {
      op_ = &op;
      if (absl::Status status = CheckOperator(); !status.ok()) return status;
    }
    op_ = nullptr;
    for (const int index : network_.outputs) {
      if (!InRange(index)) return Error(absl::StrCat("output ", index, " is not one of the ", Count(), " tensors"));
      if (!made_[index]) return Error(absl::StrCat("output ", TensorText(index), " is made by no operator"));
    }
    if (!network_.class_names.empty()) {
      const IntegerTensor& output = network_.tensors[network_.outputs[0]];
      if (static_cast<int64_t>(network_.class_names.size()) != output.shape.back()) {
        return Error(absl::StrCat(network_.class_names.size(), " class names for ", output.shape.back(), " outputs"));
      }
    }
    return absl::OkStatus();
  }

 private:
  size_t Count() const { return network_.tensors.size(); }
  bool InRange(int index) const { return index >= 0 && static_cast<size_t>(index) < Count(); }
  const IntegerTensor& Tensor(int index) const { return network_.tensors[index]; }
  const IntegerTensor& In(size_t i) const { return Tensor(op_->inputs[i]); }
  const IntegerTensor& Out() const { return Tensor(op_->outputs[0]); }

  std::string TensorText(int index) const {
    const std::string& name = network_.tensors[index].name;
    return name.empty() ? absl::StrCat("tensor ", index) : absl::StrCat("tensor ", index, " '", name, "'");
  }

  absl::Status Error(const std::string& what) const {
    const std::string where = op_ == nullptr ? absl::StrCat("network '", network_.name, "'") : Describe(network_, *op_);
    return absl::InvalidArgumentError(absl::StrCat(where, ": ", what));
  }

  absl::Status CheckInput(int index) const {
    if (!InRange(index)) return Error(absl::StrCat("input ", index, " is not one of the ", Count(), " tensors"));
    if (made_[index]) return Error(absl::StrCat("input ", TensorText(index), " is listed twice"));
    return CheckActivation(index);
  }

  absl::Status CheckShape(int index) const {
    const IntegerTensor& tensor = Tensor(index);
    if (tensor.shape.size() > static_cast<size_t>(kMaxRank)) {
      return Error(absl::StrCat(TensorText(index), " has ", tensor.shape.size(), " dimensions; at most ", kMaxRank));
    }
    int64_t elements = 1;
    for (const int64_t size : tensor.shape) {
      if (size < 1 || size > kMaxElements || elements * size > kMaxElements) {
        return Error(absl::StrCat(TensorText(index), " has the shape ", ShapeText(tensor.shape),
                                  "; every dimension is at least 1 and all together at most ", kMaxElements));
      }
      elements *= size;
    }
    return absl::OkStatus();
  }

  absl::Status CheckScales(int index) const {
    const IntegerTensor& tensor = Tensor(index);
    if (tensor.scales.size() != tensor.zero_points.size()) {
      return Error(absl::StrCat(TensorText(index), " has ", tensor.scales.size(), " scales and ",
                                tensor.zero_points.size(), " zero points; as many of both"));
    }
    for (const float scale : tensor.scales) {
      if (!std::isfinite(scale) || scale <= 0.0F) {
        return Error(absl::StrCat(TensorText(index), " has the scale ", scale, "; scales are finite and above 0"));
      }
    }
    if (tensor.scales.size() > 1) {
      const int dimension = tensor.quantized_dimension;
      if (dimension < 0 || static_cast<size_t>(dimension) >= tensor.shape.size() ||
          tensor.shape[dimension] != static_cast<int64_t>(tensor.scales.size())) {
        return Error(absl::StrCat(TensorText(index), " of shape ", ShapeText(tensor.shape), " has ",
                                  tensor.scales.size(), " scales along dimension ", dimension));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckActivation(int index) const {
    const IntegerTensor& tensor = Tensor(index);
    if (tensor.is_constant())
      return Error(absl::StrCat(TensorText(index), " is a constant; an activation belongs here"));
    if (tensor.type != DataType::kInt8)
      return Error(absl::StrCat(TensorText(index), " is int32; activations are int8"));
    if (absl::Status status = CheckShape(index); !status.ok()) return status;
    if (tensor.shape.size() < 2 || tensor.shape[0] != 1) {
      return Error(absl::StrCat(TensorText(index), " has the shape ", ShapeText(tensor.shape),
                                "; activations begin with a batch dimension of 1"));
    }
    if (tensor.scales.size() != 1) {
      return Error(absl::StrCat(TensorText(index), " has ", tensor.scales.size(), " scales; activations have one"));
    }
    if (absl::Status status = CheckScales(index); !status.ok()) return status;
    if (tensor.zero_points[0] < -128 || tensor.zero_points[0] > 127) {
      return Error(
          absl::StrCat(TensorText(index), " has the zero point ", tensor.zero_points[0], "; int8 has -128 to 127"));
    }
    return absl::OkStatus();
  }

  absl::Status CheckConstant(int index, DataType type, const char* role) const {
    const IntegerTensor& tensor = Tensor(index);
    const char* wanted = type == DataType::kInt8 ? "int8" : "int32";
    if (!tensor.is_constant()) return Error(absl::StrCat(role, " ", TensorText(index), " is not a constant"));
    if (tensor.type != type) return Error(absl::StrCat(role, " ", TensorText(index), " is not ", wanted));
    if (absl::Status status = CheckShape(index); !status.ok()) return status;
    const auto dtype = type == DataType::kInt8 ? torch::kInt8 : torch::kInt32;
    if (tensor.data.scalar_type() != dtype || !tensor.data.is_contiguous() || !tensor.data.device().is_cpu() ||
        tensor.data.sizes() != torch::IntArrayRef(tensor.shape)) {
      return Error(absl::StrCat(role, " ", TensorText(index), ": the data is not a contiguous ", wanted,
                                " tensor of shape ", ShapeText(tensor.shape)));
    }
    if (absl::Status status = CheckScales(index); !status.ok()) return status;
    for (const int64_t zero_point : tensor.zero_points) {
      if (zero_point != 0) {
        return Error(absl::StrCat(role, " ", TensorText(index), " has the zero point ", zero_point, "; it is 0 there"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckOperator() {
    const size_t arity_min[] = {2, 1, 1, 3, 3, 3, 1, 1, 1, 2, 1};
    const auto kind = static_cast<size_t>(op_->kind);
    if (kind >= std::size(arity_min)) return Error(absl::StrCat("operator kind ", kind, " does not exist"));
    const bool any = op_->kind == OperatorKind::kConcatenation;
    if (op_->inputs.size() < arity_min[kind] || (!any && op_->inputs.size() > arity_min[kind])) {
      return Error(absl::StrCat("has ", op_->inputs.size(), " inputs; ", any ? "at least " : "", arity_min[kind],
                                HasWeights(op_->kind) ? " (input, weights, bias or -1)" : ""));
    }
    if (op_->outputs.size() != 1) return Error(absl::StrCat("has ", op_->outputs.size(), " outputs; 1"));
    for (size_t i = 0; i < op_->inputs.size(); ++i) {
      const int index = op_->inputs[i];
      if (index == -1 && HasWeights(op_->kind) && i == 2) continue;  // no bias
      if (!InRange(index)) return Error(absl::StrCat("input ", index, " is not one of the ", Count(), " tensors"));
      const bool constant = i > 0 && (HasWeights(op_->kind) || op_->kind == OperatorKind::kReshape);
      if (constant) continue;
      if (absl::Status status = CheckActivation(index); !status.ok()) return status;
      if (!made_[index]) return Error(absl::StrCat("input ", TensorText(index), " is used before it is made"));
    }
    const int output = op_->outputs[0];
    if (!InRange(output)) return Error(absl::StrCat("output ", output, " is not one of the ", Count(), " tensors"));
    if (absl::Status status = CheckActivation(output); !status.ok()) return status;
    if (made_[output]) return Error(absl::StrCat("output ", TensorText(output), " is made twice"));
    made_[output] = true;
    return CheckKind();
  }

  absl::Status CheckKind() const {
    switch (op_->kind) {
      case OperatorKind::kConv2d:
        return CheckConv(/*depthwise=*/false);
      case OperatorKind::kDepthwiseConv2d:
        return CheckConv(/*depthwise=*/true);
      case OperatorKind::kFullyConnected:
        return CheckFullyConnected();
      case OperatorKind::kAveragePool2d:
      case OperatorKind::kMaxPool2d:
        return CheckPool();
      case OperatorKind::kAdd:
        return CheckAdd();
      case OperatorKind::kConcatenation:
        return CheckConcatenation();
      case OperatorKind::kRelu:
        return CheckRelu();
      case OperatorKind::kRelu6:
        return CheckRelu6();
      case OperatorKind::kReshape:
        return CheckReshape();
      case OperatorKind::kSoftmax:
        return CheckSoftmax();
    }
    return Error("unknown kind");
  }

  absl::Status Positive(const std::array<int64_t, 2>& values, const char* what) const {
    for (const int64_t value : values) {
      if (value < 1 || value > (1 << 16)) {
        return Error(absl::StrCat(what, " is ", values[0], "x", values[1], "; each is 1 to 65536"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status NoActivation() const {
    if (op_->activation == Activation::kNone) return absl::OkStatus();
    return Error("has a fused activation, which this operator does not take");
  }

  absl::Status OutputShape(const std::vector<int64_t>& wanted) const {
    if (Out().shape == wanted) return absl::OkStatus();
    return Error(absl::StrCat("output ", TensorText(op_->outputs[0]), " has the shape ", ShapeText(Out().shape), "; ",
                              ShapeText(wanted), " follows from the input"));
  }

  // The contract ties these operators' output to their input: they move or select codes and cannot rescale.
  absl::Status SameQuantization(size_t input) const {
    const IntegerTensor& from = In(input);
    const double apart = std::abs(static_cast<double>(from.scales[0]) - static_cast<double>(Out().scales[0]));
    if (apart <= kTiedScaleTolerance * Out().scales[0] && from.zero_points == Out().zero_points)
      return absl::OkStatus();
    return Error(absl::StrFormat(
        "input %s has scale %.9g and zero point %d, the output %.9g and %d; they must be equal",
        TensorText(op_->inputs[input]), from.scales[0], from.zero_points[0], Out().scales[0], Out().zero_points[0]));
  }

  // Weights' scales and the bias: int32, one value a channel, at the scale of the accumulator.
  absl::Status CheckWeightsAndBias(int64_t channels, int channel_dimension) const {
    const IntegerTensor& weights = In(1);
    if (weights.scales.size() != 1 && static_cast<int64_t>(weights.scales.size()) != channels) {
      return Error(absl::StrCat("weights have ", weights.scales.size(), " scales; 1, or one for each of the ", channels,
                                " output channels"));
    }
    if (weights.scales.size() > 1 && weights.quantized_dimension != channel_dimension) {
      return Error(absl::StrCat("weights have scales along dimension ", weights.quantized_dimension,
                                "; output channels are dimension ", channel_dimension));
    }
    if (op_->inputs[2] == -1) return absl::OkStatus();
    if (absl::Status status = CheckConstant(op_->inputs[2], DataType::kInt32, "bias"); !status.ok()) return status;
    const IntegerTensor& bias = In(2);
    if (bias.shape != std::vector<int64_t>{channels}) {
      return Error(absl::StrCat("bias has the shape ", ShapeText(bias.shape), "; one value for each of the ", channels,
                                " output channels"));
    }
    if (bias.scales.size() != weights.scales.size()) {
      return Error(absl::StrCat("bias has ", bias.scales.size(), " scales, the weights ", weights.scales.size(),
                                "; as many of both"));
    }
    for (size_t i = 0; i < bias.scales.size(); ++i) {
      const double wanted = static_cast<double>(In(0).scales[0]) * static_cast<double>(weights.scales[i]);
      // Scales this small lose digits as float32 denormals.
      const double slack = wanted * kBiasScaleTolerance + std::numeric_limits<float>::denorm_min();
      if (std::abs(bias.scales[i] - wanted) > slack) {
        return Error(absl::StrFormat("bias scale of channel %d is %.9g; input scale times weight scale is %.9g", i,
                                     bias.scales[i], wanted));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckConv(bool depthwise) const {
    if (absl::Status status = CheckConstant(op_->inputs[1], DataType::kInt8, "weights"); !status.ok()) return status;
    if (absl::Status status = Positive(op_->stride, "stride"); !status.ok()) return status;
    if (absl::Status status = Positive(op_->dilation, "dilation"); !status.ok()) return status;
    const std::vector<int64_t>& input = In(0).shape;
    const std::vector<int64_t>& weights = In(1).shape;
    if (input.size() != 4)
      return Error(absl::StrCat("input has the shape ", ShapeText(input), "; [1, h, w, channels]"));
    const char* layout = depthwise ? "[1, kh, kw, channels]" : "[out, kh, kw, in]";
    if (weights.size() != 4 || (depthwise && weights[0] != 1)) {
      return Error(absl::StrCat("weights have the shape ", ShapeText(weights), "; ", layout));
    }
    const int64_t channels = depthwise ? weights[3] : weights[0];
    if (depthwise && channels != input[3] * op_->depth_multiplier) {
      return Error(absl::StrCat("weights have ", channels, " channels; ", input[3],
                                " input channels times a multiplier of ", op_->depth_multiplier));
    }
    if (!depthwise && weights[3] != input[3]) {
      return Error(absl::StrCat("weights take ", weights[3], " channels, the input has ", input[3]));
    }
    const int64_t height = WindowOutput(input[1], weights[1], op_->stride[0], op_->dilation[0], op_->padding);
    const int64_t width = WindowOutput(input[2], weights[2], op_->stride[1], op_->dilation[1], op_->padding);
    if (height < 1 || width < 1) {
      return Error(absl::StrCat("kernel ", weights[1], "x", weights[2], " does not fit into the input of ", input[1],
                                "x", input[2], " without padding"));
    }
    if (absl::Status status = OutputShape({1, height, width, channels}); !status.ok()) return status;
    return CheckWeightsAndBias(channels, depthwise ? 3 : 0);
  }

  absl::Status CheckFullyConnected() const {
    if (absl::Status status = CheckConstant(op_->inputs[1], DataType::kInt8, "weights"); !status.ok()) return status;
    const std::vector<int64_t>& weights = In(1).shape;
    if (weights.size() != 2) return Error(absl::StrCat("weights have the shape ", ShapeText(weights), "; [out, in]"));
    if (In(0).elements() != weights[1]) {
      return Error(absl::StrCat("weights take ", weights[1], " values, the input has ", In(0).elements()));
    }
    if (absl::Status status = OutputShape({1, weights[0]}); !status.ok()) return status;
    return CheckWeightsAndBias(weights[0], 0);
  }

  absl::Status CheckPool() const {
    const std::vector<int64_t>& input = In(0).shape;
    if (input.size() != 4)
      return Error(absl::StrCat("input has the shape ", ShapeText(input), "; [1, h, w, channels]"));
    if (absl::Status status = Positive(op_->stride, "stride"); !status.ok()) return status;
    if (absl::Status status = Positive(op_->kernel, "window"); !status.ok()) return status;
    if (std::min(op_->kernel[0], input[1]) * std::min(op_->kernel[1], input[2]) >= kMaxPoolWindow) {
      return Error(absl::StrCat("window ", op_->kernel[0], "x", op_->kernel[1], " could overflow the 32-bit sum"));
    }
    const int64_t height = WindowOutput(input[1], op_->kernel[0], op_->stride[0], 1, op_->padding);
    const int64_t width = WindowOutput(input[2], op_->kernel[1], op_->stride[1], 1, op_->padding);
    if (height < 1 || width < 1) {
      return Error(absl::StrCat("window ", op_->kernel[0], "x", op_->kernel[1], " does not fit into the input of ",
                                input[1], "x", input[2], " without padding"));
    }
    if (absl::Status status = OutputShape({1, height, width, input[3]}); !status.ok()) return status;
    return SameQuantization(0);
  }

  absl::Status CheckAdd() const {
    if (In(0).shape != In(1).shape) {
      return Error(absl::StrCat("inputs have the shapes ", ShapeText(In(0).shape), " and ", ShapeText(In(1).shape),
                                "; they must be equal"));
    }
    if (absl::Status status = OutputShape(In(0).shape); !status.ok()) return status;
    // The sum is formed at 2^-20 of twice the larger input scale and scaled down from there.
    const double larger = std::max(In(0).scales[0], In(1).scales[0]);
    if (2.0 * larger >= static_cast<double>(Out().scales[0]) * (1 << 20)) {
      return Error(absl::StrFormat("output scale %.9g is too small for inputs of scale %.9g; at least 2^-19 of them",
                                   Out().scales[0], larger));
    }
    return absl::OkStatus();
  }

  absl::Status CheckConcatenation() const {
    if (absl::Status status = NoActivation(); !status.ok()) return status;
    std::vector<int64_t> shape = In(0).shape;
    const auto rank = static_cast<int>(shape.size());
    if (op_->axis < 1 || op_->axis >= rank) {
      return Error(absl::StrCat("axis is ", op_->axis, "; 1 to ", rank - 1, " (0 is the batch)"));
    }
    for (size_t i = 0; i < op_->inputs.size(); ++i) {
      std::vector<int64_t> other = In(i).shape;
      if (i > 0) {
        bool fits = other.size() == shape.size();
        for (int d = 0; fits && d < rank; ++d) fits = d == op_->axis || other[d] == shape[d];
        if (!fits) {
          return Error(absl::StrCat("inputs have the shapes ", ShapeText(In(0).shape), " and ", ShapeText(other),
                                    ", which differ elsewhere than along axis ", op_->axis));
        }
        shape[op_->axis] += other[op_->axis];
      }
      if (absl::Status status = SameQuantization(i); !status.ok()) return status;
    }
    return OutputShape(shape);
  }

  absl::Status CheckRelu() const {
    if (absl::Status status = NoActivation(); !status.ok()) return status;
    if (absl::Status status = OutputShape(In(0).shape); !status.ok()) return status;
    if (In(0).scales[0] >= static_cast<double>(Out().scales[0]) * (1 << 22)) {
      return Error(absl::StrFormat("output scale %.9g is too small for an input of scale %.9g; at least 2^-22 of it",
                                   Out().scales[0], In(0).scales[0]));
    }
    return absl::OkStatus();
  }

  absl::Status CheckRelu6() const {
    if (absl::Status status = NoActivation(); !status.ok()) return status;
    if (absl::Status status = OutputShape(In(0).shape); !status.ok()) return status;
    return SameQuantization(0);
  }

  absl::Status CheckReshape() const {
    if (absl::Status status = NoActivation(); !status.ok()) return status;
    if (absl::Status status = CheckConstant(op_->inputs[1], DataType::kInt32, "shape"); !status.ok()) return status;
    if (In(0).elements() != Out().elements()) {
      return Error(absl::StrCat("input of ", In(0).elements(), " values cannot become ", ShapeText(Out().shape)));
    }
    const IntegerTensor& shape = In(1);
    const auto rank = static_cast<int64_t>(Out().shape.size());
    bool fits = shape.shape == std::vector<int64_t>{rank};
    int unknown = 0;
    for (int64_t d = 0; fits && d < rank; ++d) {
      const int32_t size = shape.data.data_ptr<int32_t>()[d];
      unknown += size == -1 ? 1 : 0;
      fits = size == -1 || size == Out().shape[d];
    }
    if (!fits || unknown > 1) {
      return Error(absl::StrCat("shape ", TensorText(op_->inputs[1]), " does not say ", ShapeText(Out().shape)));
    }
    return SameQuantization(0);
  }

  absl::Status CheckSoftmax() const {
    if (absl::Status status = NoActivation(); !status.ok()) return status;
    if (absl::Status status = OutputShape(In(0).shape); !status.ok()) return status;
    if (Out().shape.back() > kMaxSoftmaxDepth) {
      return Error(absl::StrCat("is over ", Out().shape.back(), " values; at most ", kMaxSoftmaxDepth));
    }
    if (Out().scales[0] != kSoftmaxScale || Out().zero_points[0] != kSoftmaxZeroPoint) {
      return Error(absl::StrFormat("output has scale %.9g and zero point %d; softmax puts out 1/256 and -128",
                                   Out().scales[0], Out().zero_points[0]));
    }
    // Differences are scaled by beta * scale * 2^26, which has to be a multiplier above one (and is capped at 2^31).
    const double multiplier = static_cast<double>(op_->beta) * static_cast<double>(In(0).scales[0]) * (1 << 26);
    if (!std::isfinite(op_->beta) || multiplier <= 1.0) {
      return Error(
          absl::StrFormat("beta %g times input scale %.9g is too small; above 2^-26", op_->beta, In(0).scales[0]));
    }
    return absl::OkStatus();
  }

  const IntegerNetwork& network_;
  const IntegerOperator* op_ = nullptr;
  std::vector<bool> made_;
};

struct ChannelView {  // weights of one output channel: first + i * step, i < count
  int64_t channels = 0, count = 0, step = 1, next = 0;
};

ChannelView ChannelsOf(const IntegerOperator& op, const IntegerTensor& weights) {
  ChannelView view;
  if (op.kind == OperatorKind::kDepthwiseConv2d) {
    view.channels = weights.shape[3];
    view.count = weights.shape[1] * weights.shape[2];
    view.step = view.channels;
    view.next = 1;
  } else {
    view.channels = weights.shape[0];
    view.count = Product(weights.shape) / view.channels;
    view.next = view.count;
  }
  return view;
}

}  // namespace

int64_t IntegerTensor::elements() const { return Product(shape); }

std::string_view OperatorKindName(OperatorKind kind) {
  switch (kind) {
    case OperatorKind::kAdd:
      return "ADD";
    case OperatorKind::kAveragePool2d:
      return "AVERAGE_POOL_2D";
    case OperatorKind::kConcatenation:
      return "CONCATENATION";
    case OperatorKind::kConv2d:
      return "CONV_2D";
    case OperatorKind::kDepthwiseConv2d:
      return "DEPTHWISE_CONV_2D";
    case OperatorKind::kFullyConnected:
      return "FULLY_CONNECTED";
    case OperatorKind::kMaxPool2d:
      return "MAX_POOL_2D";
    case OperatorKind::kRelu:
      return "RELU";
    case OperatorKind::kRelu6:
      return "RELU6";
    case OperatorKind::kReshape:
      return "RESHAPE";
    case OperatorKind::kSoftmax:
      return "SOFTMAX";
  }
  return "UNKNOWN";
}

absl::Status Validate(const IntegerNetwork& network) { return Validator(network).Run(); }

OperatorCost CostOf(const IntegerNetwork& network, const IntegerOperator& op) {
  OperatorCost cost;
  if (!HasWeights(op.kind)) return cost;
  const IntegerTensor& weights = network.tensors[op.inputs[1]];
  const int64_t outputs = network.tensors[op.outputs[0]].elements();
  cost.macs = outputs * ChannelsOf(op, weights).count;
  cost.weight_bytes = weights.elements();
  if (op.inputs.size() > 2 && op.inputs[2] >= 0) {
    cost.weight_bytes += network.tensors[op.inputs[2]].elements() * static_cast<int64_t>(sizeof(int32_t));
  }
  return cost;
}

absl::StatusOr<std::vector<AccumulatorBound>> ProveAccumulators(const IntegerNetwork& network) {
  std::vector<AccumulatorBound> bounds;
  for (size_t i = 0; i < network.operators.size(); ++i) {
    const IntegerOperator& op = network.operators[i];
    if (!HasWeights(op.kind)) continue;
    const IntegerTensor& input = network.tensors[op.inputs[0]];
    const IntegerTensor& weights = network.tensors[op.inputs[1]];
    const IntegerTensor& output = network.tensors[op.outputs[0]];
    const auto* codes = weights.data.data_ptr<int8_t>();
    const int32_t* biases = op.inputs[2] < 0 ? nullptr : network.tensors[op.inputs[2]].data.data_ptr<int32_t>();
    // Of |q_in - z_in|.
    const int64_t largest_input = std::max(127 - input.zero_points[0], input.zero_points[0] + 128);
    const ChannelView view = ChannelsOf(op, weights);
    AccumulatorBound worst{static_cast<int>(i), 0, -1};
    for (int64_t c = 0; c < view.channels; ++c) {
      // |bias| and the largest size of every term: no partial sum leaves that, whatever the order and the terms left
      // out.
      const int64_t bias = biases == nullptr ? 0 : biases[c];
      int64_t weight_sum = 0;
      for (int64_t k = 0; k < view.count; ++k)
        weight_sum += std::abs(static_cast<int64_t>(codes[c * view.next + k * view.step]));
      const int64_t bound = std::abs(bias) + weight_sum * largest_input;
      if (bound > kMaxInt32) {
        return absl::InvalidArgumentError(
            absl::StrCat(Describe(network, op), ": channel ", c, " can reach ", bound,
                         ", which does not fit 32 bits; use fewer inputs, smaller weights or a smaller bias"));
      }
      // A multiplier of 1 or more first shifts the accumulator to the left.
      const double multiplier = static_cast<double>(input.scales[0]) *
                                static_cast<double>(weights.scales[weights.scales.size() > 1 ? c : 0]) /
                                static_cast<double>(output.scales[0]);
      const int exponent = RequantizationExponent(multiplier);
      if (exponent > 0 && std::ldexp(static_cast<double>(bound), exponent) > static_cast<double>(kMaxInt32)) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "%s: channel %d can reach %d, which shifted left by %d to the output scale %.9g does not fit 32 bits; the "
            "output scale is too small",
            Describe(network, op), c, bound, exponent, output.scales[0]));
      }
      if (bound > worst.bound) worst = {static_cast<int>(i), c, bound};
    }
    bounds.push_back(worst);
  }
  return bounds;
}

torch::Tensor QuantizeInput(const IntegerNetwork& network, const torch::Tensor& inputs) {
  const IntegerTensor& input = network.tensors[network.inputs[0]];
  const float scale = input.scales[0];
  const auto zero_point = static_cast<float>(input.zero_points[0]);
  const torch::Tensor real = inputs.to(torch::kFloat32).contiguous();
  torch::Tensor codes = torch::empty(real.sizes(), torch::kInt8);
  const float* from = real.data_ptr<float>();
  auto* to = codes.data_ptr<int8_t>();
  for (int64_t i = 0; i < real.numel(); ++i) {
    // std::round takes halves away from zero; torch::round would take them to even. NaN goes to the zero point.
    const float value = std::isnan(from[i]) ? zero_point : std::round(from[i] / scale) + zero_point;
    to[i] = static_cast<int8_t>(std::clamp(value, -128.0F, 127.0F));
  }
  return codes;
}

torch::Tensor Dequantize(const IntegerNetwork& network, int index, const torch::Tensor& codes) {
  const IntegerTensor& tensor = network.tensors[index];
  const auto zero_point = static_cast<float>(tensor.zero_points[0]);
  return (codes.to(torch::kFloat32) - zero_point) * tensor.scales[0];
}

}  // namespace mote
