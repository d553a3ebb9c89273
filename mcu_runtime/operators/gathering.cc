/* GATHER. */
#include "mcu_runtime/kernels/gather.h"
#include "mcu_runtime/operators/moving.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

struct GatherData {
  const uint8_t* input;
  const uint8_t* indices;
  uint8_t* output;
};

MOTE_NOINLINE mote_status SolveGather(Invocation& op, GatherParams* p, GatherData* data) {
  enum : uint32_t { kAxis, kBatchDims };
  TensorInfo input, indices, output;
  MOTE_RETURN_IF_ERROR(ReadMoved(op, &input, &output));
  MOTE_RETURN_IF_ERROR(op.Raw(1, kInt32, &indices));
  int32_t axis = 0;
  MOTE_RETURN_IF_ERROR(ReadAxis(op, op.Option32(kAxis, 0), input, &axis));
  int32_t shared = op.Option32(kBatchDims, 0); /* leading axes that input and indices have in common */
  if (shared < 0) shared += indices.dimensions;
  if (shared < 0 || shared > axis || shared > indices.dimensions) return op.Fail(MOTE_ERROR_OPTION, indices);
  if (output.dimensions != input.dimensions + indices.dimensions - 1 - shared) {
    return op.Fail(MOTE_ERROR_SHAPE, output);
  }
  *p = {1, 1, input.shape[axis], 1, ElementBytes(input)};
  int32_t made = 0; /* axes of the output */
  bool fits = true;
  for (int32_t d = 0; d < axis; ++d) {
    (d < shared ? p->batches : p->outer) *= input.shape[d];
    if (d < shared && indices.shape[d] != input.shape[d]) return op.Fail(MOTE_ERROR_SHAPE, indices);
    fits &= output.shape[made++] == input.shape[d];
  }
  for (int32_t d = shared; d < indices.dimensions; ++d) {
    p->indices *= indices.shape[d];
    fits &= output.shape[made++] == indices.shape[d];
  }
  for (int32_t d = axis + 1; d < input.dimensions; ++d) {
    p->run *= input.shape[d];
    fits &= output.shape[made++] == input.shape[d];
  }
  if (!fits) return op.Fail(MOTE_ERROR_SHAPE, output);
  if (!op.verifying()) {
    *data = {op.Data<uint8_t>(input), op.Data<uint8_t>(indices), op.MutableData<uint8_t>(output)};
    return MOTE_OK;
  }
  if (indices.constant == nullptr) return MOTE_OK;
  MOTE_RETURN_IF_ERROR(op.graph().Spend(static_cast<uint32_t>(indices.elements)));
  for (int32_t i = 0; i < indices.elements; ++i) {
    const int32_t index = LoadCode<int32_t>(indices.constant, i);
    if (index < 0 || index >= p->size) return op.Fail(MOTE_ERROR_OPTION, indices);
  }
  return MOTE_OK;
}

}  // namespace

mote_status EvalGather(Invocation& op) {
  GatherParams p;
  GatherData data;
  MOTE_RETURN_IF_ERROR(SolveGather(op, &p, &data));
  if (!op.verifying()) MOTE_RUN((p, data.input, data.indices, data.output), Gather);
  return MOTE_OK;
}

}  // namespace mote::device
