/* DEQUANTIZE and QUANTIZE from and to float32, plain, on the bits of the numbers (scale.h):
 *
 *   dequantize: output = float32(s * (x - z)), the exact product rounded once
 *   quantize: output = clamp(z + round(float32(x / s))); not-a-numbers count as 0
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_DEQUANTIZE_H_
#define MOTE_MCU_RUNTIME_KERNELS_DEQUANTIZE_H_

#include "mcu_runtime/float32.h"
#include "mcu_runtime/kernels/elementwise.h"

namespace mote::device {

/* The bits of float32(s * d), |d| < 2^24. */
inline uint32_t DequantizedBits(const Scale& s, int32_t d) {
  if (d == 0) return 0;
  const uint32_t sign = d < 0 ? uint32_t{1} << 31 : 0;
  const uint64_t product = uint64_t{s.mantissa} * static_cast<uint32_t>(d < 0 ? -d : d);
  const Scale value = FloatFrom(product, s.exponent);
  const int32_t biased = value.exponent + 150;
  if (biased >= 255) return sign | 255u << 23;
  if (biased > 0) return sign | static_cast<uint32_t>(biased) << 23 | (value.mantissa & 0x7fffffu);
  /* Subnormal: rounded once, to a multiple of 2^-149. */
  const int32_t drop = -149 - s.exponent;
  if (drop <= 0) return sign | static_cast<uint32_t>(product << -drop);
  const uint64_t half = uint64_t{1} << (drop - 1);
  const uint64_t below = product & ((half << 1) - 1);
  const uint32_t multiple = static_cast<uint32_t>(product >> drop);
  return sign | (multiple + (below > half || (below == half && (multiple & 1) != 0) ? 1 : 0));
}

struct DequantizeParams {
  Scale scale;
  int32_t zero_point;
};

template <typename Code>
inline void Dequantize(const DequantizeParams& p, const Code* input, uint32_t* output, int32_t count) {
  for (int32_t i = 0; i < count; ++i) output[i] = DequantizedBits(p.scale, LoadCode<Code>(input, i) - p.zero_point);
}

struct QuantizeFloatParams {
  Scale scale;
  OutputRange output;
};

inline int32_t QuantizeFloat(const QuantizeFloatParams& p, uint32_t bits) {
  const uint32_t magnitude = bits & 0x7fffffffu;
  Scale value;
  int32_t code = 0;
  if (magnitude == 255u << 23) {
    code = int32_t{1} << 24;
  } else if (DecodeScale(magnitude, &value)) {
    code = RoundToInteger(FloatQuotient(value, p.scale));
  }
  return Clamp((magnitude == bits ? code : -code) + p.output.zero_point, p.output);
}

/* `input`: float32, at any alignment. */
template <typename Code>
inline void QuantizeFloats(const QuantizeFloatParams& p, const uint8_t* input, Code* output, int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    output[i] = static_cast<Code>(QuantizeFloat(p, LoadCode<uint32_t>(input, i)));
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_DEQUANTIZE_H_
