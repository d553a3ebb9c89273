// The sources that stand between a program and its compiled models, written from what their headers say.
#ifndef MOTE_EXPORT_COMPILER_HARNESS_TEXT_H_
#define MOTE_EXPORT_COMPILER_HARNESS_TEXT_H_

#include <string>
#include <vector>

#include "export/compiler/compile.h"

namespace mote::compiler {

// The table that mcu_runtime/device/compiled_models.h declares.
std::string CompiledTableText(const std::vector<CompiledModel>& models);

// A program that calls the model and does nothing else, in an arena that the linker places (mote_arena); null: none.
std::string FirmwareText(const CompiledModel* model);

// The C++ names of the tables that NAME_constants.h defines.
std::vector<std::string> ConstantNames(const std::string& constants_header);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_HARNESS_TEXT_H_
