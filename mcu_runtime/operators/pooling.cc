/* AVERAGE_POOL_2D and MAX_POOL_2D. */
#include "mcu_runtime/kernels/pool_2d.h"
#include "mcu_runtime/operators/operators.h"
#include "mcu_runtime/operators/window.h"

namespace mote::device {
namespace {

int32_t LargestSpan(const Window& w) { return w.filter < w.input ? w.filter : w.input; }

/* A pool, ready to be done. */
struct Pool {
  Pool2dParams params;
  const void* source;
  void* target;
};

/* `most`: a window has fewer elements. */
MOTE_NOINLINE mote_status SolvePool(Invocation& op, uint32_t type, int32_t most, Pool* pool) {
  enum : uint32_t { kPadding, kStrideW, kStrideH, kFilterW, kFilterH, kActivation };
  Pool2dParams& p = pool->params;
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(op.Input(0, type, &input));
  if (input.dimensions != 4) return MOTE_ERROR_SHAPE;
  MOTE_RETURN_IF_ERROR(op.Output(type, &output));
  p.batches = input.shape[0];
  p.vertical.input = input.shape[1];
  p.horizontal.input = input.shape[2];
  p.channels = input.shape[3];
  p.vertical.filter = op.Option32(kFilterH, 0);
  p.horizontal.filter = op.Option32(kFilterW, 0);
  p.vertical.dilation = p.horizontal.dilation = 1;
  MOTE_RETURN_IF_ERROR(SolveWindows(op, output, p.batches, p.channels, &p.vertical, &p.horizontal));
  if (!HaveTiedQuantization(input, output)) return MOTE_ERROR_QUANTIZATION;
  if (LargestSpan(p.vertical) * LargestSpan(p.horizontal) >= most) return op.Fail(MOTE_ERROR_ACCUMULATOR, input);
  pool->source = op.Data(input);
  pool->target = op.MutableData(output);
  return op.Range(kActivation, output, &p.output);
}

template <typename Reduction, typename T>
mote_status EvalPool(Invocation& op, int32_t most) {
  Pool pool;
  MOTE_RETURN_IF_ERROR(SolvePool(op, sizeof(T) == 2 ? kInt16 : kInt8, most, &pool));
  if (!op.verifying()) {
    MOTE_RUN((pool.params, static_cast<const T*>(pool.source), static_cast<T*>(pool.target)), Pool2d<Reduction, T>);
  }
  return MOTE_OK;
}

}  // namespace

/* A window's sum, and half of its count, are within 2^31: of int8 the sum of 2^23 elements is, of int16 that of 2^16
 * - 1.
 */
mote_status EvalAveragePool2d(Invocation& op) { return EvalPool<AverageOfInt8, int8_t>(op, 1 << 23); }
mote_status EvalAveragePool2dInt16(Invocation& op) { return EvalPool<AverageOfInt16, int16_t>(op, 1 << 16); }
mote_status EvalMaxPool2d(Invocation& op) { return EvalPool<MaximumOf, int8_t>(op, INT32_MAX); }
mote_status EvalMaxPool2dInt16(Invocation& op) { return EvalPool<MaximumOf, int16_t>(op, INT32_MAX); }

}  // namespace mote::device
