// The source of a compiled model, and its constants.
#include <algorithm>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "export/compiler/call_text.h"
#include "export/compiler/compact_order.h"
#include "export/compiler/emit_parts.h"
#include "export/compiler/emit_selftest.h"
#include "export/compiler/layer_text.h"
#include "export/compiler/one_run.h"
#include "export/compiler/order_table.h"

namespace mote::compiler {
namespace {

// The begin of a function for several layers, up to the type of its parameters.
constexpr char kParams[] = "  const ";

constexpr char kUsingDevice[] = "using namespace mote::device;  // NOLINT: kernels' functions as template arguments\n";

// The first line of each layer's function: see mcu_runtime/compiled/writes_memory.h.
constexpr char kWritesMemory[] = "  mote::compiled::WritesMemory();\n";

class SourceWriter {
 public:
  SourceWriter(const Network& network, const Plan& plan, const EmitOptions& options)
      : network_(network), plan_(plan), options_(options), streamed_(plan.is_streamed()) {}

  SourceTexts Write() {
    AddHeader("mcu_runtime/compiled/rows.h");
    AddHeader("mcu_runtime/compiled/writes_memory.h");
    std::string body;
    if (streamed_ || plan_.by_rows || options_.golden) {  // a self-test takes layers row by row too
      for (size_t i = 0; i < plan_.stages.size(); ++i) AddStage(static_cast<int>(i));
      body = plan_.by_rows ? FedInvoke()
             : streamed_   ? StreamedInvoke()
                           : absl::StrCat(InvokeHead(), LayerByLayer(nullptr), "}\n");
    } else {
      AddLayers();
      body = PlainInvoke();
    }
    if (options_.golden) absl::StrAppend(&body, SelfTest());
    if (network_.stream) absl::StrAppend(&body, StreamFunctions(network_, plan_, options_));
    if (plan_.state_bytes != 0 && !network_.stream) {
      const std::vector<uint8_t>& state = network_.model.initial_state;
      AddConstant("kInitialState", "uint8_t", 4, {state.begin(), state.end()});
    }
    const std::string places = Places();
    SourceTexts texts;
    texts.headers = headers_;
    texts.constants = Constants();
    texts.source = absl::StrCat(Head(), "namespace {\n\n", UsesRecordedCalls() ? kUsingDevice : "", Using(places),
                                FeedPlace(), places, layers_, "}  // namespace\n\n", Tail(), body);
    return texts;
  }

 private:
  void AddHeader(const std::string& header) {
    if (std::find(headers_.begin(), headers_.end(), header) == headers_.end()) headers_.push_back(header);
  }

  // Of the names in rows.h.
  std::string Using(const std::string& places) const {
    std::string text;
    if (absl::StrContains(layers_, "Number(")) absl::StrAppend(&text, "using mote::compiled::Number;\n");
    if (!places.empty()) absl::StrAppend(&text, "using mote::compiled::Rows;\n");
    return text.empty() ? text : text + "\n";
  }

  bool UsesRecordedCalls() const {
    return std::any_of(plan_.stages.begin(), plan_.stages.end(),
                       [](const Stage& stage) { return stage.use.form == KernelForm::kWhole; });
  }

  std::string Head() const {
    std::vector<std::string> sorted = headers_;
    std::sort(sorted.begin(), sorted.end());
    std::string text =
        absl::StrCat("// The layers of ", options_.model_name, " in order, for ", plan_.target.core.name, ". Made by ",
                     options_.tool, "; do not edit.\n#include \"", options_.name, ".h\"\n\n");
    for (const std::string& header : sorted) absl::StrAppend(&text, "#include \"", header, "\"\n");
    return absl::StrCat(text, "#include \"", options_.name, "_constants.h\"\n\n");
  }

  std::string Constants() const {
    return absl::StrCat("// The constants of ", options_.model_name, ". Made by ", options_.tool,
                        "; do not edit.\n#include <stdint.h>\n\nnamespace {\n\n", constants_, "}  // namespace\n");
  }

  void AddConstant(const std::string& name, const std::string& element, int alignment,
                   const std::vector<int64_t>& values, const std::string& structure = "") {
    const std::string text = structure.empty() ? TableText(values, 4) : StructuresText(values, structure, 4);
    const size_t fields = structure.empty() ? 1 : std::count(structure.begin(), structure.end(), '$');
    absl::StrAppend(&constants_, "alignas(", alignment, ") constexpr ", element, " ", name, "[", values.size() / fields,
                    "] = {\n", text, "};\n\n");
  }

  // Buffers that row kernels address.
  std::string Places() {
    std::string text =
        "// Rows of tensors in the arena: {offset, bytes from a row to the next, rows held, the first row's place}.\n";
    bool any = false;
    for (size_t b = 0; b < plan_.buffers.size(); ++b) {
      if (std::find(addressed_.begin(), addressed_.end(), static_cast<int>(b)) == addressed_.end()) continue;
      any = true;
      absl::StrAppend(&text, PlaceText(static_cast<int>(b)), "  // ",
                      ShapeText(network_.tensors[plan_.buffers[b].tensor]), ", ", plan_.buffers[b].layout.kind, "\n");
    }
    return any ? text + "\n" : "";
  }

  std::string PlaceText(int buffer) {
    const TensorPlace& place = plan_.schedule.tensors[buffer];
    if (place.row_offsets.empty()) {
      return absl::StrCat("constexpr Rows ", RowsName(buffer), " = {", PlaceOf(plan_, buffer), ", ",
                          plan_.buffers[buffer].layout.row_bytes, ", ", place.capacity, ", ", place.first_slot, "};");
    }
    const bool wide = plan_.arena_bytes > 65536;
    const std::string type = wide ? "uint32_t" : "uint16_t", table = absl::StrCat(RowsName(buffer), "Offsets");
    AddConstant(table, type, wide ? 4 : 2, place.row_offsets);
    return absl::StrCat("constexpr mote::compiled::ScatteredRows<", type, "> ", RowsName(buffer), " = {", table, "};");
  }

  std::string RowsName(int buffer) const { return absl::StrCat("k", Capitalized(plan_.buffers[buffer].name)); }

  std::string RowsOf(int buffer) {
    if (std::find(addressed_.begin(), addressed_.end(), buffer) == addressed_.end()) addressed_.push_back(buffer);
    return RowsName(buffer);
  }

  int WidthOf(int buffer) const { return network_.tensors[plan_.buffers[buffer].tensor].width; }

  void AddStage(int index) {
    const Stage& stage = plan_.stages[index];
    const std::string k = absl::StrCat("kLayer", index);
    absl::StrAppend(&layers_, "// ", index, ": ", StageText(network_, plan_, stage), "; ", stage.use.variant, "\n");
    if (stage.use.form == KernelForm::kWhole) {
      const std::string calls = RecordedCalls(index, stage);
      absl::StrAppend(&layers_, "void Layer", index, "(uint8_t* arena, int32_t) {\n", kWritesMemory, calls, "}\n\n");
      return;
    }
    if (stage.use.form == KernelForm::kFeed) return AddFeed(index, stage);
    const std::string params = Parameters(index, stage);
    absl::StrAppend(&layers_, "constexpr ", stage.use.params_type, " ", k, " = ", params, ";\n");
    const bool in_runs = stage.use.form == KernelForm::kPixels;
    std::string body = RowPadding(stage);
    const std::string scratch =
        stage.use.scratch_bytes == 0 ? "" : absl::StrCat(", arena + ", plan_.schedule.scratch_offset[index]);
    const std::string output = absl::StrCat(RowsOf(stage.outputs[0]), ".At(arena, y)");
    switch (stage.use.form) {
      case KernelForm::kWindow:
        AddWindow(index, stage, output, scratch, &body);
        break;
      case KernelForm::kPixels:
        absl::StrAppend(&body, "  const uint8_t* inputs[] = {",
                        absl::StrJoin(stage.inputs, ", ",
                                      [this](std::string* out, int input) {
                                        absl::StrAppend(out, RowsOf(input), ".At(arena, y)");
                                      }),
                        "};\n  ", stage.use.function, "(", k, ", inputs, ", "rows * ", WidthOf(stage.outputs[0]), ", ",
                        output, scratch, ");\n");
        break;
      case KernelForm::kVector:
        absl::StrAppend(&body, "  ", stage.use.function, "(", k, ", ", RowsOf(stage.inputs[0]), ".At(arena, 0), ",
                        RowsOf(stage.outputs[0]), ".At(arena, 0)", scratch, ");\n");
        break;
      default:
        absl::StrAppend(
            &body, "  ", stage.use.function, "(", k, ", y, ", RowsOf(stage.inputs[0]), ".At(arena, y)",
            stage.use.state_bytes == 0 ? ", nullptr" : absl::StrCat(", arena + ", plan_.schedule.state_offset[index]),
            ", ", RowsOf(stage.outputs[0]), ".At(arena, 0));\n");
    }
    AddPadding(stage, &body);
    absl::StrAppend(&layers_, "void Layer", index, "(uint8_t* arena, int32_t",
                    stage.use.form == KernelForm::kVector ? "" : " y", in_runs ? ", int32_t rows" : "", ") {\n",
                    kWritesMemory, body, "}\n\n");
  }

  // The initializer of the kernel's parameters, with the layer's constants.
  std::string Parameters(int index, const Stage& stage) {
    AddHeader(stage.use.header);
    for (const std::string& header : stage.use.more_headers) AddHeader(header);
    std::string params = stage.use.params;
    for (const Constant& constant : stage.use.constants) {
      const std::string name = ConstantName(index, constant);
      AddConstant(name, constant.element, constant.alignment, constant.values, constant.structure);
      params = absl::StrReplaceAll(params, {{absl::StrCat("$", constant.name), name}});
    }
    return params;
  }

  static std::string ConstantName(int index, const Constant& constant) {
    return absl::StrCat("kLayer", index, Capitalized(constant.name));
  }

  // A row that the caller gives: PushRow (mcu_runtime/compiled/order.h) leaves word of where it is.
  void AddFeed(int index, const Stage& stage) {
    const RowLayout& layout = plan_.buffers[stage.outputs[0]].layout;
    absl::StrAppend(&layers_, "void Layer", index, "(uint8_t* arena, int32_t y) {\n", kWritesMemory,
                    "  __builtin_memcpy(", RowsOf(stage.outputs[0]), ".At(arena, y), FeedOf(arena)->row, ",
                    layout.row_bytes, ");\n}\n\n");
  }

  // Output row y reads input row y alone.
  static bool IsRowByRow(const Axis& v) { return v.filter == 1 && v.stride == 1 && v.padding == 0; }

  void AddWindow(int index, const Stage& stage, const std::string& output, const std::string& scratch,
                 std::string* body) {
    const Axis& v = stage.vertical;
    const std::string input = RowsOf(stage.inputs[0]);
    const std::string k = absl::StrCat("kLayer", index);
    if (IsRowByRow(v)) {
      absl::StrAppend(body, "  const uint8_t* rows[] = {", input, ".At(arena, y)};\n");
    } else {
      absl::StrAppend(&layers_, WindowText(k + "Window", v));
      absl::StrAppend(body, "  const uint8_t* rows[", v.filter, "];\n  FindRows(", input, ", ", k, "Window, arena, y, ",
                      OutsideRow(stage), ", rows);\n");
    }
    absl::StrAppend(body, "  ", stage.use.function, "(", k, ", rows, ", output, scratch, ");\n");
  }

  static std::string WindowText(const std::string& name, const Axis& v) {
    return absl::StrCat("constexpr mote::compiled::RowWindow ", name, " = {/*filter=*/", v.filter, ", /*stride=*/",
                        v.stride, ", /*dilation=*/", v.dilation, ", /*padding=*/", v.padding, ", /*height=*/", v.input,
                        "};\n");
  }

  // The row above and below the image: one for all layers with rows of the same kind, as long as the longest of them.
  std::string OutsideRow(const Stage& stage) {
    const Axis& v = stage.vertical;
    const bool meets = v.padding > 0 || (v.output - 1) * v.stride - v.padding + (v.filter - 1) * v.dilation >= v.input;
    if (!meets || stage.use.takes_null_rows) return "nullptr";
    const RowLayout& layout = plan_.buffers[stage.inputs[0]].layout;
    const int value = OutsideValue(stage);
    const std::string name =
        absl::StrCat("kOutside", 8 * layout.element_bytes, "Of", value < 0 ? "Minus" : "", std::abs(value));
    if (std::find(outside_.begin(), outside_.end(), name) == outside_.end()) {
      outside_.push_back(name);
      int64_t longest = 0;
      for (const Stage& other : plan_.stages) {
        if (other.use.form != KernelForm::kWindow) continue;
        const RowLayout& rows = plan_.buffers[other.inputs[0]].layout;
        if (rows.element_bytes == layout.element_bytes && OutsideValue(other) == value) {
          longest = std::max(longest, rows.row_bytes);
        }
      }
      AddConstant(name, layout.element_bytes == 1 ? "uint8_t" : "int16_t", 16,
                  std::vector<int64_t>(static_cast<size_t>(longest / layout.element_bytes),
                                       layout.element_bytes == 1 ? value & 255 : value));
    }
    return layout.element_bytes == 1 ? name : absl::StrCat("reinterpret_cast<const uint8_t*>(", name, ")");
  }

  int OutsideValue(const Stage& stage) const {
    return stage.use.outside_value.value_or(plan_.buffers[stage.inputs[0]].layout.padding_value);
  }

  bool HasPaddingToFill(const Stage& stage, bool is_pixels) const {
    const RowLayout& layout = plan_.buffers[stage.outputs[0]].layout;
    return !stage.use.writes_padding && (layout.left != 0 || layout.right != 0) && layout.is_pixels == is_pixels;
  }

  // Where padding stands between the row's elements, the whole row is filled before the kernel runs.
  std::string RowPadding(const Stage& stage) {
    const auto [before, after] = RowPaddingAt(stage);
    return before.empty() ? "" : absl::StrCat("  ", before, RowsOf(stage.outputs[0]), ".At(arena, y)", after);
  }

  // What stands before and behind the row's address.
  std::pair<std::string, std::string> RowPaddingAt(const Stage& stage) const {
    if (!HasPaddingToFill(stage, false)) return {};
    const RowLayout& layout = plan_.buffers[stage.outputs[0]].layout;
    const uint32_t word = layout.element_bytes == 1 ? 0x01010101u * (layout.padding_value & 255)
                                                    : 0x00010001u * (layout.padding_value & 65535);
    return {"mote::compiled::FillRow(", absl::StrCat(", ", layout.row_bytes, ", 0x", absl::Hex(word), "u);\n")};
  }

  void AddPadding(const Stage& stage, std::string* body) {
    const auto [before, after] = EndPaddingAt(stage);
    if (!before.empty()) {
      absl::StrAppend(body, "  ", before, RowsOf(stage.outputs[0]), ".At(arena, y)", after);
    }
  }

  std::pair<std::string, std::string> EndPaddingAt(const Stage& stage) const {
    if (!HasPaddingToFill(stage, true)) return {};
    const RowLayout& layout = plan_.buffers[stage.outputs[0]].layout;
    const Tensor& tensor = network_.tensors[plan_.buffers[stage.outputs[0]].tensor];
    const std::string type = layout.element_bytes == 1 ? "uint8_t" : "int16_t";
    return {absl::StrCat("mote::compiled::FillEnds<", type, ">(reinterpret_cast<", type, "*>("),
            absl::StrCat("), ", layout.left * tensor.channels, ", ", tensor.width * tensor.channels, ", ",
                         layout.right * tensor.channels, ", ",
                         layout.element_bytes == 1 ? layout.padding_value & 255 : layout.padding_value, ");\n")};
  }

  // The recorded calls of a layer.
  std::string RecordedCalls(int index, const Stage& stage) {
    const Layer& layer = network_.layers[stage.layer];
    std::string body;
    int number = 0;
    for (const KernelCall& call : layer.recorded->calls) {
      for (const std::string& header : HeadersOf(call)) AddHeader(header);
      const std::string prefix = absl::StrCat("kLayer", index, layer.recorded->calls.size() == 1 ? "" : "Call",
                                              layer.recorded->calls.size() == 1 ? "" : absl::StrCat(number));
      ++number;
      const CallText text = TextOf(
          call, prefix, network_.model,
          [&](const Argument& argument) {
            return argument.place == Argument::Place::kScratch
                       ? absl::StrCat("arena + ", plan_.schedule.scratch_offset[index] + argument.offset)
                       : absl::StrCat("arena + ", PlaceOfFileTensor(argument.tensor) + argument.offset);
          },
          &constant_names_);
      absl::StrAppend(&constants_, text.constants);
      absl::StrAppend(&layers_, text.parameters);
      absl::StrAppend(&body, "  ", text.call, "\n");
    }
    return body;
  }

  int64_t PlaceOfFileTensor(int file_tensor) const {
    for (size_t b = 0; b < plan_.buffers.size(); ++b) {
      const Tensor& tensor = network_.tensors[plan_.buffers[b].tensor];
      if (network_.tensor_of_file[file_tensor] == tensor.index && plan_.buffers[b].layout == Nhwc8(tensor)) {
        return PlaceOf(plan_, static_cast<int>(b));
      }
    }
    return 0;
  }

  std::string Tail() const {
    std::string text;
    if (!options_.class_names.empty()) {
      absl::StrAppend(&text, "const char* const ", options_.name, "_class_names[] = {",
                      absl::StrJoin(options_.class_names, ", ",
                                    [](std::string* out, const std::string& name) {
                                      absl::StrAppend(out, "\"", CStringText(name), "\"");
                                    }),
                      "};\n\n");
    }
    if (options_.hook) {
      absl::StrAppend(&text, "void (*", options_.name, "_hook)(void* context, int32_t layer) = nullptr;\nvoid* ",
                      options_.name, "_hook_context = nullptr;\n\n");
    }
    if (plan_.state_bytes != 0 && !network_.stream) {
      absl::StrAppend(&text, "void ", options_.name, "_reset(void* arena) {\n  __builtin_memcpy(arena, kInitialState, ",
                      plan_.state_bytes, ");\n}\n\n");
    }
    return text;
  }

  std::string Hook(const std::string& layer) const {
    return options_.hook ? absl::StrCat("if (", options_.name, "_hook) ", options_.name, "_hook(", options_.name,
                                        "_hook_context, ", layer, ");")
                         : "";
  }

  std::string InvokeHead() const {
    if (network_.stream) return "static void RunFrame(uint8_t* arena) {\n";
    return absl::StrCat("void ", options_.name,
                        "_invoke(void* memory) {\n  uint8_t* arena = static_cast<uint8_t*>(memory);\n");
  }

  // Layers of a model that runs one after the other, which differ in numbers and constants alone: one function.
  struct LayerGroup {
    std::vector<int> stages;  // in the order in which they run
    std::vector<LayerText> texts;
    bool takes_layer = false;  // the function is given what differs
  };

  static std::string NameOf(const LayerGroup& group) {
    return absl::StrCat(group.takes_layer ? "Layers" : "Layer", group.stages[0]);
  }

  void AddLayers() {
    for (const Step& step : plan_.schedule.steps) {
      if (step.index == 0) AddToGroup(step.layer);  // all steps of a stage follow its first one
    }
    for (LayerGroup& group : groups_) AddGroup(&group);
  }

  void AddToGroup(int index) {
    LayerText text = AllRows(index, plan_.stages[index]);
    if (options_.hook) AddHook(index, &text);
    size_t g = 0;
    while (g < groups_.size() && !groups_[g].texts[0].IsLike(text)) ++g;
    if (g == groups_.size()) groups_.emplace_back();
    groups_[g].stages.push_back(index);
    groups_[g].texts.push_back(std::move(text));
    group_steps_.push_back({static_cast<int>(g), static_cast<int>(groups_[g].stages.size()) - 1});
  }

  void AddGroup(LayerGroup* group) {
    std::vector<const LayerText*> texts;
    for (const LayerText& text : group->texts) texts.push_back(&text);
    const SharedLayerText shared = Share(texts);
    group->takes_layer = !shared.fields.empty();
    const std::string name = NameOf(*group), variant = plan_.stages[group->stages[0]].use.variant;
    const auto comment = [this](int index) {
      return absl::StrCat("// ", index, ": ", StageText(network_, plan_, plan_.stages[index]));
    };
    if (group->takes_layer) {
      absl::StrAppend(&layers_, "// Layers ", absl::StrJoin(group->stages, ", "), ": ", variant,
                      ". What they differ in; numbers that are the same in each layer are one field.\nstruct ", name,
                      " {\n", shared.fields, "};\nconstexpr ", name, " k", name, "[] = {\n");
      for (size_t i = 0; i < group->stages.size(); ++i) {
        absl::StrAppend(&layers_, "    ", comment(group->stages[i]), "\n    ", shared.initializers[i], ",\n");
      }
      absl::StrAppend(&layers_, "};\nvoid Run", name, "(uint8_t* arena, const ", name, "& layer) {\n");
    } else {
      for (const int index : group->stages) absl::StrAppend(&layers_, comment(index), "; ", variant, "\n");
      absl::StrAppend(&layers_, "void ", name, "(uint8_t* arena) {\n");
    }
    layers_ += kWritesMemory;
    // Parameters that are the same for all layers stand in flash.
    const bool is_constant = plan_.stages[group->stages[0]].use.form != KernelForm::kWhole &&
                             !absl::StrContains(shared.body.substr(0, shared.body.find(";\n")), "layer.");
    absl::StrAppend(&layers_, is_constant ? "  static constexpr " : "",
                    is_constant ? shared.body.substr(sizeof kParams - 1) : shared.body, "}\n\n");
  }

  // Rows that one call of a stage's kernel computes: all, or one.
  int RowsOfACall(int index) const {
    const Stage& stage = plan_.stages[index];
    const bool is_one_run = stage.use.form == KernelForm::kPixels && AreOneRun(network_, plan_, stage);
    return is_one_run ? plan_.rows.layers[index].steps : 1;
  }

  // A layer's function: all of its rows.
  LayerText AllRows(int index, const Stage& stage) {
    LayerText text;
    if (stage.use.form == KernelForm::kWhole) {
      text.Add(RecordedCalls(index, stage));
      return text;
    }
    std::vector<LayerText::NamedConstant> constants;
    for (const Constant& constant : stage.use.constants) {
      constants.push_back({constant.name, ConstantName(index, constant), constant.element});
    }
    text.Add(absl::StrCat(kParams, stage.use.params_type, " params = "));
    text.AddInitializer(Parameters(index, stage), constants);
    text.Add(";\n");
    const int a_call = RowsOfACall(index), rows = plan_.rows.layers[index].steps / a_call;
    const bool is_window = stage.use.form == KernelForm::kWindow && !IsRowByRow(stage.vertical);
    if (is_window) AddInputRows(index, stage, &text);
    if (rows > 1) {
      text.Add("  for (int32_t y = 0; y < ");
      text.AddNumber("rows", rows);
      text.Add("; ++y) {\n");
    }
    const std::string margin = rows > 1 ? "    " : "  ";
    const auto add_padding = [&](const std::pair<std::string, std::string>& padding) {
      if (padding.first.empty()) return;
      text.Add(margin + padding.first);
      AddRow(stage.outputs[0], rows > 1, "output", &text);
      text.Add(padding.second);
    };
    add_padding(RowPaddingAt(stage));
    if (is_window) {
      AddFoundRows(index, stage, rows > 1, margin, &text);
    } else if (stage.use.form == KernelForm::kWindow || stage.use.form == KernelForm::kPixels) {
      text.Add(margin + "const uint8_t* inputs[] = {");
      for (size_t i = 0; i < stage.inputs.size(); ++i) {
        if (i != 0) text.Add(", ");
        AddRow(stage.inputs[i], rows > 1, "input", &text);
      }
      text.Add("};\n");
    }
    text.Add(absl::StrCat(margin, stage.use.function, "(params, "));
    if (stage.use.form == KernelForm::kFold) text.Add(rows > 1 ? "y, " : "0, ");
    if (stage.use.form == KernelForm::kWindow || stage.use.form == KernelForm::kPixels) {
      text.Add(is_window ? "window, " : "inputs, ");
    } else {
      AddRow(stage.inputs[0], rows > 1, "input", &text);
      text.Add(", ");
    }
    if (stage.use.form == KernelForm::kPixels) {
      text.AddNumber("pixels", int64_t{a_call} * WidthOf(stage.outputs[0]));
      text.Add(", ");
    }
    if (stage.use.form == KernelForm::kFold) {
      if (stage.use.state_bytes == 0) {
        text.Add("nullptr");
      } else {
        text.AddPlace("state", plan_.schedule.state_offset[index]);
      }
      text.Add(", ");
    }
    AddRow(stage.outputs[0], rows > 1 && stage.use.form != KernelForm::kFold, "output", &text);
    if (stage.use.scratch_bytes != 0) {
      text.Add(", ");
      text.AddPlace("scratch", plan_.schedule.scratch_offset[index]);
    }
    text.Add(");\n");
    add_padding(EndPaddingAt(stage));
    if (rows > 1) text.Add("  }\n");
    return text;
  }

  void AddHook(int index, LayerText* text) const {
    const std::string hook = Hook("@");
    const size_t at = hook.find('@');
    text->Add("  " + hook.substr(0, at));
    text->AddNumber("index", index);
    text->Add(hook.substr(at + 1) + "\n");
  }

  // Whether all rows of a buffer stand one after the other.
  bool IsWhole(int buffer) const {
    const TensorPlace& place = plan_.schedule.tensors[buffer];
    return place.row_offsets.empty() && place.first_slot == 0 && place.capacity == plan_.rows.tensors[buffer].rows;
  }

  // The address of row y, or of row 0.
  void AddRow(int buffer, bool is_row_y, const std::string& name, LayerText* text) {
    if (!IsWhole(buffer)) return text->Add(absl::StrCat(RowsOf(buffer), ".At(arena, ", is_row_y ? "y" : "0", ")"));
    text->AddPlace(name, PlaceOf(plan_, buffer));
    if (!is_row_y) return;
    text->Add(" + y * ");
    text->AddNumber(name + "_row_bytes", plan_.buffers[buffer].layout.row_bytes);
  }

  void AddInputRows(int index, const Stage& stage, LayerText* text) {
    const Axis& v = stage.vertical;
    if (!IsWhole(stage.inputs[0]))
      return text->Add("  static " + WindowText(absl::StrCat("kLayer", index, "Window"), v));
    text->Add("  const mote::compiled::WholeRows input = {");
    text->AddPlace("input", PlaceOf(plan_, stage.inputs[0]));
    text->Add(", /*row_bytes=*/");
    text->AddNumber("input_row_bytes", plan_.buffers[stage.inputs[0]].layout.row_bytes);
    text->Add(", /*height=*/");
    text->AddNumber("height", v.input);
    text->Add(absl::StrCat(", ", OutsideRow(stage), "};\n"));
  }

  void AddFoundRows(int index, const Stage& stage, bool is_row_y, const std::string& margin, LayerText* text) {
    const Axis& v = stage.vertical;
    text->Add(margin + "const uint8_t* window[");
    text->AddLength(v.filter);
    text->Add(absl::StrCat("];\n", margin, "FindRows("));
    if (!IsWhole(stage.inputs[0])) {
      return text->Add(absl::StrCat(RowsOf(stage.inputs[0]), ", kLayer", index, "Window, arena, ", is_row_y ? "y" : "0",
                                    ", ", OutsideRow(stage), ", window);\n"));
    }
    text->Add("input, ");
    if (is_row_y) {
      text->Add("y * /*stride=*/");
      text->AddNumber("stride", v.stride);
      text->Add(" - /*padding=*/");
    } else {
      text->Add("-/*padding=*/");
    }
    text->AddNumber("padding", v.padding);
    text->Add(", /*dilation=*/");
    text->AddNumber("dilation", v.dilation);
    text->Add(", /*filter=*/");
    text->AddNumber("filter", v.filter);
    text->Add(", window);\n");
  }

  std::string PlainInvoke() {
    std::string text = InvokeHead();
    for (const LayerGroup& group : groups_) {
      if (!group.takes_layer) continue;
      absl::StrAppend(&text, "  const ", NameOf(group), "* layers", group.stages[0], " = k", NameOf(group), ";\n");
    }
    AddCalls(CompactOrder(group_steps_), "  ", &text);
    return absl::StrCat(text, "}\n");
  }

  // Each layer's steps, one layer after the other; with a self-test, its sums behind each step.
  std::string LayerByLayer(const SelfTestWriter* test) {
    std::string text;
    const std::string indent = test == nullptr ? "  " : "    ";
    for (const Step& step : plan_.schedule.steps) {
      if (step.index != 0) continue;  // all steps of a stage follow its first one
      const int i = step.layer;
      const Stage& stage = plan_.stages[i];
      const int steps = plan_.rows.layers[i].steps;
      const std::string call = absl::StrCat("Layer", i, "(arena, ");
      const std::string sum = test == nullptr ? "" : test->SumCall(i, steps == 1 ? "0" : "y");
      const std::string every_row = absl::StrCat("for (int32_t y = 0; y < ", steps, "; ++y) ");
      const int a_call = RowsOfACall(i);
      const std::string one = stage.use.form == KernelForm::kPixels ? absl::StrCat(", ", a_call, ");") : ");";
      if (a_call == steps) {
        absl::StrAppend(&text, indent, call, "0", one, "\n");
        if (!sum.empty()) absl::StrAppend(&text, indent, steps == 1 ? "" : every_row, sum, "\n");
      } else if (sum.empty()) {
        absl::StrAppend(&text, indent, every_row, call, "y", one, "\n");
      } else {
        absl::StrAppend(&text, indent, every_row, "{\n", indent, "  ", call, "y", one, "\n", indent, "  ", sum, "\n",
                        indent, "}\n");
      }
      if (options_.hook && test == nullptr) absl::StrAppend(&text, indent, Hook(absl::StrCat(i)), "\n");
    }
    return text;
  }

  // NAME_selftest, and its golden data among the constants.
  std::string SelfTest() {
    AddHeader("mcu_runtime/compiled/selftest.h");
    const SelfTestWriter test(network_, plan_, options_, [this](int buffer) { return RowsOf(buffer); });
    if (!plan_.stages.empty()) AddConstant("kGoldenChecksums", "uint32_t", 4, test.Checksums());
    if (const std::vector<int64_t> inputs = test.Inputs(); !inputs.empty()) {
      AddConstant("kGoldenInputs", "uint8_t", 4, inputs);
    }
    const bool in_order = plan_.by_rows || streamed_;
    return absl::StrCat("\nnamespace {\n\n", test.Sums(), "}  // namespace\n",
                        test.Function(in_order ? test.StreamedSteps(order_numbers_) : LayerByLayer(&test)));
  }

  void AddCalls(const std::vector<OrderLoop>& loops, const std::string& margin, std::string* text) const {
    const auto add_loop = [&](int count) {
      const std::string i = absl::StrCat("i", margin.size() / 2);  // of its own where loops stand in loops
      absl::StrAppend(text, margin, "for (int32_t ", i, " = 0; ", i, " < ", count, "; ++", i, ") {\n");
    };
    for (const OrderLoop& loop : loops) {
      const bool is_loop = loop.count > 1;
      const std::string inner = is_loop ? margin + "  " : margin;
      if (is_loop) add_loop(loop.count);
      if (loop.layer < 0) {
        AddCalls(loop.body, inner, text);
      } else {
        AddCall(groups_[loop.layer], inner, text);
      }
      if (is_loop) absl::StrAppend(text, margin, "}\n");
    }
  }

  void AddCall(const LayerGroup& group, const std::string& margin, std::string* text) const {
    const std::string layer = absl::StrCat("layers", group.stages[0]);
    if (group.takes_layer) {
      absl::StrAppend(text, margin, "Run", NameOf(group), "(arena, *", layer, "++);\n");
    } else {
      absl::StrAppend(text, margin, NameOf(group), "(arena);\n");
    }
  }

  std::string StreamedInvoke() {
    AddOrder(TableOfOrder(plan_));
    return absl::StrCat(Steps(), InvokeHead(), "  int16_t rows[", plan_.stages.size(),
                        "] = {};\n  mote::compiled::RunOrder(kOrder, ", order_numbers_, ", kSteps, rows, arena",
                        options_.hook ? absl::StrCat(", [](int32_t layer) { ", Hook("layer"), " }") : "", ");\n}\n");
  }

  void AddOrder(const OrderTable& order) {
    AddHeader("mcu_runtime/compiled/order.h");
    order_numbers_ = static_cast<int64_t>(order.numbers.size());
    AddConstant("kOrder", order.element, 2, order.numbers);
  }

  std::string Steps() const {
    std::string steps;
    for (size_t i = 0; i < plan_.stages.size(); ++i) {
      const bool in_runs = plan_.stages[i].use.form == KernelForm::kPixels;
      absl::StrAppend(&steps, "    ",
                      in_runs ? absl::StrCat("[](uint8_t* arena, int32_t y) { Layer", i, "(arena, y, 1); }")
                              : absl::StrCat("Layer", i),
                      ",\n");
    }
    return absl::StrCat(
        "// Rows run through the layers as the order says: a row is made when the row that needs it is.\n"
        "namespace {\nconstexpr mote::compiled::StepFunction kSteps[] = {\n",
        steps, "};\n}  // namespace\n\n");
  }

  // What is kept from one row that is given to the next: behind all rows in the arena.
  std::string FeedPlace() const {
    if (!plan_.by_rows) return "";
    return absl::StrCat("using Feed = mote::compiled::Feed<", plan_.stages.size(),
                        ">;\nstatic_assert(sizeof(Feed) <= ", plan_.feed_bytes,
                        ");\n\nFeed* FeedOf(uint8_t* arena) { return reinterpret_cast<Feed*>(arena + ",
                        plan_.feed_offset, "); }\n\n");
  }

  std::string FedInvoke() {
    AddOrder(TableOfFedOrder(plan_));
    const std::string hook =
        options_.hook ? absl::StrCat(", [](int32_t layer) { ", Hook("layer"), " }") : std::string();
    return absl::StrCat(
        Steps(), "void ", options_.name, "_begin(void* arena) {\n  mote::compiled::BeginFeed(kOrder, ", order_numbers_,
        ", kSteps, FeedOf(static_cast<uint8_t*>(arena)), static_cast<uint8_t*>(arena)", hook, ");\n}\n\nint ",
        options_.name, "_push_row(void* arena, const void* row) {\n  return mote::compiled::PushRow(kOrder, ",
        order_numbers_, ", kSteps, FeedOf(static_cast<uint8_t*>(arena)), static_cast<uint8_t*>(arena), row", hook,
        ");\n}\n");
  }

  const Network& network_;
  const Plan& plan_;
  const EmitOptions& options_;
  const bool streamed_;
  std::vector<std::string> headers_;
  std::vector<std::string> outside_;
  std::vector<int> addressed_;
  std::vector<LayerGroup> groups_;
  std::vector<Step> group_steps_;  // which group's function is called, its layers in order
  ConstantNames constant_names_;
  std::string constants_;
  std::string layers_;
  int64_t order_numbers_ = 0;  // of kOrder
};

}  // namespace

int64_t PlaceOf(const Plan& plan, int buffer) {
  const int64_t state = plan.buffers[buffer].state_offset;
  return state >= 0 ? state : plan.schedule.tensors[buffer].offset;
}

SourceTexts SourceText(const Network& network, const Plan& plan, const EmitOptions& options) {
  return SourceWriter(network, plan, options).Write();
}

}  // namespace mote::compiler
