#include "export/compiler/harness_text.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "export/compiler/text.h"

namespace mote::compiler {
namespace {

// How many tensors of a role ("INPUT") the header has.
int CountOf(const std::string& header, const std::string& name, const std::string& role) {
  const std::string prefix = absl::StrCat("#define ", Upper(name), "_", role);
  if (absl::StrContains(header, prefix + "_OFFSET ")) return 1;
  int count = 0;
  while (absl::StrContains(header, absl::StrCat(prefix, "_", count, "_OFFSET "))) ++count;
  return count;
}

// Whether the input is given row by row or frame by frame, so that it stands outside of the arena.
bool IsFed(const CompiledModel& model) {
  return model.stream ||
         absl::StrContains(model.files.at(model.name + ".h"), absl::StrCat(Upper(model.name), "_INPUT_ROW_BYTES "));
}

// C++ that gives the frame at `frame`, in the type that the header has.
std::string FrameText(const CompiledModel& model, const std::string& arena, const std::string& frame) {
  const std::string& header = model.files.at(model.name + ".h");
  const std::string key = "_push_frame(void* arena, ";
  const size_t type = header.find(key) + key.size();
  return absl::StrCat("  ", model.name, "_push_frame(", arena, ", reinterpret_cast<",
                      header.substr(type, header.find(" frame)", type) - type), ">(", frame, "));\n");
}

// C++ that gives the rows of the image at `image`.
std::string FeedText(const CompiledModel& model, const std::string& arena, const std::string& image) {
  if (model.stream) return FrameText(model, arena, image);
  const std::string upper = Upper(model.name);
  return absl::StrCat("  ", model.name, "_begin(", arena, ");\n  for (int32_t row = 0; row < ", upper,
                      "_INPUT_ROWS; ++row) {\n    ", model.name, "_push_row(", arena, ", ", image, " + row * ", upper,
                      "_INPUT_ROW_BYTES);\n  }\n");
}

std::string Places(const CompiledModel& model, const std::string& role) {
  if (role == "INPUT" && IsFed(model)) return absl::StrCat("{0, ", Upper(model.name), "_INPUT_BYTES}");
  const int count = CountOf(model.files.at(model.name + ".h"), model.name, role);
  std::string text;
  for (int i = 0; i < count; ++i) {
    const std::string prefix = absl::StrCat(Upper(model.name), "_", role, count == 1 ? "" : absl::StrCat("_", i));
    absl::StrAppend(&text, "{", prefix, "_OFFSET, ", prefix, "_BYTES}, ");
  }
  return text;
}

bool HasHook(const CompiledModel& model) {
  return absl::StrContains(model.files.at(model.name + ".h"), absl::StrCat(model.name, "_hook)("));
}

}  // namespace

std::string CompiledTableText(const std::vector<CompiledModel>& models) {
  std::string includes, places, rows;
  int64_t arena_bytes = 0;
  size_t layers = 1;
  for (const CompiledModel& model : models) {
    const std::string& name = model.name;
    absl::StrAppend(&includes, "#include \"", name, ".h\"\n");
    absl::StrAppend(&places, "const mote::device::TensorPlace ", name, "_inputs[] = {", Places(model, "INPUT"),
                    "};\nconst mote::device::TensorPlace ", name, "_outputs[] = {", Places(model, "OUTPUT"), "};\n");
    const bool fed = IsFed(model);
    if (fed) {
      absl::StrAppend(&places, "alignas(8) uint8_t ", name, "_image[", Upper(name), "_INPUT_BYTES];\nvoid ", name,
                      "_feed(void* arena) {\n", FeedText(model, "arena", name + "_image"), "}\n");
    }
    absl::StrAppend(&rows, "    {", Upper(name), "_ARENA_BYTES, ", fed ? name + "_image" : "nullptr", ", ", name,
                    "_inputs, sizeof ", name, "_inputs / sizeof ", name, "_inputs[0], ", name, "_outputs, sizeof ",
                    name, "_outputs / sizeof ", name, "_outputs[0], ", name, fed ? "_feed, " : "_invoke, ",
                    model.state_bytes == 0 ? "nullptr" : name + "_reset", ", ",
                    HasHook(model) ? absl::StrCat("&", name, "_hook") : "nullptr", ", ", model.layers.size(), ", ",
                    model.stream ? model.stream->frames() - 1 : 0, "},\n");
    arena_bytes = std::max(arena_bytes, model.arena_bytes);
    layers = std::max(layers, model.layers.size());
  }
  return absl::StrCat(
      "#include \"mcu_runtime/device/compiled_models.h\"\n\n", includes, "\nnamespace {\n\n", places,
      "\n}  // namespace\n\nnamespace mote::device {\n\nconst CompiledModel kCompiledModels[] = {\n", rows,
      "};\nconst uint32_t kCompiledModelCount = ", models.size(), ";\nalignas(16) uint8_t compiled_arena[", arena_bytes,
      " + 2 * MOTE_GUARD_BYTES];\nmote_count compiled_layers[", layers, "];\n\n}  // namespace mote::device\n");
}

std::string FirmwareText(const CompiledModel* model) {
  std::string include, calls;
  if (model != nullptr) {
    include = absl::StrCat("#include \"", model->name, ".h\"\n\nextern \"C\" uint8_t mote_arena[];\n");
    if (model->state_bytes != 0) absl::StrAppend(&calls, "  ", model->name, "_reset(mote_arena);\n");
    absl::StrAppend(&calls, IsFed(*model) ? FeedText(*model, "mote_arena", "mote_arena")
                                          : absl::StrCat("  ", model->name, "_invoke(mote_arena);\n"));
  }
  return absl::StrCat("#include \"mcu_runtime/device/start.h\"\n", include,
                      "\nextern \"C\" void SysTick_Handler();\nvoid SysTick_Handler() {}\n\nvoid mote::device::Main() "
                      "{\n",
                      calls, "  for (;;) {\n  }\n}\n");
}

std::vector<std::string> ConstantNames(const std::string& constants_header) {
  std::vector<std::string> names;
  for (const absl::string_view line : absl::StrSplit(constants_header, '\n')) {
    if (!absl::StrContains(line, "constexpr ")) continue;
    const size_t end = line.find_first_of("[{=", line.find("constexpr "));
    if (end == line.npos) continue;
    const size_t last = line.find_last_not_of(' ', end - 1);
    const size_t first = line.find_last_of(' ', last) + 1;
    names.emplace_back(line.substr(first, last - first + 1));
  }
  return names;
}

}  // namespace mote::compiler
