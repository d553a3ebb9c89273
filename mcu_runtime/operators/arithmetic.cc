/* ADD, SUB, MUL, MAXIMUM, MINIMUM, SQUARED_DIFFERENCE, PRELU: operators of two inputs that broadcast. */
#include "mcu_runtime/float32.h"
#include "mcu_runtime/kernels/add.h"
#include "mcu_runtime/kernels/maximum.h"
#include "mcu_runtime/kernels/multiply.h"
#include "mcu_runtime/kernels/rescale.h"
#include "mcu_runtime/kernels/squared_difference.h"
#include "mcu_runtime/operators/elementwise.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

constexpr uint32_t kActivation = 0; /* its slot in all of these options */

template <typename T>
constexpr uint32_t TypesOf() {
  return sizeof(T) == 1 ? kInt8 : kInt16;
}

MOTE_NOINLINE mote_status SolveSum(Invocation& op, uint32_t types, int32_t bits, AddParams* p,
                                   BinaryOperands* operands) {
  TensorInfo a, b, output;
  MOTE_RETURN_IF_ERROR(SolveBinary(op, types, types, types, &a, &b, &output, operands));
  const Scale largest = IsLess(a.scale, b.scale) ? b.scale : a.scale;
  p->a = AddTerm::Of(a.zero_point, MultiplierFromRatio(a.scale, largest, -1));
  p->b = AddTerm::Of(b.zero_point, MultiplierFromRatio(b.scale, largest, -1));
  const Multiplier multiplier = MultiplierFromRatio(largest, output.scale, 1 - bits);
  /* The contract has this multiplier under 1; what rounds to 1 (exponent 1) is refused too. */
  if (multiplier.exponent > 0) return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  p->mantissa = multiplier.mantissa;
  p->shift = RightShift::By(-multiplier.exponent);
  return op.Range(kActivation, output, &p->output);
}

template <typename T, int32_t kBits, int32_t kSign>
mote_status EvalSum(Invocation& op) {
  using Function = AddFunction<kBits, kSign>;
  Function function;
  BinaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolveSum(op, TypesOf<T>(), kBits, &function.p, &operands));
  if (!op.verifying()) RunBinary<Function, T, T, T>(operands, function);
  return MOTE_OK;
}

/* `most`: the multiplier's exponent. */
MOTE_NOINLINE mote_status SolveMultiply(Invocation& op, uint32_t types, int32_t most, MultiplyFunction* p,
                                        BinaryOperands* operands) {
  TensorInfo a, b, output;
  MOTE_RETURN_IF_ERROR(SolveBinary(op, types, types, types, &a, &b, &output, operands));
  p->zero_a = a.zero_point;
  p->zero_b = b.zero_point;
  p->multiplier = MultiplierFromProduct(a.scale, b.scale, output.scale);
  if (p->multiplier.exponent > most) return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  return op.Range(kActivation, output, &p->output);
}

template <typename T>
mote_status EvalMultiply(Invocation& op, int32_t most) {
  MultiplyFunction function;
  BinaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolveMultiply(op, TypesOf<T>(), most, &function, &operands));
  if (!op.verifying()) RunBinary<MultiplyFunction, T, T, T>(operands, function);
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolveTied(Invocation& op, uint32_t types, BinaryOperands* operands) {
  TensorInfo a, b, output;
  MOTE_RETURN_IF_ERROR(SolveBinary(op, types, types, types, &a, &b, &output, operands));
  if (!HaveTiedQuantization(a, output)) return op.Fail(MOTE_ERROR_QUANTIZATION, a);
  if (!HaveTiedQuantization(b, output)) return op.Fail(MOTE_ERROR_QUANTIZATION, b);
  return MOTE_OK;
}

template <typename T, typename Function>
mote_status EvalTied(Invocation& op) {
  BinaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolveTied(op, TypesOf<T>(), &operands));
  const Function function;
  if (!op.verifying()) RunBinary<Function, T, T, T>(operands, function);
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolveSquaredDifference(Invocation& op, uint32_t types, int32_t bits, int32_t most,
                                                 SquaredDifferenceFunction* p, BinaryOperands* operands) {
  TensorInfo a, b, output;
  MOTE_RETURN_IF_ERROR(SolveBinary(op, types, types, types, &a, &b, &output, operands));
  const Scale largest = IsLess(a.scale, b.scale) ? b.scale : a.scale;
  p->shift = bits;
  p->zero_a = a.zero_point;
  p->zero_b = b.zero_point;
  p->multiplier_a = MultiplierFromRatio(a.scale, largest, -1);
  p->multiplier_b = MultiplierFromRatio(b.scale, largest, -1);
  Scale other = largest; /* with the powers of two */
  other.exponent += 2 - 2 * bits;
  p->multiplier = MultiplierFromProduct(largest, other, output.scale);
  if (p->multiplier.exponent > most) return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  return op.RangeOf(0, output, &p->output);
}

template <typename T>
mote_status EvalSquaredDifferences(Invocation& op, int32_t bits, int32_t most) {
  SquaredDifferenceFunction function;
  BinaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolveSquaredDifference(op, TypesOf<T>(), bits, most, &function, &operands));
  if (!op.verifying()) RunBinary<SquaredDifferenceFunction, T, T, T>(operands, function);
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolvePrelu(Invocation& op, uint32_t types, int32_t most_positive, int32_t most_negative,
                                     PreluFunction* p, BinaryOperands* operands) {
  TensorInfo input, alpha, output;
  MOTE_RETURN_IF_ERROR(SolveBinary(op, types, kInt8, types, &input, &alpha, &output, operands));
  p->positive.input_zero_point = input.zero_point;
  p->positive.multiplier = MultiplierFromRatio(input.scale, output.scale, 0);
  p->alpha_zero_point = alpha.zero_point;
  p->negative = MultiplierFromProduct(input.scale, alpha.scale, output.scale);
  if (p->positive.multiplier.exponent > most_positive || p->negative.exponent > most_negative) {
    return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  }
  return op.RangeOf(0, output, &p->positive.output);
}

template <typename T>
mote_status EvalPrelus(Invocation& op, int32_t most_positive, int32_t most_negative) {
  PreluFunction function;
  BinaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolvePrelu(op, TypesOf<T>(), most_positive, most_negative, &function, &operands));
  if (!op.verifying()) RunBinary<PreluFunction, T, int8_t, T>(operands, function);
  return MOTE_OK;
}

}  // namespace

mote_status EvalAdd(Invocation& op) { return EvalSum<int8_t, kAddBits8, 1>(op); }
mote_status EvalAddInt16(Invocation& op) { return EvalSum<int16_t, kAddBits16, 1>(op); }
mote_status EvalSub(Invocation& op) { return EvalSum<int8_t, kAddBits8, -1>(op); }
mote_status EvalSubInt16(Invocation& op) { return EvalSum<int16_t, kAddBits16, -1>(op); }
mote_status EvalMul(Invocation& op) { return EvalMultiply<int8_t>(op, 15); }
mote_status EvalMulInt16(Invocation& op) { return EvalMultiply<int16_t>(op, 0); }
mote_status EvalMaximum(Invocation& op) { return EvalTied<int8_t, MaximumFunction>(op); }
mote_status EvalMaximumInt16(Invocation& op) { return EvalTied<int16_t, MaximumFunction>(op); }
mote_status EvalMinimum(Invocation& op) { return EvalTied<int8_t, MinimumFunction>(op); }
mote_status EvalMinimumInt16(Invocation& op) { return EvalTied<int16_t, MinimumFunction>(op); }
mote_status EvalSquaredDifference(Invocation& op) { return EvalSquaredDifferences<int8_t>(op, 7, 1); }
mote_status EvalSquaredDifferenceInt16(Invocation& op) { return EvalSquaredDifferences<int16_t>(op, 0, 0); }
mote_status EvalPrelu(Invocation& op) { return EvalPrelus<int8_t>(op, 22, 15); }
mote_status EvalPreluInt16(Invocation& op) { return EvalPrelus<int16_t>(op, 15, 8); }

}  // namespace mote::device
