/* Apart from operators.cc: whoever does not name it does not link every operator. */
#include "mcu_runtime/mote_runtime.h"

extern "C" const mote_operator* const mote_all_operators[] = {
#define MOTE_OPERATOR(symbol, ...) &mote_op_##symbol,
#include "mcu_runtime/operators.def"
#undef MOTE_OPERATOR
    nullptr};
