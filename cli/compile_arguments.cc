#include "cli/compile_arguments.h"

#include <cctype>
#include <iostream>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mote {
namespace {

// Bytes, or with K or M at the end times 1024 or 1024 * 1024.
absl::StatusOr<std::optional<int64_t>> ParseBytes(const std::string& option, const std::string& text) {
  if (text.empty()) return std::nullopt;
  std::string digits = text;
  int64_t unit = 1;
  const char last = static_cast<char>(std::toupper(static_cast<unsigned char>(text.back())));
  if (last == 'K' || last == 'M') {
    unit = last == 'K' ? 1024 : 1024 * 1024;
    digits.pop_back();
  }
  int64_t count;
  if (!absl::SimpleAtoi(digits, &count) || count < 1 || count > (int64_t{1} << 40) / unit) {
    return absl::InvalidArgumentError(
        absl::StrCat(option, ": \"", text, "\" is no number of bytes, such as 16K or 12000"));
  }
  return count * unit;
}

}  // namespace

void AddCompileOptions(CLI::App* command, CompileArguments* arguments) {
  command->add_option("MODEL", arguments->model, "a .tflite file")->required();
  command
      ->add_option("--core", arguments->options.core,
                   absl::StrCat("what it is for: ", absl::StrJoin(compiler::Cores(), ", ",
                                                                  [](std::string* out, const compiler::Core& core) {
                                                                    out->append(core.name);
                                                                  })))
      ->required();
  command->add_option("--optimize", arguments->optimize, "speed (default), size or ram");
  command->add_option("--name", arguments->options.name, "of the functions, in place of the file's");
  command->add_option("--ram", arguments->ram, "the arena's budget, such as 16K: the fastest plan within it");
  command->add_option("--flash", arguments->flash, "the budget of constants and code, such as 64K");
  command->add_flag("--by-rows", arguments->options.by_rows,
                    "functions that take the input row by row, so that it is never whole in memory");
  command->add_flag("--stream", arguments->options.stream,
                    "functions that take the newest rows of an input without an end: each row is computed once");
  CLI::Option* plain = command->add_flag("--plain", arguments->options.plain, "the runtime's plain kernels alone");
  command->add_flag("--winograd", arguments->options.winograd,
                    "3x3 convolutions of stride 1 by Winograd's filtering (speed; cortex-m4, m7, m33): as exact, about "
                    "half the instructions, 3.6 times the weights' flash");
  command
      ->add_option("--prefer", arguments->options.prefer,
                   "a variant of kernels, such as depthwise_general_dsp: it computes every layer that it can, however "
                   "dear")
      ->excludes(plain);
}

void AddCompileArguments(CLI::App* command, CompileArguments* arguments) {
  AddCompileOptions(command, arguments);
  command->add_option("-o,--output", arguments->folder, "the folder for the C++ files")->required();
  command->add_flag("--hook", arguments->options.hook, "call a function of yours after every layer, for profiling");
  command->add_flag("--self-test", arguments->options.self_test,
                    "a function that runs golden inputs and compares every layer's checksum");
  command->footer(
      "Writes NAME.h, a C header, NAME.cc and the kernels' headers: C++17 that needs nothing else. Add NAME.cc to "
      "your\n"
      "build, with the folder among its include folders.\n\n"
      "Example:\n  mote compile keywords.tflite --core cortex-m4 -o generated");
}

absl::StatusOr<compiler::CompileOptions> ReadCompileOptions(const CompileArguments& arguments) {
  compiler::CompileOptions options = arguments.options;
  const absl::StatusOr<compiler::Optimize> optimize = compiler::FindOptimize(arguments.optimize);
  if (!optimize.ok()) return absl::InvalidArgumentError(absl::StrCat("--optimize: ", optimize.status().message()));
  options.optimize = *optimize;
  const auto ram = ParseBytes("--ram", arguments.ram);
  if (!ram.ok()) return ram.status();
  options.ram_bytes = *ram;
  const auto flash = ParseBytes("--flash", arguments.flash);
  if (!flash.ok()) return flash.status();
  options.flash_bytes = *flash;
  return options;
}

absl::Status RunCompile(const CompileArguments& arguments) {
  const absl::StatusOr<compiler::CompileOptions> options = ReadCompileOptions(arguments);
  if (!options.ok()) return options.status();
  const absl::StatusOr<compiler::CompiledModel> model =
      compiler::CompileFile(arguments.model, arguments.folder, *options);
  if (!model.ok()) return model.status();
  std::cout << compiler::ReportText(*model) << arguments.folder << "/" << model->name << ".cc\n";
  return absl::OkStatus();
}

}  // namespace mote
