// Included ahead of the runtime's operators when they are compiled to be recorded (export/compiler/CMakeLists.txt):
// makes MOTE_RUN write calls down. There the token `device` is `recorded`, so mote::device is mote::recorded, a second
// copy of the runtime beside the one that runs.
#ifndef MOTE_EXPORT_COMPILER_RECORDING_H_
#define MOTE_EXPORT_COMPILER_RECORDING_H_

#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "export/compiler/record.h"

#define MOTE_RUN(arguments, ...) ::mote::compiler::RecordCall<(__VA_ARGS__)> arguments
#define MOTE_RUN_NAMED(name, arguments, function) ((void)(function), ::mote::compiler::NamedCall{name} arguments)
// A table that the operator makes for the call.
#define MOTE_TABLE(pointer, count) ::mote::compiler::TableOf((pointer), (count))
// Blocks that keep stacks small need not be small here.
#define MOTE_BLOCK(count) 65536

namespace mote::compiler {

// What is being recorded. One thread records at a time (RecordModel locks).
class Recorder {
 public:
  static Recorder* current;

  // Memory that pointers are recognized by.
  struct Region {
    uintptr_t begin = 0, end = 0;
    Argument::Place place = Argument::Place::kNull;
    int tensor = -1;
  };
  std::vector<Region> regions;
  RecordedOperator* op = nullptr;

  Argument Pointer(const void* pointer, const std::string& type, bool is_written) const;
};

// "mote::device::SoftmaxParams", "int8_t", ...
std::string TypeText(const std::type_info& type);
// The function's name out of GCC's text of a template's instance.
std::string FunctionText(const char* pretty);

template <typename T>
struct Table {
  const T* data;
  int count;
};
template <typename T>
Table<T> TableOf(const T* data, int count) {
  return {data, count};
}

// Writes values as initializers. Pointers within structures become "$n$", n counting `pointers`.
class ValuePrinter {
 public:
  std::string text;
  std::vector<Argument> pointers;

  void Number(int64_t value) { text += std::to_string(value); }
  template <typename T>
  void Value(const T& value);
  template <typename T>
  void Field(const char* name, const T& value) {
    if (text.back() != '{') text += ", ";
    text += "/*";
    text += name;
    text += "=*/";
    Value(value);
  }
  template <typename T>
  void List(const T* values, int count) {
    text += '{';
    for (int i = 0; i < count; ++i) {
      if (i != 0) text += ", ";
      Value(values[i]);
    }
    text += '}';
  }
};

template <typename T>
void ValuePrinter::Value(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    text += value ? "true" : "false";
  } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
    if constexpr (std::is_same_v<T, int32_t>) {
      if (value == INT32_MIN) {
        text += "INT32_MIN";
        return;
      }
    }
    Number(static_cast<int64_t>(value));
    if constexpr (std::is_same_v<T, uint32_t>) text += 'u';
  } else if constexpr (std::is_array_v<T>) {
    List(value, static_cast<int>(std::extent_v<T>));
  } else if constexpr (std::is_pointer_v<T>) {
    using Target = std::remove_pointer_t<T>;
    text += '$' + std::to_string(pointers.size()) + '$';
    pointers.push_back(Recorder::current->Pointer(value, TypeText(typeid(Target)), !std::is_const_v<Target>));
  } else {
    text += '{';
    PrintFields(*this, value);
    text += '}';
  }
}

template <typename T>
Argument ArgumentOf(const T& value) {
  if constexpr (std::is_pointer_v<T>) {
    using Target = std::remove_pointer_t<T>;
    return Recorder::current->Pointer(value, TypeText(typeid(Target)), !std::is_const_v<Target>);
  } else if constexpr (std::is_arithmetic_v<T>) {
    Argument argument;
    argument.kind = Argument::Kind::kNumber;
    argument.type = TypeText(typeid(T));
    argument.text = std::to_string(value);
    return argument;
  } else {
    Argument argument;
    ValuePrinter printer;
    printer.Value(value);
    argument.kind = Argument::Kind::kParams;
    argument.type = TypeText(typeid(T));
    argument.text = std::move(printer.text);
    argument.pointers = std::move(printer.pointers);
    argument.value = value;
    return argument;
  }
}

template <typename T>
Argument ArgumentOf(const Table<T>& table) {
  Argument argument;
  ValuePrinter printer;
  printer.List(table.data, table.count);
  argument.kind = Argument::Kind::kTable;
  argument.type = TypeText(typeid(T));
  argument.text = std::move(printer.text);
  argument.count = table.count;
  argument.value = std::vector<T>(table.data, table.data + table.count);
  return argument;
}

template <auto kFunction>
const char* PrettyName() {
  return __PRETTY_FUNCTION__;
}

void AddCall(const std::string& function, std::vector<Argument> arguments);
void SetPackedScratch(int64_t bytes);       // RecordedOperator::packed_scratch_bytes
void SetTable(std::vector<uint8_t> table);  // RecordedOperator::table

struct NamedCall {
  const char* name;
  template <typename... Arguments>
  void operator()(const Arguments&... arguments) const {
    AddCall(std::string("mote::device::") + name, {ArgumentOf(arguments)...});
  }
};

template <auto kFunction, typename... Arguments>
void RecordCall(const Arguments&... arguments) {
  AddCall(FunctionText(PrettyName<kFunction>()), {ArgumentOf(arguments)...});
}

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_RECORDING_H_
