// Runs the firmware and prints how deep its stack went: "load STATUS STACK" and "infer RESULT STACK".
#include "mcu_runtime/device/semihosting.h"
#include "mcu_runtime/device/start.h"
#include "tests/footprint/firmware.h"

extern "C" uint32_t mote_stack_start[];

namespace mote::device {
namespace {

constexpr uint32_t kPaint = 0xc3c3c3c3;

// The deepest use of the stack below the caller, in bytes.
__attribute__((noinline)) uint32_t Depth(int (*function)(), int* result) {
  auto* const frame = static_cast<uint32_t*>(__builtin_frame_address(0)) - 8;
  for (volatile uint32_t* p = mote_stack_start; p < frame; ++p) *p = kPaint;
  *result = function();
  const volatile uint32_t* p = mote_stack_start;
  while (p < frame && *p == kPaint) ++p;
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(frame) - reinterpret_cast<uintptr_t>(p));
}

char* Append(char* out, const char* text) {
  while (*text != 0) *out++ = *text++;
  return out;
}

char* Append(char* out, uint32_t number) {
  char digits[10];
  int n = 0;
  do {
    digits[n++] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  while (n != 0) *out++ = digits[--n];
  return out;
}

void Report(const char* name, int (*function)()) {
  static char line[64];
  int result = 0;
  const uint32_t depth = Depth(function, &result);
  char* out = Append(Append(line, name), " ");
  if (result < 0) {
    out = Append(out, "-");
    result = -result;
  }
  out = Append(Append(Append(Append(out, static_cast<uint32_t>(result)), " "), depth), "\n");
  *out = 0;
  PrintLine(line);
}

}  // namespace

void Main() {
  Report("load", Load);
  Report("infer", Infer);
  Exit(0);
}

}  // namespace mote::device
