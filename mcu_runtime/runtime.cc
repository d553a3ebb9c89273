/* The C API: loads a model, runs it operator by operator from the file in place. */
#include "mcu_runtime/access.h"
#include "mcu_runtime/loader.h"

using mote::device::Graph;
using mote::device::Invocation;
using mote::device::kModelFresh;
using mote::device::kModelRun;
using mote::device::Loader;
using mote::device::Memory;
using mote::device::OperatorInfo;
using mote::device::PlanMemory;
using mote::device::TensorInfo;

namespace {

Memory MemoryOf(const mote_model* model, const Graph& graph) {
  Memory memory;
  memory.offsets = reinterpret_cast<uint32_t*>(model->own);
  memory.own = model->own;
  memory.shared = model->shared;
  memory.scratch = graph.tensors.size;
  return memory;
}

/* Runs all operators, or those that have state to be reset. */
mote_status Run(mote_model* model, Graph* graph, Memory memory) {
  for (uint32_t i = 0; i < graph->operators.size; ++i) {
    OperatorInfo op;
    mote_status status;
    MOTE_RETURN_IF_ERROR(graph->ReadOperator(i, &op));
    const mote_operator* row = FindOperator(model->operators, graph, op, &status);
    if (row == nullptr) return status; /* the file or the list has changed since it was loaded */
    if (memory.resetting && row->memory != mote::device::kState) continue;
    Invocation invocation(graph, &op, &memory);
    MOTE_RETURN_IF_ERROR(row->eval(invocation));
    if (model->hook != nullptr && !memory.resetting) model->hook(model->hook_context, model, static_cast<int32_t>(i));
  }
  return graph->file.status;
}

/* State begins at 0, recurrent state of int8 at its zero point, variables as their operator says. */
mote_status ResetState(mote_model* model, Graph* graph) {
  if (model->own_bytes == model->state_at) return MOTE_OK;
  __builtin_memset(model->own + model->state_at, 0, model->own_bytes - model->state_at);
  Memory memory = MemoryOf(model, *graph);
  for (uint32_t t = 0; t < graph->tensors.size; ++t) {
    const uint32_t offset = memory.offsets[t];
    if (offset == mote::device::kNoOffset || (offset & mote::device::kOwnMemory) == 0) continue;
    TensorInfo info;
    MOTE_RETURN_IF_ERROR(graph->ReadTensor(static_cast<int32_t>(t), &info));
    if (info.type != MOTE_INT8 || info.zero_points.size == 0) continue;
    __builtin_memset(model->own + (offset & ~mote::device::kOwnMemory), graph->file.I32(info.zero_points.at),
                     info.bytes);
  }
  memory.resetting = true;
  return Run(model, graph, memory);
}

}  // namespace

mote_status mote_model_load_sharing(mote_model* model, const mote_operator* const* operators, const void* file,
                                    size_t file_size, void* own, size_t own_size, void* shared, size_t shared_size) {
  if (model == nullptr) return MOTE_ERROR_ARGUMENT;
  *model = mote_model();
  model->fault = {-1, -1, -1};
  if (operators == nullptr || file == nullptr || own == nullptr) return MOTE_ERROR_ARGUMENT;
  if ((reinterpret_cast<uintptr_t>(own) | reinterpret_cast<uintptr_t>(shared)) % 16 != 0) {
    return MOTE_ERROR_ARENA_ALIGNMENT;
  }
  Graph graph;
  MOTE_RETURN_IF_ERROR(graph.Open(file, file_size));
  const PlanMemory memory = {static_cast<uint32_t*>(own), own_size, static_cast<uint8_t*>(shared), shared_size, false};
  mote_memory needed;
  Loader loader(&graph, operators, memory, &model->fault);
  MOTE_RETURN_IF_ERROR(loader.Run(&needed));
  model->file = static_cast<const uint8_t*>(file);
  model->file_size = file_size;
  model->operators = operators;
  model->own = static_cast<uint8_t*>(own);
  model->own_bytes = needed.own;
  model->shared = shared != nullptr ? static_cast<uint8_t*>(shared) : model->own + needed.own;
  model->state_at = needed.own - loader.state_bytes();
  model->state = kModelFresh;
  return ResetState(model, &graph);
}

mote_status mote_model_load(mote_model* model, const mote_operator* const* operators, const void* file,
                            size_t file_size, void* arena, size_t arena_size) {
  return mote_model_load_sharing(model, operators, file, file_size, arena, arena_size, nullptr, 0);
}

mote_status mote_model_invoke(mote_model* model) {
  Graph graph;
  MOTE_RETURN_IF_ERROR(OpenLoaded(model, &graph));
  Memory memory = MemoryOf(model, graph);
  memory.first = model->state == kModelFresh;
  MOTE_RETURN_IF_ERROR(Run(model, &graph, memory));
  model->state = kModelRun;
  return MOTE_OK;
}

mote_status mote_model_reset(mote_model* model) {
  Graph graph;
  MOTE_RETURN_IF_ERROR(OpenLoaded(model, &graph));
  model->state = kModelFresh;
  return ResetState(model, &graph);
}
