/* TRANSPOSE_CONV, of int8 and of int16 codes with int8 weights. */
#include "mcu_runtime/kernels/transpose_conv.h"

#include "mcu_runtime/kernels/codes.h"
#include "mcu_runtime/operators/operators.h"
#include "mcu_runtime/operators/sums.h"

namespace mote::device {
namespace {

struct TransposeConvWork {
  TransposeConvParams params;
  Scale input_scale;
  Scale output_scale;
  Vector scales; /* of the weights: one, or one a channel */
  const uint8_t* weights;
  const uint8_t* bias; /* or null */
  int32_t bias_bytes;
  int32_t taps;
  const void* input;
  void* output;
};

/* All but `padding` are set before. The padding is that of the convolution whose transpose this is: from the output,
 * which is that one's input, to this one's input. Extents need not fit each other: what no input reaches is the bias
 * alone. */
mote_status SolveTransposedWindow(int32_t padding, TransposedWindow* window) {
  enum : int32_t { kSame = 0, kValid = 1 };
  if (window->stride < 1) return MOTE_ERROR_OPTION;
  window->padding = 0;
  if (padding == kValid) return window->filter - window->stride <= window->output ? MOTE_OK : MOTE_ERROR_SHAPE;
  if (padding != kSame) return MOTE_ERROR_OPTION;
  const int32_t last = (window->output - 1) / window->stride * window->stride; /* under the output's extent */
  const int32_t beyond = last - window->output + window->filter;
  if (beyond > 0) window->padding = beyond / 2;
  return MOTE_OK;
}

bool MultiplierOf(Invocation& op, const TransposeConvWork& work, int32_t channel, Multiplier* multiplier) {
  FlatBuffer& file = op.graph().file;
  const uint32_t index = work.scales.size == 1 ? 0 : static_cast<uint32_t>(channel);
  Scale scale;
  if (!DecodeScale(file.U32(file.Element(work.scales, index, 4)), &scale)) return false;
  *multiplier = MultiplierFromProduct(work.input_scale, scale, work.output_scale);
  return true;
}

int64_t BiasOf(const TransposeConvWork& work, int32_t channel) {
  if (work.bias == nullptr) return 0;
  if (work.bias_bytes == 2) return LoadCode<int16_t>(work.bias, channel);
  return work.bias_bytes == 4 ? LoadCode<int32_t>(work.bias, channel) : LoadCode<int64_t>(work.bias, channel);
}

mote_status VerifyChannels(Invocation& op, bool wide, const TransposeConvWork& work) {
  const TransposeConvParams& p = work.params;
  const int32_t distance = wide ? 32768 : LargestDistance(p.input_zero_point);
  for (int32_t c = 0; c < p.output_channels; ++c) {
    Multiplier m;
    if (!MultiplierOf(op, work, c, &m) || m.exponent > (wide ? 7 : 30)) return MOTE_ERROR_QUANTIZATION;
    const int64_t limit = wide ? LargestWideSum(m) : LargestSum(m);
    const int64_t bias = BiasOf(work, c);
    if (bias > limit || bias < -limit) return MOTE_ERROR_ACCUMULATOR;
    const uint8_t* weights = work.weights + static_cast<int64_t>(c) * work.taps;
    const RowSums sums = {weights, 1, work.taps, distance, nullptr, 0};
    MOTE_RETURN_IF_ERROR(VerifySums(&op.graph(), sums, limit - (bias < 0 ? -bias : bias)));
  }
  return op.graph().Spend(static_cast<uint32_t>(p.output_channels));
}

MOTE_NOINLINE mote_status SolveTransposeConv(Invocation& op, bool wide, TransposeConvWork* work) {
  enum : uint32_t { kPadding, kStrideW, kStrideH, kActivation };
  TransposeConvParams& p = work->params;
  const uint32_t type = wide ? kInt16 : kInt8;
  TensorInfo tensor;
  MOTE_RETURN_IF_ERROR(op.Raw(0, kInt32, &tensor)); /* the output's shape: its own counts */
  MOTE_RETURN_IF_ERROR(op.Input(2, type, &tensor));
  if (tensor.dimensions != 4) return op.Fail(MOTE_ERROR_SHAPE, tensor);
  p.batches = tensor.shape[0];
  p.vertical.input = tensor.shape[1];
  p.horizontal.input = tensor.shape[2];
  p.input_channels = tensor.shape[3];
  p.input_zero_point = static_cast<int16_t>(tensor.zero_point);
  work->input_scale = tensor.scale;
  if (!op.verifying()) work->input = op.Data(tensor);

  MOTE_RETURN_IF_ERROR(op.Weights(1, kInt8, 4, 0, &tensor));
  if (tensor.shape[3] != p.input_channels) return op.Fail(MOTE_ERROR_SHAPE, tensor);
  p.output_channels = tensor.shape[0];
  p.vertical.filter = tensor.shape[1];
  p.horizontal.filter = tensor.shape[2];
  work->taps = tensor.elements / p.output_channels;
  work->scales = tensor.scales;
  work->weights = tensor.constant;

  MOTE_RETURN_IF_ERROR(op.Bias(3, p.output_channels, wide ? kInt16 | kInt64 : kInt32, &tensor));
  work->bias = tensor.constant;
  work->bias_bytes = tensor.type == MOTE_INT16 ? 2 : tensor.type == MOTE_INT64 ? 8 : 4;

  MOTE_RETURN_IF_ERROR(op.Output(type, &tensor));
  if (tensor.dimensions != 4 || tensor.shape[0] != p.batches || tensor.shape[3] != p.output_channels) {
    return op.Fail(MOTE_ERROR_SHAPE, tensor);
  }
  p.vertical.output = tensor.shape[1];
  p.horizontal.output = tensor.shape[2];
  work->output_scale = tensor.scale;
  if (!op.verifying()) work->output = op.MutableData(tensor);

  p.vertical.stride = op.Option32(kStrideH, 0);
  p.horizontal.stride = op.Option32(kStrideW, 0);
  const int32_t padding = op.Option8(kPadding, 0);
  mote_status status = SolveTransposedWindow(padding, &p.vertical);
  if (status == MOTE_OK) status = SolveTransposedWindow(padding, &p.horizontal);
  if (status != MOTE_OK) return op.Fail(status, tensor);
  MOTE_RETURN_IF_ERROR(op.Range(kActivation, tensor, &p.output));
  if (!op.verifying()) return MOTE_OK;
  status = VerifyChannels(op, wide, *work);
  return status == MOTE_OK ? MOTE_OK : op.Fail(status, tensor);
}

template <typename Code, typename Sum>
MOTE_NOINLINE void RunTransposeConv(Invocation& op, const TransposeConvWork& work) {
  constexpr int32_t kBlock = MOTE_BLOCK(8);
  SumTerms<Sum> terms[kBlock];
  const int32_t channels = work.params.output_channels;
  for (int32_t first = 0; first < channels; first += kBlock) {
    const int32_t count = channels - first < kBlock ? channels - first : kBlock;
    for (int32_t c = 0; c < count; ++c) {
      terms[c].bias = static_cast<Sum>(BiasOf(work, first + c));
      MultiplierOf(op, work, first + c, &terms[c].multiplier);
    }
    const int8_t* weights = reinterpret_cast<const int8_t*>(work.weights) + first * work.taps;
    MOTE_RUN((work.params, first, count, static_cast<const Code*>(work.input), weights, MOTE_TABLE(terms, count),
              static_cast<Code*>(work.output)),
             TransposeConv<Code, Sum>);
  }
}

template <typename Code, typename Sum>
mote_status EvalTransposeConvOf(Invocation& op) {
  TransposeConvWork work;
  MOTE_RETURN_IF_ERROR(SolveTransposeConv(op, sizeof(Code) == 2, &work));
  if (!op.verifying()) RunTransposeConv<Code, Sum>(op, work);
  return MOTE_OK;
}

}  // namespace

mote_status EvalTransposeConv(Invocation& op) { return EvalTransposeConvOf<int8_t, int32_t>(op); }
mote_status EvalTransposeConvInt16(Invocation& op) { return EvalTransposeConvOf<int16_t, int64_t>(op); }

}  // namespace mote::device
