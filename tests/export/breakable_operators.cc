// Apart from the test: the runtime's internal headers and the host's do not meet in one file.
#include "tests/export/breakable_operators.h"

#include "mcu_runtime/operators/operators.h"

namespace mote::device {
namespace {

int32_t broken_code = -1;

template <mote_status (*kEval)(Invocation&), int32_t kCode>
mote_status MaybeOffByOne(Invocation& op) {
  const mote_status status = kEval(op);
  if (status != MOTE_OK || op.verifying() || kCode != broken_code) return status;
  TensorInfo output;
  if (const mote_status read = op.RawOutput(kAllTypes, &output); read != MOTE_OK) return read;
  int8_t& code = op.MutableData(output)[output.bytes / 2];
  code = static_cast<int8_t>(code < 127 ? code + 1 : code - 1);
  return MOTE_OK;
}

}  // namespace
}  // namespace mote::device

using namespace mote::device;  // the rows name what is in it

extern "C" {
#define MOTE_OPERATOR(symbol, name, code, function, options, slots, types, inputs_min, inputs_max, outputs, memory) \
  static const mote_operator broken_##symbol = {                                                                    \
      MaybeOffByOne<function, code>, code, options, slots, types, inputs_min, inputs_max, outputs, memory};
#include "mcu_runtime/operators.def"
#undef MOTE_OPERATOR

// Linked in the place of the library's list.
const mote_operator* const mote_all_operators[] = {
#define MOTE_OPERATOR(symbol, ...) &broken_##symbol,
#include "mcu_runtime/operators.def"
#undef MOTE_OPERATOR
    nullptr};
}

void BreakKernel(int32_t builtin_code) { broken_code = builtin_code; }
