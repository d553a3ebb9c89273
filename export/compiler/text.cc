#include "export/compiler/text.h"

#include <cctype>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace mote::compiler {
namespace {

constexpr size_t kColumns = 120;

// Where a line that begins at `begin` and has room up to `end` is broken: behind a comma, or 0. A comma further in is
// taken only where those further out leave most of the line empty.
size_t CommaBefore(const std::string& text, size_t begin, size_t end) {
  size_t at = 0;
  int depth = 0, least = 0;
  bool in_string = false;
  for (size_t i = begin; i + 1 < end; ++i) {
    const char c = text[i];
    if (c == '"' && (i == begin || text[i - 1] != '\\')) in_string = !in_string;
    if (in_string) continue;
    if (c == '(' || c == '{' || c == '<') ++depth;
    if (c == ')' || c == '}' || c == '>') --depth;
    if (c != ',' || text[i + 1] != ' ') continue;
    const bool is_better = at == 0 || depth <= least || at - begin < (end - begin) / 3;
    if (is_better) at = i + 1, least = depth;
  }
  return at;
}

std::string Broken(const std::string& line) {
  const size_t margin = line.find_first_not_of(' ');
  const std::string begin = line.substr(0, margin);
  const bool is_comment = absl::StartsWith(line.substr(margin), "//") || absl::StartsWith(line, " * ");
  if (const size_t comment = line.find(";  // "); !is_comment && comment != std::string::npos) {
    return WithoutWideLines(absl::StrCat(begin, line.substr(comment + 3), "\n", line.substr(0, comment + 1)));
  }
  const std::string next = is_comment ? absl::StrCat(begin, line.substr(margin, 2)) : begin + "    ";
  std::string result, rest = line;
  while (rest.size() > kColumns) {
    const size_t end = kColumns + 1;
    size_t at = is_comment ? rest.rfind(' ', kColumns) : CommaBefore(rest, 0, end);
    if (at == 0 && rest.rfind(" = ", kColumns) != std::string::npos) at = rest.rfind(" = ", kColumns) + 2;
    if (at == std::string::npos || at <= next.size()) break;
    absl::StrAppend(&result, rest.substr(0, at), "\n");
    rest = absl::StrCat(next, rest.substr(is_comment ? at + (next.back() == ' ' ? 1 : 0) : at + 1));
  }
  return result + rest;
}

}  // namespace

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

std::string WithoutWideLines(const std::string& text) {
  std::string result;
  for (const absl::string_view line : absl::StrSplit(absl::StripSuffix(text, "\n"), '\n')) {
    absl::StrAppend(&result, line.size() <= kColumns ? std::string(line) : Broken(std::string(line)), "\n");
  }
  return result;
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
