/* How sums become codes in the kernels of ARMv6-M that do not do it themselves. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_REQUANTIZE_THUMB1_H_
#define MOTE_MCU_RUNTIME_COMPILED_REQUANTIZE_THUMB1_H_

#include <stdint.h>

#include "mcu_runtime/kernels/requantize.h"
#include "mcu_runtime/kernels/store_codes_thumb1.h"

namespace mote::compiled {

/* The proved formula in C++; a channel's m0, m1 << 8 | k, C. */
inline int32_t CodeOfSumThumb1(int32_t sum, const uint32_t* channel, int32_t right_shift) {
  const uint32_t value = static_cast<uint32_t>(sum);
  const int32_t high = static_cast<int32_t>(channel[1]);
  const int32_t low = static_cast<int32_t>(value * channel[0]) >> (high & 255);
  const uint32_t all = value * static_cast<uint32_t>(high >> 8) + static_cast<uint32_t>(low) + channel[2];
  const int32_t held = static_cast<int32_t>(all) >> right_shift;
  return (held < 0 ? 0 : held > 255 ? 255 : held) - 128;
}

/* `channels`: device::ChannelTerms as words. */
inline void StoreSumsThumb1(const int32_t* sums, const uint32_t* channels, int32_t count,
                            const device::OutputRange& range, uint8_t* output) {
  static_assert(sizeof(device::ChannelTerms) == 12, "three words a channel");
  const device::ChannelTerms* terms = reinterpret_cast<const device::ChannelTerms*>(channels);
  int8_t* codes = reinterpret_cast<int8_t*>(output);
  for (int32_t i = 0;; ++i) {
    i += device::StoreUsualCodes(sums + i, terms + i, count - i, range, codes + i);
    if (i == count) return;
    const uint32_t acc = static_cast<uint32_t>(sums[i]) + static_cast<uint32_t>(terms[i].bias);
    codes[i] = device::RequantizeToInt8(static_cast<int32_t>(acc), terms[i].multiplier, range);
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_REQUANTIZE_THUMB1_H_
