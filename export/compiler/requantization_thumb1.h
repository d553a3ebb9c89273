// Requantization for ARMv6-M, whose multiplication gives 32 bits.
//
//   code + 128 = saturate((r * m1 + ((r * m0) >> k) + C) >> s, 0, 255)
//
// is (floor(r * M / 2^k) + C) >> s with M = m1 * 2^k + m0 for a sum of products r: two multiplications that stay within
// 32 bits, and as many bits of M as the range of r leaves. s is the layer's, k, m0, m1 and C a channel's own, found and
// proved (requantization.h).
#ifndef MOTE_EXPORT_COMPILER_REQUANTIZATION_THUMB1_H_
#define MOTE_EXPORT_COMPILER_REQUANTIZATION_THUMB1_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "export/compiler/requantization.h"

namespace mote::compiler {

struct Thumb1Requantization {
  struct Channel {
    int low_shift = 0;   // k
    int32_t low = 0;     // m0
    int32_t high = 0;    // m1, of 23 bits
    int32_t offset = 0;  // C
  };
  int right_shift = 0;  // s
  std::vector<Channel> channels;

  // The held code, q + 128, of a sum of products.
  int32_t HeldAt(size_t channel, int32_t sum) const;
};

// None where it is not proved for every channel. Sums of products are accumulators less the channel's origin.
std::optional<Thumb1Requantization> FindThumb1Requantization(absl::Span<const RequantizedChannel> channels,
                                                             const device::OutputRange& output);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_REQUANTIZATION_THUMB1_H_
