// Compiled models as a program that runs and measures them: mcu_runtime/device/compiled_main.cc around them, built by
// the core's compiler, for the core's emulated machine or for this one.
#ifndef MOTE_EXPORT_COMPILER_BUILD_H_
#define MOTE_EXPORT_COMPILER_BUILD_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "export/compiler/compile.h"
#include "export/emulator_process.h"

namespace mote::compiler {

// What a model takes of a device, in bytes.
struct Footprint {
  int64_t code = 0;          // text, read-only and initialized data, less the constants; with what of the compiler's
                             // library and of memcpy and the like it calls
  int64_t constants = 0;     // the tables of NAME_constants.h
  int64_t static_bytes = 0;  // variables outside of the arena
};

class CompiledProgram {
 public:
  const Core& core() const { return core_; }
  const std::vector<CompiledModel>& models() const { return models_; }
  const std::string& path() const { return program_; }  // of the program's file

  // Of one model, against a program that holds none.
  absl::StatusOr<Footprint> MeasureFootprint(size_t model) const;

 private:
  friend absl::StatusOr<CompiledProgram> BuildCompiled(std::vector<CompiledModel> models, const std::string& core);
  CompiledProgram(Core core, std::vector<CompiledModel> models, TemporaryFolder folder)
      : core_(std::move(core)), models_(std::move(models)), folder_(std::move(folder)) {}

  absl::Status WriteSources() const;
  absl::Status CompileSources() const;
  // Of the folder harness/ or models/: makes an object of each source, which is relative to it.
  absl::Status Compile(const std::string& folder, const std::vector<std::string>& sources,
                       const std::vector<std::string>& options) const;
  absl::Status Link(const std::vector<std::string>& objects, const std::string& program,
                    const std::vector<std::string>& options = {}) const;
  absl::Status RunTool(std::vector<std::string> arguments, const std::string& folder, const std::string& what) const;

  Core core_;
  std::vector<CompiledModel> models_;
  TemporaryFolder folder_;
  std::string program_;
};

// Models are compiled for `core`, and their names differ. Safe to call from several threads. Warnings are errors.
// Errors: FailedPrecondition where the compiler is not installed, with what to install; Internal with the compiler's
// first error.
absl::StatusOr<CompiledProgram> BuildCompiled(std::vector<CompiledModel> models, const std::string& core);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_BUILD_H_
