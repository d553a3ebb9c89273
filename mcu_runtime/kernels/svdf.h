/* SVDF, plain: a dense layer whose units remember. Each unit has `rank` filters, each filter a line of the last
 * `memory` values; one value is pushed in an invocation.
 *
 *   value[b, f] = clamp(requantize(sum over i of (input[b, i] - z_in) * feature_weights[f, i], m_feature))
 *   line[b, f]  = (line[b, f] without its oldest element, z_state + value[b, f])
 *   acc[b, u]   = bias[u] + sum over the filters f of u, and j, of time_weights[f, j] * (line[b, f, j] - z_state)
 *   output      = clamp(z_out + requantize(acc, m_output))
 *
 * The value is clamped to the state's codes before the zero point is added, which then wraps, and so does acc, modulo
 * 2^32: with int16 time weights that is what the reference does, and no real model can be proved never to. A fused
 * activation counts for nothing: the reference has none here.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_SVDF_H_
#define MOTE_MCU_RUNTIME_KERNELS_SVDF_H_

#include "mcu_runtime/kernels/codes.h"
#include "mcu_runtime/kernels/sums.h"

namespace mote::device {

struct SvdfParams {
  int32_t batches;
  int32_t features;
  int32_t units;
  int32_t rank;
  int32_t memory;
  int16_t input_zero_point;
  int16_t state_zero_point;
  Multiplier feature_multiplier;
  Multiplier output_multiplier;
  OutputRange output;
};

/* `State` is the type of the lines and of the time weights: int8_t or int16_t. Time weights and bias stand at any
 * alignment; the bias may be null. */
template <typename State>
inline void Svdf(const SvdfParams& p, const int8_t* input, const int8_t* feature_weights, const State* time_weights,
                 const uint8_t* bias, State* line, int8_t* output) {
  constexpr int32_t kMax = sizeof(State) == 1 ? INT8_MAX : INT16_MAX;
  for (int32_t b = 0; b < p.batches; ++b, input += p.features) {
    const int8_t* feature = feature_weights;
    int32_t time = 0;
    for (int32_t u = 0; u < p.units; ++u) {
      uint32_t acc = bias != nullptr ? LoadCode<uint32_t>(bias, u) : 0;
      for (int32_t r = 0; r < p.rank; ++r, feature += p.features, line += p.memory) {
        const int32_t sum = SumOfProducts(input, feature, p.features, p.input_zero_point);
        int32_t value = Requantize(sum, p.feature_multiplier);
        if (value > kMax) value = kMax;
        if (value < -kMax - 1) value = -kMax - 1;
        for (int32_t j = 1; j < p.memory; ++j) line[j - 1] = line[j];
        line[p.memory - 1] = static_cast<State>(value + p.state_zero_point);
        for (int32_t j = 0; j < p.memory; ++j) {
          acc += static_cast<uint32_t>(LoadCode<State>(time_weights, time++) * (line[j] - p.state_zero_point));
        }
      }
      const uint32_t scaled = static_cast<uint32_t>(Requantize(static_cast<int32_t>(acc), p.output_multiplier));
      const int32_t code = static_cast<int32_t>(scaled + static_cast<uint32_t>(p.output.zero_point));
      *output++ = ClampToInt8(code, p.output);
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_SVDF_H_
