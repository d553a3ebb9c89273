/* UNIDIRECTIONAL_SEQUENCE_LSTM, plain: the standard cell, without peepholes, projection and layer norm.
 *
 * For each batch, time step and unit, with x the step's input and h the hidden state before the step, for the gates
 * i(nput), f(orget), g (the cell's), o(utput):
 *
 *   a    = sat(requantize(bias[u] + sum of (x - z_in) * W[u], m_W)) + sat(requantize(sum of (h - z_h) * R[u], m_R))
 * Q3.12 gate = sigmoid(sat(a)), for g tanh(sat(a)) Q0.15 c    = sat(sat(requantize(f * c, 2^-15)) + sat(requantize(i *
 * g, 2^-30 / s_c))), then clamped to +-clip h    = clamp(z_h + requantize(tanh(c) * o, 2^-30 / s_h))
 *
 * sat() saturates to int16. sigmoid and tanh: kernels/sigmoid_table.h. A unit's cell state depends on no other unit's,
 * so a unit is done in one go; its new hidden state stands in the output until all units of the step have read the old
 * one.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_LSTM_H_
#define MOTE_MCU_RUNTIME_KERNELS_LSTM_H_

#include "mcu_runtime/kernels/codes.h"
#include "mcu_runtime/kernels/sigmoid_table.h"
#include "mcu_runtime/kernels/sums.h"

namespace mote::device {

struct LstmGate {
  const int8_t* weights;   /* [units, features] */
  const int8_t* recurrent; /* [units, units] */
  const uint8_t* bias;     /* [units], at any alignment */
  Multiplier weights_multiplier;
  Multiplier recurrent_multiplier;
};

enum LstmGateIndex : int32_t { kInputGate = 0, kForgetGate = 1, kCellGate = 2, kOutputGate = 3 };

struct LstmParams {
  int32_t batches;
  int32_t steps;
  int32_t features;
  int32_t units;
  int32_t batch_step; /* from a batch to the next, in rows of input and output */
  int32_t time_step;
  int16_t input_zero_point;
  int32_t cell_clip;            /* -1: none */
  Multiplier input_multiplier;  /* of i * g */
  Multiplier output_multiplier; /* of tanh(c) * o */
  SigmoidInput cell_scale;      /* for tanh */
  OutputRange hidden;
  LstmGate gates[4];
};

inline int32_t SaturateToInt16(int32_t x) { return x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : x; }

/* `Bias`: int32_t for int8_t codes, int64_t for int16_t. */
template <typename Code, typename Bias>
inline int16_t LstmGateSum(const LstmParams& p, const LstmGate& gate, int32_t unit, const Code* input,
                           const Code* hidden) {
  const OutputRange range = {0, INT16_MIN, INT16_MAX};
  const Bias acc = LoadCode<Bias>(gate.bias, unit) +
                   SumOfProducts(input, gate.weights + unit * p.features, p.features, p.input_zero_point);
  const Bias recurrent =
      SumOfProducts(hidden, gate.recurrent + unit * p.units, p.units, static_cast<int16_t>(p.hidden.zero_point));
  return static_cast<int16_t>(SaturateToInt16(CodeOfSum<int16_t>(acc, gate.weights_multiplier, range) +
                                              CodeOfSum<int16_t>(recurrent, gate.recurrent_multiplier, range)));
}

template <typename Code, typename Bias>
inline void Lstm(const LstmParams& p, const Code* input, Code* hidden, int16_t* cell, Code* output) {
  const SigmoidInput one = {3, 0}; /* Q3.12 */
  const Multiplier forget_multiplier = {int32_t{1} << 30, -14};
  for (int32_t b = 0; b < p.batches; ++b, hidden += p.units, cell += p.units) {
    for (int32_t t = 0; t < p.steps; ++t) {
      const int32_t row = b * p.batch_step + t * p.time_step;
      const Code* x = input + row * p.features;
      Code* y = output + row * p.units;
      for (int32_t u = 0; u < p.units; ++u) {
        int32_t gates[4];
        for (int32_t g = 0; g < 4; ++g) {
          const int16_t sum = LstmGateSum<Code, Bias>(p, p.gates[g], u, x, hidden);
          gates[g] = g == kCellGate ? TanhOfInt16(one, sum) : SigmoidOfInt16(one, sum);
        }
        const int32_t kept = SaturateToInt16(Requantize(gates[kForgetGate] * cell[u], forget_multiplier));
        const int32_t added = SaturateToInt16(Requantize(gates[kInputGate] * gates[kCellGate], p.input_multiplier));
        int32_t c = SaturateToInt16(kept + added);
        if (p.cell_clip >= 0) {
          if (c > p.cell_clip) c = p.cell_clip;
          if (c < -p.cell_clip) c = -p.cell_clip;
        }
        cell[u] = static_cast<int16_t>(c);
        const int32_t tanh = TanhOfInt16(p.cell_scale, c);
        y[u] = CodeOfSum<Code>(tanh * gates[kOutputGate], p.output_multiplier, p.hidden);
      }
      for (int32_t u = 0; u < p.units; ++u) hidden[u] = y[u];
    }
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_LSTM_H_
