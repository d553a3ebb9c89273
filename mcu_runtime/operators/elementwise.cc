#include "mcu_runtime/operators/elementwise.h"

namespace mote::device {
namespace {

constexpr int32_t kTableSize = 256;

bool IsByte(mote_type type) { return type == MOTE_INT8 || type == MOTE_UINT8; }

/* Extent of `tensor` along axis `axis` of six, with leading ones added. */
int32_t Extent(const TensorInfo& tensor, int32_t axis) {
  const int32_t d = axis - (6 - tensor.dimensions);
  return d < 0 ? 1 : tensor.shape[d];
}

int32_t ElementBytes(const TensorInfo& tensor) { return static_cast<int32_t>(tensor.bytes) / tensor.elements; }

/* False where the shapes do not broadcast to the output's. */
bool SolveLoops(const TensorInfo& a, const TensorInfo& b, const TensorInfo& output, BroadcastLoops* loops) {
  int32_t next_a = ElementBytes(a);
  int32_t next_b = ElementBytes(b);
  int32_t axes = 0;
  for (int32_t axis = 5; axis >= 0; --axis) {
    const int32_t extent_a = Extent(a, axis);
    const int32_t extent_b = Extent(b, axis);
    const int32_t extent = extent_a == 1 ? extent_b : extent_a;
    if ((extent_b != 1 && extent_b != extent) || Extent(output, axis) != extent) return false;
    if (extent == 1 && (axis > 0 || axes > 0)) continue;
    const int32_t step_a = extent_a == 1 ? 0 : next_a;
    const int32_t step_b = extent_b == 1 ? 0 : next_b;
    const int32_t last = axes - 1;
    if (axes > 0 && step_a == loops->step_a[last] * loops->size[last] &&
        step_b == loops->step_b[last] * loops->size[last]) {
      loops->size[last] *= extent;
    } else {
      loops->size[axes] = extent;
      loops->step_a[axes] = step_a;
      loops->step_b[axes] = step_b;
      ++axes;
    }
    next_a *= extent_a;
    next_b *= extent_b;
  }
  loops->axes = axes;
  return true;
}

int32_t LoadAs(mote_type type, const void* codes, int32_t index) {
  if (type == MOTE_INT16) return LoadCode<int16_t>(codes, index);
  if (type == MOTE_INT32) return LoadCode<int32_t>(codes, index);
  return static_cast<const int8_t*>(codes)[index];
}

void StoreAs(mote_type type, void* codes, int32_t index, int32_t code) {
  if (type == MOTE_INT16) {
    static_cast<int16_t*>(codes)[index] = static_cast<int16_t>(code);
  } else if (type == MOTE_INT32) {
    static_cast<int32_t*>(codes)[index] = code;
  } else {
    static_cast<uint8_t*>(codes)[index] = static_cast<uint8_t>(code);
  }
}

}  // namespace

MOTE_NOINLINE mote_status SolveUnary(Invocation& op, uint32_t input_types, uint32_t output_types, TensorInfo* input,
                                     TensorInfo* output, UnaryOperands* operands) {
  MOTE_RETURN_IF_ERROR(op.Input(0, input_types, input));
  MOTE_RETURN_IF_ERROR(op.Output(output_types, output));
  if (!HaveEqualShapes(*input, *output)) return op.Fail(MOTE_ERROR_SHAPE, *output);
  *operands = {nullptr, nullptr, output->elements, input->type, output->type};
  if (op.verifying()) return MOTE_OK;
  operands->input = op.Data(*input);
  operands->output = op.MutableData(*output);
  return MOTE_OK;
}

mote_status MapCodes(Invocation& op, const UnaryOperands& operands, CodeFunction function, const void* params) {
  uint8_t* table = nullptr;
  if (operands.count >= 2 * kTableSize && IsByte(operands.input_type) && IsByte(operands.output_type)) {
    table = static_cast<uint8_t*>(op.Scratch(kTableSize));
  }
  if (op.verifying()) return MOTE_OK;
  if (table == nullptr) {
    for (int32_t i = 0; i < operands.count; ++i) {
      const int32_t code = function(params, LoadAs(operands.input_type, operands.input, i));
      StoreAs(operands.output_type, operands.output, i, code);
    }
    return MOTE_OK;
  }
  for (int32_t code = 0; code < kTableSize; ++code) {
    table[code] = static_cast<uint8_t>(function(params, static_cast<int8_t>(code)));
  }
  const uint8_t* input = static_cast<const uint8_t*>(operands.input);
  uint8_t* output = static_cast<uint8_t*>(operands.output);
  for (int32_t i = 0; i < operands.count; ++i) output[i] = table[input[i]];
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolveBinary(Invocation& op, uint32_t types_a, uint32_t types_b, uint32_t output_types,
                                      TensorInfo* a, TensorInfo* b, TensorInfo* output, BinaryOperands* operands) {
  MOTE_RETURN_IF_ERROR(op.Input(0, types_a, a));
  MOTE_RETURN_IF_ERROR(op.Input(1, types_b, b));
  MOTE_RETURN_IF_ERROR(op.Output(output_types, output));
  if (!SolveLoops(*a, *b, *output, &operands->loops)) return op.Fail(MOTE_ERROR_SHAPE, *output);
  if (op.verifying()) return MOTE_OK;
  operands->a = op.Data(*a);
  operands->b = op.Data(*b);
  operands->output = op.MutableData(*output);
  operands->output_bytes = ElementBytes(*output);
  return MOTE_OK;
}

void RunRows(const BinaryOperands& operands, RowFunction function, const void* params) {
  ForEachRow(operands.loops, operands.a, operands.b, operands.output, operands.output_bytes,
             [function, params](const BinaryRow& row) { function(params, row); });
}

}  // namespace mote::device
