/* Proofs that sums of products stay within the numbers that requantization takes. */
#ifndef MOTE_MCU_RUNTIME_OPERATORS_SUMS_H_
#define MOTE_MCU_RUNTIME_OPERATORS_SUMS_H_

#include <stdint.h>

#include "mcu_runtime/graph.h"
#include "mcu_runtime/kernels/requantize.h"

namespace mote::device {

/* The largest |sum| that Requantize takes, with room for adding a zero point. exponent <= 30. */
inline int64_t LargestSum(Multiplier m) { return (INT32_MAX - 255) >> (m.exponent > 0 ? m.exponent : 0); }

/* The same of RequantizeWide. exponent <= 7. */
inline int64_t LargestWideSum(Multiplier m) {
  constexpr int64_t kMost = (int64_t{1} << 47) - 1;
  const int64_t result = INT32_MAX - 65535;
  if (m.exponent > 0) return result >> m.exponent;
  return -m.exponent < 16 ? result << -m.exponent : kMost;
}

/* The largest |q - z| of an int8 code. */
inline int32_t LargestDistance(int32_t zero_point) {
  return 127 - zero_point > zero_point + 128 ? 127 - zero_point : zero_point + 128;
}

/* `rows` sums of `taps` products of int8 weights with numbers up to `distance`, each with its bias. */
struct RowSums {
  const uint8_t* weights; /* row by row */
  int32_t rows;
  int32_t taps;
  int32_t distance;
  const uint8_t* bias; /* or null */
  int32_t bias_bytes;  /* of each: 4 or 8 */
};

/* MOTE_OK where none of them passes `limit`, in whatever order it is summed. */
mote_status VerifySums(Graph* graph, const RowSums& sums, int64_t limit);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_OPERATORS_SUMS_H_
