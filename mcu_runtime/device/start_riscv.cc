// Entry and trap handler of a RISC-V hart in machine mode.
#include "mcu_runtime/device/start.h"

extern "C" {

__attribute__((naked, section(".vectors"), used)) void mote_entry() {
  asm volatile(
      "la t0, mote_trap\n"
      "csrw mtvec, t0\n"
      "la sp, mote_stack_end\n"
      "j mote_start\n");
}

[[noreturn]] __attribute__((used)) void mote_start() { mote::device::Start(); }

[[noreturn]] __attribute__((used)) void mote_report_trap(uint32_t cause, uint32_t pc, uint32_t lr, uint32_t value) {
  mote::device::ReportFault(cause, pc, lr, 0, value);
}

// Starts over on an empty stack: the fault may have come from the stack's end.
__attribute__((naked, used, aligned(4))) void mote_trap() {
  asm volatile(
      "mv a2, ra\n"
      "csrr a0, mcause\n"
      "csrr a1, mepc\n"
      "csrr a3, mtval\n"
      "la sp, mote_stack_end\n"
      "j mote_report_trap\n");
}
}
