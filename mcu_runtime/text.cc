/* Words for errors and operators. Apart from the rest, and empty with MOTE_NO_ERROR_TEXT. */
#include "mcu_runtime/mote_runtime.h"

const char* mote_operator_name(int32_t code) {
#ifdef MOTE_NO_ERROR_TEXT
  (void)code;
  return "";
#else
  static constexpr struct {
    int32_t code;
    const char* name;
  } kNames[] = {
#define MOTE_OPERATOR(symbol, name, code, ...) {code, #name},
#include "mcu_runtime/operators.def"
#undef MOTE_OPERATOR
  };
  for (const auto& row : kNames) {
    if (row.code == code) return row.name;
  }
  return "";
#endif
}

const char* mote_status_text(mote_status status) {
#ifdef MOTE_NO_ERROR_TEXT
  (void)status;
  return "";
#else
  switch (status) {
    case MOTE_OK:
      return "no error";
    case MOTE_ERROR_ARGUMENT:
      return "a null pointer or an index out of range";
    case MOTE_ERROR_NOT_A_MODEL:
      return "not a TensorFlow Lite model of schema version 3";
    case MOTE_ERROR_TRUNCATED:
      return "the file is truncated or damaged: something lies beyond its end";
    case MOTE_ERROR_STRUCTURE:
      return "the model contradicts itself: a table, a tensor's index or the order of operators is wrong";
    case MOTE_ERROR_OPERATOR:
      return "an operator that is not among those given to mote_model_load";
    case MOTE_ERROR_TYPE:
      return "a tensor's type is not one that its operator takes, as far as the operators given to mote_model_load go";
    case MOTE_ERROR_SHAPE:
      return "shapes do not fit together, or a tensor is too large";
    case MOTE_ERROR_QUANTIZATION:
      return "a scale or zero point is missing, out of range, or does not fit its operator";
    case MOTE_ERROR_OPTION:
      return "a stride, dilation, padding, axis or activation is out of range";
    case MOTE_ERROR_BUFFER:
      return "a constant is missing, or its size is not its tensor's";
    case MOTE_ERROR_ARENA_TOO_SMALL:
      return "the arena is too small: ask mote_model_arena_size";
    case MOTE_ERROR_ARENA_ALIGNMENT:
      return "the arena must be aligned to 16 bytes";
    case MOTE_ERROR_ACCUMULATOR:
      return "an accumulator could leave 32 bits";
    case MOTE_ERROR_NOT_LOADED:
      return "the model is not loaded";
    case MOTE_ERROR_LIMIT:
      return "more tensors than planning has room for, or more to check than a file of this size explains";
    case MOTE_ERROR_SELFTEST:
      return "the self-test found no golden data, or another result than they say";
  }
  return "an unknown status";
#endif
}
