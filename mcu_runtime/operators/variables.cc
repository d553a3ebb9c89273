/* CALL_ONCE, VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE: state that a model names.
 *
 * A variable is known by its name and container, in every subgraph. VAR_HANDLE gives its output, a resource, a place in
 * the model's own memory, so that reading and assigning find the variable's bytes where the resource's would be. How
 * many bytes that are is known from the operators that read and assign it, which must agree; the first that assigns, in
 * the order of subgraphs and operators, has the quantization whose zero point the variable begins with.
 *
 * CALL_ONCE takes what exporters write: a subgraph that assigns constants to variables.
 */
#include "mcu_runtime/kernels/strided_copy.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

enum Code : int32_t { kVarHandle = 142, kReadVariable = 143, kAssignVariable = 144 };

struct Name {
  Vector container; /* at 0: absent, which matches any */
  Vector name;
};

/* A subgraph of the file, apart from the graph that runs. What is read at load counts against the file's size. */
struct Walk {
  explicit Walk(Invocation& op) : graph(op.graph()), meter(op.verifying() ? &op.graph() : nullptr) {}
  mote_status Spend(uint32_t units) { return meter != nullptr ? meter->Spend(units) : MOTE_OK; }
  mote_status ReadOperator(uint32_t index, OperatorInfo* op) {
    MOTE_RETURN_IF_ERROR(Spend(1));
    return graph.ReadOperator(index, op);
  }

  Graph graph;
  Graph* meter;
};

mote_status ReadName(Graph* graph, const OperatorInfo& op, Name* name) {
  enum : uint32_t { kContainer, kSharedName };
  name->container = graph->file.FieldVector(op.options, kContainer, 1);
  name->name = graph->file.FieldVector(op.options, kSharedName, 1);
  MOTE_RETURN_IF_ERROR(graph->file.status);
  return name->name.at != 0 ? MOTE_OK : MOTE_ERROR_OPTION;
}

bool AreEqual(const FlatBuffer& file, const Vector& a, const Vector& b) {
  return a.at == b.at || (a.size == b.size && __builtin_memcmp(file.data() + a.at, file.data() + b.at, a.size) == 0);
}

/* The next handle of a variable, from operator `*next` on: its tensor. -1: there is none; `*next` is then past the end.
 */
mote_status NextHandle(Walk* walk, const Name& wanted, uint32_t* next, int32_t* handle) {
  const FlatBuffer& file = walk->graph.file;
  *handle = -1;
  while (*next < walk->graph.operators.size) {
    OperatorInfo op;
    MOTE_RETURN_IF_ERROR(walk->ReadOperator((*next)++, &op));
    if (op.code != kVarHandle) continue;
    Name name;
    MOTE_RETURN_IF_ERROR(ReadName(&walk->graph, op, &name));
    MOTE_RETURN_IF_ERROR(walk->Spend((name.name.size + name.container.size) / 4));
    if (!AreEqual(file, wanted.name, name.name)) continue;
    if (wanted.container.at != 0 && name.container.at != 0 && !AreEqual(file, wanted.container, name.container))
      continue;
    *handle = walk->graph.file.ElementI32(op.outputs, 0);
    return file.status;
  }
  return MOTE_OK;
}

struct VariableInfo {
  uint32_t bytes = 0;
  bool is_assigned = false;
  uint8_t initial = 0; /* of each byte */
};

/* The tensor that operator `index` assigns to a handle or reads it into; -1: it does neither. */
MOTE_NOINLINE mote_status ReadUse(Walk* walk, uint32_t index, int32_t handle, int32_t* value, bool* assigns) {
  OperatorInfo op;
  *value = -1;
  MOTE_RETURN_IF_ERROR(walk->ReadOperator(index, &op));
  FlatBuffer& file = walk->graph.file;
  *assigns = op.code == kAssignVariable;
  if ((!*assigns && op.code != kReadVariable) || file.ElementI32(op.inputs, 0) != handle) return MOTE_OK;
  *value = *assigns ? file.ElementI32(op.inputs, 1) : file.ElementI32(op.outputs, 0);
  return *value >= 0 ? file.status : MOTE_ERROR_STRUCTURE;
}

/* `assigns`: it is the first to do so, of those seen so far. */
MOTE_NOINLINE mote_status ReadValue(Walk* walk, int32_t tensor, bool assigns, VariableInfo* variable) {
  TensorInfo value;
  MOTE_RETURN_IF_ERROR(walk->graph.ReadTensor(tensor, &value));
  if (variable->bytes == 0) variable->bytes = value.bytes;
  if (variable->bytes != value.bytes) return MOTE_ERROR_SHAPE;
  if (!assigns) return MOTE_OK;
  variable->is_assigned = true;
  const bool is_quantized = value.scales.size != 0 && value.zero_points_at != 0;
  variable->initial = is_quantized ? walk->graph.file.U8(value.zero_points_at) : uint8_t{0};
  return walk->graph.file.status;
}

/* What one subgraph says of a variable. */
MOTE_NOINLINE mote_status ReadSubgraph(Walk* walk, const Name& name, VariableInfo* variable) {
  uint32_t next = 0;
  uint32_t first = UINT32_MAX; /* to assign it, here */
  for (;;) {
    int32_t handle;
    MOTE_RETURN_IF_ERROR(NextHandle(walk, name, &next, &handle));
    if (handle < 0) return MOTE_OK;
    for (uint32_t i = 0; i < walk->graph.operators.size; ++i) {
      int32_t value;
      bool assigns;
      MOTE_RETURN_IF_ERROR(ReadUse(walk, i, handle, &value, &assigns));
      if (value < 0) continue;
      assigns = assigns && i < first;
      if (assigns) first = i;
      MOTE_RETURN_IF_ERROR(ReadValue(walk, value, assigns, variable));
    }
  }
}

/* What the whole file says of it. */
MOTE_NOINLINE mote_status ReadVariableInfo(Invocation& op, const Name& name, VariableInfo* variable) {
  Walk walk(op);
  for (uint32_t s = walk.graph.CountSubgraphs(); s > 0; --s) { /* the first to assign it comes last */
    MOTE_RETURN_IF_ERROR(walk.graph.OpenSubgraph(s - 1));
    MOTE_RETURN_IF_ERROR(ReadSubgraph(&walk, name, variable));
  }
  return variable->is_assigned ? walk.graph.file.status : MOTE_ERROR_STRUCTURE; /* nothing ever gives it a value */
}

/* The place of a variable's bytes: that of its first handle in the graph that has one. kNoOffset: there is none. */
mote_status FindPlace(Walk* walk, const Name& name, const uint32_t* offsets, uint32_t* place) {
  uint32_t next = 0;
  *place = kNoOffset;
  do {
    int32_t handle;
    MOTE_RETURN_IF_ERROR(NextHandle(walk, name, &next, &handle));
    if (handle < 0) break;
    if (static_cast<uint32_t>(handle) < walk->graph.tensors.size) *place = offsets[handle];
  } while (*place == kNoOffset);
  return MOTE_OK;
}

/* A resource that a VAR_HANDLE of this subgraph has made before. */
mote_status ReadHandle(Invocation& op, TensorInfo* handle) {
  MOTE_RETURN_IF_ERROR(op.Raw(0, kResource, handle));
  if (handle->elements != 1) return op.Fail(MOTE_ERROR_SHAPE, *handle);
  const bool is_made = !handle->is_variable && op.memory().offsets[handle->index] != kNoOffset;
  return is_made ? MOTE_OK : op.Fail(MOTE_ERROR_STRUCTURE, *handle);
}

constexpr uint32_t kValueTypes = kAllTypes;

/* What CALL_ONCE assigns: the value's bytes in the file. */
struct Assignment {
  Name name;
  const uint8_t* value;
  uint32_t bytes;
};

/* The name of a handle that an operator before `end` makes. */
MOTE_NOINLINE mote_status ReadMaker(Walk* walk, uint32_t end, int32_t handle, Name* name) {
  for (uint32_t i = 0; i < end; ++i) {
    OperatorInfo op;
    MOTE_RETURN_IF_ERROR(walk->ReadOperator(i, &op));
    if (op.code == kVarHandle && walk->graph.file.ElementI32(op.outputs, 0) == handle) {
      return ReadName(&walk->graph, op, name);
    }
  }
  return MOTE_ERROR_STRUCTURE;
}

/* Operator `index` of what CALL_ONCE runs; `*handle` is -1 where it makes a handle. */
MOTE_NOINLINE mote_status ReadStep(Walk* walk, uint32_t index, int32_t* handle, int32_t* value) {
  OperatorInfo op;
  *handle = -1;
  MOTE_RETURN_IF_ERROR(walk->ReadOperator(index, &op));
  if (op.code == kVarHandle) return MOTE_OK;
  if (op.code != kAssignVariable) return MOTE_ERROR_OPERATOR;
  *handle = walk->graph.file.ElementI32(op.inputs, 0);
  *value = walk->graph.file.ElementI32(op.inputs, 1);
  return *handle >= 0 && op.inputs.size == 2 && op.outputs.size == 0 ? walk->graph.file.status : MOTE_ERROR_STRUCTURE;
}

MOTE_NOINLINE mote_status ReadConstant(Graph* graph, int32_t index, Assignment* assignment) {
  TensorInfo value;
  MOTE_RETURN_IF_ERROR(graph->ReadTensor(index, &value));
  assignment->value = value.constant;
  assignment->bytes = value.bytes;
  if (value.constant == nullptr) return MOTE_ERROR_BUFFER;
  return (TypeBit(value.type) & kValueTypes) != 0 ? MOTE_OK : MOTE_ERROR_TYPE;
}

}  // namespace

mote_status EvalCallOnce(Invocation& op) {
  enum : uint32_t { kSubgraph };
  if (!op.verifying() && !op.first()) return MOTE_OK;
  const int32_t option = op.Option32(kSubgraph, 0);
  if (option < 1) return MOTE_ERROR_OPTION; /* it would call itself */
  const uint32_t subgraph = static_cast<uint32_t>(option);
  Walk walk(op);
  MOTE_RETURN_IF_ERROR(walk.graph.OpenSubgraph(subgraph));
  for (uint32_t i = 0; i < walk.graph.operators.size; ++i) {
    Assignment assignment;
    int32_t handle, value;
    MOTE_RETURN_IF_ERROR(ReadStep(&walk, i, &handle, &value));
    if (handle < 0) continue;
    MOTE_RETURN_IF_ERROR(ReadMaker(&walk, i, handle, &assignment.name));
    MOTE_RETURN_IF_ERROR(ReadConstant(&walk.graph, value, &assignment));
    if (op.verifying()) continue; /* the variable's handle checks the size, where the graph that runs has one */
    uint32_t place;
    MOTE_RETURN_IF_ERROR(walk.graph.OpenSubgraph(0));
    MOTE_RETURN_IF_ERROR(FindPlace(&walk, assignment.name, op.memory().offsets, &place));
    if (place != kNoOffset) {
      __builtin_memcpy(op.memory().own + (place & ~kOwnMemory), assignment.value, assignment.bytes);
    }
    MOTE_RETURN_IF_ERROR(walk.graph.OpenSubgraph(subgraph));
  }
  return walk.graph.file.status;
}

/* The handle's tensor. */
static MOTE_NOINLINE mote_status ReadOwnHandle(Invocation& op, int32_t* index) {
  TensorInfo output;
  MOTE_RETURN_IF_ERROR(op.RawOutput(kResource, &output));
  *index = output.index;
  return output.elements == 1 ? MOTE_OK : op.Fail(MOTE_ERROR_SHAPE, output);
}

static MOTE_NOINLINE mote_status FindOwnPlace(Invocation& op, const Name& name, uint32_t* place) {
  Walk walk(op);
  return FindPlace(&walk, name, op.memory().offsets, place);
}

mote_status EvalVarHandle(Invocation& op) {
  if (!op.verifying() && !op.resetting()) return MOTE_OK;
  int32_t handle;
  Name name;
  VariableInfo variable;
  MOTE_RETURN_IF_ERROR(ReadOwnHandle(op, &handle));
  MOTE_RETURN_IF_ERROR(ReadName(&op.graph(), op.info(), &name));
  MOTE_RETURN_IF_ERROR(ReadVariableInfo(op, name, &variable));
  Memory& memory = op.memory();
  uint32_t& place = memory.offsets[handle];
  if (op.verifying() && place != kNoOffset) return MOTE_ERROR_STRUCTURE; /* another operator has made it */
  if (op.resetting()) {
    __builtin_memset(memory.own + (place & ~kOwnMemory), variable.initial, variable.bytes);
    return MOTE_OK;
  }
  MOTE_RETURN_IF_ERROR(FindOwnPlace(op, name, &place));
  return place != kNoOffset ? MOTE_OK : memory.NewState(variable.bytes, &place);
}

mote_status EvalReadVariable(Invocation& op) {
  TensorInfo handle, output;
  MOTE_RETURN_IF_ERROR(ReadHandle(op, &handle));
  MOTE_RETURN_IF_ERROR(op.RawOutput(kValueTypes, &output));
  if (!op.verifying()) {
    MOTE_RUN((op.MutableData<uint8_t>(output), op.Data<uint8_t>(handle), static_cast<int32_t>(output.bytes)),
             CopyBytes);
  }
  return MOTE_OK;
}

mote_status EvalAssignVariable(Invocation& op) {
  TensorInfo handle, value;
  MOTE_RETURN_IF_ERROR(ReadHandle(op, &handle));
  MOTE_RETURN_IF_ERROR(op.Raw(1, kValueTypes, &value));
  if (!op.verifying()) {
    MOTE_RUN((op.MutableData<uint8_t>(handle), op.Data<uint8_t>(value), static_cast<int32_t>(value.bytes)), CopyBytes);
  }
  return MOTE_OK;
}

}  // namespace mote::device
