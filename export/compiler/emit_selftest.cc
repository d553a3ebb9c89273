#include "export/compiler/emit_selftest.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "export/compiler/emit_parts.h"
#include "export/compiler/layouts_mve.h"
#include "export/compiler/planar.h"
#include "mcu_runtime/mote_runtime.h"

namespace mote::compiler {
namespace {

// Where the codes of an image lie; none for layouts that are not known here.
std::optional<Strides> ElementPlaces(const Tensor& tensor, const RowLayout& layout) {
  if (!IsPlanar(layout)) return StridesOf(tensor, layout);
  return Strides{int64_t{layout.element_bytes} * layout.left, layout.row_bytes, layout.element_bytes,
                 PlaneBytes(tensor, layout)};
}

bool WritesAllAtOnce(const Stage& stage) {
  return stage.use.form == KernelForm::kVector || stage.use.form == KernelForm::kWhole;
}

}  // namespace

SelfTestWriter::SelfTestWriter(const Network& network, const Plan& plan, const EmitOptions& options,
                               std::function<std::string(int buffer)> rows_of)
    : network_(network), plan_(plan), options_(options), rows_of_(std::move(rows_of)) {
  for (size_t i = 0; i < plan_.stages.size(); ++i) bodies_.push_back(BodyOf(static_cast<int>(i)));
}

// The golden checksum of what a stage writes; of a conversion and of the rows of a given input, the tensor's.
std::optional<uint32_t> SelfTestWriter::ExpectedOf(int stage, int sample) const {
  int layer = plan_.stages[stage].layer;
  if (layer < 0) {
    const Tensor& tensor = network_.tensors[plan_.buffers[plan_.stages[stage].outputs[0]].tensor];
    if (tensor.is_input) {
      int64_t at = sample * network_.input_bytes();
      for (const int input : network_.inputs) {
        if (input == tensor.index) break;
        at += network_.tensors[input].bytes;
      }
      return mote_checksum(MOTE_CHECKSUM_SEED, options_.golden->inputs.data() + at, static_cast<size_t>(tensor.bytes));
    }
    layer = tensor.producer;
    if (layer < 0 || network_.layers[layer].outputs.size() != 1) return std::nullopt;
  }
  const std::vector<uint32_t>& operators = options_.golden->operators[sample];
  const size_t op = static_cast<size_t>(network_.layers[layer].index);
  if (op >= operators.size()) return std::nullopt;  // a copy that the compiler has put in
  return operators[op];
}

std::string SelfTestWriter::BodyOf(int index) const {
  const Stage& stage = plan_.stages[index];
  if (!ExpectedOf(index, 0)) return "";
  std::string body;
  if (stage.use.form == KernelForm::kWhole) {
    for (const int output : stage.outputs) {
      const Tensor& tensor = network_.tensors[plan_.buffers[output].tensor];
      if (tensor.is_state) continue;
      absl::StrAppend(&body, "  *sum = mote::compiled::SumBytes(*sum, arena + ", PlaceOf(plan_, output), ", ",
                      tensor.bytes, ");\n");
    }
    return body;
  }
  const Tensor& tensor = network_.tensors[plan_.buffers[stage.outputs[0]].tensor];
  if (tensor.is_state) return "";
  const RowLayout& layout = plan_.buffers[stage.outputs[0]].layout;
  if (stage.use.form == KernelForm::kFold) {
    body = absl::StrCat("  if (y != ", plan_.rows.layers[index].steps - 1, ") return;\n");
  }
  const bool one_row = stage.use.form != KernelForm::kFold && !WritesAllAtOnce(stage);
  const std::string rows = rows_of_(stage.outputs[0]);
  if (layout == Nhwc8(tensor)) {
    const int64_t bytes = one_row ? layout.row_bytes : tensor.bytes;
    return absl::StrCat(body, "  *sum = mote::compiled::SumBytes(*sum, ", rows, ".At(arena, ", one_row ? "y" : "0",
                        "), ", bytes, ");\n");
  }
  const std::optional<Strides> places = ElementPlaces(tensor, layout);
  if (!places) return "";
  const std::string text =
      absl::StrCat("{/*width=*/", tensor.width, ", /*channels=*/", tensor.channels, ", /*first=*/", places->first,
                   ", /*pixel=*/", places->pixel, ", /*channel=*/", places->channel, "}");
  if (one_row) {
    return absl::StrCat(body, "  *sum = mote::compiled::SumRow(*sum, ", rows, ".At(arena, y), ", text, ");\n");
  }
  return absl::StrCat(body, "  for (int32_t row = 0; row < ", tensor.height,
                      "; ++row) {\n    *sum = mote::compiled::SumRow(*sum, ", rows, ".At(arena, 0) + row * ",
                      places->row, ", ", text, ");\n  }\n");
}

std::string SelfTestWriter::Sums() const {
  std::string text;
  for (size_t i = 0; i < bodies_.size(); ++i) {
    if (bodies_[i].empty()) continue;
    absl::StrAppend(&text, "void SumLayer", i, "(uint8_t* arena, int32_t", WritesAllAtOnce(plan_.stages[i]) ? "" : " y",
                    ", uint32_t* sum) {\n", bodies_[i], "}\n\n");
  }
  return text;
}

std::string SelfTestWriter::SumCall(int stage, const std::string& y) const {
  if (bodies_[stage].empty()) return "";
  return absl::StrCat("SumLayer", stage, "(arena, ", y, ", &sums[", stage, "]);");
}

std::vector<int64_t> SelfTestWriter::Checksums() const {
  std::vector<int64_t> sums;
  for (int sample = 0; sample < options_.golden->samples; ++sample) {
    for (size_t i = 0; i < bodies_.size(); ++i) {
      const bool summed = !bodies_[i].empty();
      sums.push_back(summed ? *ExpectedOf(static_cast<int>(i), sample) : MOTE_CHECKSUM_SEED);
    }
  }
  return sums;
}

std::vector<int64_t> SelfTestWriter::Inputs() const {
  std::vector<int64_t> bytes;
  if (!options_.golden->is_stored) return bytes;
  for (const char byte : options_.golden->inputs) bytes.push_back(static_cast<uint8_t>(byte));
  return bytes;
}

std::string SelfTestWriter::InputText() const {
  std::string text;
  int64_t at = 0;
  for (const int input : plan_.inputs) {
    const int64_t bytes = network_.tensors[plan_.buffers[input].tensor].bytes;
    const std::string place = absl::StrCat("arena + ", PlaceOf(plan_, input));
    if (options_.golden->is_stored) {
      absl::StrAppend(&text, "    __builtin_memcpy(", place, ", kGoldenInputs + sample * ", network_.input_bytes(),
                      " + ", at, ", ", bytes, ");\n");
    } else {
      absl::StrAppend(&text, "    mote::compiled::DrawBytes(&random, ", place, ", ", bytes, ");\n");
    }
    at += bytes;
  }
  return text;
}

std::string SelfTestWriter::StreamedSteps(int64_t order_numbers) const {
  std::string table;
  for (size_t i = 0; i < bodies_.size(); ++i) {
    absl::StrAppend(&table, i == 0 ? "" : ", ", bodies_[i].empty() ? "nullptr" : absl::StrCat("SumLayer", i));
  }
  std::string before, feed;
  if (plan_.by_rows) {
    const Tensor& input = network_.tensors[network_.inputs[0]];
    const int64_t bytes = input.bytes / input.height;
    if (options_.golden->is_stored) {
      feed = absl::StrCat("      if (layer == 0) FeedOf(arena)->row = kGoldenInputs + sample * ", input.bytes,
                          " + y * ", bytes, ";\n");
    } else {
      before = absl::StrCat("    uint8_t row[", bytes, "];\n");
      feed = absl::StrCat("      if (layer == 0) {\n        mote::compiled::DrawBytes(&random, row, ", bytes,
                          ");\n        FeedOf(arena)->row = row;\n      }\n");
    }
  }
  return absl::StrCat("    static constexpr mote::compiled::SumFunction kSums[] = {", table, "};\n    int16_t rows[",
                      bodies_.size(), "] = {};\n", before, "    mote::compiled::WalkOrder(kOrder, ", order_numbers,
                      ", [&](int32_t layer) {\n      const int32_t y = rows[layer]++;\n", feed,
                      "      kSteps[layer](arena, y);\n      if (kSums[layer] != nullptr) kSums[layer](arena, y, "
                      "&sums[layer]);\n    });\n");
}

std::string SelfTestWriter::Function(const std::string& steps) const {
  const size_t layers = bodies_.size();
  const std::string head = absl::StrCat("\nint ", options_.name, "_selftest(void* ");
  if (layers == 0) return absl::StrCat(head, ") { return 0; }\n");
  const std::string reset = plan_.state_bytes == 0 ? "" : absl::StrCat("  ", options_.name, "_reset(arena);\n");
  return absl::StrCat(head, "memory) {\n  uint8_t* arena = static_cast<uint8_t*>(memory);\n", reset,
                      options_.golden->is_stored ? "" : absl::StrCat("  uint32_t random = ", kGoldenSeed, ";\n"),
                      "  int wrong = 0;\n  for (int32_t sample = 0; sample < ", options_.golden->samples,
                      " && wrong == 0; ++sample) {\n    uint32_t sums[", layers,
                      "];\n    for (uint32_t& sum : sums) sum = mote::compiled::kChecksumSeed;\n",
                      plan_.by_rows ? "" : InputText(), steps,
                      "    wrong = mote::compiled::FirstDifference(sums, kGoldenChecksums + sample * ", layers, ", ",
                      layers, ");\n  }\n", reset, "  return wrong;\n}\n");
}

}  // namespace mote::compiler
