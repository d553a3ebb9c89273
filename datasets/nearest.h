// The nearest of some names: what "did you mean" needs.
#ifndef MOTE_DATASETS_NEAREST_H_
#define MOTE_DATASETS_NEAREST_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mote {

// Insertions, deletions, substitutions and swaps of neighbours that lead from `a` to `b` (optimal string alignment).
size_t EditDistance(std::string_view a, std::string_view b);

// The one of `names` with the least distance to `name`, the first of equals; "" where there are none.
std::string Nearest(std::string_view name, const std::vector<std::string>& names);

}  // namespace mote

#endif  // MOTE_DATASETS_NEAREST_H_
