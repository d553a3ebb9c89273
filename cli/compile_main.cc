// mote-compile: `mote compile` alone, for firmware builds on machines without LibTorch.
#include <iostream>

#include "cli/compile_arguments.h"

int main(int argc, char** argv) {
  CLI::App app("Compiles a .tflite model into C++ for one core.", "mote-compile");
  mote::CompileArguments arguments;
  mote::AddCompileArguments(&app, &arguments);
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = mote::RunCompile(arguments);
  if (status.ok()) return 0;
  std::cerr << "mote-compile: " << status.message() << "\n";
  return 1;
}
