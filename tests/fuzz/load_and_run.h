// Loads a file that may be anything, and runs it if it loads: what the fuzzer, the replay of its corpus and the tests
// of damaged models do to a file. To be compiled with sanitizers; whatever is wrong ends the program.
#ifndef MOTE_TESTS_FUZZ_LOAD_AND_RUN_H_
#define MOTE_TESTS_FUZZ_LOAD_AND_RUN_H_

#include <cstddef>
#include <cstdint>

#include "mcu_runtime/mote_runtime.h"

namespace mote::test {

struct Limits {
  size_t arena_bytes = 1 << 20;  // a model that asks for more is not loaded
  uint64_t work = 1 << 22;       // one that would do more is not run: multiplications and moved elements, roughly
  bool run = true;
};

enum class Verdict { kRefused, kTooLarge, kTooSlow, kLoaded, kRan };

// Every load and run has the file and the arena in memory of exactly their size, whose neighbourhood the address
// sanitizer guards. Checked, beside what the sanitizers see:
//   - mote_model_memory and mote_model_load say the same of a file, and the file is not written to;
//   - the arena asked for is enough, and one byte less is refused;
//   - every tensor that is described lies in the arena or the file, and is whole when its operator is done;
//   - a self-test ends well, or says that there is none;
//   - two inferences give the same outputs whatever the arena held before, in one arena or in two, and again after a
//   reset:
//     nothing that was never written is ever read.
Verdict LoadAndRun(const uint8_t* file, size_t size, const Limits& limits = {});

}  // namespace mote::test

#endif  // MOTE_TESTS_FUZZ_LOAD_AND_RUN_H_
