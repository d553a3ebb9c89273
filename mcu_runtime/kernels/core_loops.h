/* The inner loops that are in assembly for ARMv6-M, where GCC's code is far from what the registers allow, and in C++
 * for all else, this machine as another core included.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_CORE_LOOPS_H_
#define MOTE_MCU_RUNTIME_KERNELS_CORE_LOOPS_H_

#include "mcu_runtime/kernels/depthwise_tile.h"
#include "mcu_runtime/kernels/requantize.h"

#if defined(__thumb__) && !defined(__thumb2__)
#include "mcu_runtime/kernels/depthwise_tile_thumb1.h"
#include "mcu_runtime/kernels/packed_products_thumb1.h"
#include "mcu_runtime/kernels/store_codes_thumb1.h"
#else
#include "mcu_runtime/kernels/packed_products.h"
namespace mote::device {
/* How many codes of StoreCodes are stored ahead of its own loop. */
inline int32_t StoreUsualCodes(const int32_t*, const ChannelTerms*, int32_t, const OutputRange&, int8_t*) { return 0; }
}  // namespace mote::device
#endif

#endif  // MOTE_MCU_RUNTIME_KERNELS_CORE_LOOPS_H_
