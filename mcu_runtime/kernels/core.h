/* What the core that is compiled for is good at: the one place where kernels are fitted to architectures. All choices
 * compute the same; tests run every one of them on the host.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_CORE_H_
#define MOTE_MCU_RUNTIME_KERNELS_CORE_H_

#include <stdint.h>

/* Generated code includes the kernels' sources, where they are `inline`: several models may stand in one program. */
#ifndef MOTE_KERNEL
#define MOTE_KERNEL
#endif

namespace mote::device {

/* A tile of a convolution: `pixels` times `channels` sums that stay in registers over one loop, `unroll` products each
 * a round. Figures are instructions a product in that loop, compiled by GCC 12. */
struct DotTile {
  int32_t pixels;
  int32_t channels;
  int32_t unroll;
};

/* kPacksPixels: four pixels make a tile, packed (packed_products.h); kDotTile is of those pixels that are left then.
 * kDepthwiseTile: of a depthwise convolution, neighbouring channels whose sums stay in registers over all taps.
 * kBlockChannels: channels are computed in blocks, whose terms (12 bytes each) and sums stand on the stack; at
 * least both tiles' channels, and no part of how much scratch an operator asks for. */

#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)
constexpr bool kHasLongMultiply = false; /* 32 x 32 bits give 32 */
constexpr bool kHasDivide = false;
constexpr DotTile kDotTile = {1, 3, 1}; /* eight registers and no offset loads of signed bytes: 4.3; packed: 2.6 */
constexpr bool kPacksPixels = true;
constexpr int32_t kDepthwiseTile = 4;
constexpr int32_t kBlockChannels = 16;
#elif defined(__arm__)
constexpr bool kHasLongMultiply = true;
constexpr bool kHasDivide = true;
constexpr bool kPacksPixels = false;
constexpr DotTile kDotTile = {2, 3, 1}; /* multiply and add in one: 2.5 */
constexpr int32_t kDepthwiseTile = 4;
constexpr int32_t kBlockChannels = 12;
#elif defined(__riscv)
constexpr bool kHasLongMultiply = true;
constexpr bool kHasDivide = true;
constexpr bool kPacksPixels = false;
constexpr DotTile kDotTile = {2, 4, 8}; /* no indexed loads; multiply and add in two: 2.9 */
constexpr int32_t kDepthwiseTile = 8;
constexpr int32_t kBlockChannels = 24;
#else
constexpr bool kHasLongMultiply = true;
constexpr bool kHasDivide = false; /* products are faster */
constexpr bool kPacksPixels = false;
constexpr DotTile kDotTile = {1, 1, 1}; /* a plain sum, which compilers make vectors of */
constexpr int32_t kDepthwiseTile = 4;
constexpr int32_t kBlockChannels = 12;
#endif

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_CORE_H_
