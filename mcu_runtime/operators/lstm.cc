/* UNIDIRECTIONAL_SEQUENCE_LSTM, of int8 and of int16 codes: the standard cell. */
#include "mcu_runtime/kernels/lstm.h"

#include "mcu_runtime/operators/operators.h"
#include "mcu_runtime/operators/sums.h"

namespace mote::device {
namespace {

enum LstmTensor : int32_t {
  kLstmInput = 0,
  kLstmWeights = 1,   /* of the input, four gates */
  kLstmRecurrent = 5, /* of the hidden state, four gates */
  kLstmPeephole = 9,  /* three, left out */
  kLstmBias = 12,     /* four gates; then two of the projection, left out */
  kLstmHidden = 18,
  kLstmCell = 19, /* then four of the layer norm, left out */
  kLstmTensors = 24,
};

struct LstmWork {
  LstmParams params;
  const void* input;
  void* hidden;
  int16_t* cell;
  void* output;
};

/* trunc(a / b), at most 32767. */
int32_t TruncatedQuotient(const Scale& a, const Scale& b) {
  const int32_t exponent = a.exponent - b.exponent;
  if (exponent < 0) return 0;
  if (exponent > 15) return INT16_MAX;
  uint32_t rest = a.mantissa;
  int32_t quotient = 0;
  for (int32_t bit = 0; bit <= exponent; ++bit) {
    quotient <<= 1;
    if (rest >= b.mantissa) {
      rest -= b.mantissa;
      quotient |= 1;
    }
    rest <<= 1;
  }
  return quotient < INT16_MAX ? quotient : INT16_MAX;
}

/* The codes that the cell state is clamped to; -1: all. `bits`: a float32, in the state's real numbers. */
int32_t CellClip(uint32_t bits, const Scale& scale) {
  if (bits == 0x7f800000u) return INT16_MAX;
  Scale clip;
  return DecodeScale(bits, &clip) ? TruncatedQuotient(clip, scale) : -1; /* zero, negative numbers, NaN: none */
}

/* What brings codes of the cell state to tanh's table. Only the power of two nearest to the scale counts. */
bool SolveCellScale(const Scale& scale, SigmoidInput* cell_scale) {
  constexpr uint32_t kSquareRoot = 11863283; /* of 2, as a mantissa */
  /* The reference forms the logarithm in float32: just there it could round either way. */
  if (scale.mantissa > kSquareRoot - 256 && scale.mantissa < kSquareRoot + 256) return false;
  const int32_t power = scale.exponent + 23 + (scale.mantissa > kSquareRoot ? 1 : 0);
  if (power < -30 || power > 2) return false;
  *cell_scale = power >= -12 ? SigmoidInput{3 * (1 << (power + 12)), 0} : SigmoidInput{3, -12 - power};
  return true;
}

/* Shapes, states and all that lies between the gates. */
MOTE_NOINLINE mote_status SolveCell(Invocation& op, uint32_t type, LstmWork* work, Scale* input_scale,
                                    Scale* hidden_scale) {
  enum : uint32_t { kActivation, kCellClip, kProjectionClip, kTimeMajor, kAsymmetric, kDiagonal };
  constexpr int32_t kTanh = 4;
  constexpr Scale kGateScale = {uint32_t{1} << 23, -38}; /* 2^-15 */
  LstmParams& p = work->params;
  TensorInfo tensor;
  MOTE_RETURN_IF_ERROR(op.Input(kLstmInput, type, &tensor));
  if (tensor.dimensions != 3) return op.Fail(MOTE_ERROR_SHAPE, tensor);
  const bool time_major = op.Option8(kTimeMajor, 0) != 0;
  if (op.Option8(kActivation, 0) != kTanh || op.Option8(kDiagonal, 0) != 0) return op.Fail(MOTE_ERROR_OPTION, tensor);
  p.batches = tensor.shape[time_major ? 1 : 0];
  p.steps = tensor.shape[time_major ? 0 : 1];
  p.batch_step = time_major ? 1 : p.steps;
  p.time_step = time_major ? p.batches : 1;
  p.features = tensor.shape[2];
  p.input_zero_point = static_cast<int16_t>(tensor.zero_point);
  *input_scale = tensor.scale;
  if (!op.verifying()) work->input = op.Data(tensor);

  const int32_t outer[2] = {tensor.shape[0], tensor.shape[1]};
  MOTE_RETURN_IF_ERROR(op.RawOutput(type, &tensor));
  if (tensor.dimensions != 3 || tensor.shape[0] != outer[0] || tensor.shape[1] != outer[1]) {
    return op.Fail(MOTE_ERROR_SHAPE, tensor);
  }
  p.units = tensor.shape[2];
  if (!op.verifying()) work->output = op.MutableData(tensor);
  const int64_t states = int64_t{p.batches} * p.units;

  MOTE_RETURN_IF_ERROR(op.Variable(kLstmHidden, type, &tensor));
  if (tensor.elements != states) return op.Fail(MOTE_ERROR_SHAPE, tensor);
  *hidden_scale = tensor.scale;
  p.output_multiplier = MultiplierFromProduct(kGateScale, kGateScale, tensor.scale);
  if (p.output_multiplier.exponent > 0) return op.Fail(MOTE_ERROR_QUANTIZATION, tensor);
  MOTE_RETURN_IF_ERROR(op.RangeOf(0, tensor, &p.hidden));
  if (!op.verifying()) work->hidden = op.MutableData(tensor);

  MOTE_RETURN_IF_ERROR(op.Variable(kLstmCell, kInt16, &tensor));
  if (tensor.elements != states) return op.Fail(MOTE_ERROR_SHAPE, tensor);
  p.input_multiplier = MultiplierFromProduct(kGateScale, kGateScale, tensor.scale);
  if (!SolveCellScale(tensor.scale, &p.cell_scale) || p.input_multiplier.exponent > 0) {
    return op.Fail(MOTE_ERROR_QUANTIZATION, tensor);
  }
  p.cell_clip = CellClip(static_cast<uint32_t>(op.Option32(kCellClip, 0)), tensor.scale);
  if (!op.verifying()) work->cell = op.MutableData<int16_t>(tensor);
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolveBias(Invocation& op, bool wide, int32_t gate, LstmParams* p) {
  TensorInfo bias;
  MOTE_RETURN_IF_ERROR(op.Constant(kLstmBias + gate, wide ? kInt64 : kInt32, &bias));
  if (bias.dimensions != 1 || bias.elements != p->units) return op.Fail(MOTE_ERROR_SHAPE, bias);
  p->gates[gate].bias = bias.constant;
  return MOTE_OK;
}

/* One of the two products of a gate; `scale` is that of what the weights are multiplied with. */
MOTE_NOINLINE mote_status SolveProduct(Invocation& op, bool wide, int32_t gate, bool recurrent, const Scale& scale,
                                       LstmParams* p) {
  constexpr Scale kSumScale = {uint32_t{1} << 23, -35}; /* 2^-12 */
  TensorInfo weights;
  MOTE_RETURN_IF_ERROR(op.Weights((recurrent ? kLstmRecurrent : kLstmWeights) + gate, kInt8, 2, 0, &weights));
  if (weights.shape[0] != p->units || weights.shape[1] != (recurrent ? p->units : p->features)) {
    return op.Fail(MOTE_ERROR_SHAPE, weights);
  }
  if (weights.scales.size != 1 || !DecodeScale(op.graph().file.U32(weights.scales.at), &weights.scale)) {
    return op.Fail(MOTE_ERROR_QUANTIZATION, weights);
  }
  LstmGate& g = p->gates[gate];
  const Multiplier m = MultiplierFromProduct(scale, weights.scale, kSumScale);
  (recurrent ? g.recurrent : g.weights) = reinterpret_cast<const int8_t*>(weights.constant);
  (recurrent ? g.recurrent_multiplier : g.weights_multiplier) = m;
  if (m.exponent > (wide ? 7 : 30)) return op.Fail(MOTE_ERROR_QUANTIZATION, weights);
  if (!op.verifying()) return MOTE_OK;
  const int32_t zero_point = recurrent ? p->hidden.zero_point : p->input_zero_point;
  const RowSums sums = {weights.constant,
                        p->units,
                        recurrent ? p->units : p->features,
                        wide ? 32768 : LargestDistance(zero_point),
                        recurrent ? nullptr : g.bias,
                        wide ? 8 : 4};
  const mote_status status = VerifySums(&op.graph(), sums, wide ? LargestWideSum(m) : LargestSum(m));
  return status == MOTE_OK ? MOTE_OK : op.Fail(status, weights);
}

MOTE_NOINLINE mote_status SolveLstm(Invocation& op, uint32_t type, LstmWork* work) {
  const bool wide = type == kInt16;
  if (op.input_count() != kLstmTensors) return MOTE_ERROR_STRUCTURE;
  for (int32_t i = kLstmPeephole; i < kLstmTensors; ++i) {
    const bool expected = (i >= kLstmBias && i < kLstmBias + 4) || i == kLstmHidden || i == kLstmCell;
    if (op.HasInput(i) != expected) return expected ? MOTE_ERROR_STRUCTURE : MOTE_ERROR_OPTION;
  }
  Scale input_scale, hidden_scale;
  MOTE_RETURN_IF_ERROR(SolveCell(op, type, work, &input_scale, &hidden_scale));
  for (int32_t gate = 0; gate < 4; ++gate) {
    MOTE_RETURN_IF_ERROR(SolveBias(op, wide, gate, &work->params));
    MOTE_RETURN_IF_ERROR(SolveProduct(op, wide, gate, false, input_scale, &work->params));
    MOTE_RETURN_IF_ERROR(SolveProduct(op, wide, gate, true, hidden_scale, &work->params));
  }
  return MOTE_OK;
}

template <typename Code, typename Bias>
mote_status EvalLstmOf(Invocation& op, uint32_t type) {
  LstmWork work;
  MOTE_RETURN_IF_ERROR(SolveLstm(op, type, &work));
  if (op.verifying()) return MOTE_OK;
  MOTE_RUN((work.params, static_cast<const Code*>(work.input), static_cast<Code*>(work.hidden), work.cell,
            static_cast<Code*>(work.output)),
           Lstm<Code, Bias>);
  return MOTE_OK;
}

}  // namespace

mote_status EvalLstm(Invocation& op) { return EvalLstmOf<int8_t, int32_t>(op, kInt8); }
mote_status EvalLstmInt16(Invocation& op) { return EvalLstmOf<int16_t, int64_t>(op, kInt16); }

}  // namespace mote::device
