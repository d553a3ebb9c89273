// Typed reading of a recipe's tables, every mistake with its file, line and column.
//
//   RecipeTable train(file, "[train]", table);
//   train.Integer("epochs", &fit.epochs, 1, 100000);
//   train.Choice("optimizer", &fit.optimizer.kind, {{"adam", Kind::kAdam}, ...});
//   if (absl::Status status = train.Finish(); !status.ok()) return status;  // unknown keys, then what else was wrong
#ifndef MOTE_CLI_RECIPE_TABLE_H_
#define MOTE_CLI_RECIPE_TABLE_H_

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include "datasets/nearest.h"

namespace mote {

// "digits.toml:12:9: "
std::string Place(const std::string& file, const toml::source_position& position);

class RecipeTable {
 public:
  // `title`: how messages call the table, such as "[train]"; `table` may be null: an absent section, all defaults.
  RecipeTable(std::string file, std::string title, const toml::table* table)
      : file_(std::move(file)), title_(std::move(title)), table_(table) {}

  bool Has(std::string_view key) const { return table_ != nullptr && table_->contains(key); }

  // Each leaves `value` alone where the key is absent. Bounds are inclusive unless the name says otherwise.
  template <typename T>
  void Integer(const char* key, T* value, int64_t min, int64_t max = std::numeric_limits<int64_t>::max()) {
    int64_t wide = 0;
    if (ReadInteger(key, &wide, min, max)) *value = static_cast<T>(wide);
  }
  void Real(const char* key, double* value, double min, double max = std::numeric_limits<double>::infinity());
  void RealAbove(const char* key, double* value, double bound);              // > bound
  void RealBelow(const char* key, double* value, double min, double bound);  // >= min, < bound
  void Flag(const char* key, bool* value);
  void Text(const char* key, std::string* value);
  void Texts(const char* key, std::vector<std::string>* value);              // an array of strings, or one string
  void Integers(const char* key, std::vector<int64_t>* value, int64_t min);  // an array
  void Pair(const char* key, std::array<int64_t, 2>* value, int64_t min);    // 3 or [3, 5]
  void Reals(const char* key, std::vector<double>* value);                   // an array, every value > 0

  template <typename T>
  void Choice(const char* key, T* value, const std::vector<std::pair<std::string, T>>& choices) {
    std::string text;
    if (!ReadText(key, &text)) return;
    std::vector<std::string> names;
    for (const auto& [name, choice] : choices) {
      if (name == text) {
        *value = choice;
        return;
      }
      names.push_back(name);
    }
    NotAChoice(key, text, names);
  }

  // Keys that are right but not read here, such as sub-tables.
  void Known(const char* key) { keys_.emplace_back(key); }

  // A mistake at `key`'s value (or at the table, where the key is absent).
  void Wrong(const std::string& key, const std::string& what);

  // The first mistake: unknown keys come before the others, for a misspelt key often is their cause.
  absl::Status Finish();

 private:
  const toml::node* Find(const char* key);
  bool ReadInteger(const char* key, int64_t* value, int64_t min, int64_t max);
  bool ReadReal(const char* key, double* value);
  bool ReadText(const char* key, std::string* value);
  void NotAChoice(const char* key, const std::string& text, const std::vector<std::string>& names);
  void WrongType(const char* key, const toml::node& node, const char* right);

  std::string file_, title_;
  const toml::table* table_;
  std::vector<std::string> keys_;  // asked for
  std::vector<std::string> problems_;
};

}  // namespace mote

#endif  // MOTE_CLI_RECIPE_TABLE_H_
