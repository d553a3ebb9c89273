/* AVERAGE_POOL_2D and MAX_POOL_2D. */
#include "mcu_runtime/kernels/pool_2d.h"
#include "mcu_runtime/operators/operators.h"
#include "mcu_runtime/operators/window.h"

namespace mote::device {
namespace {

/* `most`: a window has fewer elements. */
MOTE_NOINLINE mote_status SolvePool(Invocation& op, uint32_t type, int32_t most, Pool2dParams* p, const void** source,
                                    void** target) {
  enum : uint32_t { kPadding, kStrideW, kStrideH, kFilterW, kFilterH, kActivation };
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(op.Input(0, type, &input));
  MOTE_RETURN_IF_ERROR(op.Output(type, &output));
  if (input.dimensions != 4) return op.Fail(MOTE_ERROR_SHAPE, input);
  if (output.dimensions != 4 || output.shape[0] != input.shape[0] || output.shape[3] != input.shape[3]) {
    return op.Fail(MOTE_ERROR_SHAPE, output);
  }
  if (!HaveTiedQuantization(input, output)) return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  p->batches = input.shape[0];
  p->channels = input.shape[3];
  int32_t elements = 1;
  for (int32_t i = 0; i < 2; ++i) {
    const bool is_vertical = i == 0;
    Window* window = is_vertical ? &p->vertical : &p->horizontal;
    window->input = input.shape[1 + i];
    window->output = output.shape[1 + i];
    window->filter = is_vertical ? op.Option32(kFilterH, 0) : op.Option32(kFilterW, 0);
    window->stride = is_vertical ? op.Option32(kStrideH, 0) : op.Option32(kStrideW, 0);
    window->dilation = 1;
    const mote_status status = SolveWindow(op.Option8(kPadding, 0), window);
    if (status != MOTE_OK) return op.Fail(status, output);
    elements *= window->filter < window->input ? window->filter : window->input;
  }
  if (elements >= most) return op.Fail(MOTE_ERROR_ACCUMULATOR, input);
  MOTE_RETURN_IF_ERROR(op.Range(kActivation, output, &p->output));
  if (op.verifying()) return MOTE_OK;
  *source = op.Data<uint8_t>(input);
  *target = op.MutableData<uint8_t>(output);
  return MOTE_OK;
}

template <typename Reduction, typename T>
mote_status EvalPool(Invocation& op, int32_t most) {
  Pool2dParams p;
  const void* source = nullptr;
  void* target = nullptr;
  MOTE_RETURN_IF_ERROR(SolvePool(op, sizeof(T) == 2 ? kInt16 : kInt8, most, &p, &source, &target));
  if (!op.verifying()) {
    MOTE_RUN((p, static_cast<const T*>(source), static_cast<T*>(target)), Pool2d<Reduction, T>);
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
