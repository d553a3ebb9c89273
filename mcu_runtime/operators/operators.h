/* The registry made of operators.def. */
#ifndef MOTE_MCU_RUNTIME_OPERATORS_OPERATORS_H_
#define MOTE_MCU_RUNTIME_OPERATORS_OPERATORS_H_

#include <stdint.h>

#include "mcu_runtime/operators/invocation.h"

namespace mote::device {

enum class Memory : uint8_t { kOwn, kSame, kInPlace };

struct OperatorSpec {
  mote_status (*eval)(Invocation&);
  int16_t code;
  uint8_t options;
  uint8_t inputs_min;
  uint8_t inputs_max;
  uint8_t max_version;
  Memory memory;
};

/* Null where this build has no such operator. */
const OperatorSpec* FindOperator(int32_t code);

#define MOTE_OPERATOR(name, code, function, ...) mote_status function(Invocation& op);
#include "mcu_runtime/operators.def"
#undef MOTE_OPERATOR

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_OPERATORS_OPERATORS_H_
