/* The C API: inputs, outputs, and what tools ask. */
#include "mcu_runtime/loader.h"

namespace mote::device {

Model* LoadedModel(const mote_model* model) {
  if (model == nullptr || (model->state != kModelFresh && model->state != kModelRun)) return nullptr;
  return reinterpret_cast<Model*>(const_cast<size_t*>(model->internal));
}

namespace {

/* What the table and the planner's blocks may take together where only sizes are asked for. */
constexpr size_t kPlanningBytes = 16384;

mote_tensor Describe(Model* model, int32_t index) {
  mote_tensor tensor = {};
  if (model == nullptr) return tensor;
  TensorInfo info;
  if (model->graph.ReadTensor(index, &info) != MOTE_OK) {
    /* One that no operator uses, and that nobody has verified: no matter for the model itself. */
    model->graph.file.status = MOTE_OK;
    return tensor;
  }
  tensor.bytes = info.bytes;
  tensor.type = info.type;
  tensor.dimensions = info.dimensions;
  for (int32_t d = 0; d < info.dimensions; ++d) tensor.shape[d] = info.shape[d];
  if (info.scales.size != 0) {
    const uint32_t bits = model->graph.file.U32(info.scales.at);
    __builtin_memcpy(&tensor.scale, &bits, 4);
  }
  if (info.zero_points_at != 0) tensor.zero_point = model->graph.file.I32(info.zero_points_at);
  const uint32_t offset = model->memory.offsets[index];
  if (info.constant != nullptr) {
    tensor.data = const_cast<uint8_t*>(info.constant);
  } else if (offset != kNoOffset) {
    tensor.data = model->memory.At(offset);
  }
  return tensor;
}

/* Element `position` of a list of the graph, or -1. Does not touch what is kept of errors. */
int32_t ElementOf(const FlatBuffer& file, const Vector& list, int32_t position) {
  if (static_cast<uint32_t>(position) >= list.size) return -1;
  return LoadCode<int32_t>(file.data() + list.at, position);
}

mote_tensor DescribeListed(const mote_model* outer, int32_t position, Vector Graph::*list) {
  Model* model = LoadedModel(outer);
  return Describe(model, model == nullptr ? -1 : ElementOf(model->graph.file, model->graph.*list, position));
}

int32_t CountOf(const mote_model* outer, Vector Graph::*list) {
  Model* model = LoadedModel(outer);
  return model == nullptr ? 0 : static_cast<int32_t>((model->graph.*list).size);
}

bool ReadLoadedOperator(const mote_model* outer, int32_t op, OperatorInfo* info) {
  Model* model = LoadedModel(outer);
  return model != nullptr && static_cast<uint32_t>(op) < model->graph.operators.size &&
         model->graph.ReadOperator(static_cast<uint32_t>(op), info) == MOTE_OK;
}

}  // namespace
}  // namespace mote::device

using mote::device::Graph;
using mote::device::LoadedModel;
using mote::device::Model;
using mote::device::OperatorInfo;

mote_status mote_model_memory(const mote_operator* const* operators, const void* file, size_t file_size,
                              mote_memory* memory, mote_fault* fault) {
  mote_fault unasked;
  if (fault == nullptr) fault = &unasked;
  *fault = {-1, -1, -1};
  if (operators == nullptr || file == nullptr || memory == nullptr) return MOTE_ERROR_ARGUMENT;
  Model model;
  MOTE_RETURN_IF_ERROR(model.graph.Open(file, file_size));
  model.operators = operators;
  uint32_t planning[mote::device::kPlanningBytes / 4];
  return mote::device::Loader(&model, {planning, sizeof planning, nullptr, 0, true}, fault).Run(memory);
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
mote_tensor mote_model_tensor(const mote_model* outer, int32_t index) {
  return mote::device::Describe(LoadedModel(outer), index);
}

int32_t mote_model_operator_code(const mote_model* model, int32_t op) {
  OperatorInfo info;
  return mote::device::ReadLoadedOperator(model, op, &info) ? info.code : -1;
}
int32_t mote_model_operator_output_count(const mote_model* model, int32_t op) {
  OperatorInfo info;
  return mote::device::ReadLoadedOperator(model, op, &info) ? static_cast<int32_t>(info.outputs.size) : 0;
}
int32_t mote_model_operator_output(const mote_model* model, int32_t op, int32_t index) {
  OperatorInfo info;
  if (!mote::device::ReadLoadedOperator(model, op, &info)) return -1;
  return mote::device::ElementOf(LoadedModel(model)->graph.file, info.outputs, index);
}

void mote_model_set_hook(mote_model* model, mote_hook hook, void* context) {
  if (model == nullptr) return;
  model->hook = hook;
  model->hook_context = context;
}
