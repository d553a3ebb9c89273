#include "cli/recipe_table.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mote {
namespace {

const char* TypeName(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

std::string Title(const std::string& title) { return title.empty() ? "" : absl::StrCat(title, " "); }

}  // namespace

std::string Place(const std::string& file, const toml::source_position& position) {
  if (position.line == 0) return absl::StrCat(file, ": ");
  return absl::StrCat(file, ":", position.line, ":", position.column, ": ");
}

const toml::node* RecipeTable::Find(const char* key) {
  keys_.emplace_back(key);
  return table_ == nullptr ? nullptr : table_->get(key);
}

void RecipeTable::Wrong(const std::string& key, const std::string& what) {
  toml::source_position position;
  if (table_ != nullptr) {
    const toml::node* node = table_->get(key);
    position = (node != nullptr ? node->source() : table_->source()).begin;
  }
  problems_.push_back(absl::StrCat(Place(file_, position), Title(title_), what));
}

void RecipeTable::WrongType(const char* key, const toml::node& node, const char* right) {
  Wrong(key, absl::StrCat(key, " must be ", right, ", not ", TypeName(node)));
}

bool RecipeTable::ReadInteger(const char* key, int64_t* value, int64_t min, int64_t max) {
  const toml::node* node = Find(key);
  if (node == nullptr) return false;
  if (!node->is_integer()) return WrongType(key, *node, "a whole number"), false;
  const int64_t number = node->as_integer()->get();
  if (number < min || number > max) {
    const std::string right =
        max == std::numeric_limits<int64_t>::max() ? absl::StrCat("at least ", min) : absl::StrCat(min, " to ", max);
    return Wrong(key, absl::StrCat(key, " = ", number, " is out of range: it must be ", right)), false;
  }
  *value = number;
  return true;
}

bool RecipeTable::ReadReal(const char* key, double* value) {
  const toml::node* node = Find(key);
  if (node == nullptr) return false;
  if (!node->is_number()) return WrongType(key, *node, "a number"), false;
  *value = node->is_integer() ? static_cast<double>(node->as_integer()->get()) : node->as_floating_point()->get();
  if (!std::isfinite(*value)) return Wrong(key, absl::StrCat(key, " must be finite")), false;
  return true;
}

void RecipeTable::Real(const char* key, double* value, double min, double max) {
  double number = 0;
  if (!ReadReal(key, &number)) return;
  if (number < min || number > max) {
    const std::string right = std::isinf(max) ? absl::StrCat("at least ", min) : absl::StrCat(min, " to ", max);
    return Wrong(key, absl::StrCat(key, " = ", number, " is out of range: it must be ", right));
  }
  *value = number;
}

void RecipeTable::RealAbove(const char* key, double* value, double bound) {
  double number = 0;
  if (!ReadReal(key, &number)) return;
  if (!(number > bound)) {
    return Wrong(key, absl::StrCat(key, " = ", number, " is out of range: it must be more than ", bound));
  }
  *value = number;
}

void RecipeTable::RealBelow(const char* key, double* value, double min, double bound) {
  double number = 0;
  if (!ReadReal(key, &number)) return;
  if (!(number >= min && number < bound)) {
    return Wrong(
        key, absl::StrCat(key, " = ", number, " is out of range: it must be at least ", min, " and less than ", bound));
  }
  *value = number;
}

void RecipeTable::Flag(const char* key, bool* value) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  if (!node->is_boolean()) return WrongType(key, *node, "true or false");
  *value = node->as_boolean()->get();
}

bool RecipeTable::ReadText(const char* key, std::string* value) {
  const toml::node* node = Find(key);
  if (node == nullptr) return false;
  if (!node->is_string()) return WrongType(key, *node, "a string"), false;
  *value = node->as_string()->get();
  return true;
}

void RecipeTable::Text(const char* key, std::string* value) {
  std::string text;
  if (!ReadText(key, &text)) return;
  if (text.empty()) return Wrong(key, absl::StrCat(key, " must not be empty"));
  *value = text;
}

void RecipeTable::Texts(const char* key, std::vector<std::string>* value) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  std::vector<std::string> texts;
  if (node->is_string()) {
    texts.push_back(node->as_string()->get());
  } else if (const toml::array* array = node->as_array()) {
    for (const toml::node& item : *array) {
      if (!item.is_string()) return WrongType(key, item, "a string or an array of strings");
      texts.push_back(item.as_string()->get());
    }
  } else {
    return WrongType(key, *node, "a string or an array of strings");
  }
  *value = std::move(texts);
}

void RecipeTable::Integers(const char* key, std::vector<int64_t>* value, int64_t min) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const toml::array* array = node->as_array();
  if (array == nullptr) return WrongType(key, *node, "an array of whole numbers");
  std::vector<int64_t> numbers;
  for (const toml::node& item : *array) {
    if (!item.is_integer()) return WrongType(key, item, "an array of whole numbers");
    numbers.push_back(item.as_integer()->get());
    if (numbers.back() < min) {
      return Wrong(key, absl::StrCat(key, " holds ", numbers.back(), ": every value must be at least ", min));
    }
  }
  if (numbers.empty()) return Wrong(key, absl::StrCat(key, " must not be empty"));
  *value = std::move(numbers);
}

void RecipeTable::Pair(const char* key, std::array<int64_t, 2>* value, int64_t min) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  constexpr const char* kRight = "a whole number or two of them, [height, width]";
  std::array<int64_t, 2> pair{};
  if (node->is_integer()) {
    pair.fill(node->as_integer()->get());
  } else if (const toml::array* array = node->as_array()) {
    if (array->size() != 2 || !array->get(0)->is_integer() || !array->get(1)->is_integer()) {
      return Wrong(key, absl::StrCat(key, " must be ", kRight));
    }
    pair = {array->get(0)->as_integer()->get(), array->get(1)->as_integer()->get()};
  } else {
    return WrongType(key, *node, kRight);
  }
  for (int64_t number : pair) {
    if (number < min) {
      return Wrong(key, absl::StrCat(key, " = ", number, " is out of range: it must be at least ", min));
    }
  }
  *value = pair;
}

void RecipeTable::Reals(const char* key, std::vector<double>* value) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const toml::array* array = node->as_array();
  if (array == nullptr) return WrongType(key, *node, "an array of numbers");
  std::vector<double> numbers;
  for (const toml::node& item : *array) {
    if (!item.is_number()) return WrongType(key, item, "an array of numbers");
    numbers.push_back(*item.value<double>());
    if (!(numbers.back() > 0) || !std::isfinite(numbers.back())) {
      return Wrong(key, absl::StrCat(key, " holds ", numbers.back(), ": every value must be more than 0"));
    }
  }
  *value = std::move(numbers);
}

void RecipeTable::NotAChoice(const char* key, const std::string& text, const std::vector<std::string>& names) {
  Wrong(key, absl::StrCat(key, " = \"", text, "\" is not one of ", absl::StrJoin(names, ", "), "; did you mean ",
                          Nearest(text, names), "?"));
}

absl::Status RecipeTable::Finish() {
  if (table_ != nullptr) {
    // By place in the file, for the table is sorted by name.
    const toml::key* first = nullptr;
    for (const auto& [key, node] : *table_) {
      if (std::find(keys_.begin(), keys_.end(), key.str()) != keys_.end()) continue;
      const toml::source_position at = key.source().begin;
      if (first == nullptr || at < first->source().begin) first = &key;
    }
    if (first != nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(Place(file_, first->source().begin), Title(title_),
                                                     std::string(first->str()), " is not a key; did you mean ",
                                                     Nearest(first->str(), keys_), "?"));
    }
  }
  if (!problems_.empty()) return absl::InvalidArgumentError(problems_.front());
  return absl::OkStatus();
}

}  // namespace mote
