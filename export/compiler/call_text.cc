#include "export/compiler/call_text.h"

#include <algorithm>
#include <cstring>
#include <regex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "export/compiler/device_sources.h"
#include "export/compiler/sizes.h"
#include "export/compiler/text.h"

namespace mote::compiler {
namespace {

template <typename T>
void AppendElements(const uint8_t* data, int64_t bytes, std::vector<int64_t>* values) {
  for (int64_t at = 0; at + static_cast<int64_t>(sizeof(T)) <= bytes; at += sizeof(T)) {
    T value;
    std::memcpy(&value, data + at, sizeof value);
    values->push_back(static_cast<int64_t>(value));
  }
}

std::vector<int64_t> Elements(const std::string& type, const uint8_t* data, int64_t bytes) {
  std::vector<int64_t> values;
  if (type == "int8_t") AppendElements<int8_t>(data, bytes, &values);
  if (type == "uint8_t") AppendElements<uint8_t>(data, bytes, &values);
  if (type == "int16_t") AppendElements<int16_t>(data, bytes, &values);
  if (type == "int32_t") AppendElements<int32_t>(data, bytes, &values);
  if (type == "uint32_t") AppendElements<uint32_t>(data, bytes, &values);
  if (type == "int64_t") AppendElements<int64_t>(data, bytes, &values);
  return values;
}

class Writer {
 public:
  Writer(const std::string& prefix, const RecordedModel& model,
         const std::function<std::string(const Argument&)>& place, ConstantNames* known)
      : prefix_(prefix), model_(model), place_(place), known_(known) {}

  CallText Write(const KernelCall& call) {
    std::string arguments;
    for (const Argument& argument : call.arguments) {
      absl::StrAppend(&arguments, arguments.empty() ? "" : ", ", TextOfArgument(argument));
    }
    text_.call = absl::StrCat(locals_, call.function, "(", arguments, ");");
    return text_;
  }

 private:
  std::string TextOfArgument(const Argument& argument) {
    switch (argument.kind) {
      case Argument::Kind::kNumber:
        return argument.text;
      case Argument::Kind::kTable:
        return Table(argument);
      case Argument::Kind::kParams:
        return Params(argument);
      default:
        return Pointer(argument);
    }
  }

  std::string Name(const std::string& what) {
    const int number = names_[what]++;
    if (number == 0) return prefix_ + what;
    return absl::StrCat(prefix_, what.empty() ? "Part" : what, number + 1);  // kLayer12 is another layer's
  }

  std::string Table(const Argument& argument) {
    const std::string name = Name("Terms");
    absl::StrAppend(&text_.constants, "constexpr ", argument.type, " ", name, "[", argument.count, "] = {\n    ",
                    argument.text.substr(1, argument.text.size() - 2), ",\n};\n\n");
    return name;
  }

  std::string Params(const Argument& argument) {
    std::string initializer = argument.text;
    bool is_constant = true;
    for (size_t i = argument.pointers.size(); i-- > 0;) {
      const Argument& pointer = argument.pointers[i];
      is_constant =
          is_constant && (pointer.kind == Argument::Kind::kTable || pointer.place == Argument::Place::kConstant ||
                          pointer.place == Argument::Place::kNull);
      initializer = absl::StrReplaceAll(initializer, {{absl::StrCat("$", i, "$"), TextOfArgument(pointer)}});
    }
    const std::string name = Name("");
    if (is_constant) {
      absl::StrAppend(&text_.parameters, "constexpr ", argument.type, " ", name, " = ", initializer, ";\n");
    } else {
      absl::StrAppend(&locals_, "const ", argument.type, " ", name, " = ", initializer, ";\n  ");
    }
    return name;
  }

  std::string Pointer(const Argument& argument) {
    if (argument.place == Argument::Place::kNull) return "nullptr";
    if (argument.place == Argument::Place::kConstant) {
      const std::string name = Constant(argument);
      return argument.offset == 0 ? name : absl::StrCat(name, " + ", argument.offset / ElementBytes(argument.type));
    }
    const std::string at = place_(argument);
    if (argument.type == "uint8_t") return at;
    return absl::StrCat("reinterpret_cast<", argument.is_written ? "" : "const ", argument.type, "*>(", at, ")");
  }

  std::string Constant(const Argument& argument) {
    const uint8_t* data = argument.bytes.data();
    int64_t bytes = static_cast<int64_t>(argument.bytes.size());
    if (argument.tensor >= 0) {
      const FileTensor& tensor = model_.tensors[argument.tensor];
      data = tensor.constant;
      bytes = tensor.bytes;
    }
    if (argument.tensor >= 0) {
      const auto found = known_->find({argument.tensor, argument.type});
      if (found != known_->end()) return found->second;
    }
    const std::string name = Name("Data");
    if (argument.tensor >= 0) known_->emplace(std::pair(argument.tensor, argument.type), name);
    const std::vector<int64_t> values = Elements(argument.type, data, bytes);
    absl::StrAppend(&text_.constants, "alignas(4) constexpr ", argument.type, " ", name, "[", values.size(), "] = {\n",
                    TableText(values, 4), "};\n\n");
    return name;
  }

  const std::string& prefix_;
  const RecordedModel& model_;
  const std::function<std::string(const Argument&)>& place_;
  ConstantNames* known_;
  CallText text_;
  std::string locals_;
  std::map<std::string, int> names_;
};

// Of the runtime's convolutions, and of its arithmetic on float32, generated code has the bodies too.
constexpr char kConvolutions[] = "mcu_runtime/compiled/plain.h";
constexpr char kFloat32[] = "mcu_runtime/compiled/float32.h";

// At the begin of a line, as all declarations at namespace scope stand.
bool Declares(absl::string_view text, const std::string& name) {
  if (absl::StrContains(text, absl::StrCat("\nstruct ", name, " {"))) return true;
  const std::string function = absl::StrCat(" ", name, "(");
  for (size_t at = text.find(function); at != absl::string_view::npos; at = text.find(function, at + 1)) {
    const size_t line = text.rfind('\n', at) + 1;
    if (line != at && !absl::StrContains(" /*", text.substr(line, 1))) return true;
  }
  return false;
}

std::string HeaderDeclaring(const std::string& name) {
  if (absl::EndsWith(name, "Conv2dInt16")) return kConvolutions;
  for (int i = 0; i < kDeviceSourceCount; ++i) {
    const std::string path = kDeviceSources[i].path;
    if (!absl::StartsWith(path, "mcu_runtime/kernels/") || !absl::EndsWith(path, ".h")) continue;
    if (Declares(kDeviceSources[i].text, name)) return path;
  }
  return kConvolutions;
}

}  // namespace

CallText TextOf(const KernelCall& call, const std::string& prefix, const RecordedModel& model,
                const std::function<std::string(const Argument&)>& place, ConstantNames* known) {
  return Writer(prefix, model, place, known).Write(call);
}

std::set<std::string> HeadersOf(const KernelCall& call) {
  std::set<std::string> headers;
  std::string names = call.function;  // of the function, its template arguments, and the structures that it is given
  for (const Argument& argument : call.arguments) absl::StrAppend(&names, " ", argument.type);
  static const std::regex kName("mote::(device|compiled)::(\\w+)");
  for (std::sregex_iterator at(names.begin(), names.end(), kName), end; at != end; ++at) {
    const std::string header = (*at)[1] == "compiled" ? kConvolutions : HeaderDeclaring((*at)[2]);
    headers.insert(header);
    if (DeviceSourcesFor({header}).count("mcu_runtime/float32.h") != 0) headers.insert(kFloat32);
  }
  return headers;
}

std::string CStringText(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 32 || byte >= 127 || c == '?') {
      absl::StrAppendFormat(&result, "\\%03o", byte);  // three digits: what follows is no part of it
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace mote::compiler
