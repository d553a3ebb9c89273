/* ADD, RELU, RELU6, QUANTIZE, SOFTMAX: operators whose output has an input's shape. */
#include "mcu_runtime/kernels/add.h"
#include "mcu_runtime/kernels/rescale.h"
#include "mcu_runtime/kernels/softmax.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

bool IsLess(const Scale& a, const Scale& b) {
  return a.exponent != b.exponent ? a.exponent < b.exponent : a.mantissa < b.mantissa;
}

/* Extent of `tensor` along axis `axis` of six, with leading ones added. */
int32_t Extent(const TensorInfo& tensor, int32_t axis) {
  const int32_t d = axis - (6 - tensor.dimensions);
  return d < 0 ? 1 : tensor.shape[d];
}

/* False where the shapes do not broadcast to the output's. */
bool SolveBroadcast(const TensorInfo& a, const TensorInfo& b, const TensorInfo& output, BroadcastShape* shape) {
  int32_t step_a = 1;
  int32_t step_b = 1;
  for (int32_t axis = 5; axis >= 0; --axis) {
    const int32_t extent_a = Extent(a, axis);
    const int32_t extent_b = Extent(b, axis);
    const int32_t extent = extent_a == 1 ? extent_b : extent_a;
    if ((extent_b != 1 && extent_b != extent) || Extent(output, axis) != extent) return false;
    shape->size[axis] = extent;
    shape->step_a[axis] = extent_a == 1 ? 0 : step_a;
    shape->step_b[axis] = extent_b == 1 ? 0 : step_b;
    step_a *= extent_a;
    step_b *= extent_b;
  }
  return true;
}

mote_status EvalRescale(Invocation& op, int32_t activation) {
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(op.Input(0, kInt8, &input));
  MOTE_RETURN_IF_ERROR(op.Output(kInt8, &output));
  if (!HaveEqualShapes(input, output)) return op.Fail(MOTE_ERROR_SHAPE, output);
  RescaleParams p;
  p.input_zero_point = input.zero_point;
  p.multiplier = MultiplierFromRatio(input.scale, output.scale, 0);
  if (p.multiplier.exponent > 22) return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  MOTE_RETURN_IF_ERROR(op.RangeOf(activation, output, &p.output));
  if (op.verifying()) return MOTE_OK;
  Rescale(p, output.elements, op.Data(input), op.MutableData(output));
  return MOTE_OK;
}

}  // namespace

mote_status EvalRelu(Invocation& op) { return EvalRescale(op, 1); }
mote_status EvalRelu6(Invocation& op) { return EvalRescale(op, 3); }
mote_status EvalQuantize(Invocation& op) { return EvalRescale(op, 0); }

mote_status EvalAdd(Invocation& op) {
  enum : uint32_t { kActivation };
  TensorInfo a, b, output;
  MOTE_RETURN_IF_ERROR(op.Input(0, kInt8, &a));
  MOTE_RETURN_IF_ERROR(op.Input(1, kInt8, &b));
  MOTE_RETURN_IF_ERROR(op.Output(kInt8, &output));
  BroadcastShape shape;
  if (!SolveBroadcast(a, b, output, &shape)) return op.Fail(MOTE_ERROR_SHAPE, output);
  AddParams p;
  Scale largest = IsLess(a.scale, b.scale) ? b.scale : a.scale;
  p.a = {a.zero_point, MultiplierFromRatio(a.scale, largest, -1)};
  p.b = {b.zero_point, MultiplierFromRatio(b.scale, largest, -1)};
  p.output_multiplier = MultiplierFromRatio(largest, output.scale, 1 - 20);
  /* The contract has this multiplier under 1; 1 itself (exponent 1) is refused too. */
  if (p.output_multiplier.exponent > 0) return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  MOTE_RETURN_IF_ERROR(op.Range(kActivation, output, &p.output));
  if (op.verifying()) return MOTE_OK;
  if (a.elements == output.elements && b.elements == output.elements) {
    Add(p, output.elements, op.Data(a), op.Data(b), op.MutableData(output));
  } else {
    AddBroadcast(p, shape, op.Data(a), op.Data(b), op.MutableData(output));
  }
  return MOTE_OK;
}

mote_status EvalSoftmax(Invocation& op) {
  enum : uint32_t { kBeta };
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(op.Input(0, kInt8, &input));
  MOTE_RETURN_IF_ERROR(op.Output(kInt8, &output));
  if (input.dimensions < 1 || !HaveEqualShapes(input, output)) return op.Fail(MOTE_ERROR_SHAPE, output);
  /* 1/256 exactly, and -128: the format ties them. */
  if (output.zero_point != -128 || output.scale.mantissa != uint32_t{1} << 23 || output.scale.exponent != -31) {
    return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  }
  Scale beta;
  if (!DecodeScale(static_cast<uint32_t>(op.Option32(kBeta, 0)), &beta)) return op.Fail(MOTE_ERROR_OPTION, input);
  SoftmaxParams p;
  p.depth = input.last_dimension();
  p.rows = input.elements / p.depth;
  if (p.depth > 4095) return op.Fail(MOTE_ERROR_ACCUMULATOR, input);
  const Scale one = {uint32_t{1} << 23, -23};
  p.multiplier = MultiplierFromProduct(input.scale, beta, one);
  p.multiplier.exponent += 26;
  if (p.multiplier.mantissa == 0 || p.multiplier.exponent < 1) return op.Fail(MOTE_ERROR_QUANTIZATION, input);
  if (p.multiplier.exponent > 31) { /* capped at 2^31 - 1: one step of the input is then all or nothing */
    p.multiplier.mantissa = INT32_MAX;
    p.multiplier.exponent = 31;
  }
  p.difference_min = -static_cast<int32_t>((uint32_t{31} << 26) >> p.multiplier.exponent);
  if (op.verifying()) return MOTE_OK;
  Softmax(p, op.Data(input), op.MutableData(output));
  return MOTE_OK;
}

}  // namespace mote::device
