/* One constant an operator, each in a section of its own: programs link those that they name. */
#include "mcu_runtime/operators/operators.h"

using namespace mote::device;  // the rows name what is in it

extern "C" {
#define MOTE_OPERATOR(symbol, name, code, function, ...) extern const mote_operator mote_op_##symbol;
#include "mcu_runtime/operators.def"
#undef MOTE_OPERATOR

#define MOTE_OPERATOR(symbol, name, code, function, options, slots, types, inputs_min, inputs_max, outputs, memory) \
  const mote_operator mote_op_##symbol = {function,   code,       options, slots, types,                            \
                                          inputs_min, inputs_max, outputs, memory};
#include "mcu_runtime/operators.def"
#undef MOTE_OPERATOR
}
