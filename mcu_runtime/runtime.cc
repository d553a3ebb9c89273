/* The C API: verifies a file, plans its arena, runs it operator by operator from the file in place. */
#include "mcu_runtime/graph.h"
#include "mcu_runtime/mote_runtime.h"
#include "mcu_runtime/operators/operators.h"
#include "mcu_runtime/planner.h"

/* The arena: {uint32_t offset of each of the file's tensors, or kNoOffset} {activations, as planned}. While loading,
 * the second part holds the planner's blocks instead, and the table a tensor's block number. */

namespace mote::device {
namespace {

/* What the table and the planner's blocks may take together: 4 bytes a tensor, 20 an activation. */
constexpr size_t kPlanningBytes = 16384;
constexpr uint32_t kLoaded = 0x45544f4du;
constexpr uint32_t kMaxOperators = 65000; /* times are 16 bits */

struct Fault {
  int32_t op = -1;
  int32_t tensor = -1;
};

/* Checks a whole graph and plans its memory, in working memory that is given. */
class Loader {
 public:
  Loader(Graph* graph, uint32_t* memory, size_t memory_bytes, Fault* fault)
      : graph_(*graph), offsets_(memory), memory_bytes_(memory_bytes), fault_(*fault) {}

  mote_status Run(size_t* arena_bytes) {
    const size_t table_bytes = size_t{4} * graph_.tensors.size;
    if (table_bytes > kPlanningBytes || graph_.operators.size > kMaxOperators) return MOTE_ERROR_LIMIT;
    if (table_bytes > memory_bytes_) return MOTE_ERROR_ARENA_TOO_SMALL;
    for (uint32_t t = 0; t < graph_.tensors.size; ++t) offsets_[t] = kNoOffset;
    blocks_ = reinterpret_cast<Block*>(offsets_ + graph_.tensors.size);

    MOTE_RETURN_IF_ERROR(DefineInputs());
    for (uint32_t i = 0; i < graph_.operators.size; ++i) {
      fault_.op = static_cast<int32_t>(i);
      MOTE_RETURN_IF_ERROR(CheckOperator(i));
    }
    fault_.op = -1;
    MOTE_RETURN_IF_ERROR(KeepOutputs());
    MOTE_RETURN_IF_ERROR(ShareMemory());

    const uint32_t peak = PlanArena(blocks_, count_);
    if (peak == UINT32_MAX) return MOTE_ERROR_SHAPE;
    const size_t planning_bytes = sizeof(Block) * count_;
    *arena_bytes = table_bytes + (peak > planning_bytes ? peak : planning_bytes);
    if (*arena_bytes > memory_bytes_ && !only_size_) return MOTE_ERROR_ARENA_TOO_SMALL;
    for (uint32_t t = 0; t < graph_.tensors.size; ++t) {
      if (offsets_[t] != kNoOffset) offsets_[t] = static_cast<uint32_t>(table_bytes) + blocks_[offsets_[t]].offset;
    }
    return MOTE_OK;
  }

  /* The memory is not an arena: plan, and do not ask whether the activations fit into it. */
  void OnlySize() { only_size_ = true; }

 private:
  static uint16_t TimeOf(uint32_t op) { return static_cast<uint16_t>(op + 1); } /* 0: before the first */

  mote_status Fail(mote_status status, int32_t tensor) {
    fault_.tensor = tensor;
    return status;
  }

  /* A new activation, alive from `time`. */
  mote_status Define(int32_t index, uint16_t time) {
    TensorInfo info;
    const mote_status status = graph_.ReadTensor(index, &info);
    if (status != MOTE_OK) return Fail(status, index);
    if (info.type != MOTE_INT8) return Fail(MOTE_ERROR_TYPE, index);
    if (info.constant != nullptr || offsets_[index] != kNoOffset) return Fail(MOTE_ERROR_STRUCTURE, index);
    const size_t needed = size_t{4} * graph_.tensors.size + sizeof(Block) * (count_ + 1);
    if (needed > kPlanningBytes) return MOTE_ERROR_LIMIT;
    if (needed > memory_bytes_) return MOTE_ERROR_ARENA_TOO_SMALL;
    offsets_[index] = count_;
    Block& block = blocks_[count_++];
    block = Block();
    block.bytes = (info.bytes + kTensorAlignment - 1) & ~(kTensorAlignment - 1);
    block.first = time;
    block.last = time;
    return MOTE_OK;
  }

  /* A reading of a tensor that must be a constant or defined by now. */
  mote_status Use(int32_t index, uint16_t time) {
    if (index < 0 || static_cast<uint32_t>(index) >= graph_.tensors.size) return Fail(MOTE_ERROR_STRUCTURE, index);
    if (offsets_[index] != kNoOffset) {
      blocks_[offsets_[index]].last = time;
      return MOTE_OK;
    }
    TensorInfo info;
    const mote_status status = graph_.ReadTensor(index, &info);
    if (status != MOTE_OK) return Fail(status, index);
    return info.constant != nullptr ? MOTE_OK : Fail(MOTE_ERROR_STRUCTURE, index);
  }

  mote_status DefineInputs() {
    for (uint32_t i = 0; i < graph_.inputs.size; ++i) {
      MOTE_RETURN_IF_ERROR(Define(graph_.file.ElementI32(graph_.inputs, i), 0));
    }
    return MOTE_OK;
  }

  mote_status CheckOperator(uint32_t index) {
    OperatorInfo op;
    MOTE_RETURN_IF_ERROR(graph_.ReadOperator(static_cast<int32_t>(index), &op));
    const OperatorSpec* spec = FindOperator(op.code);
    if (spec == nullptr || op.version < 1 || op.version > spec->max_version) return MOTE_ERROR_OPERATOR;
    if (op.options_type != 0 && op.options_type != spec->options) return MOTE_ERROR_STRUCTURE;
    if (op.inputs.size < static_cast<uint32_t>(spec->inputs_min) ||
        op.inputs.size > static_cast<uint32_t>(spec->inputs_max) || op.outputs.size != 1) {
      return MOTE_ERROR_STRUCTURE;
    }
    for (uint32_t i = 0; i < op.inputs.size; ++i) {
      const int32_t tensor = graph_.file.ElementI32(op.inputs, i);
      if (tensor == -1 && i >= static_cast<uint32_t>(spec->inputs_min)) continue;
      MOTE_RETURN_IF_ERROR(Use(tensor, TimeOf(index)));
    }
    MOTE_RETURN_IF_ERROR(Define(graph_.file.ElementI32(op.outputs, 0), TimeOf(index)));
    Invocation invocation(&graph_, &op, nullptr);
    const mote_status status = spec->eval(invocation);
    if (status != MOTE_OK) return Fail(status, invocation.fault_tensor);
    return graph_.file.status;
  }

  mote_status KeepOutputs() {
    const uint16_t end = TimeOf(graph_.operators.size);
    for (uint32_t i = 0; i < graph_.outputs.size; ++i) {
      const int32_t tensor = graph_.file.ElementI32(graph_.outputs, i);
      MOTE_RETURN_IF_ERROR(Use(tensor, end));
      if (offsets_[tensor] == kNoOffset) return Fail(MOTE_ERROR_STRUCTURE, tensor); /* a constant */
    }
    return graph_.file.status;
  }

  /* Lets outputs share their inputs' blocks, as operators.def says. Lifetimes are complete by now. */
  mote_status ShareMemory() {
    for (uint32_t i = 0; i < graph_.operators.size; ++i) {
      OperatorInfo op;
      MOTE_RETURN_IF_ERROR(graph_.ReadOperator(static_cast<int32_t>(i), &op));
      const OperatorSpec* spec = FindOperator(op.code);
      if (spec->memory == Memory::kOwn) continue;
      const int32_t output = graph_.file.ElementI32(op.outputs, 0);
      for (uint32_t k = 0; k < op.inputs.size; ++k) {
        const int32_t input = graph_.file.ElementI32(op.inputs, k);
        if (input < 0 || offsets_[input] == kNoOffset) continue;
        Block& source = blocks_[offsets_[input]];
        Block& target = blocks_[offsets_[output]];
        if (spec->memory == Memory::kInPlace && (source.last != TimeOf(i) || !SameSize(input, output))) continue;
        if (target.last > source.last) source.last = target.last;
        target.bytes = 0;
        offsets_[output] = offsets_[input];
        break;
      }
    }
    return graph_.file.status;
  }
  bool SameSize(int32_t a, int32_t b) {
    TensorInfo x, y;
    return graph_.ReadTensor(a, &x) == MOTE_OK && graph_.ReadTensor(b, &y) == MOTE_OK && x.bytes == y.bytes;
  }

  Graph& graph_;
  uint32_t* offsets_;
  size_t memory_bytes_;
  Fault& fault_;
  Block* blocks_ = nullptr;
  uint32_t count_ = 0;
  bool only_size_ = false;
};

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
  const uint32_t offset = reinterpret_cast<const uint32_t*>(model->arena)[index];
  if (info.constant != nullptr) {
    tensor.data = const_cast<uint8_t*>(info.constant);
  } else if (offset != kNoOffset) {
    tensor.data = model->arena + offset;
  }
  return tensor;
}

bool OpenLoaded(const mote_model* model, Graph* graph) {
  return model != nullptr && model->state == kLoaded && graph->Open(model->file, model->file_size) == MOTE_OK;
}

mote_tensor DescribeListed(const mote_model* model, int32_t position, Vector Graph::*list) {
  Graph graph;
  if (!OpenLoaded(model, &graph) || position < 0 || static_cast<uint32_t>(position) >= (graph.*list).size) {
    return mote_tensor();
  }
  return Describe(model, &graph, graph.file.ElementI32(graph.*list, static_cast<uint32_t>(position)));
}

int32_t CountOf(const mote_model* model, Vector Graph::*list) {
  Graph graph;
  return OpenLoaded(model, &graph) ? static_cast<int32_t>((graph.*list).size) : 0;
}

}  // namespace
}  // namespace mote::device

using mote::device::Graph;

mote_status mote_model_arena_size(const void* file, size_t file_size, size_t* arena_bytes, int32_t* error_op,
                                  int32_t* error_tensor) {
  mote::device::Fault fault;
  mote_status status = MOTE_ERROR_ARGUMENT;
  if (file != nullptr && arena_bytes != nullptr) {
    Graph graph;
    status = graph.Open(file, file_size);
    if (status == MOTE_OK) {
      uint32_t memory[mote::device::kPlanningBytes / 4];
      mote::device::Loader loader(&graph, memory, sizeof memory, &fault);
      loader.OnlySize();
      status = loader.Run(arena_bytes);
    }
  }
  if (error_op != nullptr) *error_op = fault.op;
  if (error_tensor != nullptr) *error_tensor = fault.tensor;
  return status;
}

mote_status mote_model_load(mote_model* model, const void* file, size_t file_size, void* arena, size_t arena_size) {
  if (model == nullptr) return MOTE_ERROR_ARGUMENT;
  *model = mote_model();
  model->error_op = -1;
  model->error_tensor = -1;
  if (file == nullptr || arena == nullptr) return MOTE_ERROR_ARGUMENT;
  if (reinterpret_cast<uintptr_t>(arena) % 16 != 0) return MOTE_ERROR_ARENA_ALIGNMENT;
  Graph graph;
  MOTE_RETURN_IF_ERROR(graph.Open(file, file_size));
  mote::device::Fault fault;
  size_t needed = 0;
  mote::device::Loader loader(&graph, static_cast<uint32_t*>(arena), arena_size, &fault);
  const mote_status status = loader.Run(&needed);
  model->error_op = fault.op;
  model->error_tensor = fault.tensor;
  if (status != MOTE_OK) return status;
  model->file = static_cast<const uint8_t*>(file);
  model->file_size = file_size;
  model->arena = static_cast<uint8_t*>(arena);
  model->arena_size = arena_size;
  model->state = mote::device::kLoaded;
  return MOTE_OK;
}

mote_status mote_model_invoke(mote_model* model) {
  if (model == nullptr) return MOTE_ERROR_ARGUMENT;
  if (model->state != mote::device::kLoaded) return MOTE_ERROR_NOT_LOADED;
  Graph graph;
  MOTE_RETURN_IF_ERROR(graph.Open(model->file, model->file_size));
  for (uint32_t i = 0; i < graph.operators.size; ++i) {
    mote::device::OperatorInfo op;
    MOTE_RETURN_IF_ERROR(graph.ReadOperator(static_cast<int32_t>(i), &op));
    const mote::device::OperatorSpec* spec = mote::device::FindOperator(op.code);
    if (spec == nullptr) return MOTE_ERROR_OPERATOR; /* the file has changed since it was loaded */
    mote::device::Invocation invocation(&graph, &op, model->arena);
    MOTE_RETURN_IF_ERROR(spec->eval(invocation));
    if (model->hook != nullptr) model->hook(model->hook_context, model, static_cast<int32_t>(i));
  }
  return MOTE_OK;
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
  if (!mote::device::OpenLoaded(model, &graph)) return mote_tensor();
  return mote::device::Describe(model, &graph, index);
}

int32_t mote_model_operator_output_count(const mote_model* model, int32_t op) {
  Graph graph;
  mote::device::OperatorInfo info;
  if (!mote::device::OpenLoaded(model, &graph) || op < 0 || graph.ReadOperator(op, &info) != MOTE_OK) return 0;
  return static_cast<int32_t>(info.outputs.size);
}
int32_t mote_model_operator_output(const mote_model* model, int32_t op, int32_t index) {
  Graph graph;
  mote::device::OperatorInfo info;
  if (!mote::device::OpenLoaded(model, &graph) || op < 0 || graph.ReadOperator(op, &info) != MOTE_OK || index < 0 ||
      static_cast<uint32_t>(index) >= info.outputs.size) {
    return -1;
  }
  return graph.file.ElementI32(info.outputs, static_cast<uint32_t>(index));
}

void mote_model_set_hook(mote_model* model, mote_hook hook, void* context) {
  if (model == nullptr) return;
  model->hook = hook;
  model->hook_context = context;
}

const char* mote_status_text(mote_status status) {
#ifdef MOTE_NO_ERROR_TEXT
  (void)status;
  return "";
#else
  switch (status) {
    case MOTE_OK:
      return "no error";
    case MOTE_ERROR_ARGUMENT:
      return "a null pointer or an index out of range";
    case MOTE_ERROR_NOT_A_MODEL:
      return "not a TensorFlow Lite model of schema version 3";
    case MOTE_ERROR_TRUNCATED:
      return "the file is truncated or damaged: something lies beyond its end";
    case MOTE_ERROR_STRUCTURE:
      return "the model contradicts itself: a table, a tensor's index or the order of operators is wrong";
    case MOTE_ERROR_OPERATOR:
      return "this build has no such operator, or not its version";
    case MOTE_ERROR_TYPE:
      return "a tensor's type is not the one that its operator takes (int8; int32 for biases and shapes)";
    case MOTE_ERROR_SHAPE:
      return "shapes do not fit together, or a tensor is too large";
    case MOTE_ERROR_QUANTIZATION:
      return "a scale or zero point is missing, out of range, or does not fit its operator";
    case MOTE_ERROR_OPTION:
      return "a stride, dilation, padding, axis or activation is out of range";
    case MOTE_ERROR_BUFFER:
      return "a constant is missing, or its size is not its tensor's";
    case MOTE_ERROR_ARENA_TOO_SMALL:
      return "the arena is too small: ask mote_model_arena_size";
    case MOTE_ERROR_ARENA_ALIGNMENT:
      return "the arena must be aligned to 16 bytes";
    case MOTE_ERROR_ACCUMULATOR:
      return "an accumulator could leave 32 bits";
    case MOTE_ERROR_NOT_LOADED:
      return "the model is not loaded";
    case MOTE_ERROR_LIMIT:
      return "more tensors than planning has room for";
  }
  return "an unknown status";
#endif
}
