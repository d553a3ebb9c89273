// libFuzzer's target for files: load, and run. The inference's inputs are the file's last bytes.
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "tests/fuzz/load_and_run.h"
#include "tests/fuzz/places.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size) __attribute__((weak));

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mote::test::LoadAndRun(data, size);
  return 0;
}

// Mostly numbers that the format gives a meaning; else what libFuzzer itself does to bytes.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  std::minstd_rand random(seed);
  if (random() % 8 != 0) {
    const std::vector<mote::test::Place> places = mote::test::FindPlaces(data, size);
    if (!places.empty()) {
      for (uint32_t n = 1 + random() % 4; n != 0; --n) mote::test::MutatePlace(places, data, size, random);
      return size;
    }
  }
  return LLVMFuzzerMutate(data, size, max_size);
}
