// What is in a model: for people as a table, for programs as JSON.
#ifndef MOTE_EXPORT_INSPECT_H_
#define MOTE_EXPORT_INSPECT_H_

#include <string>

#include "export/runtime_model.h"

namespace mote {

// One line an operator (shapes of its first input and of its output, options, weight scales, output scale and zero
// point, bytes of weights and biases, MACs), then totals, arena, metadata and class names.
std::string InspectTable(const RuntimeModel& model);

// An object: "file_bytes", "arena_bytes", "inputs", "outputs" (tensor indices), "operators" (index, name, layer,
// detail, inputs, outputs, macs, weight_bytes), "tensors" (index, name, type, shape, scales, zero_points,
// quantized_dimension, bytes, constant), "totals" (operators, macs, weight_bytes), "metadata", "class_names".
std::string InspectJson(const RuntimeModel& model);

}  // namespace mote

#endif  // MOTE_EXPORT_INSPECT_H_
