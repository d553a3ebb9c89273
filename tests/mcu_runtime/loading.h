// Loads a file by both doors, mote_model_memory and mote_model_load, which must say the same.
#ifndef MOTE_TESTS_MCU_RUNTIME_LOADING_H_
#define MOTE_TESTS_MCU_RUNTIME_LOADING_H_

#include <cstdint>
#include <vector>

#include "mcu_runtime/mote_runtime.h"

namespace mote::test {

struct Result {
  mote_status status;
  int32_t op;
  int32_t tensor;
};

class Arena {
 public:
  explicit Arena(size_t bytes) : memory_(bytes / 16 + 1) {}
  uint8_t* data() { return reinterpret_cast<uint8_t*>(memory_.data()); }

 private:
  struct alignas(16) Line {
    uint8_t bytes[16];
  };
  std::vector<Line> memory_;
};

Result Load(const std::vector<uint8_t>& file);

}  // namespace mote::test

#endif  // MOTE_TESTS_MCU_RUNTIME_LOADING_H_
