// Apart from the test: the runtime's internal headers and the host's do not meet in one file.
#include "tests/export/breakable_operators.h"

#include "mcu_runtime/operators/operators.h"

// The library's own table under another name, whatever its rows hold.
#define FindOperator FindSoundOperator
#include "mcu_runtime/operators/operators.cc"
#undef FindOperator

namespace mote::device {
namespace {

int32_t broken_code = -1;

template <mote_status (*kEval)(Invocation&)>
mote_status OffByOne(Invocation& op) {
  if (const mote_status status = kEval(op); status != MOTE_OK || op.verifying()) return status;
  TensorInfo output;
  if (const mote_status status = op.Output(&output); status != MOTE_OK) return status;
  int8_t& code = op.MutableData(output)[output.elements / 2];
  code = static_cast<int8_t>(code < 127 ? code + 1 : code - 1);
  return MOTE_OK;
}

}  // namespace

const OperatorSpec* FindOperator(int32_t code) {  // linked in the place of the library's
  const OperatorSpec* sound = FindSoundOperator(code);
  if (sound == nullptr || code != broken_code) return sound;
  static OperatorSpec broken;
  broken = *sound;
  switch (code) {
#define MOTE_OPERATOR(name, number, function, ...) \
  case number:                                     \
    broken.eval = OffByOne<function>;              \
    break;
#include "mcu_runtime/operators.def"
#undef MOTE_OPERATOR
  }
  return &broken;
}

}  // namespace mote::device

void BreakKernel(int32_t builtin_code) { mote::device::broken_code = builtin_code; }
