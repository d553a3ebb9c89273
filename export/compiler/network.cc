#include "export/compiler/network.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "export/compiler/output_copies.h"
#include "export/compiler/record_types.h"
#include "nlohmann/json.hpp"

namespace mote::compiler {
namespace {

Axis AxisOf(const recorded::Window& window) {
  return {window.input, window.output, window.filter, window.stride, window.dilation, window.padding};
}

template <typename T>
const T* ParamsOf(const KernelCall& call, size_t index = 0) {
  return index < call.arguments.size() ? std::any_cast<T>(&call.arguments[index].value) : nullptr;
}

class NetworkReader {
 public:
  explicit NetworkReader(RecordedModel model) { network_.model = std::move(model); }

  Network Read() {
    ReadTensors();
    for (const RecordedOperator& op : network_.model.operators) AddLayer(op);
    for (Layer& layer : network_.layers) Connect(layer);
    ReadClassNames();
    return std::move(network_);
  }

 private:
  void ReadTensors() {
    const std::vector<FileTensor>& files = network_.model.tensors;
    network_.tensor_of_file.assign(files.size(), -1);
    std::vector<bool> used(files.size(), false);
    for (const RecordedOperator& op : network_.model.operators) {
      for (const std::vector<int>* list : {&op.inputs, &op.outputs}) {
        for (const int tensor : *list) {
          if (tensor >= 0) used[tensor] = true;
        }
      }
    }
    for (const int tensor : network_.model.inputs) used[tensor] = true;
    for (const int tensor : network_.model.outputs) used[tensor] = true;
    for (const FileTensor& file : files) {
      if (!used[file.index] || file.constant != nullptr || file.same_as >= 0) continue;
      Tensor tensor;
      tensor.index = static_cast<int>(network_.tensors.size());
      tensor.file_index = file.index;
      tensor.name = file.name;
      tensor.type = file.type;
      tensor.shape = file.shape;
      tensor.bytes = file.bytes;
      tensor.is_state = file.is_state;
      tensor.state_offset = file.state_offset;
      if (!file.scales.empty()) {
        tensor.scale = file.scales[0];
        tensor.zero_point = static_cast<int>(file.zero_points[0]);
      }
      SetImage(file.shape, &tensor);
      network_.tensor_of_file[file.index] = tensor.index;
      network_.tensors.push_back(std::move(tensor));
    }
    for (const FileTensor& file : files) {  // which may stand before the one whose bytes they share
      if (!used[file.index] || file.constant != nullptr || file.same_as < 0) continue;
      const int first = network_.tensor_of_file[file.same_as];
      network_.tensor_of_file[file.index] = first;
      if (first >= 0) PreferImage(file, &network_.tensors[first]);
    }
    for (const int input : network_.model.inputs) {
      network_.inputs.push_back(network_.tensor_of_file[input]);
      network_.tensors[network_.inputs.back()].is_input = true;
    }
    for (const int output : network_.model.outputs) {
      network_.outputs.push_back(network_.tensor_of_file[output]);
      network_.tensors[network_.outputs.back()].is_output = true;
    }
  }

  static void SetImage(const std::vector<int>& shape, Tensor* tensor) {
    tensor->height = tensor->width = tensor->channels = 1;
    if (shape.size() == 4 && shape[0] == 1) {
      tensor->height = shape[1];
      tensor->width = shape[2];
      tensor->channels = shape[3];
      return;
    }
    if (shape.empty()) return;
    tensor->channels = shape.back();
    for (size_t d = 0; d + 1 < shape.size(); ++d) tensor->width *= shape[d];
  }

  // A tensor that is an image under one of its shapes is one.
  static void PreferImage(const FileTensor& other, Tensor* tensor) {
    const bool is_image = other.shape.size() == 4 && other.shape[0] == 1 && other.shape[1] > tensor->height;
    if (is_image && other.bytes == tensor->bytes) SetImage(other.shape, tensor);
  }

  void AddLayer(const RecordedOperator& op) {
    if (op.calls.empty()) return;
    Layer layer;
    layer.index = op.index;
    layer.name = op.name;
    layer.recorded = &op;
    const auto add = [this](int file, std::vector<int>* list) {
      if (file >= 0 && network_.tensor_of_file[file] >= 0) list->push_back(network_.tensor_of_file[file]);
    };
    for (const int input : op.inputs) add(input, &layer.inputs);
    for (const int output : op.outputs) add(output, &layer.outputs);
    if (op.name == "ASSIGN_VARIABLE" && !layer.inputs.empty()) {  // what it writes is the variable
      layer.outputs.push_back(layer.inputs[0]);
      layer.inputs.erase(layer.inputs.begin());
    }
    Solve(op, &layer);
    network_.layers.push_back(std::move(layer));
  }

  void Solve(const RecordedOperator& op, Layer* layer) {
    const KernelCall& call = op.calls[0];
    if (const auto* conv = ParamsOf<recorded::ConvolutionParams>(call)) {
      SolveConvolution(call, *conv, layer);
    } else if (const auto* pool = ParamsOf<recorded::Pool2dParams>(call)) {
      layer->vertical = AxisOf(pool->vertical);
      layer->horizontal = AxisOf(pool->horizontal);
      layer->input_channels = layer->output_channels = pool->channels;
      SetRange(pool->output, layer);
      if (absl::StrContains(call.function, "int8_t") && pool->batches == 1 && IsImage(*layer)) {
        layer->kind = absl::StrContains(call.function, "MaximumOf") ? LayerKind::kMaxPool : LayerKind::kAveragePool;
      }
    } else if (const auto* sum = ParamsOf<recorded::AddFunction<recorded::kAddBits8, 1>>(call)) {
      SolveSum(op, sum->p, false, layer);
    } else if (const auto* difference = ParamsOf<recorded::AddFunction<recorded::kAddBits8, -1>>(call)) {
      SolveSum(op, difference->p, true, layer);
    } else if (const auto* sums = ParamsOf<recorded::SumParams>(call)) {
      SolveMean(call, *sums, layer);
    } else if (const auto* softmax = ParamsOf<recorded::SoftmaxParams>(call)) {
      SolveSoftmax(*softmax, layer);
    } else if (!op.table.empty() && layer->inputs.size() == 1) {
      layer->kind = LayerKind::kTable;
      for (int i = 0; i < 256; ++i) layer->table[i] = static_cast<int8_t>(op.table[i]);
    }
    if (!FitsImages(*layer)) layer->kind = LayerKind::kOther;
  }

  // Whether the tensors are the images that the layer works on: those that share their bytes may have other shapes.
  // State has no rows.
  bool FitsImages(const Layer& layer) const {
    const auto is_state = [this](int tensor) { return network_.tensors[tensor].is_state; };
    if (std::any_of(layer.inputs.begin(), layer.inputs.end(), is_state)) return false;
    const auto image = [this](int tensor) {
      const Tensor& t = network_.tensors[tensor];
      return std::array<int, 3>{t.height, t.width, t.channels};
    };
    switch (layer.kind) {
      case LayerKind::kConvolution:
      case LayerKind::kDepthwise:
      case LayerKind::kAveragePool:
      case LayerKind::kMaxPool:
        return image(layer.inputs[0]) ==
                   std::array<int, 3>{layer.vertical.input, layer.horizontal.input, layer.input_channels} &&
               image(layer.outputs[0]) ==
                   std::array<int, 3>{layer.vertical.output, layer.horizontal.output, layer.output_channels};
      case LayerKind::kAdd:
      case LayerKind::kTable:
        return std::all_of(layer.inputs.begin(), layer.inputs.end(),
                           [&](int input) { return image(input) == image(layer.outputs[0]); });
      case LayerKind::kSoftmax:
        return image(layer.inputs[0]) == image(layer.outputs[0]) && image(layer.inputs[0])[2] == layer.input_channels;
      default:
        return true;
    }
  }

  static void SetRange(const recorded::OutputRange& range, Layer* layer) {
    layer->output_zero_point = range.zero_point;
    layer->output_min = range.min;
    layer->output_max = range.max;
  }

  bool IsImage(const Layer& layer) const {
    return layer.inputs.size() == 1 && layer.outputs.size() == 1 && !network_.tensors[layer.inputs[0]].is_state;
  }

  // Convolutions on int8 codes; those on int16 have another structure behind the parameters, and no table.
  void SolveConvolution(const KernelCall& call, const recorded::ConvolutionParams& p, Layer* layer) {
    layer->vertical = AxisOf(p.vertical);
    layer->horizontal = AxisOf(p.horizontal);
    layer->input_channels = p.input_channels;
    layer->output_channels = p.output_channels;
    layer->input_zero_point = p.input_zero_point;
    SetRange(p.output, layer);
    layer->macs = int64_t{p.pixels()} * p.output_channels * p.taps();
    if (call.arguments.size() != 6 || !IsImage(*layer)) return;
    const bool depthwise = absl::StrContains(call.function, "Depthwise");
    if (!depthwise && p.filter_channels != p.input_channels) return;  // groups
    const auto& terms = std::any_cast<const std::vector<recorded::ChannelTerms>&>(call.arguments[3].value);
    const int8_t* weights = WeightsOf(call.arguments[2]);
    const int64_t taps = p.taps();
    const int64_t channels = p.output_channels;
    layer->weights.resize(static_cast<size_t>(taps * channels));
    for (int64_t c = 0; c < channels; ++c) {
      int64_t sum = 0;
      for (int64_t k = 0; k < taps; ++k) {
        const int8_t weight = weights[depthwise ? k * channels + c : c * taps + k];
        layer->weights[static_cast<size_t>(c * taps + k)] = weight;
        sum += weight;
      }
      const recorded::ChannelTerms& term = terms[static_cast<size_t>(c)];
      // The recorded bias may hold the zero point's share.
      const bool folded = !depthwise && recorded::FoldsZeroPoint(p);
      const int64_t bias = int64_t{term.bias} + (folded ? sum * p.input_zero_point : 0);
      layer->channels.push_back(
          {static_cast<int32_t>(static_cast<uint32_t>(bias)), term.multiplier.mantissa, term.multiplier.exponent});
    }
    if (p.batches == 1 && p.pixels() == 1 && p.vertical.filter == p.vertical.input && !depthwise &&
        p.horizontal.filter == p.horizontal.input && p.vertical.padding == 0 && p.horizontal.padding == 0) {
      layer->kind = LayerKind::kDense;
    } else if (layer->name == "FULLY_CONNECTED") {
      // Rows of inputs are pixels.
      layer->kind = LayerKind::kConvolution;
      layer->horizontal.input = layer->horizontal.output = p.batches;
    } else if (p.batches == 1) {
      layer->kind = depthwise ? LayerKind::kDepthwise : LayerKind::kConvolution;
    }
  }

  const int8_t* WeightsOf(const Argument& argument) const {
    const uint8_t* bytes = argument.tensor >= 0 ? network_.model.tensors[argument.tensor].constant + argument.offset
                                                : argument.bytes.data();
    return reinterpret_cast<const int8_t*>(bytes);
  }

  void SolveSum(const RecordedOperator& op, const recorded::AddParams& p, bool subtracts, Layer* layer) const {
    if (layer->inputs.size() != 2) return;
    if (network_.model.tensors[op.inputs[0]].shape != network_.model.tensors[op.inputs[1]].shape) return;
    layer->kind = LayerKind::kAdd;
    const auto mantissa = [](const recorded::AddTerm& term) { return term.upper * 65536 + term.lower; };
    layer->sum = {p.a.zero_point,   p.b.zero_point, mantissa(p.a),  -p.a.shift.shift,    mantissa(p.b),
                  -p.b.shift.shift, p.mantissa,     -p.shift.shift, recorded::kAddBits8, subtracts};
    SetRange(p.output, layer);
  }

  // MEAN or SUM of an image over all its pixels.
  void SolveMean(const KernelCall& call, const recorded::SumParams& p, Layer* layer) const {
    const auto* shape = ParamsOf<recorded::ReduceShape>(call, 1);
    if (shape == nullptr || !absl::StrContains(call.function, "int8_t") || !IsImage(*layer)) return;
    const Tensor& input = network_.tensors[layer->inputs[0]];
    const Tensor& output = network_.tensors[layer->outputs[0]];
    const recorded::ReduceShape::Axis &kept = shape->kept[2], &reduced = shape->reduced[2];
    if (kept.size != input.channels || kept.step != 1 || reduced.step != input.channels) return;
    if (int64_t{reduced.size} * kept.size != input.bytes || output.bytes != input.channels) return;
    layer->kind = LayerKind::kMean;
    layer->input_channels = layer->output_channels = input.channels;
    layer->vertical.input = layer->vertical.filter = input.height;
    layer->horizontal.input = layer->horizontal.filter = input.width;
    layer->channels = {{-p.zero_points, p.multiplier.mantissa, p.multiplier.exponent}};
    SetRange(p.output, layer);
  }

  static void SolveSoftmax(const recorded::SoftmaxParams& p, Layer* layer) {
    if (p.output_bits != 8 || layer->inputs.size() != 1) return;
    layer->kind = LayerKind::kSoftmax;
    layer->input_channels = layer->output_channels = p.depth;
    constexpr int32_t kLeastThatCounts = 1 << 11;  // others add nothing to the sum, and no share to the output
    for (int32_t below = 0; below < 256; ++below) {
      const int32_t term = recorded::SoftmaxTerm(p, -below);
      if (term < kLeastThatCounts) break;
      layer->exponentials.push_back(term);
    }
  }

  void Connect(const Layer& layer) {
    const int index = static_cast<int>(&layer - network_.layers.data());
    for (const int input : layer.inputs) network_.tensors[input].consumers.push_back(index);
    for (const int output : layer.outputs) {
      if (!network_.tensors[output].is_state) network_.tensors[output].producer = index;
    }
  }

  void ReadClassNames() {
    const auto found = network_.model.metadata.find("mote");
    if (found == network_.model.metadata.end() || network_.outputs.size() != 1) return;
    const nlohmann::json json = nlohmann::json::parse(found->second, nullptr, false);
    if (!json.is_object() || !json.contains("class_names") || !json["class_names"].is_array()) return;
    std::vector<std::string> names;
    for (const auto& name : json["class_names"]) {
      if (!name.is_string()) return;
      names.push_back(name.get<std::string>());
    }
    if (static_cast<int>(names.size()) == network_.tensors[network_.outputs[0]].channels) {
      network_.class_names = std::move(names);
    }
  }

  Network network_;
};

}  // namespace

absl::StatusOr<Network> ReadNetwork(std::string file) {
  absl::StatusOr<RecordedModel> model = RecordModel(std::move(file));
  if (!model.ok()) return model.status();
  CopyOutputs(&*model);
  return NetworkReader(*std::move(model)).Read();
}

}  // namespace mote::compiler
