#include "export/inspect.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "export/text_table.h"
#include "nlohmann/json.hpp"

namespace mote {
namespace {

using nlohmann::json;

std::string ShapeText(const TensorInfo& tensor) { return absl::StrJoin(tensor.shape, "x"); }

// "0.0125", or the range of per-channel scales "0.001..0.02 (64)".
std::string ScaleText(const TensorInfo& tensor) {
  if (tensor.scales.empty()) return "-";
  if (tensor.scales.size() == 1) return absl::StrFormat("%.6g", tensor.scales[0]);
  const auto [least, greatest] = std::minmax_element(tensor.scales.begin(), tensor.scales.end());
  return absl::StrFormat("%.3g..%.3g (%d)", *least, *greatest, tensor.scales.size());
}

std::string ZeroPointText(const TensorInfo& tensor) {
  return tensor.zero_points.empty() ? "-" : absl::StrCat(tensor.zero_points[0]);
}

bool HasWeights(const OperatorInfo& op) {
  return op.name == "CONV_2D" || op.name == "DEPTHWISE_CONV_2D" || op.name == "FULLY_CONNECTED";
}

// Weights and biases of one operator; other constants (shapes) are not counted.
int64_t WeightBytes(const RuntimeModel& model, const OperatorInfo& op) {
  int64_t bytes = 0;
  for (size_t i = 1; i < op.inputs.size() && HasWeights(op); ++i) {
    if (op.inputs[i] >= 0 && model.tensors()[op.inputs[i]].constant) bytes += model.tensors()[op.inputs[i]].bytes;
  }
  return bytes;
}

struct Totals {
  int64_t macs = 0, weight_bytes = 0;
};

Totals TotalsOf(const RuntimeModel& model) {
  Totals totals;
  std::set<int> counted;  // weights that several operators share are in the file once
  for (const OperatorInfo& op : model.operators()) {
    totals.macs += op.macs;
    for (size_t i = 1; i < op.inputs.size() && HasWeights(op); ++i) {
      if (op.inputs[i] < 0 || !model.tensors()[op.inputs[i]].constant || !counted.insert(op.inputs[i]).second) continue;
      totals.weight_bytes += model.tensors()[op.inputs[i]].bytes;
    }
  }
  return totals;
}

void AppendEnds(const RuntimeModel& model, const std::vector<int>& indices, const char* what, std::string& text) {
  for (const int index : indices) {
    const TensorInfo& tensor = model.tensors()[index];
    absl::StrAppend(&text, what, "  ", tensor.name.empty() ? absl::StrCat("tensor ", index) : tensor.name, "  ",
                    tensor.type, " ", ShapeText(tensor), ", scale ", ScaleText(tensor), ", zero point ",
                    ZeroPointText(tensor), "\n");
  }
}

}  // namespace

std::string InspectTable(const RuntimeModel& model) {
  std::vector<std::vector<std::string>> rows = {
      {"#", "operator", "layer", "input", "output", "options", "weight scale", "scale", "zero", "weights", "MACs"}};
  for (const OperatorInfo& op : model.operators()) {
    const TensorInfo* input = op.inputs.empty() || op.inputs[0] < 0 ? nullptr : &model.tensors()[op.inputs[0]];
    const TensorInfo* weights =
        HasWeights(op) && op.inputs.size() > 1 && op.inputs[1] >= 0 ? &model.tensors()[op.inputs[1]] : nullptr;
    const TensorInfo* output = op.outputs.empty() ? nullptr : &model.tensors()[op.outputs[0]];
    const int64_t bytes = WeightBytes(model, op);
    std::string inputs = input == nullptr ? "-" : ShapeText(*input);
    if (op.name == "ADD" || op.name == "CONCATENATION") {
      inputs.clear();
      for (const int index : op.inputs) {
        if (index >= 0) absl::StrAppend(&inputs, inputs.empty() ? "" : " + ", ShapeText(model.tensors()[index]));
      }
    }
    rows.push_back({absl::StrCat(op.index), op.name, op.layer, inputs, output == nullptr ? "-" : ShapeText(*output),
                    op.detail, weights == nullptr ? "-" : ScaleText(*weights),
                    output == nullptr ? "-" : ScaleText(*output), output == nullptr ? "-" : ZeroPointText(*output),
                    bytes == 0 ? "-" : Grouped(bytes), op.macs == 0 ? "-" : Grouped(op.macs)});
  }
  std::string text = TextTable(rows, {true, false, false, false, false, false, false, true, true, true, true});
  const Totals totals = TotalsOf(model);
  absl::StrAppend(&text, "\n");
  AppendEnds(model, model.inputs(), "input ", text);
  AppendEnds(model, model.outputs(), "output", text);
  absl::StrAppend(&text, "total   ", model.operators().size(), " operators, ", Grouped(totals.macs), " MACs, ",
                  Grouped(totals.weight_bytes), " bytes of weights and biases\n", "memory  ",
                  Grouped(static_cast<int64_t>(model.bytes().size())), " bytes of file (flash), ",
                  Grouped(model.arena_bytes()), " bytes of arena (RAM)\n");
  if (!model.class_names().empty()) absl::StrAppend(&text, "classes ", absl::StrJoin(model.class_names(), ", "), "\n");
  for (const auto& [key, value] : model.metadata()) absl::StrAppend(&text, key, ": ", value, "\n");
  return text;
}

std::string InspectJson(const RuntimeModel& model) {
  json operators = json::array(), tensors = json::array();
  for (const OperatorInfo& op : model.operators()) {
    operators.push_back({{"index", op.index},
                         {"name", op.name},
                         {"layer", op.layer},
                         {"detail", op.detail},
                         {"inputs", op.inputs},
                         {"outputs", op.outputs},
                         {"macs", op.macs},
                         {"weight_bytes", WeightBytes(model, op)}});
  }
  for (const TensorInfo& tensor : model.tensors()) {
    tensors.push_back({{"index", tensor.index},
                       {"name", tensor.name},
                       {"type", tensor.type},
                       {"shape", tensor.shape},
                       {"scales", tensor.scales},
                       {"zero_points", tensor.zero_points},
                       {"quantized_dimension", tensor.quantized_dimension},
                       {"bytes", tensor.bytes},
                       {"constant", tensor.constant}});
  }
  const Totals totals = TotalsOf(model);
  const json object = {
      {"file_bytes", model.bytes().size()},
      {"arena_bytes", model.arena_bytes()},
      {"inputs", model.inputs()},
      {"outputs", model.outputs()},
      {"operators", operators},
      {"tensors", tensors},
      {"totals",
       {{"operators", model.operators().size()}, {"macs", totals.macs}, {"weight_bytes", totals.weight_bytes}}},
      {"metadata", model.metadata()},
      {"class_names", model.class_names()}};
  return object.dump(2, ' ', false, json::error_handler_t::replace);  // names of foreign files may not be UTF-8
}

}  // namespace mote
