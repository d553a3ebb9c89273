// The recorded calls of models as one C++ program, for test_recorded_calls.py: record_program OUT.cc MODEL.tflite...
//
// The program reads, from its first argument's file, {model's number, steps}, both uint32, then for each step the bytes
// of all inputs; it appends the bytes of all outputs of each step to its second argument's file.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "export/compiler/call_text.h"

namespace mote::compiler {
namespace {

// A model's namespace: what it computes on an arena, in which each tensor has a place of its own.
class ModelText {
 public:
  explicit ModelText(const RecordedModel& model) : model_(model) {
    int64_t next = Aligned(static_cast<int64_t>(model.initial_state.size()));
    for (const FileTensor& tensor : model.tensors) {
      places_.push_back(tensor.is_state ? tensor.state_offset : next);
      if (!tensor.is_state) next = WithGap(next, tensor.bytes);
      if (tensor.same_as >= 0) places_.back() = places_[tensor.same_as];
    }
    scratch_ = next;
    int64_t scratch_bytes = 0;
    for (const RecordedOperator& op : model.operators) scratch_bytes = std::max(scratch_bytes, op.scratch_bytes);
    arena_ = WithGap(scratch_, scratch_bytes);
  }

  // Adds to `headers` what its calls need.
  std::string Text(std::set<std::string>& headers) const {
    std::string constants, body;
    ConstantNames names;
    for (const RecordedOperator& op : model_.operators) {
      for (size_t c = 0; c < op.calls.size(); ++c) {
        const CallText text = TextOf(
            op.calls[c], absl::StrCat("kLayer", op.index, "Call", c), model_,
            [&](const Argument& argument) { return PlaceOf(argument); }, &names);
        headers.merge(HeadersOf(op.calls[c]));
        absl::StrAppend(&constants, text.constants, text.parameters);
        absl::StrAppend(&body, "  {\n  ", text.call, "\n  }\n");
      }
      if (!op.table.empty()) absl::StrAppend(&body, TableCheck(op));
    }
    return absl::StrCat(constants, "void Invoke(uint8_t* arena) {\n", body, "  (void)arena;\n}\n",
                        "const std::vector<uint8_t> kState = {", absl::StrJoin(model_.initial_state, ", "), "};\n",
                        "const Model kModel = {Invoke, ", arena_, ", kState, {", Spans(model_.inputs), "}, {",
                        Spans(model_.outputs), "}, {", absl::StrJoin(gaps_, ", "), "}};\n");
  }

 private:
  static int64_t Aligned(int64_t bytes) { return (bytes + 31) / 16 * 16; }

  // Where the next tensor begins; in between nothing may be written.
  int64_t WithGap(int64_t begin, int64_t bytes) {
    const int64_t end = begin + Aligned(bytes);
    gaps_.push_back(absl::StrCat("{", begin + bytes, ", ", end - begin - bytes, "}"));
    return end;
  }

  // The table of all results says the same as the call.
  std::string TableCheck(const RecordedOperator& op) const {
    const FileTensor& input = model_.tensors[op.inputs[0]];
    if (input.constant != nullptr) return "";
    return absl::StrCat("  {\n  static const uint8_t table[256] = {", absl::StrJoin(op.table, ", "),
                        "};\n  CheckTable(table, arena + ", places_[input.index], ", arena + ", places_[op.outputs[0]],
                        ", ", input.bytes, ");\n  }\n");
  }

  std::string PlaceOf(const Argument& argument) const {
    const int64_t place = argument.place == Argument::Place::kScratch ? scratch_ : places_[argument.tensor];
    return absl::StrCat("arena + ", place + argument.offset);
  }

  std::string Spans(const std::vector<int>& tensors) const {
    return absl::StrJoin(tensors, ", ", [this](std::string* out, int tensor) {
      absl::StrAppend(out, "{", places_[tensor], ", ", model_.tensors[tensor].bytes, "}");
    });
  }

  const RecordedModel& model_;
  std::vector<int64_t> places_;
  int64_t scratch_ = 0;
  int64_t arena_ = 0;
  std::vector<std::string> gaps_;
};

const char* const kHead = R"(#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

void CheckTable(const uint8_t* table, const uint8_t* input, const uint8_t* output, long count) {
  for (long i = 0; i < count; ++i) {
    if (output[i] == table[input[i]]) continue;
    std::fprintf(stderr, "the table has %d for %d; it is %d\n", table[input[i]], input[i], output[i]);
    std::exit(3);
  }
}

struct Span {
  long at, bytes;
};
struct Model {
  void (*invoke)(uint8_t*);
  long arena_bytes;
  const std::vector<uint8_t>& state;
  std::vector<Span> inputs, outputs, gaps;
};
)";

const char* const kMain = R"(
int main(int, char** arguments) {
  std::FILE* in = std::fopen(arguments[1], "rb");
  std::FILE* out = std::fopen(arguments[2], "wb");
  uint32_t head[2];
  while (std::fread(head, sizeof head, 1, in) == 1) {
    const Model& model = *kModels[head[0]];
    std::vector<uint8_t> arena(static_cast<size_t>(model.arena_bytes), 0xa5);
    std::memcpy(arena.data(), model.state.data(), model.state.size());
    for (uint32_t step = 0; step < head[1]; ++step) {
      for (const Span& span : model.inputs) {
        if (std::fread(arena.data() + span.at, static_cast<size_t>(span.bytes), 1, in) != 1) return 1;
      }
      model.invoke(arena.data());
      for (const Span& span : model.outputs) {
        std::fwrite(arena.data() + span.at, static_cast<size_t>(span.bytes), 1, out);
      }
      for (const Span& span : model.gaps) {
        for (long i = 0; i < span.bytes; ++i) {
          if (arena[static_cast<size_t>(span.at + i)] == 0xa5) continue;
          std::fprintf(stderr, "model %u wrote behind a tensor, at %ld\n", head[0], span.at + i);
          return 2;
        }
      }
    }
  }
  return std::fclose(out);
}
)";

int Run(int count, char** arguments) {
  std::string models, list;
  std::set<std::string> headers;
  for (int i = 2; i < count; ++i) {
    std::ifstream file(arguments[i], std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    const absl::StatusOr<RecordedModel> model = RecordModel(bytes.str());
    if (!model.ok()) {
      std::cerr << arguments[i] << ": " << model.status() << "\n";
      return 1;
    }
    absl::StrAppend(&models, "namespace model", i - 2, " {\n", ModelText(*model).Text(headers), "}\n\n");
    absl::StrAppend(&list, "&model", i - 2, "::kModel, ");
  }
  std::ofstream(arguments[1]) << "#include \"" << absl::StrJoin(headers, "\"\n#include \"") << "\"\n"
                              << kHead << models << "const Model* const kModels[] = {" << list << "};\n"
                              << kMain;
  return 0;
}

}  // namespace
}  // namespace mote::compiler

int main(int count, char** arguments) { return mote::compiler::Run(count, arguments); }
