// Places things whose bytes are in use at different times, so that the memory that holds them is small.
//
// An item is a set of rectangles: bytes begin ... end-1 from the item's base, in use at times first ... last. So a ring
// leaves its free slots to others, and a whole tensor that is written row by row grows at one end and shrinks at the
// other. For two items, the distances of their bases at which rectangles would collide are known beforehand; then items
// are placed one after the other, each as low as it goes, and a bounded search looks for the order in which the peak is
// least.
#ifndef MOTE_EXPORT_COMPILER_PLACEMENT_H_
#define MOTE_EXPORT_COMPILER_PLACEMENT_H_

#include <cstdint>
#include <vector>

namespace mote::compiler {

struct Rectangle {
  int first = 0, last = 0;     // times, both included
  int64_t begin = 0, end = 0;  // bytes
};

struct PlacementShape {
  int64_t bytes = 0;  // the end of its highest rectangle
  std::vector<Rectangle> rectangles;
};

struct PlacementItem {
  int group = -1;  // names it in Sharing
  int64_t alignment = 1;
  std::vector<PlacementShape> shapes;  // of which one is chosen: the first, unless another one fits lower
};

// Where the last time of a rectangle of `reader` is the first time of one of `writer`, they may collide at that time if
//   address of the reader's - address of the writer's >= lag.
// The addresses are those of the rectangles, or the items' bases.
struct Sharing {
  int reader = -1, writer = -1;  // groups
  int64_t lag = 0;
  bool of_bases = false;
};

struct Placement {
  std::vector<int64_t> offsets;  // by item
  std::vector<int> shapes;       // by item
  int64_t peak = 0;
  bool is_least = false;  // known to be: it is the bound, or all placements were searched (few items, one alignment)
};

// Searches until the peak is `bound` (no placement is better), `rounds` orders have been tried, or a fixed amount of
// work is done. The result is a function of the arguments alone.
Placement Place(const std::vector<PlacementItem>& items, const std::vector<Sharing>& sharings, int64_t bound,
                int rounds);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_PLACEMENT_H_
