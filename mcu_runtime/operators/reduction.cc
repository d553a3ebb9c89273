/* MEAN, SUM, REDUCE_MAX, ARG_MAX, ARG_MIN. */
#include "mcu_runtime/kernels/arg_extreme.h"
#include "mcu_runtime/kernels/reduce.h"
#include "mcu_runtime/operators/moving.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

struct Reduced {
  TensorInfo input;
  TensorInfo output;
  int32_t elements; /* that make one of the output */
};

/* Neighbouring axes of one kind are one axis; `shape` has the innermost last. */
int32_t SolveShape(const TensorInfo& input, uint32_t mask, ReduceShape* shape) {
  for (int32_t i = 0; i < 3; ++i) shape->kept[i] = shape->reduced[i] = {1, 0};
  int32_t kept = 3;
  int32_t reduced = 3;
  bool last_reduced = false;
  int32_t step = 1;
  int32_t elements = 1;
  for (int32_t d = input.dimensions - 1; d >= 0; --d) {
    const int32_t extent = input.shape[d];
    if (extent == 1) continue;
    const bool is_reduced = (mask >> d & 1) != 0;
    ReduceShape::Axis* axes = is_reduced ? shape->reduced : shape->kept;
    int32_t& used = is_reduced ? reduced : kept;
    if (step != 1 && is_reduced == last_reduced) {
      axes[used].size *= extent;
    } else {
      axes[--used] = {extent, step};
    }
    if (is_reduced) elements *= extent;
    last_reduced = is_reduced;
    step *= extent;
  }
  return elements;
}

MOTE_NOINLINE mote_status SolveReduce(Invocation& op, uint32_t types, Reduced* tensors, ReduceShape* shape) {
  const TensorInfo& input = tensors->input;
  Indices axes;
  MOTE_RETURN_IF_ERROR(op.Input(0, types, &tensors->input));
  MOTE_RETURN_IF_ERROR(op.Output(types, &tensors->output));
  MOTE_RETURN_IF_ERROR(ReadIndices(op, 1, &axes));
  if (axes.count > MOTE_MAX_DIMENSIONS) return axes.Fail(op, MOTE_ERROR_OPTION);
  uint32_t mask = 0;
  for (int32_t i = 0; input.dimensions != 0 && i < axes.count; ++i) {
    int32_t axis = 0;
    MOTE_RETURN_IF_ERROR(ReadAxis(op, axes.At(i), input, &axis));
    mask |= uint32_t{1} << axis;
  }
  if (!HasRemainingShape(tensors->output, input, mask)) return op.Fail(MOTE_ERROR_SHAPE, tensors->output);
  tensors->elements = SolveShape(input, mask, shape);
  return MOTE_OK;
}

/* m / n as the contract forms it: the mantissa is shifted left as far as n's bits allow, and divided by n, rounding
 * down. `n` is under 2^23. */
Multiplier DividedBy(const Multiplier& m, uint32_t n) {
  int32_t shift = 0;
  while (n >> (shift + 1) != 0) ++shift;
  if (shift > 31 + m.exponent) shift = 31 + m.exponent;
  const uint32_t mantissa = static_cast<uint32_t>(m.mantissa);
  uint32_t quotient = mantissa / n;
  uint32_t remainder = mantissa % n;
  for (int32_t i = 0; i < shift; ++i) {
    remainder <<= 1;
    quotient <<= 1;
    if (remainder >= n) {
      remainder -= n;
      quotient |= 1;
    }
  }
  return {static_cast<int32_t>(quotient), m.exponent - shift};
}

MOTE_NOINLINE mote_status SolveSum(Invocation& op, uint32_t type, bool is_mean, ReduceShape* shape, SumParams* p,
                                   const void** source, void** target) {
  Reduced tensors;
  MOTE_RETURN_IF_ERROR(SolveReduce(op, type, &tensors, shape));
  const TensorInfo& input = tensors.input;
  const TensorInfo& output = tensors.output;
  const int32_t n = tensors.elements;
  MOTE_RETURN_IF_ERROR(op.RangeOf(0, output, &p->output));
  p->multiplier = MultiplierFromRatio(input.scale, output.scale, 0);
  /* What is summed, less the zero points, is at most n times this. The result, the output's zero point added, is within
   * int32. */
  constexpr int32_t kLimit = 0x7fff0000;
  const int32_t most = type == kInt16 ? 32768 : 255;
  if (p->multiplier.exponent > 30) return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  if (n > kLimit / most || n >= 1 << 23) return op.Fail(MOTE_ERROR_ACCUMULATOR, input);
  p->zero_points = n * input.zero_point;
  if (is_mean) p->multiplier = DividedBy(p->multiplier, static_cast<uint32_t>(n));
  const int32_t left = p->multiplier.exponent > 0 ? p->multiplier.exponent : 0;
  if (n * most > kLimit >> left) return op.Fail(MOTE_ERROR_ACCUMULATOR, input);
  if (op.verifying()) return MOTE_OK;
  *source = op.Data<uint8_t>(input);
  *target = op.MutableData<uint8_t>(output);
  return MOTE_OK;
}

/* Not inlined, so that what it keeps on the stack is not there while files are read. */
template <typename Reduction, typename T>
MOTE_NOINLINE void RunReduce(const typename Reduction::Params& p, const ReduceShape& shape, const T* source,
                             T* target) {
  MOTE_RUN((p, shape, source, target), Reduce<Reduction, T>);
}

template <typename T>
mote_status EvalSumOf(Invocation& op, bool is_mean) {
  ReduceShape shape;
  SumParams p;
  const void* source = nullptr;
  void* target = nullptr;
  MOTE_RETURN_IF_ERROR(SolveSum(op, sizeof(T) == 2 ? kInt16 : kInt8, is_mean, &shape, &p, &source, &target));
  if (!op.verifying()) RunReduce<SumOf>(p, shape, static_cast<const T*>(source), static_cast<T*>(target));
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolveMax(Invocation& op, ReduceShape* shape, const int8_t** source, int8_t** target) {
  Reduced tensors;
  MOTE_RETURN_IF_ERROR(SolveReduce(op, kInt8, &tensors, shape));
  MOTE_RETURN_IF_ERROR(RequireTied(op, tensors.output, tensors.input));
  if (op.verifying()) return MOTE_OK;
  *source = op.Data(tensors.input);
  *target = op.MutableData(tensors.output);
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolveArgExtreme(Invocation& op, ArgExtremeParams* p, const int8_t** source,
                                          int32_t** target) {
  TensorInfo input, output;
  int32_t value = 0;
  MOTE_RETURN_IF_ERROR(ReadIndex(op, 1, &value));
  MOTE_RETURN_IF_ERROR(op.Raw(0, kInt8, &input));
  MOTE_RETURN_IF_ERROR(op.RawOutput(kInt32 | kInt64, &output));
  int32_t axis = 0;
  MOTE_RETURN_IF_ERROR(ReadAxis(op, value, input, &axis));
  if (!HasRemainingShape(output, input, uint32_t{1} << axis)) return op.Fail(MOTE_ERROR_SHAPE, output);
  p->outer = 1;
  for (int32_t d = 0; d < axis; ++d) p->outer *= input.shape[d];
  p->size = input.shape[axis];
  p->inner = input.elements / p->size / p->outer;
  p->words = output.type == MOTE_INT64 ? 2 : 1;
  if (op.verifying()) return MOTE_OK;
  *source = op.Data(input);
  *target = op.MutableData<int32_t>(output);
  return MOTE_OK;
}

mote_status EvalArgExtreme(Invocation& op, int32_t flip) {
  ArgExtremeParams p;
  const int8_t* source = nullptr;
  int32_t* target = nullptr;
  MOTE_RETURN_IF_ERROR(SolveArgExtreme(op, &p, &source, &target));
  p.flip = flip;
  if (!op.verifying()) MOTE_RUN((p, source, target), ArgExtreme);
  return MOTE_OK;
}

}  // namespace

mote_status EvalMean(Invocation& op) { return EvalSumOf<int8_t>(op, true); }
mote_status EvalMeanInt16(Invocation& op) { return EvalSumOf<int16_t>(op, true); }
mote_status EvalSum(Invocation& op) { return EvalSumOf<int8_t>(op, false); }
mote_status EvalSumInt16(Invocation& op) { return EvalSumOf<int16_t>(op, false); }

mote_status EvalReduceMax(Invocation& op) {
  ReduceShape shape;
  const int8_t* source = nullptr;
  int8_t* target = nullptr;
  MOTE_RETURN_IF_ERROR(SolveMax(op, &shape, &source, &target));
  if (!op.verifying()) RunReduce<LargestOf>({}, shape, source, target);
  return MOTE_OK;
}

mote_status EvalArgMax(Invocation& op) { return EvalArgExtreme(op, 0); }
mote_status EvalArgMin(Invocation& op) { return EvalArgExtreme(op, -1); }

}  // namespace mote::device
