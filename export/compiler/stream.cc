#include "export/compiler/stream.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "export/compiler/stream_file.h"

namespace mote::compiler {
namespace {

constexpr char kCopy[] = "COPY";  // output_copies.h: no operator of the file

// Operators whose output row r is made of row r of each input.
const std::set<std::string>& RowByRow() {
  static const std::set<std::string> kNames = {
      "ABS",        "ADD",          "CONCATENATION", "DEQUANTIZE", "ELU",      "EXPAND_DIMS",
      "HARD_SWISH", "LEAKY_RELU",   "LOGISTIC",      "MAXIMUM",    "MINIMUM",  "MUL",
      "NEG",        "PAD",          "PADV2",         "PRELU",      "QUANTIZE", "RELU",
      "RELU6",      "RELU_N1_TO_1", "RESHAPE",       "RSQRT",      "SOFTMAX",  "SQUARED_DIFFERENCE",
      "SQUEEZE",    "SUB",          "TANH"};
  return kNames;
}

// Operators that may take all rows at once, as the last ones over time.
const std::set<std::string>& OfAllRows() {
  static const std::set<std::string> kNames = {"ARG_MAX", "ARG_MIN", "FULLY_CONNECTED", "MEAN", "REDUCE_MAX",
                                               "RESHAPE", "SUM"};
  return kNames;
}

// Those of them whose inputs may all be activations.
const std::set<std::string>& Joins() {
  static const std::set<std::string> kNames = {"ADD",   "CONCATENATION",      "MAXIMUM", "MINIMUM", "MUL",
                                               "PRELU", "SQUARED_DIFFERENCE", "SUB"};
  return kNames;
}

bool IsWindowed(const std::string& name) {
  return name == "CONV_2D" || name == "DEPTHWISE_CONV_2D" || name == "AVERAGE_POOL_2D" || name == "MAX_POOL_2D";
}

// How a tensor grows.
struct Growth {
  int stride = 0;  // rows of the input for one of its own; 0: it is computed anew in every call
  int rows = 0;    // of the whole window
  int added = 0;   // in a call
};

class Streamer {
 public:
  explicit Streamer(const Network& whole) : whole_(whole), model_(whole.model), growth_(model_.tensors.size()) {}

  absl::StatusOr<Network> Run() {
    if (absl::Status status = CheckModel(); !status.ok()) return status;
    for (const RecordedOperator& op : model_.operators) {
      if (absl::Status status = Follow(op); !status.ok()) return status;
    }
    int64_t frame_rows = 1;
    for (const Growth& growth : growth_) {
      if (growth.stride != 0) frame_rows = std::lcm(frame_rows, int64_t{growth.stride});
    }
    Growth& input = growth_[model_.inputs[0]];
    if (frame_rows > input.rows) return Refuse(absl::StrCat("strides over time of ", frame_rows, " rows in all"));
    for (Growth& growth : growth_) {
      if (growth.stride != 0) {
        growth.added = static_cast<int>(std::min(int64_t{growth.rows}, frame_rows / growth.stride));
      }
    }
    MakeGraph();
    const std::string file = FileWithGraph(model_.file, graph_);
    if (file.empty()) return Refuse("its constants stand behind the FlatBuffer");
    absl::StatusOr<Network> network = ReadNetwork(file);
    if (!network.ok()) {
      return absl::InternalError(absl::StrCat("the model of one call: ", network.status().message()));
    }
    network->stream = {input.rows, static_cast<int>(frame_rows)};
    AddWindows(&*network);
    return network;
  }

 private:
  struct Window {
    int tensor = 0;  // of the file
    int rows = 0;
    bool operator<(const Window& other) const { return std::pair(tensor, rows) < std::pair(other.tensor, other.rows); }
  };

  static absl::Status Refuse(const std::string& why) {
    return absl::InvalidArgumentError(absl::StrCat("it cannot be streamed: ", why));
  }
  static absl::Status Refuse(const RecordedOperator& op, const std::string& why) {
    return Refuse(absl::StrCat("layer ", op.index, " (", op.name, "): ", why));
  }

  absl::Status CheckModel() {
    if (!model_.initial_state.empty()) return Refuse("it has state of its own");
    if (model_.inputs.size() != 1) return Refuse(absl::StrCat("it has ", model_.inputs.size(), " inputs"));
    for (const RecordedOperator& op : model_.operators) {
      if (op.name == kCopy) return Refuse("an output that no layer computes");
    }
    const std::vector<int>& shape = model_.tensors[model_.inputs[0]].shape;
    if (shape.size() < 3 || shape[1] < 2 || !HasRows(model_.inputs[0], shape[1])) {
      return Refuse(absl::StrCat("its input [", absl::StrJoin(shape, ", "),
                                 "] has no rows over time: [1, rows, width, channels] is needed"));
    }
    growth_[model_.inputs[0]] = {1, shape[1], 0};
    return absl::OkStatus();
  }

  bool Grows(int tensor) const { return tensor >= 0 && growth_[tensor].stride != 0; }

  // How the operator's outputs grow, or why its results could not be kept.
  absl::Status Follow(const RecordedOperator& op) {
    const auto grows = [this](int tensor) { return Grows(tensor); };
    const auto first = std::find_if(op.inputs.begin(), op.inputs.end(), grows);
    if (first == op.inputs.end()) return absl::OkStatus();
    const Growth input = growth_[*first];
    if (IsWindowed(op.name)) return FollowWindow(op, input);
    if (HasRows(op.outputs[0], input.rows) && WorksRowByRow(op, model_)) return FollowRows(op, input);
    if (OfAllRows().count(op.name) != 0 && IsOfAllRows(op)) return absl::OkStatus();
    return Refuse(op, "it joins or moves rows over time, so that results of one window are not the next one's");
  }

  bool HasRows(int tensor, int rows) const {
    const std::vector<int>& shape = model_.tensors[tensor].shape;
    return shape.size() >= 3 && shape[0] == 1 && shape[1] == rows && ImageOf(tensor).height == rows;
  }

  // Shapes of equal bytes are one image.
  const Tensor& ImageOf(int tensor) const { return whole_.tensors[whole_.tensor_of_file[tensor]]; }

  absl::Status FollowWindow(const RecordedOperator& op, const Growth& input) {
    const Axis& axis = AxisOf(op);
    if (axis.input != input.rows) return Refuse(op, "its window over time is not known");
    const int last = (axis.output - 1) * axis.stride - axis.padding + (axis.filter - 1) * axis.dilation;
    if (axis.padding != 0 || last >= axis.input) {
      return Refuse(op,
                    "SAME padding over time: at the edges of the window it computes with zeros, where the stream has "
                    "rows, so that results of one window are not the next one's");
    }
    if (axis.output > 1) growth_[op.outputs[0]] = {input.stride * axis.stride, axis.output, 0};
    return absl::OkStatus();
  }

  const Axis& AxisOf(const RecordedOperator& op) const {
    static const Axis kNone;
    const auto layer = std::find_if(whole_.layers.begin(), whole_.layers.end(),
                                    [&op](const Layer& l) { return l.recorded->index == op.index; });
    return layer == whole_.layers.end() ? kNone : layer->vertical;
  }

  absl::Status FollowRows(const RecordedOperator& op, const Growth& input) {
    for (const int tensor : op.inputs) {
      if (tensor < 0) continue;
      const FileTensor& file = model_.tensors[tensor];
      if (Grows(tensor)) {
        if (growth_[tensor].stride != input.stride || growth_[tensor].rows != input.rows) {
          return Refuse(op, "its inputs have rows of different lengths of time");
        }
      } else if (file.constant == nullptr) {
        return Refuse(op, absl::StrCat("it joins rows with '", file.name, "', which is of the whole window"));
      } else if (Joins().count(op.name) != 0 && RowsOfConstant(file, model_.tensors[op.outputs[0]]) != 1) {
        return Refuse(op, absl::StrCat("its constant '", file.name, "' has a row for each of the window"));
      }
    }
    for (const int output : op.outputs) growth_[output] = {input.stride, input.rows, 0};
    return absl::OkStatus();
  }

  // Shapes of what is joined are alike from the last dimension on.
  static int RowsOfConstant(const FileTensor& constant, const FileTensor& output) {
    const size_t behind = output.shape.size() - 1;
    return constant.shape.size() < behind ? 1 : constant.shape[constant.shape.size() - behind];
  }

  // Of RESHAPE: whether it only flattens.
  bool IsOfAllRows(const RecordedOperator& op) const {
    const FileTensor& output = model_.tensors[op.outputs[0]];
    if (model_.tensors[op.inputs[0]].shape.size() != 4) return false;
    return op.name != "RESHAPE" || (!output.shape.empty() && std::all_of(output.shape.begin(), output.shape.end() - 1,
                                                                         [](int n) { return n == 1; }));
  }

  // The rows of an input that an operator reads for what it adds to its output, up to the newest one.
  int RowsRead(const RecordedOperator& op, int tensor) const {
    const Growth& input = growth_[tensor];
    const Growth& output = growth_[op.outputs[0]];
    if (output.stride == 0) return input.rows;
    return IsWindowed(op.name) ? input.rows - (output.rows - output.added) * AxisOf(op).stride : input.added;
  }

  // The tensor of the new file that an operator reads which needs so many rows.
  int Windowed(int tensor, int rows) {
    if (rows == growth_[tensor].added) return tensor;
    const auto [window, is_new] = windows_.try_emplace({tensor, rows}, static_cast<int>(graph_.tensors.size()));
    if (is_new) {
      graph_.tensors.push_back({tensor, rows});
      graph_.inputs.push_back(window->second);
    }
    return window->second;
  }

  // The file of one call: windows are inputs to it.
  void MakeGraph() {
    for (const FileTensor& tensor : model_.tensors) {
      graph_.tensors.push_back({tensor.index, growth_[tensor.index].added});
    }
    graph_.inputs = model_.inputs;
    for (const RecordedOperator& op : model_.operators) {
      OperatorOfFile made = {op.index, op.inputs, op.outputs};
      for (int& input : made.inputs) {
        if (Grows(input)) input = Windowed(input, RowsRead(op, input));
      }
      graph_.operators.push_back(std::move(made));
    }
    for (const int output : model_.outputs) {
      graph_.outputs.push_back(output);
      if (Grows(output)) Windowed(output, growth_[output].rows);
    }
  }

  // Makes of the windows, which the file has as inputs, what layers write.
  void AddWindows(Network* network) {
    network->inputs = {network->tensor_of_file[model_.inputs[0]]};
    std::vector<Layer> layers;
    const auto add_for = [&](int tensor) {
      for (const auto& [window, file_tensor] : windows_) {
        if (network->tensor_of_file[window.tensor] != tensor) continue;
        Layer layer;
        layer.name = "WINDOW";
        layer.kind = LayerKind::kWindow;
        layer.index = -1;
        layer.inputs = {tensor};
        layer.outputs = {network->tensor_of_file[file_tensor]};
        Tensor& rows = network->tensors[layer.outputs[0]];
        rows.is_input = false;
        rows.is_state = rows.is_window = true;
        layers.push_back(std::move(layer));
      }
    };
    add_for(network->inputs[0]);
    for (Layer& layer : network->layers) {
      const std::vector<int> outputs = layer.outputs;
      layers.push_back(std::move(layer));
      for (const int output : outputs) add_for(output);
    }
    network->layers = std::move(layers);
    for (size_t i = 0; i < model_.outputs.size(); ++i) {
      const Growth& growth = growth_[model_.outputs[i]];
      const auto window = windows_.find({model_.outputs[i], growth.rows});
      if (growth.stride == 0 || window == windows_.end()) continue;
      network->tensors[network->outputs[i]].is_output = false;
      network->outputs[i] = network->tensor_of_file[window->second];
      network->tensors[network->outputs[i]].is_output = true;
    }
    Connect(network);
  }

  static void Connect(Network* network) {
    for (Tensor& tensor : network->tensors) {
      tensor.producer = -1;
      tensor.consumers.clear();
    }
    for (size_t i = 0; i < network->layers.size(); ++i) {
      for (const int input : network->layers[i].inputs) {
        network->tensors[input].consumers.push_back(static_cast<int>(i));
      }
      for (const int output : network->layers[i].outputs) {
        if (!network->tensors[output].is_state) network->tensors[output].producer = static_cast<int>(i);
      }
    }
  }

  const Network& whole_;
  const RecordedModel& model_;
  std::vector<Growth> growth_;  // by the file's tensor
  GraphOfFile graph_;
  std::map<Window, int> windows_;  // and the new file's tensor
};

}  // namespace

bool WorksRowByRow(const RecordedOperator& op, const RecordedModel& model) {
  if (op.name != "FULLY_CONNECTED") return RowByRow().count(op.name) != 0;
  std::vector<int> in = model.tensors[op.inputs[0]].shape, out = model.tensors[op.outputs[0]].shape;
  in.pop_back(), out.pop_back();
  return in == out;
}

absl::StatusOr<Network> StreamedNetwork(const Network& whole) { return Streamer(whole).Run(); }

KernelUse WindowUse(const Network& network, const Layer& layer, const RowLayout& wanted) {
  const Tensor& input = network.tensors[layer.inputs[0]];
  const Tensor& output = network.tensors[layer.outputs[0]];
  const int added = input.height, rows = output.height;
  const RowLayout layout = wanted.column_bytes == 0 ? wanted : Nhwc8(output);
  const int64_t row_bytes = layout.row_bytes;
  const int new_rows = std::min(added, rows), kept = rows - new_rows;

  const bool at_words = layout == Nhwc8(output) || layout.alignment % 4 == 0;  // the plan places the file's own so
  const bool in_words = at_words && row_bytes % 4 == 0;
  KernelUse use;
  use.variant = "window";
  use.form = KernelForm::kVector;
  use.function = absl::StrCat("mote::compiled::AddToWindow<", in_words ? "true" : "false", ">");
  use.header = "mcu_runtime/compiled/window.h";
  use.params_type = "mote::compiled::WindowParams";
  use.params = absl::StrCat("{/*kept=*/", kept * row_bytes, ", /*added=*/", new_rows * row_bytes, ", /*skipped=*/",
                            (added - new_rows) * row_bytes, "}");
  use.reads = {layout};
  use.writes = layout;
  use.writes_padding = true;
  constexpr int64_t kBytesAnInstruction = 4, kCalls = 30, kCodeBytes = 120;
  use.instructions = kCalls + rows * row_bytes / kBytesAnInstruction;
  use.code_bytes = kCodeBytes;
  return use;
}

}  // namespace mote::compiler
