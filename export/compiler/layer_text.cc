#include "export/compiler/layer_text.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace mote::compiler {
namespace {

struct NumberType {
  const char* name;
  int bytes;
  int64_t least, most;
};

template <typename T>
constexpr NumberType TypeOf(const char* name) {
  return {name, sizeof(T), std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
}

constexpr NumberType kNumberTypes[] = {
    TypeOf<uint8_t>("uint8_t"), TypeOf<int8_t>("int8_t"),     TypeOf<uint16_t>("uint16_t"), TypeOf<int16_t>("int16_t"),
    TypeOf<int32_t>("int32_t"), TypeOf<uint32_t>("uint32_t"), TypeOf<int64_t>("int64_t"),
};

const NumberType& LeastType(const std::vector<int64_t>& numbers) {
  const auto [least, most] = std::minmax_element(numbers.begin(), numbers.end());
  for (const NumberType& type : kNumberTypes) {
    if (type.least <= *least && *most <= type.most) return type;
  }
  return kNumberTypes[std::size(kNumberTypes) - 1];
}

// The name in the comment that `text` ends with, or nothing.
std::string NameBefore(const std::string& text) {
  if (!absl::EndsWith(text, "=*/")) return "";
  const size_t begin = text.rfind("/*");
  return text.substr(begin + 2, text.size() - begin - 5);
}

// A field of the structure.
struct Field {
  std::string type, name;
  int bytes = 4;
  std::vector<std::string> texts;  // by layer
};

class Sharer {
 public:
  explicit Sharer(const std::vector<const LayerText*>& layers) : layers_(layers) {}

  SharedLayerText Share() {
    SharedLayerText shared;
    const LayerText& first = *layers_.front();
    for (size_t i = 0; i < first.values().size(); ++i) {
      absl::StrAppend(&shared.body, first.pieces()[i], TextOf(i));
    }
    absl::StrAppend(&shared.body, first.pieces().back());
    // Wide ones first, so that there are no gaps.
    std::stable_sort(fields_.begin(), fields_.end(), [](const Field& a, const Field& b) { return a.bytes > b.bytes; });
    for (const Field& field : fields_) absl::StrAppend(&shared.fields, "  ", field.type, " ", field.name, ";\n");
    for (size_t layer = 0; layer < layers_.size(); ++layer) {
      shared.initializers.push_back(absl::StrCat(
          "{", absl::StrJoin(fields_, ", ", [&](std::string* out, const Field& field) { *out += field.texts[layer]; }),
          "}"));
    }
    return shared;
  }

 private:
  std::string TextOf(size_t index) {
    const LayerText::Value& first = layers_.front()->values()[index];
    std::vector<std::string> texts;
    std::vector<int64_t> numbers;
    for (const LayerText* layer : layers_) {
      texts.push_back(layer->values()[index].text);
      numbers.push_back(layer->values()[index].number);
    }
    if (first.is_length) return absl::StrCat(*std::max_element(numbers.begin(), numbers.end()));
    if (std::all_of(texts.begin(), texts.end(), [&](const std::string& text) { return text == texts[0]; })) {
      return first.text;
    }
    const std::string field = FieldOf(first, std::move(texts), numbers);
    if (!first.pointer.empty() || !first.is_field) return absl::StrCat("layer.", field);
    return absl::StrCat("Number(layer.", field, ")");
  }

  // The name of the structure's field.
  std::string FieldOf(const LayerText::Value& value, std::vector<std::string> texts,
                      const std::vector<int64_t>& numbers) {
    Field field;
    field.type = value.pointer;
    if (value.pointer.empty()) {
      const NumberType& type = LeastType(numbers);
      field.type = type.name;
      field.bytes = type.bytes;
      for (size_t i = 0; i < numbers.size(); ++i) texts[i] = absl::StrCat(numbers[i]);
    }
    field.texts = std::move(texts);
    for (const Field& known : fields_) {
      if (known.type == field.type && known.texts == field.texts) return known.name;
    }
    const std::string wanted = value.name.empty() ? "value" : value.name;
    int& count = names_[wanted];
    field.name = ++count == 1 ? wanted : absl::StrCat(wanted, "_", count);
    fields_.push_back(field);
    return field.name;
  }

  const std::vector<const LayerText*>& layers_;
  std::vector<Field> fields_;
  std::map<std::string, int> names_;
};

}  // namespace

void LayerText::AddValue(Value value) {
  values_.push_back(std::move(value));
  pieces_.emplace_back();
}

void LayerText::AddNumber(const std::string& name, int64_t number) {
  AddValue({.name = name, .pointer = "", .text = absl::StrCat(number), .number = number});
}

void LayerText::AddPlace(const std::string& name, int64_t offset) {
  Add("arena + ");
  AddNumber(name, offset);
}

void LayerText::AddLength(int64_t length) {
  AddValue({.name = "", .pointer = "", .text = absl::StrCat(length), .number = length, .is_length = true});
}

void LayerText::AddPointer(const std::string& name, const std::string& type, const std::string& text) {
  AddValue({.name = name, .pointer = type, .text = text});
}

void LayerText::AddInitializer(const std::string& text, const std::vector<NamedConstant>& constants) {
  int angles = 0;  // of template arguments, whose commas part nothing
  std::string token;
  const auto end_token = [&] {
    // "/*window=*/" and what it names.
    const size_t comment = token.rfind("*/");
    const size_t begin = comment == std::string::npos ? 0 : comment + 2;
    const size_t value = std::min(token.find_first_not_of(" \n", begin), token.size());
    Add(token.substr(0, value));
    AddField(NameBefore(token.substr(0, begin)), token.substr(value), constants);
    token.clear();
  };
  for (const char c : text) {
    if (c == '<') ++angles;
    if (c == '>') --angles;
    if (angles == 0 && (c == '{' || c == '}' || c == ',')) {
      end_token();
      Add(std::string(1, c));
    } else {
      token += c;
    }
  }
  end_token();
}

void LayerText::AddField(const std::string& name, const std::string& token,
                         const std::vector<NamedConstant>& constants) {
  for (const NamedConstant& constant : constants) {
    if (token != constant.name && !absl::StartsWith(token, constant.name + " + ")) continue;
    return AddPointer(name.empty() ? constant.field : name, absl::StrCat("const ", constant.element, "*"), token);
  }
  int64_t number = 0;
  if (token.empty() || !absl::SimpleAtoi(absl::StripSuffix(token, "u"), &number)) return Add(token);
  AddValue({.name = name, .pointer = "", .text = token, .number = number, .is_field = true});
}

bool LayerText::IsLike(const LayerText& other) const {
  return pieces_ == other.pieces_ && std::equal(values_.begin(), values_.end(), other.values_.begin(),
                                                other.values_.end(), [](const Value& a, const Value& b) {
                                                  return a.name == b.name && a.pointer == b.pointer &&
                                                         a.is_field == b.is_field && a.is_length == b.is_length;
                                                });
}

SharedLayerText Share(const std::vector<const LayerText*>& layers) { return Sharer(layers).Share(); }

}  // namespace mote::compiler
