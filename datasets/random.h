// A random permutation that is the same on every machine and with every standard library.
#ifndef MOTE_DATASETS_RANDOM_H_
#define MOTE_DATASETS_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace mote {

// splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014; constants as in
// Vigna's public-domain splitmix64.c).
class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  // Uniform in 0..n-1, n > 0: outputs below 2^64 mod n are rejected, so that no remainder is favoured.
  uint64_t Below(uint64_t n) {
    const uint64_t rejected = (0 - n) % n;
    uint64_t x = Next();
    while (x < rejected) x = Next();
    return x % n;
  }

 private:
  uint64_t state_;
};

// Fisher-Yates, in place.
template <typename T>
void Shuffle(std::vector<T>& values, SplitMix64& random) {
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.Below(i)]);
}

}  // namespace mote

#endif  // MOTE_DATASETS_RANDOM_H_
