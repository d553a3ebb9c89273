// What `mote compile` takes and does: for the program mote, and for mote-compile, which is it alone, without LibTorch.
#ifndef MOTE_CLI_COMPILE_ARGUMENTS_H_
#define MOTE_CLI_COMPILE_ARGUMENTS_H_

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "export/compiler/compile.h"

namespace mote {

struct CompileArguments {
  std::string model;
  std::string folder;
  std::string optimize = "speed";
  std::string ram, flash;  // "16K", "512", ...
  compiler::CompileOptions options;
};

// The model, and what is said of the compilation, but for the folder, --hook and --self-test.
void AddCompileOptions(CLI::App* command, CompileArguments* arguments);
absl::StatusOr<compiler::CompileOptions> ReadCompileOptions(const CompileArguments& arguments);

void AddCompileArguments(CLI::App* command, CompileArguments* arguments);

// Compiles, and prints the report.
absl::Status RunCompile(const CompileArguments& arguments);

}  // namespace mote

#endif  // MOTE_CLI_COMPILE_ARGUMENTS_H_
