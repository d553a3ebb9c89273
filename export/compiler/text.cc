#include "export/compiler/text.h"

#include <cctype>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mote::compiler {

std::string Upper(const std::string& text) {
  std::string upper = text;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

std::string Capitalized(const std::string& text) {
  std::string result;
  bool begins = true;
  for (const char c : text) {
    if (c != '_') result += begins ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    begins = c == '_';
  }
  return result;
}

std::string ShapeText(const Tensor& tensor) {
  std::vector<int> shape = tensor.shape;
  if (shape.size() > 1 && shape[0] == 1) shape.erase(shape.begin());
  return absl::StrCat("[", absl::StrJoin(shape, ", "), "]");
}

std::string StageText(const Network& network, const Plan& plan, const Stage& stage) {
  const auto tensor = [&](int buffer) -> const Tensor& { return network.tensors[plan.buffers[buffer].tensor]; };
  if (stage.use.form == KernelForm::kFeed) {
    return absl::StrCat("a row of the input ", ShapeText(tensor(stage.outputs[0])));
  }
  if (stage.layer < 0) {
    const RowLayout& from = plan.buffers[stage.inputs[0]].layout;
    const RowLayout& to = plan.buffers[stage.outputs[0]].layout;
    return absl::StrCat("rows of ", ShapeText(tensor(stage.inputs[0])), ", ", from.kind, " -> ", to.kind);
  }
  const Layer& layer = network.layers[stage.layer];
  std::string text = layer.name;
  if (layer.kind == LayerKind::kConvolution || layer.kind == LayerKind::kDepthwise ||
      layer.kind == LayerKind::kAveragePool || layer.kind == LayerKind::kMaxPool) {
    const Axis &v = layer.vertical, &h = layer.horizontal;
    absl::StrAppend(&text, " ", v.filter, "x", h.filter);
    if (v.stride != 1 || h.stride != 1) {
      absl::StrAppend(&text, " stride ", v.stride == h.stride ? "" : absl::StrCat(v.stride, "x"), h.stride);
    }
    if (v.dilation != 1 || h.dilation != 1) absl::StrAppend(&text, " dilation ", v.dilation, "x", h.dilation);
  }
  const auto shapes = [&](const std::vector<int>& buffers) {
    return absl::StrJoin(buffers, ", ", [&](std::string* out, int buffer) { out->append(ShapeText(tensor(buffer))); });
  };
  return absl::StrCat(text, ", ", shapes(stage.inputs), " -> ", shapes(stage.outputs));
}

std::string TableText(const std::vector<int64_t>& values, int indent) { return StructuresText(values, "$", indent); }

std::string StructuresText(const std::vector<int64_t>& values, const std::string& structure, int indent) {
  const std::string margin(static_cast<size_t>(indent), ' ');
  std::string text, line = margin;
  for (size_t next = 0; next < values.size();) {
    std::string item;
    for (const char character : structure) {
      if (character == '$') {
        absl::StrAppend(&item, values[next++]);
      } else {
        item += character;
      }
    }
    item += ',';
    if (line.size() + item.size() > 118) {
      absl::StrAppend(&text, line, "\n");
      line = margin;
    }
    if (line.size() > margin.size()) line += ' ';
    line += item;
  }
  return absl::StrCat(text, line, "\n");
}

}  // namespace mote::compiler
