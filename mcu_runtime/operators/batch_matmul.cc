/* BATCH_MATMUL, of int8 and of int16 codes. */
#include "mcu_runtime/kernels/batch_matmul.h"

#include "mcu_runtime/operators/operators.h"
#include "mcu_runtime/operators/sums.h"

namespace mote::device {
namespace {

struct BatchMatmulWork {
  BatchMatmulParams params;
  const void* left;
  const void* right;
  void* output;
};

/* What the output is compared with. */
struct FactorShapes {
  Scale scales[2];
  int32_t least_dimensions; /* of the output */
};

/* A factor's steps, its three batch dimensions, its rows or columns (`outer`), and its depth. */
MOTE_NOINLINE mote_status SolveFactor(Invocation& op, int32_t position, uint32_t type, MatmulFactor* factor,
                                      int32_t* batches, int32_t* outer, int32_t* depth, FactorShapes* shapes,
                                      const void** data) {
  TensorInfo tensor;
  MOTE_RETURN_IF_ERROR(op.Input(position, type, &tensor));
  if (tensor.dimensions < 2 || tensor.dimensions > 5) return op.Fail(MOTE_ERROR_SHAPE, tensor);
  const bool adjoint = op.Option8(static_cast<uint32_t>(position), 0) != 0;
  const bool depth_is_last = adjoint == (position == 1);
  const int32_t last = tensor.last_dimension();
  const int32_t other = tensor.shape[tensor.dimensions - 2];
  *outer = depth_is_last ? other : last;
  *depth = depth_is_last ? last : other;
  factor->outer_step = depth_is_last ? last : 1;
  factor->depth_step = depth_is_last ? 1 : last;
  factor->zero_point = tensor.zero_point;
  int32_t step = last * other;
  for (int32_t i = 2; i >= 0; --i) {
    const int32_t d = tensor.dimensions - 5 + i;
    batches[i] = d >= 0 ? tensor.shape[d] : 1;
    factor->batch_steps[i] = batches[i] == 1 ? 0 : step;
    step *= batches[i];
  }
  shapes->scales[position] = tensor.scale;
  if (shapes->least_dimensions < tensor.dimensions) shapes->least_dimensions = tensor.dimensions;
  if (!op.verifying()) *data = op.Data(tensor);
  return MOTE_OK;
}

/* Its last dimensions are what the factors make; those before are 1. */
MOTE_NOINLINE mote_status SolveOutput(Invocation& op, uint32_t type, const FactorShapes& shapes,
                                      BatchMatmulWork* work) {
  BatchMatmulParams& p = work->params;
  TensorInfo output;
  MOTE_RETURN_IF_ERROR(op.Output(type, &output));
  int32_t d = output.dimensions;
  bool fits = d >= shapes.least_dimensions && output.shape[--d] == p.columns && output.shape[--d] == p.rows;
  for (int32_t i = 2; fits && d > 0; --i) fits = output.shape[--d] == (i >= 0 ? p.batches[i] : 1);
  if (!fits) return op.Fail(MOTE_ERROR_SHAPE, output);

  const bool wide = type == kInt16;
  p.multiplier = MultiplierFromProduct(shapes.scales[0], shapes.scales[1], output.scale);
  if (p.multiplier.exponent > (wide ? 7 : 30)) return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  MOTE_RETURN_IF_ERROR(op.RangeOf(0, output, &p.output));
  if (op.verifying()) {
    const int64_t left_most = wide ? 32768 : LargestDistance(p.left.zero_point);
    const int64_t right_most = wide ? 32768 : LargestDistance(p.right.zero_point);
    const int64_t limit = wide ? LargestWideSum(p.multiplier) : LargestSum(p.multiplier);
    return left_most * right_most * p.depth <= limit ? MOTE_OK : op.Fail(MOTE_ERROR_ACCUMULATOR, output);
  }
  work->output = op.MutableData(output);
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolveBatchMatmul(Invocation& op, uint32_t type, BatchMatmulWork* work) {
  BatchMatmulParams& p = work->params;
  FactorShapes shapes;
  shapes.least_dimensions = 0;
  int32_t batches[3], depth;
  MOTE_RETURN_IF_ERROR(SolveFactor(op, 0, type, &p.left, p.batches, &p.rows, &p.depth, &shapes, &work->left));
  MOTE_RETURN_IF_ERROR(SolveFactor(op, 1, type, &p.right, batches, &p.columns, &depth, &shapes, &work->right));
  bool fits = depth == p.depth;
  for (int32_t i = 0; i < 3; ++i) {
    if (p.batches[i] == 1) p.batches[i] = batches[i];
    if (batches[i] != 1 && batches[i] != p.batches[i]) fits = false;
  }
  return fits ? SolveOutput(op, type, shapes, work) : MOTE_ERROR_SHAPE;
}

template <typename Code, typename Sum>
mote_status EvalMatmul(Invocation& op, uint32_t type) {
  BatchMatmulWork work;
  MOTE_RETURN_IF_ERROR(SolveBatchMatmul(op, type, &work));
  if (op.verifying()) return MOTE_OK;
  MOTE_RUN((work.params, static_cast<const Code*>(work.left), static_cast<const Code*>(work.right),
            static_cast<Code*>(work.output)),
           BatchMatmul<Code, Sum>);
  return MOTE_OK;
}

}  // namespace

mote_status EvalBatchMatmul(Invocation& op) { return EvalMatmul<int8_t, int32_t>(op, kInt8); }
mote_status EvalBatchMatmulInt16(Invocation& op) { return EvalMatmul<int16_t, int64_t>(op, kInt16); }

}  // namespace mote::device
