/* float32 arithmetic on positive numbers in integers, to the last bit, for operators whose reference forms its
 * constants so.
 */
#ifndef MOTE_MCU_RUNTIME_FLOAT32_H_
#define MOTE_MCU_RUNTIME_FLOAT32_H_

#include "mcu_runtime/scale.h"

namespace mote::device {

bool IsLess(const Scale& a, const Scale& b);

/* As IEEE says (half to even), but that exponents have no limits. */
Scale FloatFrom(uint64_t mantissa, int32_t exponent); /* of mantissa * 2^exponent, mantissa not 0 */
Scale FloatProduct(const Scale& a, const Scale& b);
Scale FloatQuotient(const Scale& a, const Scale& b);
/* The Multiplier of the double 1 / (sqrt(a) * b). */
Multiplier InverseRootMultiplier(const Scale& a, const Scale& b);
/* The nearest integer, half away from zero; 2^24 stands for all from there on. */
int32_t RoundToInteger(const Scale& a);

/* The Multiplier of the double numerator / denominator, times 2^power, for a denominator of 53 bits. */
Multiplier MultiplierFromWideRatio(uint64_t numerator, uint64_t denominator, int32_t power);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_FLOAT32_H_
