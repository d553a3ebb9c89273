// A plan as text: the header, the source that reads as the network's layers in order, the constants, and the device's
// headers that these include.
#ifndef MOTE_EXPORT_COMPILER_EMIT_H_
#define MOTE_EXPORT_COMPILER_EMIT_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "export/compiler/golden.h"
#include "export/compiler/plan.h"

namespace mote::compiler {

struct EmitOptions {
  std::string name;                      // a C identifier: "keywords"
  std::string model_name;                // the file that it was made of: "keywords.tflite"
  std::string tool;                      // "mote 0.1.0"
  std::string hash;                      // SHA-256 of the file, 64 hex digits
  std::vector<std::string> class_names;  // of the output's last dimension, or empty
  bool hook = false;                     // a function of the caller's is called after every step
  std::optional<Golden> golden;          // of the self-test; none: there is none
};

// Files by their path within the folder. A function of its arguments alone, byte for byte.
std::map<std::string, std::string> EmitFiles(const Network& network, const Plan& plan, const EmitOptions& options);

// `text` as a C identifier: '_' for what cannot stand in one; lower case.
std::string Identifier(const std::string& text);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_EMIT_H_
