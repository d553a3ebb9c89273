/* Places memory blocks with known lifetimes so that the arena is small ("dynamic storage allocation"; NP-hard).
 *
 * First fit of the blocks from the largest to the smallest; where that does not reach the lower bound (the largest sum
 * of blocks alive at once), a bounded search over orders: the block that stands at the peak is moved to an earlier
 * place, again and again, beginning anew from the best order now and then. Any optimal placement is the first fit of
 * some order (by offset); the tests hold the search to it for graphs of few blocks, and for the models that we know.
 * The result is a function of the blocks alone.
 */
#ifndef MOTE_MCU_RUNTIME_PLANNER_H_
#define MOTE_MCU_RUNTIME_PLANNER_H_

#include <stdint.h>

namespace mote::device {

/* Every tensor begins at a multiple of this, from the arena's begin. */
constexpr uint32_t kTensorAlignment = 4;

struct Block {
  uint32_t bytes;          /* a multiple of kTensorAlignment; 0: not there */
  uint32_t offset;         /* the result */
  uint16_t first : 15;     /* alive at the times first..last, both included */
  uint16_t is_scratch : 1; /* the loader's */
  uint16_t last;
  /* The planner's own, independent of the block they stand in: */
  uint16_t order;
  uint16_t best_order;
};

/* The largest sum of bytes alive at one time. No placement needs less. */
uint32_t ArenaLowerBound(const Block* blocks, uint32_t count);

/* Sets every block's offset; gives the bytes needed, or UINT32_MAX where they exceed 2^31. At most 65535 blocks. */
uint32_t PlanArena(Block* blocks, uint32_t count);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_PLANNER_H_
