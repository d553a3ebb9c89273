// The kernels' parameter structures, field by field: how generated code initializes them. Included by the recording
// copy of the runtime, after recording.h; by others with the namespace that they want to see (record_types.h).
#ifndef MOTE_EXPORT_COMPILER_RECORD_FIELDS_H_
#define MOTE_EXPORT_COMPILER_RECORD_FIELDS_H_

#include "export/compiler/recording.h"
#include "mcu_runtime/kernels/add.h"
#include "mcu_runtime/kernels/arg_extreme.h"
#include "mcu_runtime/kernels/batch_matmul.h"
#include "mcu_runtime/kernels/conv_2d.h"
#include "mcu_runtime/kernels/convolution.h"
#include "mcu_runtime/kernels/convolution_int16.h"
#include "mcu_runtime/kernels/dequantize.h"
#include "mcu_runtime/kernels/elementwise.h"
#include "mcu_runtime/kernels/elu.h"
#include "mcu_runtime/kernels/gather.h"
#include "mcu_runtime/kernels/hard_swish.h"
#include "mcu_runtime/kernels/lstm.h"
#include "mcu_runtime/kernels/maximum.h"
#include "mcu_runtime/kernels/multiply.h"
#include "mcu_runtime/kernels/pool_2d.h"
#include "mcu_runtime/kernels/reduce.h"
#include "mcu_runtime/kernels/rescale.h"
#include "mcu_runtime/kernels/resize_bilinear.h"
#include "mcu_runtime/kernels/resize_nearest.h"
#include "mcu_runtime/kernels/rsqrt.h"
#include "mcu_runtime/kernels/sigmoid.h"
#include "mcu_runtime/kernels/softmax.h"
#include "mcu_runtime/kernels/softmax_int16.h"
#include "mcu_runtime/kernels/squared_difference.h"
#include "mcu_runtime/kernels/strided_copy.h"
#include "mcu_runtime/kernels/svdf.h"
#include "mcu_runtime/kernels/transpose_conv.h"
#include "mcu_runtime/mote_runtime.h"

// MOTE_FIELDS(Type, a, b, ...): all fields, in order; what is left out would leave a gap in the sum of sizes.
#define MOTE_PARENS ()
#define MOTE_EXPAND(...) MOTE_EXPAND3(MOTE_EXPAND3(MOTE_EXPAND3(__VA_ARGS__)))
#define MOTE_EXPAND3(...) MOTE_EXPAND2(MOTE_EXPAND2(MOTE_EXPAND2(__VA_ARGS__)))
#define MOTE_EXPAND2(...) __VA_ARGS__
#define MOTE_EACH(macro, first, ...) macro(first) __VA_OPT__(MOTE_EACH_AGAIN MOTE_PARENS(macro, __VA_ARGS__))
#define MOTE_EACH_AGAIN() MOTE_EACH
#define MOTE_PRINT_FIELD(name) printer.Field(#name, value.name);
#define MOTE_FIELD_SIZE(name) +sizeof(Fields::name)
#define MOTE_FIELDS(Type, ...)                                                                            \
  inline void PrintFields(::mote::compiler::ValuePrinter& printer, const Type& value) {                   \
    using Fields = Type;                                                                                  \
    static_assert(0 MOTE_EXPAND(MOTE_EACH(MOTE_FIELD_SIZE, __VA_ARGS__)) + alignof(Type) > sizeof(Type)); \
    MOTE_EXPAND(MOTE_EACH(MOTE_PRINT_FIELD, __VA_ARGS__))                                                 \
  }
#define MOTE_NO_FIELDS(Type) \
  inline void PrintFields(::mote::compiler::ValuePrinter&, const Type&) {}

namespace mote::device {

MOTE_FIELDS(Multiplier, mantissa, exponent)
MOTE_FIELDS(Multiplier16, mantissa, exponent)
MOTE_FIELDS(OutputRange, zero_point, min, max)
MOTE_FIELDS(ChannelTerms, bias, multiplier)
MOTE_FIELDS(WideTerms, bias, multiplier)
MOTE_FIELDS(SumTerms<int32_t>, bias, multiplier)
MOTE_FIELDS(SumTerms<int64_t>, bias, multiplier)
MOTE_FIELDS(Scale, mantissa, exponent)
MOTE_FIELDS(Window, input, output, filter, stride, dilation, padding)
MOTE_FIELDS(TransposedWindow, input, output, filter, stride, padding)
MOTE_FIELDS(ConvolutionParams, batches, input_channels, filter_channels, output_channels, vertical, horizontal,
            input_zero_point, output)
MOTE_FIELDS(TransposeConvParams, batches, input_channels, output_channels, vertical, horizontal, input_zero_point,
            output)
MOTE_FIELDS(Pool2dParams, batches, channels, vertical, horizontal, output)
MOTE_FIELDS(ReduceShape::Axis, size, step)
MOTE_FIELDS(ReduceShape, kept, reduced)
MOTE_FIELDS(SumParams, zero_points, multiplier, output)
MOTE_NO_FIELDS(LargestOf::Params)
MOTE_FIELDS(ArgExtremeParams, outer, size, inner, flip, words)
MOTE_FIELDS(MatmulFactor, batch_steps, outer_step, depth_step, zero_point)
MOTE_FIELDS(BatchMatmulParams, batches, rows, depth, columns, left, right, multiplier, output)
MOTE_FIELDS(DequantizeParams, scale, zero_point)
MOTE_FIELDS(QuantizeFloatParams, scale, output)
MOTE_FIELDS(EluParams, input_scale, inverse_output_scale, input_zero_point, output_zero_point)
MOTE_FIELDS(GatherParams, batches, outer, size, indices, run)
MOTE_FIELDS(HardSwishParams, input_zero_point, output_zero_point, output, gate)
MOTE_FIELDS(SigmoidInput, multiplier, shift)
MOTE_FIELDS(SigmoidParams, zero_point, radius, multiplier)
MOTE_FIELDS(RescaleParams, input_zero_point, multiplier, output)
MOTE_FIELDS(LeakyReluParams, positive, negative, alpha_is_negative)
MOTE_FIELDS(PreluFunction, positive, alpha_zero_point, negative)
MOTE_FIELDS(MultiplyFunction, zero_a, zero_b, multiplier, output)
MOTE_NO_FIELDS(MaximumFunction)
MOTE_NO_FIELDS(MinimumFunction)
MOTE_FIELDS(SquaredDifferenceFunction, shift, zero_a, zero_b, multiplier_a, multiplier_b, multiplier, output)
MOTE_FIELDS(RightShift, shift, half, sign)
MOTE_FIELDS(AddTerm, zero_point, upper, lower, shift)
MOTE_FIELDS(AddParams, a, b, mantissa, shift, output)
template <int32_t L, int32_t kSign>
void PrintFields(::mote::compiler::ValuePrinter& printer, const AddFunction<L, kSign>& value) {
  printer.Field("p", value.p);
}
MOTE_FIELDS(BilinearAxis, input, output, step, begin)
MOTE_FIELDS(ResizeBilinearParams, batches, channels, vertical, horizontal)
MOTE_FIELDS(NearestAxis, input, output, mantissa, shift, twice_offset, align_corners)
MOTE_FIELDS(ResizeNearestParams, batches, pixel_bytes, vertical, horizontal)
MOTE_FIELDS(RsqrtParams, input_zero_point, output_zero_point, multiplier)
MOTE_FIELDS(SoftmaxParams, rows, depth, multiplier, difference_min, output_bits)
MOTE_FIELDS(SoftmaxInt16Params, rows, depth, multiplier)
MOTE_FIELDS(SvdfParams, batches, features, units, rank, memory, input_zero_point, state_zero_point, feature_multiplier,
            output_multiplier, output)
MOTE_FIELDS(LstmGate, weights, recurrent, bias, weights_multiplier, recurrent_multiplier)
MOTE_FIELDS(LstmParams, batches, steps, features, units, batch_step, time_step, input_zero_point, cell_clip,
            input_multiplier, output_multiplier, cell_scale, hidden, gates)
MOTE_FIELDS(StridedCopyParams::Axis, size, source_step, target_step)

// Of these only the axes that there are have been set.
inline void PrintFields(::mote::compiler::ValuePrinter& printer, const StridedCopyParams& value) {
  printer.Field("run", value.run);
  printer.Field("axes", value.axes);
  printer.text += ", /*axis=*/";
  printer.List(value.axis, value.axes);
}
inline void PrintFields(::mote::compiler::ValuePrinter& printer, const BroadcastLoops& value) {
  printer.Field("axes", value.axes);
  printer.text += ", /*size=*/";
  printer.List(value.size, value.axes);
  printer.text += ", /*step_a=*/";
  printer.List(value.step_a, value.axes);
  printer.text += ", /*step_b=*/";
  printer.List(value.step_b, value.axes);
}

// Its terms are a table that was made for the call.
inline void PrintFields(::mote::compiler::ValuePrinter& printer, const WideBlock& value) {
  printer.Field("first", value.first);
  printer.Field("count", value.count);
  printer.Field("input", value.input);
  printer.Field("weights", value.weights);
  printer.text += ", /*terms=*/$" + std::to_string(printer.pointers.size()) + "$";
  printer.pointers.push_back(::mote::compiler::ArgumentOf(::mote::compiler::TableOf(value.terms, value.count)));
  printer.Field("has_wide_sums", value.has_wide_sums);
  printer.Field("patch", value.patch);
  printer.Field("output", value.output);
}

// A convolution on int8 codes: one call with the terms of all channels, int4 weights unpacked
// (mcu_runtime/compiled/plain.h).
template <typename Plan, typename Place>
void RecordConvolution(const Plan& plan, Place* place, int8_t* patches) {
  using ::mote::compiler::ArgumentOf;
  const ConvolutionParams& p = plan.p;
  std::vector<int8_t> unpacked(PatchBytes(plan) + static_cast<size_t>(p.output_channels) * p.taps());
  ConvolutionBlock block = {};
  block.count = p.output_channels;
  block.patches = unpacked.data();
  place(plan, &block);
  ::mote::compiler::Argument weights = ArgumentOf(reinterpret_cast<const int8_t*>(plan.weights));
  if (plan.weights_type == MOTE_INT4) {
    weights.tensor = -1;
    weights.offset = 0;
    weights.bytes.assign(block.weights, block.weights + p.output_channels * p.taps());
  }
  ::mote::compiler::Argument memory = ArgumentOf(patches);
  if (!plan.depthwise && ScratchBytes(p, true) != 0) {
    ::mote::compiler::SetPackedScratch(ScratchBytes(p, true));
    memory.place = ::mote::compiler::Argument::Place::kScratch; /* also where this machine asks for none */
  }
  std::vector<ChannelTerms> terms(static_cast<size_t>(p.output_channels));
  FillTerms(plan, block, terms.data());
  ::mote::compiler::AddCall(
      plan.depthwise ? "mote::compiled::RunDepthwiseConv2d" : "mote::compiled::RunConv2d",
      {ArgumentOf(p), ArgumentOf(plan.input), weights,
       ArgumentOf(::mote::compiler::TableOf(terms.data(), p.output_channels)), memory, ArgumentOf(plan.output)});
}

template <typename Params, auto kFunction, typename Input, typename Operands>
void RecordMap(const Operands& operands, const Params& p) {
  const Input* input = static_cast<const Input*>(operands.input);
  if (operands.output_type == MOTE_INT16) {
    ::mote::compiler::RecordCall<(MapEach<Params, kFunction, Input, int16_t>)>(
        p, input, static_cast<int16_t*>(operands.output), operands.count);
  } else if (operands.output_type == MOTE_INT32) {
    ::mote::compiler::RecordCall<(MapEach<Params, kFunction, Input, int32_t>)>(
        p, input, static_cast<int32_t*>(operands.output), operands.count);
  } else {
    ::mote::compiler::RecordCall<(MapEach<Params, kFunction, Input, int8_t>)>(
        p, input, static_cast<int8_t*>(operands.output), operands.count);
  }
}

// An operator on single codes; of 8 bits with all its results.
template <typename Params, auto kFunction, typename Operation, typename Operands>
mote_status RecordUnary(Operation& op, const Operands& operands, const Params& p) {
  if (op.verifying()) return MOTE_OK;
  if (operands.input_type == MOTE_INT16) {
    RecordMap<Params, kFunction, int16_t>(operands, p);
  } else if (operands.input_type == MOTE_INT32) {
    RecordMap<Params, kFunction, int32_t>(operands, p);
  } else {
    RecordMap<Params, kFunction, int8_t>(operands, p);
    if (operands.output_type != MOTE_INT8 && operands.output_type != MOTE_UINT8) return MOTE_OK;
    std::vector<uint8_t> table;
    for (int code = 0; code < 256; ++code) {
      table.push_back(static_cast<uint8_t>(kFunction(p, static_cast<int8_t>(code))));
    }
    ::mote::compiler::SetTable(std::move(table));
  }
  return MOTE_OK;
}

}  // namespace mote::device

#endif  // MOTE_EXPORT_COMPILER_RECORD_FIELDS_H_
