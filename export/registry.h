// Which operators of the device runtime models need, and the C file that lists them: programs link what they name.
#ifndef MOTE_EXPORT_REGISTRY_H_
#define MOTE_EXPORT_REGISTRY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "export/runtime_model.h"

namespace mote {

// The rows of mcu_runtime/operators.def without which the runtime refuses the model: their symbols, in the table's
// order.
std::vector<std::string> NeededOperators(const RuntimeModel& model);

// A C file with one list a model, mote_operators_of_<name>, for mote_model_load. <name> is the file's name without
// ".tflite", '_' for whatever a C name cannot hold. A function of names and models alone. An error where two models
// would have the same name.
absl::StatusOr<std::string> RegistrySource(const std::vector<std::string>& paths);

}  // namespace mote

#endif  // MOTE_EXPORT_REGISTRY_H_
