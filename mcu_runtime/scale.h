/* Scales without floating point: what the contract forms in double and float32, formed here from the stored bits with
 * integers, to the last bit. Microcontrollers without a double unit would pull in several kilobytes otherwise.
 */
#ifndef MOTE_MCU_RUNTIME_SCALE_H_
#define MOTE_MCU_RUNTIME_SCALE_H_

#include <stdint.h>

#include "mcu_runtime/kernels/requantize.h"

namespace mote::device {

/* A positive finite float32: mantissa * 2^exponent, mantissa in [2^23, 2^24). */
struct Scale {
  uint32_t mantissa;
  int32_t exponent;
};

/* False for zero, negative, infinite and NaN bits. Subnormal numbers are taken (and normalised). */
bool DecodeScale(uint32_t float32_bits, Scale* scale);

/* The Multiplier of (double)a * (double)b / (double)c: the product is exact in double, the quotient is rounded to 53
 * bits (half to even), its fraction then to 31 bits (half away from zero). Exponents under -31 give the zero
 * multiplier. Exponents over 30 are given as they are; the caller refuses them. */
Multiplier MultiplierFromProduct(const Scale& a, const Scale& b, const Scale& c);

/* The same of (double)a / (double)c * 2^power. */
Multiplier MultiplierFromRatio(const Scale& a, const Scale& c, int32_t power);

/* round(float32(value / scale)), half away from zero, for a small positive integer `value`: the code that a fused
 * activation's bound has. The quotient is rounded to float32's 24 bits first, as the contract says. At most 2^24, which
 * stands for everything above it too. */
int32_t QuantizeBound(uint32_t value, const Scale& scale);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_SCALE_H_
