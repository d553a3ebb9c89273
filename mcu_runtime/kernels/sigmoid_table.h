/* sigmoid(x) and tanh(x) of int16 codes by a table of 256 values, interpolated on a straight line.
 *
 *   T[i] = round(2^16 * (f(i) + (f(i + 1/2) - (f(i) + f(i + 1)) / 2) / 2)),  f(i) = 1 / (1 + exp(-i / 24)),  T[255] =
 * 65535
 *
 * that is, each value is raised by half of what the line between f(i) and f(i + 1) lacks in the middle. With X the
 * input in units of 1 / 12288 (so that 512 X units are one step of sigmoid's table):
 *
 *   X = floor((x * multiplier + round) / 2^shift)
 *   sigmoid: h = |X| >> 9, t = |X| & 511, v = T[h] * 2^9 + t * (T[h + 1] - T[h]); from h = 255 on v = 32767 * 2^10
 *            output = (v + 2^9) >> 10, for X < 0 (2^25 - v + 2^9 - 1) >> 10
 *   tanh:    h = |X| >> 8, t = |X| & 255, v = T[h] * 2^8 + t * (T[h + 1] - T[h]); from h = 255 on v = 65535 * 2^8
 *            output = (v - 2^23 + 2^7) >> 8, for X < 0 (2^23 - v + 2^7 - 1) >> 8
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_SIGMOID_TABLE_H_
#define MOTE_MCU_RUNTIME_KERNELS_SIGMOID_TABLE_H_

#include <stdint.h>

namespace mote::device {

struct SigmoidTable {
  uint16_t values[256];
};

/* The table is made when this is compiled; no floating point is left in the program. */
constexpr double SigmoidAt(double i) {
  double term = 1;
  double root = 1; /* exp(-i / 24 / 16), by its series */
  for (int k = 1; k < 24; ++k) {
    term *= -i / (24.0 * 16.0) / k;
    root += term;
  }
  const double squared = root * root;
  const double fourth = squared * squared;
  const double eighth = fourth * fourth;
  return 1 / (1 + eighth * eighth);
}

constexpr SigmoidTable MakeSigmoidTable() {
  SigmoidTable table{};
  for (int i = 0; i < 255; ++i) {
    const double here = SigmoidAt(i);
    const double lack = SigmoidAt(i + 0.5) - (here + SigmoidAt(i + 1)) / 2;
    table.values[i] = static_cast<uint16_t>(65536 * (here + lack / 2) + 0.5);
  }
  table.values[255] = 65535;
  return table;
}

inline constexpr SigmoidTable kSigmoidTable = MakeSigmoidTable();

/* How a code becomes X: |x| * multiplier + 2^(shift - 1) is within int32, since the multiplier is at most 32767 with a
 * shift, and at most 65535 without. */
struct SigmoidInput {
  int32_t multiplier;
  int32_t shift;

  int32_t Scaled(int32_t x) const { return (x * multiplier + (shift > 0 ? int32_t{1} << (shift - 1) : 0)) >> shift; }
};

/* T at |X| / 2^bits, times 2^bits. */
inline int32_t SigmoidTableAt(uint32_t magnitude, int32_t bits) {
  const uint16_t* entry = kSigmoidTable.values + (magnitude >> bits);
  const int32_t along = static_cast<int32_t>(magnitude & ((uint32_t{1} << bits) - 1));
  return (int32_t{entry[0]} << bits) + along * (int32_t{entry[1]} - entry[0]);
}

inline int32_t SigmoidOfInt16(const SigmoidInput& p, int32_t x) {
  const int32_t scaled = p.Scaled(x);
  const uint32_t magnitude = static_cast<uint32_t>(scaled < 0 ? -scaled : scaled);
  const int32_t value = magnitude >> 9 >= 255 ? int32_t{32767} << 10 : SigmoidTableAt(magnitude, 9);
  const int32_t rounded = scaled < 0 ? (int32_t{1} << 25) - value + 511 : value + 512;
  return rounded >> 10;
}

inline int32_t TanhOfInt16(const SigmoidInput& p, int32_t x) {
  const int32_t scaled = p.Scaled(x);
  const uint32_t magnitude = static_cast<uint32_t>(scaled < 0 ? -scaled : scaled);
  const int32_t value =
      (magnitude >> 8 >= 255 ? int32_t{65535} << 8 : SigmoidTableAt(magnitude, 8)) - (int32_t{1} << 23);
  const int32_t rounded = scaled < 0 ? 127 - value : value + 128;
  return rounded >> 8;
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_SIGMOID_TABLE_H_
