// The model compiler: a .tflite file in, C++ for one core out.
#ifndef MOTE_EXPORT_COMPILER_COMPILE_H_
#define MOTE_EXPORT_COMPILER_COMPILE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "export/compiler/stream_window.h"
#include "export/compiler/target.h"

namespace mote::compiler {

struct CompileOptions {
  std::string core = "generic";
  Optimize optimize = Optimize::kSpeed;
  std::string name;                    // of the C functions; empty: the file's
  std::optional<int64_t> ram_bytes;    // of the arena at most
  std::optional<int64_t> flash_bytes;  // of constants and code, about, at most
  bool hook = false;                   // the generated code calls a function of the caller's after every step
  bool plain = false;                  // the runtime's plain kernels alone
  std::string prefer;                  // the variant that every layer is given to which it takes; empty: the cheapest
  bool by_rows = false;                // the input is given row by row
  bool winograd = false;               // 3x3 convolutions by Winograd's filtering, where it takes fewer instructions
  bool stream = false;                 // the input is given frame by frame, without an end (stream.h)
  bool self_test = false;              // a function that compares every layer's output with golden checksums
};

// What one step of the generated code is, in order; `index` is the number that its hook gives.
struct CompiledLayer {
  int index = 0;
  std::string text;     // "CONV_2D 3x3 stride 2, [96, 96, 3] -> [48, 48, 8]"
  std::string variant;  // the kernel
  std::string remark;   // why it is not a faster one, or nothing
  int64_t macs = 0;
  int64_t instructions = 0;    // estimated
  int64_t constant_bytes = 0;  // weights, biases, tables
  int64_t row_bytes = 0;       // of memory that its output's rows take
};

struct CompiledModel {
  std::string name;
  std::map<std::string, std::string> files;  // by their path within the output folder
  std::vector<CompiledLayer> layers;
  int64_t arena_bytes = 0, input_bytes = 0, output_bytes = 0, state_bytes = 0;
  int64_t constant_bytes = 0;
  int64_t macs = 0;
  bool streamed = false;
  // Of a model that is given frames; `macs` are those of one, and input_bytes its bytes.
  std::optional<Stream> stream;
  int64_t window_macs = 0;  // of the whole window
};

// Errors: InvalidArgument for a file that does not verify, a core or a variant that is not known, and golden data that
// are not the model's; NotFound where the preferred variant takes no layer; ResourceExhausted for a budget that no plan
// meets. The result is a function of the arguments alone.
absl::StatusOr<CompiledModel> Compile(const std::string& file, const std::string& file_name,
                                      const CompileOptions& options);

// Compiles the file at `path` and writes the result into `folder`, which is made where it is not there. Each file is
// written whole or not at all.
absl::StatusOr<CompiledModel> CompileFile(const std::string& path, const std::string& folder,
                                          const CompileOptions& options);

// A table of the layers and what the model takes, for people.
std::string ReportText(const CompiledModel& model);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_COMPILE_H_
