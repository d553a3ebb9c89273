/* The C API: loads a model, runs it operator by operator from the file in place. */
#include "mcu_runtime/loader.h"

namespace mote::device {

/* Runs all operators, or those that have state to be reset. */
static mote_status Run(mote_model* outer, Model* model) {
  Invocation invocation(&model->graph, &model->memory);
  for (uint32_t i = 0; i < model->graph.operators.size; ++i) {
    MOTE_RETURN_IF_ERROR(invocation.Read(i));
    const mote_operator* row = FindOperator(model->operators, &model->graph, invocation.info());
    if (row == nullptr) break; /* the file or the list has changed since it was loaded */
    if (model->memory.resetting && row->memory != kState) continue;
    MOTE_RETURN_IF_ERROR(row->eval(invocation));
    if (outer->hook != nullptr && !model->memory.resetting) {
      outer->hook(outer->hook_context, outer, static_cast<int32_t>(i));
    }
  }
  return model->graph.file.status;
}

/* State begins at 0, recurrent state of int8 at its zero point, variables as their operator says. */
static mote_status ResetState(mote_model* outer, Model* model) {
  outer->state = kModelFresh;
  Memory& memory = model->memory;
  __builtin_memset(memory.own + model->state_at, 0, model->own_bytes - model->state_at);
  for (uint32_t t = 0; t < model->graph.tensors.size; ++t) {
    const uint32_t offset = memory.offsets[t];
    if (offset == kNoOffset || (offset & kOwnMemory) == 0) continue;
    TensorInfo info;
    MOTE_RETURN_IF_ERROR(model->graph.ReadTensor(static_cast<int32_t>(t), &info));
    if (info.type != MOTE_INT8 || info.zero_points_at == 0) continue;
    const uint8_t* zero_point = model->graph.file.data() + info.zero_points_at;
    __builtin_memset(memory.own + (offset & ~kOwnMemory), *zero_point, info.bytes);
  }
  memory.resetting = true;
  const mote_status status = Run(outer, model);
  memory.resetting = false;
  return status;
}

}  // namespace mote::device

using mote::device::LoadedModel;
using mote::device::Model;

mote_status mote_model_load_sharing(mote_model* outer, const mote_operator* const* operators, const void* file,
                                    size_t file_size, void* own, size_t own_size, void* shared, size_t shared_size) {
  if (outer == nullptr) return MOTE_ERROR_ARGUMENT;
  __builtin_memset(outer, 0, sizeof *outer);
  outer->fault.op = outer->fault.code = outer->fault.tensor = -1;
  if (operators == nullptr || file == nullptr || own == nullptr) return MOTE_ERROR_ARGUMENT;
  if ((reinterpret_cast<uintptr_t>(own) | reinterpret_cast<uintptr_t>(shared)) % 16 != 0) {
    return MOTE_ERROR_ARENA_ALIGNMENT;
  }
  Model* model = reinterpret_cast<Model*>(outer->internal); /* all of it may begin as zeros */
  MOTE_RETURN_IF_ERROR(model->graph.Open(file, file_size));
  const mote::device::PlanMemory memory = {static_cast<uint32_t*>(own), own_size, static_cast<uint8_t*>(shared),
                                           shared_size, false};
  model->operators = operators;
  mote_memory needed;
  MOTE_RETURN_IF_ERROR(mote::device::Loader(model, memory, &outer->fault).Run(&needed));
  model->own_bytes = needed.own;
  model->state_at = needed.own - model->memory.state_bytes;
  model->memory.own = static_cast<uint8_t*>(own);
  model->memory.shared = shared != nullptr ? static_cast<uint8_t*>(shared) : model->memory.own + needed.own;
  return ResetState(outer, model);
}

mote_status mote_model_load(mote_model* model, const mote_operator* const* operators, const void* file,
                            size_t file_size, void* arena, size_t arena_size) {
  return mote_model_load_sharing(model, operators, file, file_size, arena, arena_size, nullptr, 0);
}

mote_status mote_model_invoke(mote_model* outer) {
  Model* model = LoadedModel(outer);
  if (model == nullptr) return outer == nullptr ? MOTE_ERROR_ARGUMENT : MOTE_ERROR_NOT_LOADED;
  model->memory.scratch = model->graph.tensors.size;
  model->memory.first = outer->state == mote::device::kModelFresh;
  MOTE_RETURN_IF_ERROR(Run(outer, model));
  outer->state = mote::device::kModelRun;
  return MOTE_OK;
}

mote_status mote_model_reset(mote_model* outer) {
  Model* model = LoadedModel(outer);
  if (model == nullptr) return outer == nullptr ? MOTE_ERROR_ARGUMENT : MOTE_ERROR_NOT_LOADED;
  return ResetState(outer, model);
}
