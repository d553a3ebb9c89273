// Where in a .tflite file numbers stand that mean something: what a mutator changes that wants to come past the first
// checks. Written for files that are mostly sound; of others it gives what it can reach.
#ifndef MOTE_TESTS_FUZZ_PLACES_H_
#define MOTE_TESTS_FUZZ_PLACES_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace mote::test {

enum class PlaceKind : uint8_t {
  kNumber,    // an option, a code, a version, a type, a zero point
  kIndex,     // of a tensor, buffer or operator code
  kExtent,    // of a shape
  kScale,     // a float32
  kConstant,  // in a buffer of a few numbers, such as axes, paddings or shapes
  kField,     // an entry of a vtable: 0 takes the field away
  kOffset,    // of a table or vector
};

struct Place {
  uint32_t at;
  uint8_t width;  // bytes
  PlaceKind kind;
};

std::vector<Place> FindPlaces(const uint8_t* file, size_t size);

// Changes the number at one of the places, in one of the ways that find defects: edges, neighbours, small numbers, the
// value of another place of its kind.
void MutatePlace(const std::vector<Place>& places, uint8_t* file, size_t size, std::minstd_rand& random);

}  // namespace mote::test

#endif  // MOTE_TESTS_FUZZ_PLACES_H_
