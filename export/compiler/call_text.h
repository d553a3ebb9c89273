// A recorded call of a kernel as C++.
#ifndef MOTE_EXPORT_COMPILER_CALL_TEXT_H_
#define MOTE_EXPORT_COMPILER_CALL_TEXT_H_

#include <functional>
#include <set>
#include <string>

#include "export/compiler/record.h"

namespace mote::compiler {

struct CallText {
  std::string constants;   // definitions of tables
  std::string parameters;  // definitions of parameter structures
  std::string call;        // statements
};

// Names begin with `prefix`. `place` spells where an activation, state or scratch stands: "arena + 512".
CallText TextOf(const KernelCall& call, const std::string& prefix, const RecordedModel& model,
                const std::function<std::string(const Argument&)>& place);

// The device's headers that declare the function, its template arguments and its parameters' types.
std::set<std::string> HeadersOf(const KernelCall& call);

// `text` within a C string literal.
std::string CStringText(const std::string& text);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_CALL_TEXT_H_
