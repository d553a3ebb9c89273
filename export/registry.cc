#include "export/registry.h"

#include <filesystem>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "mcu_runtime/mote_runtime.h"

namespace mote {
namespace {

constexpr const char* kSymbols[] = {
#define MOTE_OPERATOR(symbol, ...) #symbol,
#include "mcu_runtime/operators.def"
#undef MOTE_OPERATOR
};

std::string CName(const std::string& file_name) {
  std::string name(absl::StripSuffix(file_name, ".tflite"));
  for (char& c : name) c = absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

// The text of a C comment on one line.
std::string CommentText(std::string text) {
  for (char& c : text) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c)) || c == '*') c = '?';
  }
  return text;
}

}  // namespace

// The runtime itself chooses among the rows, so it is asked: with every row but one, is the model refused?
std::vector<std::string> NeededOperators(const RuntimeModel& model) {
  std::vector<std::string> needed;
  for (size_t left_out = 0; left_out < std::size(kSymbols); ++left_out) {
    std::vector<const mote_operator*> others;
    for (size_t i = 0; i < std::size(kSymbols); ++i) {
      if (i != left_out) others.push_back(mote_all_operators[i]);
    }
    others.push_back(nullptr);
    mote_memory memory = {};
    if (mote_model_memory(others.data(), model.bytes().data(), model.bytes().size(), &memory, nullptr) != MOTE_OK) {
      needed.push_back(kSymbols[left_out]);
    }
  }
  return needed;
}

absl::StatusOr<std::string> RegistrySource(const std::vector<std::string>& paths) {
  std::map<std::string, std::string> path_of;
  std::string declarations, lists;
  for (const std::string& path : paths) {
    const std::string file_name = std::filesystem::path(path).filename().string();
    const std::string list = absl::StrCat("mote_operators_of_", CName(file_name));
    if (const auto [other, is_new] = path_of.emplace(list, path); !is_new) {
      return absl::InvalidArgumentError(
          absl::StrCat(other->second, " and ", path, " would both be ", list, ": rename one of them"));
    }
    absl::StatusOr<std::unique_ptr<RuntimeModel>> model = RuntimeModel::Load(path);
    if (!model.ok()) return model.status();
    absl::StrAppend(&declarations, "extern const mote_operator* const ", list, "[];\n");
    absl::StrAppend(&lists, "\n/* ", CommentText(file_name), " */\nconst mote_operator* const ", list, "[] = {\n");
    for (const std::string& symbol : NeededOperators(**model)) absl::StrAppend(&lists, "    &mote_op_", symbol, ",\n");
    absl::StrAppend(&lists, "    0,\n};\n");
  }
  return absl::StrCat("/* The operators that models need, for mote_model_load. Written by mote " MOTE_VERSION
                      " (mote registry): do not edit. */\n#include <mote/mote_runtime.h>\n\n",
                      declarations, lists);
}

}  // namespace mote
