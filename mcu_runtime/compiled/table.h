/* Operators of one int8 input and no memory (LOGISTIC, TANH, HARD_SWISH, LEAKY_RELU, QUANTIZE, ...): a table of their
 * 256 results, made by the operator itself when the model is compiled.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_TABLE_H_
#define MOTE_MCU_RUNTIME_COMPILED_TABLE_H_

#include <stdint.h>

namespace mote::compiled {

struct TableParams {
  const uint8_t* results; /* by the code as an unsigned byte */
  int32_t channels;
};

/* The output may be the input. */
inline void LookUp(const TableParams& p, const uint8_t* const* inputs, int32_t pixels, uint8_t* output) {
  const uint8_t* const results = p.results;
  const uint8_t* from = inputs[0];
  int32_t left = pixels * p.channels;
  for (; left >= 4; left -= 4, from += 4, output += 4) {
    const uint8_t a = results[from[0]], b = results[from[1]], c = results[from[2]], d = results[from[3]];
    output[0] = a;
    output[1] = b;
    output[2] = c;
    output[3] = d;
  }
  for (; left > 0; --left) *output++ = results[*from++];
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_TABLE_H_
