// A recorded call of a kernel as C++.
#ifndef MOTE_EXPORT_COMPILER_CALL_TEXT_H_
#define MOTE_EXPORT_COMPILER_CALL_TEXT_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "export/compiler/record.h"

namespace mote::compiler {

struct CallText {
  std::string constants;   // definitions of tables
  std::string parameters;  // definitions of parameter structures
  std::string call;        // statements
};

// What constants of the file are called that stand in the text already, by tensor and type.
using ConstantNames = std::map<std::pair<int, std::string>, std::string>;

// Names begin with `prefix`. `place` spells where an activation, state or scratch stands: "arena + 512". `known` is
// taken into account and grows.
CallText TextOf(const KernelCall& call, const std::string& prefix, const RecordedModel& model,
                const std::function<std::string(const Argument&)>& place, ConstantNames* known);

// The device's headers that declare the function, its template arguments and its parameters' types.
std::set<std::string> HeadersOf(const KernelCall& call);

// `text` within a C string literal.
std::string CStringText(const std::string& text);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_CALL_TEXT_H_
