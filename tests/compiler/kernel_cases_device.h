// The device's side of a test of kernels: runs a list of cases, each a kernel with its constants, input and expected
// output, and says for each whether every byte is right and how many instructions it took.
#ifndef MOTE_TESTS_COMPILER_KERNEL_CASES_DEVICE_H_
#define MOTE_TESTS_COMPILER_KERNEL_CASES_DEVICE_H_

#include <stdint.h>

namespace mote::kernel_cases {

struct Case {
  const char* name;
  void (*run)(uint8_t* output, uint8_t* scratch);
  const uint8_t* expected;
  int32_t output_bytes;
  int32_t macs;
};
extern const Case kCases[];
extern const int32_t kCaseCount;

}  // namespace mote::kernel_cases

#endif  // MOTE_TESTS_COMPILER_KERNEL_CASES_DEVICE_H_
