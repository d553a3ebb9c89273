/* Loops of the elementwise operators: a function of one or two codes is applied to every element. The functions are
 * small structs of constants with an operator() from int32 to int32; add.h, multiply.h and the like have them.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_ELEMENTWISE_H_
#define MOTE_MCU_RUNTIME_KERNELS_ELEMENTWISE_H_

#include <stdint.h>

#include "mcu_runtime/kernels/codes.h"
#include "mcu_runtime/kernels/requantize.h"

namespace mote::device {

/* One row of an operator with two inputs, which step on by so many bytes: by an element, or by 0 where the input
 * repeats one. `output` may be an input that repeats nothing. */
struct BinaryRow {
  int32_t count;
  const uint8_t* a;
  const uint8_t* b;
  int32_t step_a;
  int32_t step_b;
  void* output;
};

template <typename A, typename B, typename Output, typename Function>
inline void ApplyToRow(const Function& function, const BinaryRow& row) {
  const Function f = function;
  const uint8_t* a = row.a;
  const uint8_t* b = row.b;
  Output* output = static_cast<Output*>(row.output);
  for (Output* const end = output + row.count; output != end; ++output, a += row.step_a, b += row.step_b) {
    *output = static_cast<Output>(f(int32_t{LoadUnaligned<A>(a)}, int32_t{LoadUnaligned<B>(b)}));
  }
}

/* Nested loops, the innermost first: sizes in elements, steps in bytes. Axes along which both inputs go on in the same
 * step are one axis here. */
struct BroadcastLoops {
  int32_t axes;
  int32_t size[6];
  int32_t step_a[6];
  int32_t step_b[6];
};

/* Calls row(BinaryRow) for each row, in the order of the output. */
template <typename Row>
inline void ForEachRow(const BroadcastLoops& loops, const void* a, const void* b, void* output, int32_t output_bytes,
                       Row row_function) {
  BinaryRow row = {
      loops.size[0], static_cast<const uint8_t*>(a), static_cast<const uint8_t*>(b), loops.step_a[0], loops.step_b[0],
      output};
  int32_t index[6] = {};
  for (;;) {
    row_function(row);
    row.output = static_cast<uint8_t*>(row.output) + row.count * output_bytes;
    int32_t axis = 1;
    for (; axis < loops.axes; ++axis) {
      row.a += loops.step_a[axis];
      row.b += loops.step_b[axis];
      if (++index[axis] < loops.size[axis]) break;
      row.a -= loops.step_a[axis] * loops.size[axis];
      row.b -= loops.step_b[axis] * loops.size[axis];
      index[axis] = 0;
    }
    if (axis == loops.axes) return;
  }
}

/* The whole of it, for one function. The interpreter has a form of its own, which all functions share. */
template <typename Function, typename A, typename B, typename Output>
inline void ApplyFunction(const Function& function, const BroadcastLoops& loops, const A* a, const B* b,
                          Output* output) {
  ForEachRow(loops, a, b, output, sizeof(Output),
             [&function](const BinaryRow& row) { ApplyToRow<A, B, Output>(function, row); });
}

/* output[i] = kFunction(p, input[i]), with types of any of 8, 16, 32 bits. uint8 codes are given as int8 of the same
 * bits. */
template <typename Params, int32_t (*kFunction)(const Params&, int32_t), typename Input, typename Output>
inline void MapEach(const Params& p, const Input* input, Output* output, int32_t count) {
  for (int32_t i = 0; i < count; ++i) output[i] = static_cast<Output>(kFunction(p, LoadCode<Input>(input, i)));
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_ELEMENTWISE_H_
