/* SOFTMAX. */
#include "mcu_runtime/kernels/softmax.h"

#include "mcu_runtime/float32.h"
#include "mcu_runtime/kernels/softmax_int16.h"
#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

/* What both rows read. */
struct SoftmaxTensors {
  TensorInfo input;
  TensorInfo output;
  Scale beta;
};

/* No addresses while the operator is checked. */
struct SoftmaxOperands {
  const int8_t* input;
  int8_t* output;
};

/* The scale 2^power: exactly, or to a thousandth, of which there are half as many numbers above it as below. The bits
 * of positive numbers are in their order. */
bool HasScale(Invocation& op, const TensorInfo& output, int32_t power, uint32_t above) {
  const uint32_t bits = LoadCode<uint32_t>(op.graph().file.data() + output.scales.at, 0);
  const uint32_t exact = static_cast<uint32_t>(127 + power) << 23;
  return bits + 2 * above - exact <= 3 * above;
}

constexpr uint32_t kThousandth = 8388;

/* Shapes and beta; `output` is not read but for its shape and type. */
inline __attribute__((always_inline)) mote_status SolveSoftmaxTensors(Invocation& op, uint32_t output_types,
                                                                      SoftmaxTensors* t, SoftmaxOperands* operands) {
  enum : uint32_t { kBeta };
  const uint32_t input_types = output_types & kInt8 ? kInt8 : kInt16;
  MOTE_RETURN_IF_ERROR(op.Input(0, input_types, &t->input));
  MOTE_RETURN_IF_ERROR(op.RawOutput(output_types, &t->output));
  if (t->input.dimensions < 1 || !HaveEqualShapes(t->input, t->output)) return op.Fail(MOTE_ERROR_SHAPE, t->output);
  const uint32_t beta = static_cast<uint32_t>(op.Option32(kBeta, 0));
  if (!DecodeScale(beta, &t->beta)) return op.Fail(MOTE_ERROR_OPTION, t->input);
  *operands = {op.Data(t->input), op.MutableData(t->output)};
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolveSoftmax(Invocation& op, SoftmaxParams* p, SoftmaxOperands* operands) {
  SoftmaxTensors t;
  MOTE_RETURN_IF_ERROR(SolveSoftmaxTensors(op, kInt8 | kInt16, &t, operands));
  /* The format ties the output: 1/256 exactly and -128, or about 1/65536 and -32768 (which no other int16 tensor has).
   */
  const TensorInfo& output = t.output;
  p->output_bits = output.type == MOTE_INT8 ? 8 : 16;
  const uint8_t* zero_point = op.graph().file.data() + output.zero_points_at; /* of 64 bits */
  if (output.scales.size != 1 || output.zero_points_at == 0 ||
      LoadCode<int32_t>(zero_point, 0) != -(1 << (p->output_bits - 1)) || LoadCode<int32_t>(zero_point, 1) != -1 ||
      !HasScale(op, output, -p->output_bits, p->output_bits == 8 ? 0 : kThousandth)) {
    return op.Fail(MOTE_ERROR_QUANTIZATION, output);
  }
  p->depth = t.input.last_dimension();
  p->rows = t.input.elements / p->depth;
  if (p->depth > 4095) return op.Fail(MOTE_ERROR_ACCUMULATOR, t.input);
  static constexpr Scale kStep = {uint32_t{1} << 23, -23 - 26}; /* 2^-26, of d */
  p->multiplier = MultiplierFromProduct(t.input.scale, t.beta, kStep);
  if (p->multiplier.exponent < 1) return op.Fail(MOTE_ERROR_QUANTIZATION, t.input);
  if (p->multiplier.exponent > 31) { /* capped at 2^31 - 1: one step of the input is then all or nothing */
    p->multiplier.mantissa = INT32_MAX;
    p->multiplier.exponent = 31;
  }
  p->difference_min = -static_cast<int32_t>((uint32_t{31} << 26) >> p->multiplier.exponent);
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolveSoftmaxInt16(Invocation& op, SoftmaxInt16Params* p, SoftmaxOperands* operands) {
  SoftmaxTensors t;
  MOTE_RETURN_IF_ERROR(SolveSoftmaxTensors(op, kInt16, &t, operands));
  MOTE_RETURN_IF_ERROR(op.Quantization(&t.output));
  if (!HasScale(op, t.output, -15, kThousandth)) return op.Fail(MOTE_ERROR_QUANTIZATION, t.output);
  const TensorInfo& input = t.input;
  p->depth = input.last_dimension();
  p->rows = input.elements / p->depth;
  if (p->depth > 65535) return op.Fail(MOTE_ERROR_ACCUMULATOR, input);
  /* The double next to 10 / 65535, whose mantissa has 53 bits. */
  constexpr uint64_t kStep = 0x14001400140014u;
  p->multiplier = MultiplierFromWideRatio(uint64_t{input.scale.mantissa} * t.beta.mantissa, kStep,
                                          input.scale.exponent + t.beta.exponent + 65);
  if (p->multiplier.exponent > 15) return op.Fail(MOTE_ERROR_QUANTIZATION, input);
  return MOTE_OK;
}

}  // namespace

mote_status EvalSoftmax(Invocation& op) {
  SoftmaxParams p;
  SoftmaxOperands operands;
  MOTE_RETURN_IF_ERROR(SolveSoftmax(op, &p, &operands));
  if (!op.verifying()) MOTE_RUN((p, operands.input, operands.output), Softmax);
  return MOTE_OK;
}

mote_status EvalSoftmaxInt16(Invocation& op) {
  SoftmaxInt16Params p;
  SoftmaxOperands operands;
  MOTE_RETURN_IF_ERROR(SolveSoftmaxInt16(op, &p, &operands));
  if (!op.verifying()) {
    MOTE_RUN((p, operands.input, reinterpret_cast<int16_t*>(operands.output)), SoftmaxInt16);
  }
  return MOTE_OK;
}

}  // namespace mote::device
