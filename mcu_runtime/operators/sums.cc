#include "mcu_runtime/operators/sums.h"

#include "mcu_runtime/kernels/codes.h"

namespace mote::device {

mote_status VerifySums(Graph* graph, const RowSums& sums, int64_t limit) {
  if (sums.bias != nullptr) MOTE_RETURN_IF_ERROR(graph->Spend(static_cast<uint32_t>(sums.rows)));
  const int64_t most = int64_t{128} * sums.distance * sums.taps;
  for (int32_t row = 0; row < sums.rows; ++row) {
    int64_t left = limit;
    if (sums.bias != nullptr) {
      const int64_t bias =
          sums.bias_bytes == 8 ? LoadCode<int64_t>(sums.bias, row) : int64_t{LoadCode<int32_t>(sums.bias, row)};
      if (bias > limit || bias < -limit) return MOTE_ERROR_ACCUMULATOR;
      left -= bias < 0 ? -bias : bias;
    }
    /* Weights are read only where the largest weights could leave the range. */
    if (most <= left) {
      if (sums.bias == nullptr) break;
      continue;
    }
    MOTE_RETURN_IF_ERROR(graph->Spend(static_cast<uint32_t>(sums.taps)));
    const uint8_t* weights = sums.weights + static_cast<int64_t>(row) * sums.taps;
    int64_t sum = 0;
    for (int32_t i = 0; i < sums.taps; ++i) {
      const int32_t weight = static_cast<int8_t>(weights[i]);
      sum += weight < 0 ? -weight : weight;
    }
    if (sum * sums.distance > left) return MOTE_ERROR_ACCUMULATOR;
  }
  return MOTE_OK;
}

}  // namespace mote::device
