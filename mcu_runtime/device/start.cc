#include "mcu_runtime/device/start.h"

#include "mcu_runtime/device/semihosting.h"

extern "C" {
// From the linker script.
extern uint32_t mote_data_start[], mote_data_end[], mote_data_load[];
extern uint32_t mote_bss_start[], mote_bss_end[];
extern uint32_t mote_stack_start[], mote_stack_end[];
}

namespace mote::device {
namespace {

constexpr uint32_t kPaint = 0xa5a5a5a5;

char* AppendText(char* out, const char* text) {
  while (*text != 0) *out++ = *text++;
  return out;
}

char* AppendHex(char* out, uint32_t value) {
  for (int shift = 28; shift >= 0; shift -= 4) *out++ = "0123456789abcdef"[value >> shift & 15];
  return out;
}

}  // namespace

void Start() {
  // Volatile, lest the compiler makes calls of these loops; the stack is painted up to just below this frame.
  const auto* frame = static_cast<uint32_t*>(__builtin_frame_address(0)) - 32;
  for (volatile uint32_t* p = mote_stack_start; p < frame; ++p) *p = kPaint;
  const uint32_t* load = mote_data_load;
  for (volatile uint32_t* p = mote_data_start; p < mote_data_end; ++p) *p = *load++;
  for (volatile uint32_t* p = mote_bss_start; p < mote_bss_end; ++p) *p = 0;
  Main();
}

__attribute__((noinline)) const uint32_t* StackPointer() {
  // A function without a frame: its stack pointer is its caller's.
  const uint32_t* pointer;
#if defined(__riscv)
  asm volatile("mv %0, sp" : "=r"(pointer));
#else
  asm volatile("mov %0, sp" : "=r"(pointer));
#endif
  return pointer;
}

__attribute__((noinline)) void PaintStack() {
  const uint32_t* own = StackPointer();
  for (volatile uint32_t* p = mote_stack_start; p < own; ++p) *p = kPaint;
}

uint32_t PaintedStackBytes(const uint32_t* top) {
  const volatile uint32_t* p = mote_stack_start;
  while (p < top && *p == kPaint) ++p;
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(top) - reinterpret_cast<uintptr_t>(p));
}

uint32_t StackCapacity() {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(mote_stack_end) -
                               reinterpret_cast<uintptr_t>(mote_stack_start));
}

uint32_t StackBytes() {
  const volatile uint32_t* p = mote_stack_start;
  while (p < mote_stack_end && *p == kPaint) ++p;
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(mote_stack_end) - reinterpret_cast<uintptr_t>(p));
}

void ReportFault(uint32_t cause, uint32_t pc, uint32_t lr, uint32_t status, uint32_t address) {
  static char line[128];
  char* out = AppendText(line, "mote: fault 0x");
  out = AppendHex(out, cause);
  out = AppendText(out, ": pc 0x");
  out = AppendHex(out, pc);
  out = AppendText(out, ", lr 0x");
  out = AppendHex(out, lr);
  out = AppendText(out, ", status 0x");
  out = AppendHex(out, status);
  out = AppendText(out, ", address 0x");
  out = AppendHex(out, address);
  out = AppendText(out, "\n");
  *out = 0;
  PrintLine(line);
  Exit(kFaultExit);
}

}  // namespace mote::device
