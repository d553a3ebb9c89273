#include <cstring>
#include <limits>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "datasets/file.h"
#include "export/model_file.h"
#include "export/operator_names.h"
#include "export/tflite.h"
#include "torch/types.h"

namespace mote {
namespace {

constexpr int kCustomOperator = 32;

std::optional<OperatorKind> KindOf(int builtin_code) {
  switch (builtin_code) {
    case 0:
      return OperatorKind::kAdd;
    case 1:
      return OperatorKind::kAveragePool2d;
    case 2:
      return OperatorKind::kConcatenation;
    case 3:
      return OperatorKind::kConv2d;
    case 4:
      return OperatorKind::kDepthwiseConv2d;
    case 9:
      return OperatorKind::kFullyConnected;
    case 17:
      return OperatorKind::kMaxPool2d;
    case 19:
      return OperatorKind::kRelu;
    case 21:
      return OperatorKind::kRelu6;
    case 22:
      return OperatorKind::kReshape;
    case 25:
      return OperatorKind::kSoftmax;
    default:
      return std::nullopt;
  }
}

bool HasWeights(OperatorKind kind) {
  return kind == OperatorKind::kConv2d || kind == OperatorKind::kDepthwiseConv2d ||
         kind == OperatorKind::kFullyConnected;
}

class Reader {
 public:
  Reader(const ModelFile& file, const std::string& name) : file_(file), name_(name) {}

  absl::StatusOr<IntegerNetwork> Read() {
    const ModelMetadata metadata = file_.Mote();
    if (file_.graph->name() != nullptr) network_.name = file_.graph->name()->str();
    network_.class_names = metadata.class_names;
    network_.metadata = metadata.entries;
    for (int i = 0; i < file_.operators(); ++i) {
      if (!KindOf(file_.BuiltinCode(i))) return OperatorError(i, "this operator is not supported");
    }
    if (absl::Status status = ReadTensors(); !status.ok()) return status;
    for (int i = 0; i < file_.operators(); ++i) {
      if (absl::Status status = ReadOperator(i); !status.ok()) return status;
    }
    if (metadata.layers.size() == network_.operators.size()) {
      for (size_t i = 0; i < metadata.layers.size(); ++i) network_.operators[i].name = metadata.layers[i];
    }
    Copy(file_.graph->inputs(), network_.inputs);
    Copy(file_.graph->outputs(), network_.outputs);
    if (absl::Status status = Validate(network_); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(name_, ": ", status.message()));
    }
    return std::move(network_);
  }

 private:
  absl::Status OperatorError(int op, const std::string& what) const {
    return absl::InvalidArgumentError(absl::StrCat(name_, ": ", file_.OperatorText(op), ": ", what));
  }
  absl::Status TensorError(int index, const std::string& what) const {
    return absl::InvalidArgumentError(absl::StrCat(name_, ": ", file_.TensorText(index), ": ", what));
  }

  static void Copy(const flatbuffers::Vector<int32_t>* from, std::vector<int>& to) {
    if (from != nullptr) to.assign(from->begin(), from->end());
  }

  // Tensors that no operator touches are kept as empty places, so that indices stay the file's.
  std::vector<bool> Used() const {
    std::vector<bool> used(file_.tensors(), false);
    const auto mark = [&used](const flatbuffers::Vector<int32_t>* indices) {
      if (indices == nullptr) return;
      for (const int32_t index : *indices) {
        if (index >= 0) used[index] = true;
      }
    };
    mark(file_.graph->inputs());
    mark(file_.graph->outputs());
    for (int i = 0; i < file_.operators(); ++i) {
      mark(file_.op(i).inputs());
      mark(file_.op(i).outputs());
    }
    return used;
  }

  bool Empty(int index) const {  // a placeholder for an optional tensor
    if (file_.tensor(index).shape() == nullptr) return false;
    for (const int32_t size : *file_.tensor(index).shape()) {
      if (size == 0) return true;
    }
    return false;
  }

  absl::Status ReadTensors() {
    const std::vector<bool> used = Used();
    for (int i = 0; i < file_.tensors(); ++i) {
      network_.tensors.emplace_back();
      network_.tensors.back().name = std::string(file_.TensorName(i));
      if (!used[i] || Empty(i)) continue;
      if (absl::Status status = ReadTensor(i, network_.tensors.back()); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ReadTensor(int index, IntegerTensor& tensor) const {
    const schema::Tensor& from = file_.tensor(index);
    if (from.type() != schema::TensorType::INT8 && from.type() != schema::TensorType::INT32) {
      return TensorError(index, absl::StrCat("type ", TensorTypeName(static_cast<int>(from.type())),
                                             " is not supported; int8, or int32 for biases and shapes"));
    }
    if (from.is_variable()) return TensorError(index, "variable tensors (state between inferences) are not supported");
    tensor.type = from.type() == schema::TensorType::INT8 ? DataType::kInt8 : DataType::kInt32;
    if (from.shape() != nullptr) tensor.shape.assign(from.shape()->begin(), from.shape()->end());
    int64_t elements = 1;
    for (const int64_t size : tensor.shape) {
      if (size < 1 || elements * size > std::numeric_limits<int32_t>::max()) {
        return TensorError(index, "a dimension is below 1, or all together exceed 2^31 values");
      }
      elements *= size;
    }
    if (absl::Status status = ReadQuantization(index, tensor); !status.ok()) return status;
    const std::string_view data = file_.Data(index);
    if (data.empty()) return absl::OkStatus();
    const bool int8 = tensor.type == DataType::kInt8;
    const int64_t wanted = elements * (int8 ? 1 : 4);
    if (static_cast<int64_t>(data.size()) != wanted) {
      return TensorError(index, absl::StrCat("its buffer has ", data.size(), " bytes; its shape takes ", wanted));
    }
    tensor.data = torch::empty(tensor.shape, int8 ? torch::kInt8 : torch::kInt32);
    std::memcpy(tensor.data.data_ptr(), data.data(), data.size());
    return absl::OkStatus();
  }

  absl::Status ReadQuantization(int index, IntegerTensor& tensor) const {
    const schema::QuantizationParameters* from = file_.tensor(index).quantization();
    if (from == nullptr || from->scale() == nullptr) return absl::OkStatus();
    if (from->details_type() != 0)
      return TensorError(index, "its quantization is of a custom kind; scale and zero point");
    tensor.scales.assign(from->scale()->begin(), from->scale()->end());
    if (from->zero_point() != nullptr)
      tensor.zero_points.assign(from->zero_point()->begin(), from->zero_point()->end());
    // Writers leave zero points out where all are 0, or give one for all channels.
    if (tensor.zero_points.empty()) tensor.zero_points.assign(tensor.scales.size(), 0);
    if (tensor.zero_points.size() == 1) tensor.zero_points.resize(tensor.scales.size(), tensor.zero_points[0]);
    // Some writers copy the weights' dimension to the bias, which has only one.
    tensor.quantized_dimension = tensor.shape.size() <= 1 ? 0 : from->quantized_dimension();
    return absl::OkStatus();
  }

  absl::Status ReadActivation(int op, schema::ActivationFunctionType from, Activation& to) const {
    switch (from) {
      case schema::ActivationFunctionType::NONE:
        to = Activation::kNone;
        return absl::OkStatus();
      case schema::ActivationFunctionType::RELU:
        to = Activation::kRelu;
        return absl::OkStatus();
      case schema::ActivationFunctionType::RELU6:
        to = Activation::kRelu6;
        return absl::OkStatus();
      default:
        break;
    }
    return OperatorError(op, absl::StrCat("fused activation ", static_cast<int>(from),
                                          " is not supported; none (0), RELU (1) or RELU6 (3)"));
  }

  absl::Status ReadPadding(int op, schema::Padding from, Padding& to) const {
    if (from != schema::Padding::SAME && from != schema::Padding::VALID) {
      return OperatorError(op, absl::StrCat("padding ", static_cast<int>(from), "; SAME (0) or VALID (1)"));
    }
    to = from == schema::Padding::SAME ? Padding::kSame : Padding::kValid;
    return absl::OkStatus();
  }

  absl::Status ReadOperator(int index) {
    const schema::Operator& from = file_.op(index);
    IntegerOperator op;
    op.kind = *KindOf(file_.BuiltinCode(index));
    Copy(from.inputs(), op.inputs);
    Copy(from.outputs(), op.outputs);
    if (op.outputs.size() != 1) {
      return OperatorError(index, absl::StrCat("has ", op.outputs.size(), " outputs; 1"));
    }
    const std::string_view name = file_.TensorName(op.outputs[0]);
    op.name = std::string(name.substr(0, name.find(';')));
    if (HasWeights(op.kind)) {
      if (op.inputs.size() == 2) op.inputs.push_back(-1);
      if (op.inputs.size() == 3 && op.inputs[2] >= 0 && Empty(op.inputs[2])) op.inputs[2] = -1;
    }
    if (absl::Status status = ReadOptions(index, op); !status.ok()) return status;
    network_.operators.push_back(std::move(op));
    return absl::OkStatus();
  }

  absl::Status ReadOptions(int index, IntegerOperator& op) {
    const schema::Operator& from = file_.op(index);
    const auto missing = [&] { return OperatorError(index, "its options are missing"); };
    switch (op.kind) {
      case OperatorKind::kConv2d: {
        const auto* options = from.builtin_options_as_Conv2DOptions();
        if (options == nullptr) return missing();
        op.stride = {options->stride_h(), options->stride_w()};
        op.dilation = {options->dilation_h_factor(), options->dilation_w_factor()};
        if (absl::Status status = ReadPadding(index, options->padding(), op.padding); !status.ok()) return status;
        return ReadActivation(index, options->fused_activation_function(), op.activation);
      }
      case OperatorKind::kDepthwiseConv2d: {
        const auto* options = from.builtin_options_as_DepthwiseConv2DOptions();
        if (options == nullptr) return missing();
        op.stride = {options->stride_h(), options->stride_w()};
        op.dilation = {options->dilation_h_factor(), options->dilation_w_factor()};
        op.depth_multiplier = DepthMultiplier(op, options->depth_multiplier());
        if (absl::Status status = ReadPadding(index, options->padding(), op.padding); !status.ok()) return status;
        return ReadActivation(index, options->fused_activation_function(), op.activation);
      }
      case OperatorKind::kAveragePool2d:
      case OperatorKind::kMaxPool2d: {
        const auto* options = from.builtin_options_as_Pool2DOptions();
        if (options == nullptr) return missing();
        op.stride = {options->stride_h(), options->stride_w()};
        op.kernel = {options->filter_height(), options->filter_width()};
        if (absl::Status status = ReadPadding(index, options->padding(), op.padding); !status.ok()) return status;
        return ReadActivation(index, options->fused_activation_function(), op.activation);
      }
      case OperatorKind::kFullyConnected: {
        const auto* options = from.builtin_options_as_FullyConnectedOptions();
        if (options == nullptr) return missing();
        if (options->weights_format() != 0) return OperatorError(index, "shuffled weights are not supported");
        return ReadActivation(index, options->fused_activation_function(), op.activation);
      }
      case OperatorKind::kAdd: {
        const auto* options = from.builtin_options_as_AddOptions();
        return options == nullptr ? absl::OkStatus()
                                  : ReadActivation(index, options->fused_activation_function(), op.activation);
      }
      case OperatorKind::kConcatenation: {
        const auto* options = from.builtin_options_as_ConcatenationOptions();
        if (options == nullptr) return missing();
        op.axis = options->axis();
        if (op.axis < 0) op.axis += static_cast<int>(network_.tensors[op.outputs[0]].shape.size());
        return ReadActivation(index, options->fused_activation_function(), op.activation);
      }
      case OperatorKind::kSoftmax: {
        const auto* options = from.builtin_options_as_SoftmaxOptions();
        if (options == nullptr) return missing();
        op.beta = options->beta();
        return absl::OkStatus();
      }
      case OperatorKind::kReshape:
        if (op.inputs.size() == 1) op.inputs.push_back(AddShape(op));
        return absl::OkStatus();
      case OperatorKind::kRelu:
      case OperatorKind::kRelu6:
        return absl::OkStatus();
    }
    return absl::OkStatus();
  }

  // The option is redundant and not always right; the shapes say what it is.
  int64_t DepthMultiplier(const IntegerOperator& op, int64_t option) const {
    if (op.inputs.size() < 2 || op.inputs[0] < 0 || op.inputs[1] < 0) return option;
    const std::vector<int64_t>& input = network_.tensors[op.inputs[0]].shape;
    const std::vector<int64_t>& weights = network_.tensors[op.inputs[1]].shape;
    if (input.size() != 4 || weights.size() != 4 || weights[3] % input[3] != 0) return option;
    return weights[3] / input[3];
  }

  // A reshape may say its shape in its options only: give it the constant that IntegerNetwork wants.
  int AddShape(const IntegerOperator& op) {
    const std::vector<int64_t> shape = network_.tensors[op.outputs[0]].shape;
    IntegerTensor tensor;
    tensor.name = network_.tensors[op.outputs[0]].name + "/shape";
    tensor.shape = {static_cast<int64_t>(shape.size())};
    tensor.type = DataType::kInt32;
    tensor.data = torch::tensor(shape, torch::kInt64).to(torch::kInt32);
    network_.tensors.push_back(std::move(tensor));
    return static_cast<int>(network_.tensors.size() - 1);
  }

  const ModelFile& file_;
  const std::string& name_;
  IntegerNetwork network_;
};

}  // namespace

absl::StatusOr<IntegerNetwork> FromTflite(const std::string& bytes, const std::string& file_name) {
  absl::StatusOr<ModelFile> file = OpenModelFile(bytes, file_name);
  if (!file.ok()) return file.status();
  // The network's own checks come first because they say more; the runtime's reader has the last word.
  absl::StatusOr<IntegerNetwork> network = Reader(*file, file_name).Read();
  if (!network.ok()) return network.status();
  if (absl::StatusOr<size_t> arena = VerifyWithRuntime(*file, bytes, file_name); !arena.ok()) return arena.status();
  return network;
}

absl::StatusOr<IntegerNetwork> ImportTflite(const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadFile(path);
  if (!bytes.ok()) return bytes.status();
  return FromTflite(*bytes, path);
}

}  // namespace mote
