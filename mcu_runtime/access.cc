/* The C API: inputs, outputs, and what tools ask. */
#include "mcu_runtime/access.h"

#include "mcu_runtime/loader.h"

namespace mote::device {

mote_status OpenLoaded(const mote_model* model, Graph* graph) {
  if (model == nullptr) return MOTE_ERROR_ARGUMENT;
  if (model->state != kModelFresh && model->state != kModelRun) return MOTE_ERROR_NOT_LOADED;
  return graph->Open(model->file, model->file_size);
}

namespace {

/* What the table and the planner's blocks may take together where only sizes are asked for. */
constexpr size_t kPlanningBytes = 16384;

mote_tensor Describe(const mote_model* model, Graph* graph, int32_t index) {
  mote_tensor tensor = {};
  TensorInfo info;
  if (graph->ReadTensor(index, &info) != MOTE_OK) return tensor;
  tensor.bytes = info.bytes;
  tensor.type = info.type;
  tensor.dimensions = info.dimensions;
  for (int32_t d = 0; d < info.dimensions; ++d) tensor.shape[d] = info.shape[d];
  if (info.scales.size != 0) {
    const uint32_t bits = graph->file.U32(info.scales.at);
    __builtin_memcpy(&tensor.scale, &bits, 4);
  }
  if (info.zero_points.size != 0) tensor.zero_point = graph->file.I32(info.zero_points.at);
  const uint32_t offset = reinterpret_cast<const uint32_t*>(model->own)[index];
  if (info.constant != nullptr) {
    tensor.data = const_cast<uint8_t*>(info.constant);
  } else if (offset != kNoOffset) {
    tensor.data = (offset & kOwnMemory ? model->own : model->shared) + (offset & ~kOwnMemory);
  }
  return tensor;
}

mote_tensor DescribeListed(const mote_model* model, int32_t position, Vector Graph::*list) {
  Graph graph;
  if (OpenLoaded(model, &graph) != MOTE_OK || position < 0) return mote_tensor();
  /* Past the end: element 0 of nothing, and no tensor has index -1. */
  const Vector& indices = graph.*list;
  const bool there = static_cast<uint32_t>(position) < indices.size;
  return Describe(model, &graph, there ? graph.file.ElementI32(indices, static_cast<uint32_t>(position)) : -1);
}

int32_t CountOf(const mote_model* model, Vector Graph::*list) {
  Graph graph;
  return OpenLoaded(model, &graph) == MOTE_OK ? static_cast<int32_t>((graph.*list).size) : 0;
}

bool ReadLoadedOperator(const mote_model* model, int32_t op, Graph* graph, OperatorInfo* info) {
  return OpenLoaded(model, graph) == MOTE_OK && op >= 0 &&
         graph->ReadOperator(static_cast<uint32_t>(op), info) == MOTE_OK;
}

}  // namespace
}  // namespace mote::device

using mote::device::Graph;
using mote::device::OperatorInfo;

mote_status mote_model_memory(const mote_operator* const* operators, const void* file, size_t file_size,
                              mote_memory* memory, mote_fault* fault) {
  mote_fault unasked;
  if (fault == nullptr) fault = &unasked;
  *fault = {-1, -1, -1};
  if (operators == nullptr || file == nullptr || memory == nullptr) return MOTE_ERROR_ARGUMENT;
  Graph graph;
  MOTE_RETURN_IF_ERROR(graph.Open(file, file_size));
  uint32_t planning[mote::device::kPlanningBytes / 4];
  return mote::device::Loader(&graph, operators, {planning, sizeof planning, nullptr, 0, true}, fault).Run(memory);
}

int32_t mote_model_input_count(const mote_model* model) { return mote::device::CountOf(model, &Graph::inputs); }
int32_t mote_model_output_count(const mote_model* model) { return mote::device::CountOf(model, &Graph::outputs); }
int32_t mote_model_tensor_count(const mote_model* model) { return mote::device::CountOf(model, &Graph::tensors); }
int32_t mote_model_operator_count(const mote_model* model) { return mote::device::CountOf(model, &Graph::operators); }

mote_tensor mote_model_input(const mote_model* model, int32_t index) {
  return mote::device::DescribeListed(model, index, &Graph::inputs);
}
mote_tensor mote_model_output(const mote_model* model, int32_t index) {
  return mote::device::DescribeListed(model, index, &Graph::outputs);
}
mote_tensor mote_model_tensor(const mote_model* model, int32_t index) {
  Graph graph;
  if (mote::device::OpenLoaded(model, &graph) != MOTE_OK) return mote_tensor();
  return mote::device::Describe(model, &graph, index);
}

int32_t mote_model_operator_code(const mote_model* model, int32_t op) {
  Graph graph;
  OperatorInfo info;
  return mote::device::ReadLoadedOperator(model, op, &graph, &info) ? info.code : -1;
}
int32_t mote_model_operator_output_count(const mote_model* model, int32_t op) {
  Graph graph;
  OperatorInfo info;
  return mote::device::ReadLoadedOperator(model, op, &graph, &info) ? static_cast<int32_t>(info.outputs.size) : 0;
}
int32_t mote_model_operator_output(const mote_model* model, int32_t op, int32_t index) {
  Graph graph;
  OperatorInfo info;
  if (!mote::device::ReadLoadedOperator(model, op, &graph, &info) || static_cast<uint32_t>(index) >= info.outputs.size)
    return -1;
  return graph.file.ElementI32(info.outputs, static_cast<uint32_t>(index));
}

void mote_model_set_hook(mote_model* model, mote_hook hook, void* context) {
  if (model == nullptr) return;
  model->hook = hook;
  model->hook_context = context;
}
