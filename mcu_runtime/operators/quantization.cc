/* QUANTIZE, DEQUANTIZE, ABS, NEG, RSQRT. */
#include "mcu_runtime/float32.h"
#include "mcu_runtime/kernels/dequantize.h"
#include "mcu_runtime/kernels/rescale.h"
#include "mcu_runtime/kernels/rsqrt.h"
#include "mcu_runtime/operators/elementwise.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

MOTE_NOINLINE mote_status SolveRescale(Invocation& op, uint32_t input_types, uint32_t output_types, RescaleParams* p,
                                       UnaryOperands* operands) {
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(SolveUnary(op, input_types, output_types, &input, &output, operands));
  p->input_zero_point = input.zero_point;
  p->multiplier = MultiplierFromRatio(input.scale, output.scale, 0);
  const int32_t most = input.type == MOTE_INT32 ? 30 : input.type == MOTE_INT16 ? 15 : 22;
  if (p->multiplier.exponent > most) return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  if (output.type == MOTE_INT32) {
    p->output = {output.zero_point, INT32_MIN, INT32_MAX};
    return MOTE_OK;
  }
  return op.RangeOf(0, output, &p->output);
}

/* int8 -> int8, uint8, int16, int32; uint8 -> int8; int32 -> int8, int16 */
MOTE_NOINLINE mote_status SolveQuantize(Invocation& op, RescaleParams* p, UnaryOperands* operands) {
  constexpr uint32_t kInputTypes = kInt8 | kUInt8 | kInt32;
  TensorInfo input;
  MOTE_RETURN_IF_ERROR(op.Raw(0, kInputTypes, &input));
  uint32_t output_types = kInt8 | kUInt8 | kInt16 | kInt32;
  if (input.type == MOTE_UINT8) output_types = kInt8;
  if (input.type == MOTE_INT32) output_types = kInt8 | kInt16;
  return SolveRescale(op, kInputTypes, output_types, p, operands);
}

template <int32_t (*kFunction)(const RescaleParams&, int32_t)>
mote_status EvalRescale(Invocation& op, uint32_t types) {
  RescaleParams p;
  UnaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolveRescale(op, types, types, &p, &operands));
  return RunUnary<RescaleParams, kFunction>(op, operands, p);
}

MOTE_NOINLINE mote_status SolveQuantizeFloat(Invocation& op, QuantizeFloatParams* p, UnaryOperands* operands) {
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(op.Raw(0, kFloat32, &input));
  MOTE_RETURN_IF_ERROR(op.Output(kInt8 | kInt16, &output));
  if (!HaveEqualShapes(input, output)) return op.Fail(MOTE_ERROR_SHAPE, output);
  p->scale = output.scale;
  MOTE_RETURN_IF_ERROR(op.RangeOf(0, output, &p->output));
  if (op.verifying()) return MOTE_OK;
  *operands = {op.Data(input), op.MutableData(output), output.elements, input.type, output.type};
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolveDequantize(Invocation& op, uint32_t types, DequantizeParams* p,
                                          UnaryOperands* operands) {
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(op.Input(0, types, &input));
  MOTE_RETURN_IF_ERROR(op.RawOutput(kFloat32, &output));
  if (!HaveEqualShapes(input, output)) return op.Fail(MOTE_ERROR_SHAPE, output);
  *p = {input.scale, input.zero_point};
  if (op.verifying()) return MOTE_OK;
  *operands = {op.Data(input), op.MutableData(output), output.elements, input.type, output.type};
  return MOTE_OK;
}

mote_status EvalDequantizeOf(Invocation& op, uint32_t types) {
  DequantizeParams p;
  UnaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolveDequantize(op, types, &p, &operands));
  if (op.verifying()) return MOTE_OK;
  uint32_t* output = static_cast<uint32_t*>(operands.output);
  if (operands.input_type == MOTE_INT16) {
    MOTE_RUN((p, static_cast<const int16_t*>(operands.input), output, operands.count), Dequantize<int16_t>);
  } else if (operands.input_type == MOTE_UINT8) {
    MOTE_RUN((p, static_cast<const uint8_t*>(operands.input), output, operands.count), Dequantize<uint8_t>);
  } else {
    MOTE_RUN((p, static_cast<const int8_t*>(operands.input), output, operands.count), Dequantize<int8_t>);
  }
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolveRsqrt(Invocation& op, RsqrtParams* p, UnaryOperands* operands) {
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(SolveUnary(op, kInt8, kInt8, &input, &output, operands));
  p->input_zero_point = input.zero_point;
  p->output_zero_point = output.zero_point;
  p->multiplier = InverseRootMultiplier(input.scale, output.scale);
  p->multiplier.exponent -= 20;
  if (p->multiplier.exponent > 10 || p->multiplier.exponent < -31) return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  return MOTE_OK;
}

}  // namespace

mote_status EvalQuantize(Invocation& op) {
  RescaleParams p;
  UnaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolveQuantize(op, &p, &operands));
  if (operands.input_type == MOTE_UINT8) return RunUnary<RescaleParams, RescaleUInt8>(op, operands, p);
  if (operands.input_type == MOTE_INT32) return RunUnary<RescaleParams, RescaleInt32>(op, operands, p);
  return RunUnary<RescaleParams, Rescale>(op, operands, p);
}

mote_status EvalQuantizeInt16(Invocation& op) {
  RescaleParams p;
  UnaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolveRescale(op, kInt16, kInt8 | kInt16 | kInt32, &p, &operands));
  return RunUnary<RescaleParams, Rescale>(op, operands, p);
}

mote_status EvalQuantizeFloat(Invocation& op) {
  QuantizeFloatParams p;
  UnaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolveQuantizeFloat(op, &p, &operands));
  if (op.verifying()) return MOTE_OK;
  const uint8_t* input = static_cast<const uint8_t*>(operands.input);
  if (operands.output_type == MOTE_INT16) {
    MOTE_RUN((p, input, static_cast<int16_t*>(operands.output), operands.count), QuantizeFloats<int16_t>);
  } else {
    MOTE_RUN((p, input, static_cast<int8_t*>(operands.output), operands.count), QuantizeFloats<int8_t>);
  }
  return MOTE_OK;
}

mote_status EvalDequantize(Invocation& op) { return EvalDequantizeOf(op, kInt8 | kUInt8); }
mote_status EvalDequantizeInt16(Invocation& op) { return EvalDequantizeOf(op, kInt16); }

mote_status EvalAbs(Invocation& op) { return EvalRescale<Absolute>(op, kInt8); }
mote_status EvalAbsInt16(Invocation& op) { return EvalRescale<Absolute>(op, kInt16); }
mote_status EvalNeg(Invocation& op) { return EvalRescale<Negative>(op, kInt8); }

mote_status EvalRsqrt(Invocation& op) {
  RsqrtParams p;
  UnaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolveRsqrt(op, &p, &operands));
  return RunUnary<RsqrtParams, Rsqrt>(op, operands, p);
}

}  // namespace mote::device
