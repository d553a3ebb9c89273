#include "mcu_runtime/loader.h"

namespace mote::device {
namespace {

constexpr uint32_t kMaxOperators = 32000; /* times are 15 bits; 0 is before the first operator */

/* Which of the rows with one code an operator is, by the type of the input that decides. */
uint32_t TypesOf(Graph* graph, const OperatorInfo& op, uint32_t third) {
  const uint32_t decides = graph->TypeAt(op.inputs, third != 0 ? 2 : 0);
  if (decides == MOTE_INT16) return third | kFirst16;
  if (decides == MOTE_FLOAT32) return third | kFirstFloat;
  return third | (graph->TypeAt(op.inputs, 1) == MOTE_INT4 ? kWeights4 : kFirst8);
}

uint32_t Aligned(uint32_t bytes) { return (bytes + kTensorAlignment - 1) & ~(kTensorAlignment - 1); }

}  // namespace

const mote_operator* FindOperator(const mote_operator* const* operators, Graph* graph, const OperatorInfo& op) {
  mote_status status = MOTE_ERROR_OPERATOR;
  for (; *operators != nullptr; ++operators) {
    const mote_operator* row = *operators;
    if (row->code != op.code) continue;
    if (row->types == kAny || row->types == TypesOf(graph, op, row->types & kThird)) return row;
    status = MOTE_ERROR_TYPE;
  }
  if (graph->file.status == MOTE_OK) graph->file.status = status;
  return nullptr;
}

mote_status Loader::Run(mote_memory* needed) {
  const uint32_t tensors = graph_.tensors.size;
  const uint32_t operators = graph_.operators.size;
  if (operators > kMaxOperators) return MOTE_ERROR_LIMIT;
  if (tensors > plan_.own_size / 4) return TooSmall();
  memory_.offsets = plan_.own;
  __builtin_memset(memory_.offsets, 0xff, 4 * tensors); /* kNoOffset */
  uint32_t* const scratch_offsets = plan_.own + tensors;
  blocks_ = reinterpret_cast<Block*>(plan_.shared ? plan_.shared : reinterpret_cast<uint8_t*>(scratch_offsets));
  most_blocks_ = (plan_.shared ? plan_.shared_size : plan_.own_size - 4 * tensors) / sizeof(Block);

  for (uint32_t i = 0; i < graph_.inputs.size; ++i) {
    MOTE_RETURN_IF_ERROR(Define(graph_.file.ElementI32(graph_.inputs, i), 0));
  }
  for (uint32_t i = 0; i < operators; ++i) {
    fault_.op = static_cast<int32_t>(i);
    MOTE_RETURN_IF_ERROR(CheckOperator(i));
  }
  fault_.op = fault_.code = -1;
  MOTE_RETURN_IF_ERROR(KeepOutputs());
  MOTE_RETURN_IF_ERROR(ShareMemory());

  const uint32_t planning = static_cast<uint32_t>(sizeof(Block)) * count_;
  const uint32_t peak = PlanArena(blocks_, count_);
  if (peak == UINT32_MAX) return MOTE_ERROR_SHAPE;
  const uint32_t tables = 4 * (tensors + scratches_);
  needed->own = tables + memory_.state_bytes;
  needed->shared = peak > planning ? peak : planning;
  needed->arena = needed->own + peak;
  if (4 * tensors + planning > needed->arena) needed->arena = 4 * tensors + planning;
  if (plan_.only_size) return MOTE_OK;
  if (plan_.shared ? needed->own > plan_.own_size || needed->shared > plan_.shared_size
                   : needed->arena > plan_.own_size) {
    return MOTE_ERROR_ARENA_TOO_SMALL;
  }
  for (uint32_t t = 0; t < tensors; ++t) {
    uint32_t& offset = memory_.offsets[t];
    if (offset == kNoOffset) continue;
    offset = offset & kOwnMemory ? offset + tables : blocks_[offset].offset;
  }
  /* Onto the first blocks, where the arena is one: each is read before its place is written, since a block is larger
   * than an offset. */
  uint32_t* scratch = scratch_offsets;
  for (uint32_t b = 0; b < count_; ++b) {
    const uint32_t offset = blocks_[b].offset;
    if (blocks_[b].is_scratch) *scratch++ = offset;
  }
  return MOTE_OK;
}

mote_status Loader::NewBlock(uint32_t bytes, uint32_t time, bool is_scratch, uint32_t* number) {
  if (count_ == most_blocks_) return TooSmall();
  Block& block = blocks_[count_];
  block.bytes = bytes;
  block.offset = 0;
  block.first = time & 0x7fff;
  block.is_scratch = is_scratch;
  block.last = block.first;
  *number = count_++;
  return MOTE_OK;
}

/* A new activation, alive from `time`. The operator that makes a resource gives it its place. */
mote_status Loader::Define(int32_t index, uint32_t time) {
  TensorInfo info;
  const mote_status status = graph_.ReadTensor(index, &info);
  if (status != MOTE_OK) return Fail(status, index);
  uint32_t& offset = memory_.offsets[index];
  const bool has_place = info.type == MOTE_RESOURCE && time != 0;
  if (info.constant != nullptr || info.is_variable || (offset != kNoOffset) != has_place) {
    return Fail(MOTE_ERROR_STRUCTURE, index);
  }
  if (has_place) return MOTE_OK;
  return NewBlock(info.bytes, time, false, &offset);
}

/* A reading of a tensor: where it is an activation it lives on. What else it may be, its operator asks. */
mote_status Loader::Use(int32_t index, uint32_t time) {
  if (static_cast<uint32_t>(index) >= graph_.tensors.size) return Fail(MOTE_ERROR_STRUCTURE, index);
  if (Block* block = BlockOf(index)) block->last = static_cast<uint16_t>(time);
  return MOTE_OK;
}

mote_status Loader::CheckOperator(uint32_t index) {
  Invocation invocation(&graph_, &memory_);
  MOTE_RETURN_IF_ERROR(invocation.Read(index));
  const OperatorInfo& op = invocation.info();
  fault_.code = op.code;
  const uint32_t time = index + 1;
  const mote_operator* row = FindOperator(model_.operators, &graph_, op);
  if (row == nullptr) return graph_.file.status;
  if (op.options_type != 0 && op.options_type != row->options) return MOTE_ERROR_STRUCTURE;
  for (uint32_t slot = row->option_slots; slot < graph_.file.FieldCount(op.options); ++slot) {
    if (graph_.file.Field(op.options, slot, 1) != 0) return MOTE_ERROR_OPTION;
  }
  if (op.inputs.size < row->inputs_min || op.inputs.size > row->inputs_max || op.outputs.size > kMany ||
      (row->outputs != kMany && op.outputs.size != row->outputs)) {
    return MOTE_ERROR_STRUCTURE;
  }
  for (uint32_t i = 0; i < op.inputs.size; ++i) {
    const int32_t tensor = graph_.file.ElementI32(op.inputs, i);
    if (tensor == -1 && i >= row->inputs_min) continue;
    MOTE_RETURN_IF_ERROR(Use(tensor, time));
  }
  memory_.scratch = 0;
  const mote_status status = row->eval(invocation);
  if (status != MOTE_OK) return Fail(status, invocation.fault_tensor);
  if (memory_.scratch > kMaxElements) return MOTE_ERROR_SHAPE;
  if (memory_.scratch != 0) {
    uint32_t number;
    MOTE_RETURN_IF_ERROR(NewBlock(memory_.scratch, time, true, &number));
    ++scratches_;
  }
  for (uint32_t i = 0; i < op.outputs.size; ++i) {
    MOTE_RETURN_IF_ERROR(Define(graph_.file.ElementI32(op.outputs, i), time));
  }
  return graph_.file.status;
}

MOTE_NOINLINE mote_status Loader::KeepOutputs() {
  TensorInfo info;
  for (uint32_t i = 0; i < graph_.outputs.size; ++i) {
    const int32_t tensor = graph_.file.ElementI32(graph_.outputs, i);
    MOTE_RETURN_IF_ERROR(Use(tensor, graph_.operators.size + 1));
    const mote_status status = graph_.ReadTensor(tensor, &info);
    if (status != MOTE_OK) return Fail(status, tensor);
    const bool is_made = info.constant != nullptr || memory_.offsets[tensor] != kNoOffset;
    if (!is_made) return Fail(MOTE_ERROR_STRUCTURE, tensor);
    if (info.type == MOTE_RESOURCE) return Fail(MOTE_ERROR_TYPE, tensor);
  }
  return graph_.file.status;
}

/* Null for constants and state. */
Block* Loader::BlockOf(int32_t tensor) {
  if (static_cast<uint32_t>(tensor) >= graph_.tensors.size) return nullptr;
  const uint32_t offset = memory_.offsets[tensor];
  return offset & kOwnMemory ? nullptr : &blocks_[offset];
}

/* Lets first outputs share an input's block, as operators.def says; then rounds sizes up. Lifetimes are complete by
 * now. */
mote_status Loader::ShareMemory() {
  for (uint32_t i = 0; i < graph_.operators.size; ++i) {
    OperatorInfo op;
    MOTE_RETURN_IF_ERROR(graph_.ReadOperator(i, &op));
    const mote_operator* row = FindOperator(model_.operators, &graph_, op);
    if (row->memory == kOwn) continue;
    const int32_t output = graph_.file.ElementI32(op.outputs, 0);
    Block* target = BlockOf(output);
    for (uint32_t k = 0; k < op.inputs.size; ++k) {
      const int32_t input = graph_.file.ElementI32(op.inputs, k);
      Block* source = BlockOf(input);
      if (source == nullptr || source->bytes != target->bytes) continue;
      if (row->memory == kInPlace && source->last != i + 1) continue;
      if (target->last > source->last) source->last = target->last;
      target->bytes = 0;
      memory_.offsets[output] = memory_.offsets[input];
      break;
    }
  }
  for (uint32_t b = 0; b < count_; ++b) blocks_[b].bytes = Aligned(blocks_[b].bytes);
  return graph_.file.status;
}

}  // namespace mote::device
