#include "tests/mcu_runtime/loading.h"

#include <gtest/gtest.h>

namespace mote::test {

Result Load(const std::vector<uint8_t>& file) {
  mote_memory memory = {};
  mote_fault fault = {};
  const mote_status sized = mote_model_memory(mote_all_operators, file.data(), file.size(), &memory, &fault);
  Arena arena(1 << 16);
  mote_model model;
  const mote_status status =
      mote_model_load(&model, mote_all_operators, file.data(), file.size(), arena.data(), 1 << 16);
  EXPECT_EQ(status, sized) << "load and mote_model_memory give different errors";
  EXPECT_EQ(model.fault.op, fault.op);
  EXPECT_EQ(model.fault.code, fault.code);
  EXPECT_EQ(model.fault.tensor, fault.tensor);
  if (status != MOTE_OK) {
    EXPECT_EQ(mote_model_invoke(&model), MOTE_ERROR_NOT_LOADED);
  }
  return {status, model.fault.op, model.fault.tensor};
}

}  // namespace mote::test
