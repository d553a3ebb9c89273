/* What the operators on single elements share: operands that are checked, and loops that take an operator's function by
 * a pointer, so that an operator adds little code to a program. */
#ifndef MOTE_MCU_RUNTIME_OPERATORS_ELEMENTWISE_H_
#define MOTE_MCU_RUNTIME_OPERATORS_ELEMENTWISE_H_

#include "mcu_runtime/kernels/elementwise.h"
#include "mcu_runtime/operators/invocation.h"

namespace mote::device {

/* Null pointers while the operator is checked. */
struct UnaryOperands {
  const void* input;
  void* output;
  int32_t count;
  mote_type input_type;
  mote_type output_type;
};

/* Reads input 0 and the output, quantized and of equal shapes. */
mote_status SolveUnary(Invocation& op, uint32_t input_types, uint32_t output_types, TensorInfo* input,
                       TensorInfo* output, UnaryOperands* operands);

using CodeFunction = int32_t (*)(const void* params, int32_t code);

/* Output code = function(params, input code) for each element; where there are many of 8 bits, by a table of all
 * results. An operator calls it at load too, since it asks for the table's memory. uint8 codes are given as int8 of the
 * same bits. */
mote_status MapCodes(Invocation& op, const UnaryOperands& operands, CodeFunction function, const void* params);

/* A kernel's function as a CodeFunction. */
template <typename Params, int32_t (*kFunction)(const Params&, int32_t)>
int32_t CodeFunctionOf(const void* params, int32_t code) {
  return kFunction(*static_cast<const Params*>(params), code);
}

/* What an operator calls: the output's codes are kFunction(p, code). */
template <typename Params, int32_t (*kFunction)(const Params&, int32_t)>
inline mote_status RunUnary(Invocation& op, const UnaryOperands& operands, const Params& p) {
#ifdef MOTE_RECORDING
  return RecordUnary<Params, kFunction>(op, operands, p);
#else
  return MapCodes(op, operands, CodeFunctionOf<Params, kFunction>, &p);
#endif
}

/* The same of two inputs. */
struct BinaryOperands {
  const void* a;
  const void* b;
  void* output;
  int32_t output_bytes; /* of an element */
  BroadcastLoops loops;
};

/* Reads inputs 0 and 1 and the output, whose shape is the one that theirs broadcast to. */
mote_status SolveBinary(Invocation& op, uint32_t types_a, uint32_t types_b, uint32_t output_types, TensorInfo* a,
                        TensorInfo* b, TensorInfo* output, BinaryOperands* operands);

using RowFunction = void (*)(const void* params, const BinaryRow& row);

void RunRows(const BinaryOperands& operands, RowFunction function, const void* params);

template <typename Function, typename A, typename B, typename Output>
void RowFunctionOf(const void* function, const BinaryRow& row) {
  ApplyToRow<A, B, Output>(*static_cast<const Function*>(function), row);
}

template <typename Function, typename A, typename B, typename Output>
inline void RunBinary(const BinaryOperands& operands, const Function& function) {
#ifdef MOTE_RECORDING
  MOTE_RUN((function, operands.loops, static_cast<const A*>(operands.a), static_cast<const B*>(operands.b),
            static_cast<Output*>(operands.output)),
           ApplyFunction<Function, A, B, Output>);
#else
  RunRows(operands, RowFunctionOf<Function, A, B, Output>, &function);
#endif
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_OPERATORS_ELEMENTWISE_H_
