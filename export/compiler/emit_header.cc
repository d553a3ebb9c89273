// The C header of a compiled model.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "export/compiler/emit_parts.h"

namespace mote::compiler {
namespace {

std::string Describe(const Tensor& tensor) {
  std::string text = absl::StrCat(tensor.type, " ", ShapeText(tensor));
  if (tensor.scale != 0) absl::StrAppendFormat(&text, ", real = %.9g * (code - %d)", tensor.scale, tensor.zero_point);
  return text;
}

// Of the only input "INPUT"; of several "INPUT_0", "INPUT_1", ...
std::string Role(const char* role, size_t index, size_t count) {
  return count == 1 ? role : absl::StrCat(role, "_", index);
}

void AddDefinitions(const Network& network, const Plan& plan, const EmitOptions& options, const char* role,
                    const std::vector<int>& buffers, bool has_place, std::string* text) {
  for (size_t i = 0; i < buffers.size(); ++i) {
    const Tensor& tensor = network.tensors[plan.buffers[buffers[i]].tensor];
    const std::string prefix = absl::StrCat(Upper(options.name), "_", Role(role, i, buffers.size()));
    if (has_place) {
      absl::StrAppend(text, "#define ", prefix, "_OFFSET ", PlaceOf(plan, buffers[i]), " /* in the arena */\n");
    }
    absl::StrAppend(text, "#define ", prefix, "_BYTES ", tensor.bytes, "\n");
    if (tensor.scale != 0) {
      absl::StrAppendFormat(text, "#define %s_SCALE %.9gf\n", prefix, tensor.scale);
      absl::StrAppend(
          text, "#define ", prefix, "_ZERO_POINT ",
          tensor.zero_point < 0 ? absl::StrCat("(", tensor.zero_point, ")") : absl::StrCat(tensor.zero_point), "\n");
    }
  }
}

void AddAccess(const Network& network, const Plan& plan, const EmitOptions& options, const char* role,
               const std::vector<int>& buffers, bool is_const, std::string* text) {
  for (size_t i = 0; i < buffers.size(); ++i) {
    const Tensor& tensor = network.tensors[plan.buffers[buffers[i]].tensor];
    const std::string part = Role(role, i, buffers.size());
    const std::string lower = Identifier(part);
    const std::string type = absl::StrCat(is_const ? "const " : "", CType(tensor));
    const std::string byte = is_const ? "const uint8_t" : "uint8_t";
    absl::StrAppend(text, "static inline ", type, "* ", options.name, "_", lower, "(", is_const ? "const " : "",
                    "void* arena) {\n  return (", type, "*)((", byte, "*)arena + ", Upper(options.name), "_", part,
                    "_OFFSET);\n}\n");
  }
}

// How the model is called, for the header's first comment.
std::string Usage(const Network& network, const EmitOptions& options) {
  if (network.stream) {
    return absl::StrCat(" * Call ", options.name, "_reset, then ", options.name,
                        "_push_frame for each frame; where it says 1, read the\n"
                        " * output. All lies in the arena, memory of the caller's, aligned to 16 bytes.");
  }
  return absl::StrCat(" * Write the input, call ", options.name,
                      "_invoke, read the output. Both lie in the arena, memory of the caller's, aligned to 16\n"
                      " * bytes; an inference overwrites the input.");
}

std::string SelfTestDeclaration(const Plan& plan, const EmitOptions& options) {
  const Golden& golden = *options.golden;
  const std::string inputs =
      !golden.is_stored ? absl::StrCat("an input that is drawn (xorshift32 from ", kGoldenSeed, ")")
                        : absl::StrCat(golden.samples, golden.samples == 1 ? " golden input" : " golden inputs",
                                       " of the model's file");
  return absl::StrCat(
      "\n/* Runs ", inputs,
      " and compares the checksum of what each layer\n * computes with the one that "
      "the runtime's interpreter had when the code was made. 0 where all are right, else\n * the number "
      "of the first layer that is not, counted from 1: 1 is layer 0 of the source. Overwrites the "
      "arena",
      plan.state_bytes == 0 ? "" : ",\n * and resets the state before and after", ". */\nint ", options.name,
      "_selftest(void* arena);\n");
}

}  // namespace

std::string CType(const Tensor& tensor) {
  if (tensor.type == "float32") return "float";
  if (tensor.type == "bool") return "uint8_t";
  return tensor.type + "_t";
}

std::string HeaderText(const Network& network, const Plan& plan, const EmitOptions& options) {
  const std::string upper = Upper(options.name);
  std::string text =
      absl::StrCat("/* ", options.name, ", a neural network for ", plan.target.core.name, ", optimized for ",
                   OptimizeName(plan.target.optimize), ". Made by ", options.tool, "; do not edit.\n *\n * From ",
                   options.model_name, ", ", network.model.file.size(), " bytes, SHA-256\n * ", options.hash, "\n *\n");
  for (const int input : plan.inputs) {
    absl::StrAppend(&text, " * input   ", Describe(network.tensors[plan.buffers[input].tensor]), "\n");
  }
  for (const int output : plan.outputs) {
    absl::StrAppend(&text, " * output  ", Describe(network.tensors[plan.buffers[output].tensor]), "\n");
  }
  absl::StrAppend(&text, " *\n", Usage(network, options));
  if (plan.state_bytes != 0 && !network.stream) {
    absl::StrAppend(&text, " The network has state: call ", options.name, "_reset before the first inference.");
  }
  absl::StrAppend(&text, "\n */\n#ifndef MOTE_MODEL_", upper, "_H_\n#define MOTE_MODEL_", upper,
                  "_H_\n\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
  absl::StrAppend(&text, "#define ", upper, "_ARENA_BYTES ", plan.arena_bytes, "\n");
  const bool has_input = !plan.by_rows && !network.stream;
  AddDefinitions(network, plan, options, "INPUT", plan.inputs, has_input, &text);
  AddDefinitions(network, plan, options, "OUTPUT", plan.outputs, true, &text);
  if (!options.class_names.empty()) {
    absl::StrAppend(&text, "#define ", upper, "_CLASS_COUNT ", options.class_names.size(), "\n");
  }
  absl::StrAppend(&text, "\n");
  if (has_input) AddAccess(network, plan, options, "INPUT", plan.inputs, false, &text);
  AddAccess(network, plan, options, "OUTPUT", plan.outputs, true, &text);
  absl::StrAppend(&text, "\n");
  if (plan.state_bytes != 0 && !network.stream) {
    absl::StrAppend(&text, "void ", options.name, "_reset(void* arena);\n");
  }
  if (network.stream) {
    absl::StrAppend(&text, StreamDeclarations(network, plan, options));
  } else if (plan.by_rows) {
    const Tensor& input = network.tensors[plan.buffers[plan.inputs[0]].tensor];
    absl::StrAppend(
        &text, "#define ", upper, "_INPUT_ROWS ", input.height, "\n#define ", upper, "_INPUT_ROW_BYTES ",
        input.bytes / input.height, "\n/* Begins an inference; then the input's rows are given, from the top. ",
        "push_row says 1 where the row was the\n * last one and the output is there. */\nvoid ", options.name,
        "_begin(void* arena);\nint ", options.name, "_push_row(void* arena, const void* row);\n");
  } else {
    absl::StrAppend(&text, "void ", options.name, "_invoke(void* arena);\n");
  }
  if (options.golden) absl::StrAppend(&text, SelfTestDeclaration(plan, options));
  if (!options.class_names.empty()) {
    absl::StrAppend(&text, "\nextern const char* const ", options.name, "_class_names[", upper, "_CLASS_COUNT];\n");
  }
  if (options.hook) {
    absl::StrAppend(&text, "\n/* Called after each step with the layer's number, as the source has it. */\n#define ",
                    upper, "_LAYER_COUNT ", plan.stages.size(), "\nextern void (*", options.name,
                    "_hook)(void* context, int32_t layer);\nextern void* ", options.name, "_hook_context;\n");
  }
  absl::StrAppend(&text, "\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* MOTE_MODEL_", upper, "_H_ */\n");
  return text;
}

}  // namespace mote::compiler
