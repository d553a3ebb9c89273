// Bad models by name. Each is a sound model with one thing broken, so that what is refused is that thing: the sound one
// must load and run.
#ifndef MOTE_TESTS_MCU_RUNTIME_MALFORMED_H_
#define MOTE_TESTS_MCU_RUNTIME_MALFORMED_H_

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "mcu_runtime/mote_runtime.h"
#include "tests/mcu_runtime/model_builder.h"

namespace mote::test {

struct MalformedCase {
  const char* name;
  ModelSpec (*sound)();
  mote_status status;  // that the broken one is refused with, at `tensor` of operator `op`
  int32_t tensor;      // -1: none is named
  std::function<void(ModelSpec&)> break_it;
  int32_t op = 0;
};

class MalformedModelOf : public testing::TestWithParam<MalformedCase> {};

// Of each: all models that differ in one thing about one tensor, input, output or option are refused or run.
void VisitNeighboursOf(const std::vector<ModelSpec (*)()>& models);

inline std::string CaseName(const testing::TestParamInfo<MalformedCase>& info) { return info.param.name; }

}  // namespace mote::test

#endif  // MOTE_TESTS_MCU_RUNTIME_MALFORMED_H_
