// What emit.cc is put together of.
#ifndef MOTE_EXPORT_COMPILER_EMIT_PARTS_H_
#define MOTE_EXPORT_COMPILER_EMIT_PARTS_H_

#include <string>

#include "export/compiler/emit.h"
#include "export/compiler/text.h"

namespace mote::compiler {

// Where row 0 of a buffer stands in the arena.
int64_t PlaceOf(const Plan& plan, int buffer);

// The type of a tensor's elements in C.
std::string CType(const Tensor& tensor);

std::string HeaderText(const Network& network, const Plan& plan, const EmitOptions& options);

// Of a streamed network: what its header says of calls, and the functions, which call RunFrame(arena).
std::string StreamDeclarations(const Network& network, const Plan& plan, const EmitOptions& options);
std::string StreamFunctions(const Network& network, const Plan& plan, const EmitOptions& options);

// The source, and the constants that it includes.
struct SourceTexts {
  std::string source;
  std::string constants;
  std::vector<std::string> headers;  // of the device, that either includes
};
SourceTexts SourceText(const Network& network, const Plan& plan, const EmitOptions& options);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_EMIT_PARTS_H_
