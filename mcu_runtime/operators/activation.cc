/* RELU, RELU6, RELU_N1_TO_1, LEAKY_RELU, HARD_SWISH, ELU, LOGISTIC, TANH: functions of one code. */
#include "mcu_runtime/float32.h"
#include "mcu_runtime/kernels/elu.h"
#include "mcu_runtime/kernels/hard_swish.h"
#include "mcu_runtime/kernels/rescale.h"
#include "mcu_runtime/kernels/sigmoid.h"
#include "mcu_runtime/kernels/sigmoid_table.h"
#include "mcu_runtime/operators/elementwise.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

/* The largest exponent of a multiplier of x - z: 2^8 or 2^15 times it is within int32. */
int32_t MostExponent(const TensorInfo& input) { return input.type == MOTE_INT16 ? 15 : 22; }

MOTE_NOINLINE mote_status SolveRelu(Invocation& op, uint32_t types, int32_t activation, RescaleParams* p,
                                    UnaryOperands* operands) {
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(SolveUnary(op, types, types, &input, &output, operands));
  p->input_zero_point = input.zero_point;
  p->multiplier = MultiplierFromRatio(input.scale, output.scale, 0);
  if (p->multiplier.exponent > MostExponent(input)) return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  return op.RangeOf(activation, output, &p->output);
}

mote_status EvalReluOf(Invocation& op, uint32_t types, int32_t activation) {
  RescaleParams p;
  UnaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolveRelu(op, types, activation, &p, &operands));
  return RunUnary<RescaleParams, Rescale>(op, operands, p);
}

MOTE_NOINLINE mote_status SolveLeakyRelu(Invocation& op, uint32_t types, LeakyReluParams* p, UnaryOperands* operands) {
  enum : uint32_t { kAlpha };
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(SolveUnary(op, types, types, &input, &output, operands));
  p->positive.input_zero_point = input.zero_point;
  p->positive.multiplier = MultiplierFromRatio(input.scale, output.scale, 0);
  const uint32_t alpha = static_cast<uint32_t>(op.Option32(kAlpha, 0));
  const uint32_t magnitude = alpha & 0x7fffffffu;
  p->alpha_is_negative = alpha != magnitude;
  p->negative = Multiplier();
  Scale scale;
  if (magnitude != 0) {
    if (!DecodeScale(magnitude, &scale)) return op.Fail(MOTE_ERROR_OPTION, input);
    p->negative = MultiplierFromProduct(input.scale, scale, output.scale);
  }
  if (p->positive.multiplier.exponent > MostExponent(input) || p->negative.exponent > MostExponent(input)) {
    return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  }
  return op.RangeOf(0, output, &p->positive.output);
}

mote_status EvalLeakyReluOf(Invocation& op, uint32_t types) {
  LeakyReluParams p;
  UnaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolveLeakyRelu(op, types, &p, &operands));
  return RunUnary<LeakyReluParams, LeakyRelu>(op, operands, p);
}

Multiplier16 Narrow(const Multiplier& m) {
  return {m.mantissa >= INT32_MAX - (1 << 15) ? INT16_MAX : (m.mantissa + (1 << 15)) >> 16, m.exponent};
}

MOTE_NOINLINE mote_status SolveHardSwish(Invocation& op, HardSwishParams* p, UnaryOperands* operands) {
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(SolveUnary(op, kInt8, kInt8, &input, &output, operands));
  p->input_zero_point = input.zero_point;
  p->output_zero_point = output.zero_point;
  p->output = Narrow(MultiplierFromRatio(input.scale, output.scale, -7));
  const Scale three = {3u << 22, -22 - 15}; /* 3 / 32768 */
  p->gate = Narrow(MultiplierFromRatio(input.scale, three, -7));
  if (p->gate.exponent > 30) return op.Fail(MOTE_ERROR_QUANTIZATION, input);
  if (p->output.exponent > 0) return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolveElu(Invocation& op, EluParams* p, UnaryOperands* operands) {
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(SolveUnary(op, kInt8, kInt8, &input, &output, operands));
  const Scale one = {uint32_t{1} << 23, -23};
  *p = {input.scale, FloatQuotient(one, output.scale), input.zero_point, output.zero_point};
  return MOTE_OK;
}

/* The format ties the output of these: `scale` is a power of two. */
bool HasQuantization(const TensorInfo& output, int32_t log2_of_scale, int32_t zero_point) {
  return output.zero_point == zero_point && output.scale.mantissa == uint32_t{1} << 23 &&
         output.scale.exponent == log2_of_scale - 23;
}

MOTE_NOINLINE mote_status SolveSigmoid(Invocation& op, int32_t log2_of_scale, int32_t zero_point, SigmoidParams* p,
                                       UnaryOperands* operands) {
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(SolveUnary(op, kInt8, kInt8, &input, &output, operands));
  if (!HasQuantization(output, log2_of_scale, zero_point)) return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  p->zero_point = input.zero_point;
  const Scale one = {uint32_t{1} << 23, -23};
  p->multiplier = MultiplierFromRatio(input.scale, one, 27);
  const int32_t exponent = p->multiplier.exponent;
  if (p->multiplier.mantissa == 0 || exponent < 0) return op.Fail(MOTE_ERROR_QUANTIZATION, input);
  p->radius = exponent > 31 ? 0 : static_cast<int32_t>((uint32_t{15} << 27) >> exponent);
  return MOTE_OK;
}

template <int32_t (*kFunction)(const SigmoidParams&, int32_t)>
mote_status EvalSigmoid(Invocation& op, int32_t log2_of_scale, int32_t zero_point) {
  SigmoidParams p;
  UnaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolveSigmoid(op, log2_of_scale, zero_point, &p, &operands));
  return RunUnary<SigmoidParams, kFunction>(op, operands, p);
}

/* Whether a scale is a power of two as far as the reference's logarithm can tell: from `below` under it to `above`, in
 * units in the last place. */
bool IsNearPower(const Scale& scale, int32_t power, int32_t below, int32_t above) {
  const int64_t from_power = scale.exponent == power - 23   ? static_cast<int64_t>(scale.mantissa) - (1 << 23)
                             : scale.exponent == power - 24 ? static_cast<int64_t>(scale.mantissa) - (1 << 24)
                                                            : INT32_MAX;
  return from_power >= -below && from_power <= above;
}

/* `pot_most`: 2^-12 ... 2^(-12 + pot_most) are the scales that are taken as powers of two. */
MOTE_NOINLINE mote_status SolveSigmoidInt16(Invocation& op, int32_t pot_most, SigmoidInput* p,
                                            UnaryOperands* operands) {
  TensorInfo input, output;
  MOTE_RETURN_IF_ERROR(SolveUnary(op, kInt16, kInt16, &input, &output, operands));
  if (!IsNearPower(output.scale, -15, 11628, 5817)) return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  if (IsNearPower(input.scale, -12, 11620, 5813)) {
    *p = {3, 0};
    return MOTE_OK;
  }
  if (pot_most > 0 && IsNearPower(input.scale, -11, 11624, 5816)) {
    *p = {6, 0};
    return MOTE_OK;
  }
  /* floor(s_in * 12288 * 2^shift), with the least shift from 0 to 31 that makes it more than 16383.5 */
  const uint64_t product = uint64_t{input.scale.mantissa} * 12288; /* in [2^36, 2^38) */
  int32_t shift = 0;
  int32_t exponent = input.scale.exponent;
  if (exponent > -16) return op.Fail(MOTE_ERROR_QUANTIZATION, input);
  for (; shift < 31 && (exponent < -40 || product <= uint64_t{32767} << -(exponent + 1)); ++shift) ++exponent;
  *p = {exponent < -40 ? 0 : static_cast<int32_t>(product >> -exponent), shift};
  if (p->multiplier == 0 || p->multiplier > 65535) return op.Fail(MOTE_ERROR_QUANTIZATION, input);
  return MOTE_OK;
}

template <int32_t (*kFunction)(const SigmoidInput&, int32_t)>
mote_status EvalSigmoidInt16(Invocation& op, int32_t pot_most) {
  SigmoidInput p;
  UnaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolveSigmoidInt16(op, pot_most, &p, &operands));
  return RunUnary<SigmoidInput, kFunction>(op, operands, p);
}

}  // namespace

mote_status EvalRelu(Invocation& op) { return EvalReluOf(op, kInt8, 1); }
mote_status EvalReluInt16(Invocation& op) { return EvalReluOf(op, kInt16, 1); }
mote_status EvalReluN1To1(Invocation& op) { return EvalReluOf(op, kInt8, 2); }
mote_status EvalRelu6(Invocation& op) { return EvalReluOf(op, kInt8, 3); }
mote_status EvalRelu6Int16(Invocation& op) { return EvalReluOf(op, kInt16, 3); }
mote_status EvalLeakyRelu(Invocation& op) { return EvalLeakyReluOf(op, kInt8); }
mote_status EvalLeakyReluInt16(Invocation& op) { return EvalLeakyReluOf(op, kInt16); }

mote_status EvalHardSwish(Invocation& op) {
  HardSwishParams p;
  UnaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolveHardSwish(op, &p, &operands));
  return RunUnary<HardSwishParams, HardSwish>(op, operands, p);
}

mote_status EvalElu(Invocation& op) {
  EluParams p;
  UnaryOperands operands;
  MOTE_RETURN_IF_ERROR(SolveElu(op, &p, &operands));
  return RunUnary<EluParams, Elu>(op, operands, p);
}

mote_status EvalLogistic(Invocation& op) { return EvalSigmoid<Logistic>(op, -8, -128); }
mote_status EvalTanh(Invocation& op) { return EvalSigmoid<Tanh>(op, -7, 0); }

mote_status EvalLogisticInt16(Invocation& op) { return EvalSigmoidInt16<SigmoidOfInt16>(op, 0); }
mote_status EvalTanhInt16(Invocation& op) { return EvalSigmoidInt16<TanhOfInt16>(op, 1); }

}  // namespace mote::device
