#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

constexpr OperatorSpec kOperators[] = {
#define MOTE_OPERATOR(name, code, function, options, inputs_min, inputs_max, max_version, memory) \
  {function, code, options, inputs_min, inputs_max, max_version, Memory::memory},
#include "mcu_runtime/operators.def"
#undef MOTE_OPERATOR
};

}  // namespace

const OperatorSpec* FindOperator(int32_t code) {
  for (const OperatorSpec& spec : kOperators) {
    if (spec.code == code) return &spec;
  }
  return nullptr;
}

}  // namespace mote::device
