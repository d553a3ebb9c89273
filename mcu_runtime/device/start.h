// Start-up: from the reset to Main() with .data copied, .bss cleared and the stack painted; and what a fault says.
#ifndef MOTE_DEVICE_START_H_
#define MOTE_DEVICE_START_H_

#include <stdint.h>

namespace mote::device {

[[noreturn]] void Main();

// Copies .data, clears .bss, paints the stack below the caller's frame, and goes to Main().
[[noreturn]] void Start();

uint32_t StackBytes();  // the deepest use so far
uint32_t StackCapacity();

// How deep one call goes: its caller's stack pointer, the stack below painted, and after the call how much of that was
// written.
const uint32_t* StackPointer();
void PaintStack();
uint32_t PaintedStackBytes(const uint32_t* top);

// One line, "mote: fault <cause>: pc 0x.., lr 0x.., status 0x.., address 0x..", and exit code kFaultExit.
[[noreturn]] void ReportFault(uint32_t cause, uint32_t pc, uint32_t lr, uint32_t status, uint32_t address);
constexpr uint32_t kFaultExit = 86;

}  // namespace mote::device

#endif  // MOTE_DEVICE_START_H_
