/* What a row of operators.def becomes. */
#ifndef MOTE_MCU_RUNTIME_OPERATORS_OPERATORS_H_
#define MOTE_MCU_RUNTIME_OPERATORS_OPERATORS_H_

#include <stdint.h>

#include "mcu_runtime/operators/invocation.h"

namespace mote::device {

constexpr uint32_t kThird = 16; /* the third input decides instead of the first */
enum OperatorTypes : uint8_t {
  kAny,
  kFirst8,
  kFirst16,
  kFirstFloat,
  kWeights4,
  kThird8 = kThird | kFirst8,
  kThird16 = kThird | kFirst16,
};
enum OutputMemory : uint8_t { kOwn, kSame, kInPlace, kState };
constexpr uint8_t kMany = 255;

}  // namespace mote::device

struct mote_operator {
  mote_status (*eval)(mote::device::Invocation&);
  uint8_t code;
  uint8_t options;
  uint8_t option_slots;
  mote::device::OperatorTypes types;
  uint8_t inputs_min;
  uint8_t inputs_max;
  uint8_t outputs;
  mote::device::OutputMemory memory;
};

namespace mote::device {

#define MOTE_OPERATOR(symbol, name, code, function, ...) mote_status function(Invocation& op);
#include "mcu_runtime/operators.def"
#undef MOTE_OPERATOR

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_OPERATORS_OPERATORS_H_
