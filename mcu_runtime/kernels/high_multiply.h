/* The first rounding of requantization: floor((a * b + 2^30) / 2^31), the high half of the doubled product.
 *
 * The contract states a nudge of 2^30 for products >= 0, of 1 - 2^30 for those below, and a division that truncates;
 * that is this floor for every product (tests/mcu_runtime/arithmetic_test.cc). The one saturating case, -2^31 * -2^31,
 * must not occur: of the factors here one is a mantissa or a fraction of the contract.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_HIGH_MULTIPLY_H_
#define MOTE_MCU_RUNTIME_KERNELS_HIGH_MULTIPLY_H_

#include <stdint.h>

#include "mcu_runtime/kernels/core.h"

namespace mote::device {

inline int32_t HighMultiplyLong(int32_t a, int32_t b) {
  return static_cast<int32_t>((static_cast<int64_t>(a) * b + (int64_t{1} << 30)) >> 31);
}

/* A factor b in [2^30, 2^31) of many such products, prepared once. With a long multiply: 2b - 2^32 is an int32 then,
 * and the upper half of a product is a register of its own. */
template <bool kLong>
class HighFactor {
 public:
  explicit HighFactor(int32_t b) : doubled_(static_cast<int32_t>(static_cast<uint32_t>(b) << 1)) {}

  int32_t Times(int32_t a) const {
    const int64_t product = static_cast<int64_t>(a) * doubled_;
    return a + static_cast<int32_t>(product >> 32) + static_cast<int32_t>(static_cast<uint32_t>(product) >> 31);
  }

 private:
  int32_t doubled_;
};

/* From products of 16-bit parts, for cores that multiply 32 bits into 32; any b. With a = 2^16 a1 + a0, b likewise, a0
 * and b0 signed, a1 and b1 in [-2^15, 2^15]:
 *   floor((a b + 2^30) / 2^31) = 2 a1 b1 + floor((a1 b0 + a0 b1 + floor(a0 b0 / 2^16) + 2^14) / 2^15)
 * The inner sum is within int32 but for a and b both near -2^31: each of its first two terms is at most 2^30 in
 * magnitude, and both reach it upwards only for a1 = b1 = -2^15. What passes int32 on the way is modulo 2^32. */
template <>
class HighFactor<false> {
 public:
  explicit HighFactor(int32_t b) : low_(static_cast<int16_t>(b)), high_(((b >> 15) + 1) >> 1) {}

  int32_t Times(int32_t a) const {
    const int32_t a0 = static_cast<int16_t>(a);
    const int32_t a1 = ((a >> 15) + 1) >> 1;
    const uint32_t middle = static_cast<uint32_t>(a1 * low_) + static_cast<uint32_t>(a0 * high_) +
                            static_cast<uint32_t>((a0 * low_) >> 16) + (uint32_t{1} << 14);
    return static_cast<int32_t>(static_cast<uint32_t>(a1 * high_) * 2 +
                                static_cast<uint32_t>(static_cast<int32_t>(middle) >> 15));
  }

 private:
  int32_t low_;
  int32_t high_;
};

inline int32_t RoundingDoublingHighMul(int32_t a, int32_t b) {
  return kHasLongMultiply ? HighMultiplyLong(a, b) : HighFactor<false>(b).Times(a);
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_HIGH_MULTIPLY_H_
