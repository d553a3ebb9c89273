/* SVDF, with a state of int8 and of int16. */
#include "mcu_runtime/kernels/svdf.h"

#include "mcu_runtime/operators/operators.h"
#include "mcu_runtime/operators/sums.h"

namespace mote::device {
namespace {

struct SvdfWork {
  SvdfParams params;
  const int8_t* input;
  const int8_t* feature_weights;
  const void* time_weights;
  const uint8_t* bias;
  void* state;
  int8_t* output;
};

/* Constant weights with one scale. */
mote_status PlainWeights(Invocation& op, int32_t position, uint32_t type, TensorInfo* info) {
  MOTE_RETURN_IF_ERROR(op.Weights(position, type, 2, 0, info));
  if (info->scales.size != 1 || !DecodeScale(op.graph().file.U32(info->scales.at), &info->scale)) {
    return op.Fail(MOTE_ERROR_QUANTIZATION, *info);
  }
  return MOTE_OK;
}

/* Sums of the features. */
MOTE_NOINLINE mote_status SolveFeatures(Invocation& op, const Scale& input_scale, const Scale& state_scale,
                                        SvdfWork* work) {
  SvdfParams& p = work->params;
  TensorInfo weights;
  MOTE_RETURN_IF_ERROR(PlainWeights(op, 1, kInt8, &weights));
  if (weights.shape[0] != p.rank * p.units || weights.shape[1] != p.features) return op.Fail(MOTE_ERROR_SHAPE, weights);
  p.feature_multiplier = MultiplierFromProduct(input_scale, weights.scale, state_scale);
  if (p.feature_multiplier.exponent > 30) return op.Fail(MOTE_ERROR_QUANTIZATION, weights);
  work->feature_weights = reinterpret_cast<const int8_t*>(weights.constant);
  if (!op.verifying()) return MOTE_OK;
  const RowSums sums = {
      weights.constant, weights.shape[0], p.features, LargestDistance(p.input_zero_point), nullptr, 0};
  const mote_status status = VerifySums(&op.graph(), sums, LargestSum(p.feature_multiplier));
  return status == MOTE_OK ? MOTE_OK : op.Fail(status, weights);
}

/* All but the features' weights. */
MOTE_NOINLINE mote_status SolveShapes(Invocation& op, uint32_t state_type, Scale* input_scale, Scale* state_scale,
                                      SvdfWork* work) {
  enum : uint32_t { kRank };
  SvdfParams& p = work->params;
  TensorInfo tensor;
  if (op.input_count() != 5 || !op.HasInput(4)) return MOTE_ERROR_STRUCTURE;
  MOTE_RETURN_IF_ERROR(op.Input(0, kInt8, &tensor));
  if (tensor.dimensions != 2) return op.Fail(MOTE_ERROR_SHAPE, tensor);
  p.batches = tensor.shape[0];
  p.features = tensor.shape[1];
  p.input_zero_point = static_cast<int16_t>(tensor.zero_point);
  *input_scale = tensor.scale;
  if (!op.verifying()) work->input = op.Data(tensor);

  MOTE_RETURN_IF_ERROR(PlainWeights(op, 2, state_type, &tensor));
  const int32_t filters = tensor.shape[0];
  p.rank = op.Option32(kRank, 0);
  p.memory = tensor.shape[1];
  if (p.rank < 1 || filters % p.rank != 0) return op.Fail(MOTE_ERROR_OPTION, tensor);
  p.units = filters / p.rank;
  work->time_weights = tensor.constant;
  const Scale time_scale = tensor.scale;

  MOTE_RETURN_IF_ERROR(op.Bias(3, p.units, kInt32, &tensor));
  work->bias = tensor.constant;

  MOTE_RETURN_IF_ERROR(op.Variable(4, state_type, &tensor));
  /* filters * memory is within int32: they are a tensor's extents. */
  if (tensor.dimensions != 2 || tensor.shape[0] != p.batches || tensor.shape[1] != filters * p.memory) {
    return op.Fail(MOTE_ERROR_SHAPE, tensor);
  }
  p.state_zero_point = static_cast<int16_t>(tensor.zero_point);
  *state_scale = tensor.scale;
  if (!op.verifying()) work->state = op.MutableData(tensor);

  MOTE_RETURN_IF_ERROR(op.Output(kInt8, &tensor));
  if (tensor.dimensions != 2 || tensor.shape[0] != p.batches || tensor.shape[1] != p.units) {
    return op.Fail(MOTE_ERROR_SHAPE, tensor);
  }
  p.output_multiplier = MultiplierFromProduct(*state_scale, time_scale, tensor.scale);
  if (p.output_multiplier.exponent > 30) return op.Fail(MOTE_ERROR_QUANTIZATION, tensor);
  MOTE_RETURN_IF_ERROR(op.RangeOf(0, tensor, &p.output));
  if (!op.verifying()) work->output = op.MutableData(tensor);
  return MOTE_OK;
}

MOTE_NOINLINE mote_status SolveSvdf(Invocation& op, uint32_t state_type, SvdfWork* work) {
  Scale input_scale, state_scale;
  MOTE_RETURN_IF_ERROR(SolveShapes(op, state_type, &input_scale, &state_scale, work));
  return SolveFeatures(op, input_scale, state_scale, work);
}

template <typename State>
MOTE_NOINLINE void RunSvdf(const SvdfWork& work) {
  MOTE_RUN((work.params, work.input, work.feature_weights, static_cast<const State*>(work.time_weights), work.bias,
            static_cast<State*>(work.state), work.output),
           Svdf<State>);
}

template <typename State>
mote_status EvalWithState(Invocation& op, uint32_t state_type) {
  SvdfWork work;
  MOTE_RETURN_IF_ERROR(SolveSvdf(op, state_type, &work));
  if (!op.verifying()) RunSvdf<State>(work);
  return MOTE_OK;
}

}  // namespace

mote_status EvalSvdf(Invocation& op) { return EvalWithState<int8_t>(op, kInt8); }
mote_status EvalSvdfInt16(Invocation& op) { return EvalWithState<int16_t>(op, kInt16); }

}  // namespace mote::device
