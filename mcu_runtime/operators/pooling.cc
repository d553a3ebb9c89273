/* AVERAGE_POOL_2D and MAX_POOL_2D. */
#include "mcu_runtime/kernels/pool_2d.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

/* All but the kernel's call; `input` and `output` are for it. */
mote_status PreparePool(Invocation& op, TensorInfo* input, TensorInfo* output, Pool2dParams* p) {
  enum : uint32_t { kPadding, kStrideW, kStrideH, kFilterW, kFilterH, kActivation };
  MOTE_RETURN_IF_ERROR(op.Input(0, kInt8, input));
  MOTE_RETURN_IF_ERROR(op.Output(kInt8, output));
  if (input->dimensions != 4) return op.Fail(MOTE_ERROR_SHAPE, *input);
  if (output->dimensions != 4 || output->shape[0] != input->shape[0] || output->shape[3] != input->shape[3]) {
    return op.Fail(MOTE_ERROR_SHAPE, *output);
  }
  if (!HaveTiedQuantization(*input, *output)) return op.Fail(MOTE_ERROR_QUANTIZATION, *output);
  p->batches = input->shape[0];
  p->channels = input->shape[3];
  const int32_t padding = op.Option8(kPadding, 0);
  p->vertical = {input->shape[1], output->shape[1], op.Option32(kFilterH, 0), op.Option32(kStrideH, 0), 1, 0};
  p->horizontal = {input->shape[2], output->shape[2], op.Option32(kFilterW, 0), op.Option32(kStrideW, 0), 1, 0};
  mote_status status = SolveWindow(padding, &p->vertical);
  if (status == MOTE_OK) status = SolveWindow(padding, &p->horizontal);
  if (status != MOTE_OK) return op.Fail(status, *output);
  return op.Range(kActivation, *output, &p->output);
}

}  // namespace

mote_status EvalAveragePool2d(Invocation& op) {
  TensorInfo input, output;
  Pool2dParams p;
  MOTE_RETURN_IF_ERROR(PreparePool(op, &input, &output, &p));
  /* The sum and half of the count are within int32. */
  const int64_t rows = p.vertical.filter < p.vertical.input ? p.vertical.filter : p.vertical.input;
  const int64_t columns = p.horizontal.filter < p.horizontal.input ? p.horizontal.filter : p.horizontal.input;
  if (rows * columns >= int64_t{1} << 23) return op.Fail(MOTE_ERROR_ACCUMULATOR, input);
  if (!op.verifying()) Pool2d<AverageOf>(p, op.Data(input), op.MutableData(output));
  return MOTE_OK;
}

mote_status EvalMaxPool2d(Invocation& op) {
  TensorInfo input, output;
  Pool2dParams p;
  MOTE_RETURN_IF_ERROR(PreparePool(op, &input, &output, &p));
  if (!op.verifying()) Pool2d<MaximumOf>(p, op.Data(input), op.MutableData(output));
  return MOTE_OK;
}

}  // namespace mote::device
