#include "datasets/nearest.h"

#include <algorithm>
#include <limits>

namespace mote {

size_t EditDistance(std::string_view a, std::string_view b) {
  // Three rows of the table of distances between prefixes: two back, one back, current.
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string Nearest(std::string_view name, const std::vector<std::string>& names) {
  std::string nearest;
  size_t best = std::numeric_limits<size_t>::max();
  for (const std::string& candidate : names) {
    if (size_t distance = EditDistance(name, candidate); distance < best) best = distance, nearest = candidate;
  }
  return nearest;
}

}  // namespace mote
