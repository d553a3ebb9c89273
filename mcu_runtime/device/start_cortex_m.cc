// Vector table, reset and fault handlers of every Cortex-M.
#include "mcu_runtime/device/start.h"

extern "C" {
extern uint32_t mote_stack_end[];
void SysTick_Handler();

[[noreturn]] void Reset_Handler() {
#if defined(__ARM_FEATURE_MVE) || defined(__ARM_FP)
  // The vector and floating point unit is off after reset.
  volatile uint32_t* const coprocessor_access = reinterpret_cast<volatile uint32_t*>(0xe000ed88);
  *coprocessor_access = *coprocessor_access | 0xfU << 20;
  asm volatile("dsb\n isb" ::: "memory");
#endif
  mote::device::Start();
}

// `frame`: r0-r3, r12, lr, pc, xpsr, as the core left them.
[[noreturn]] void mote_fault(const uint32_t* frame, uint32_t exception) {
  uint32_t status = 0, address = 0;
#if __ARM_ARCH >= 7
  status = *reinterpret_cast<volatile uint32_t*>(0xe000ed28);   // configurable fault status
  address = *reinterpret_cast<volatile uint32_t*>(0xe000ed38);  // bus fault address
#endif
  mote::device::ReportFault(exception, frame[6], frame[5], status, address);
}

// Keeps the frame's address and starts over on an empty stack: the fault may have come from the stack's end.
__attribute__((naked)) void Fault_Handler() {
  asm volatile(
      "mov r0, sp\n"
      "mrs r1, ipsr\n"
      "ldr r2, =mote_stack_end\n"
      "subs r2, #128\n"
      "cmp r0, r2\n"  // unless that would overwrite the frame
      "bhs 1f\n"
      "mov sp, r2\n"
      "1: ldr r2, =mote_fault\n"
      "bx r2\n"
      ".ltorg\n");
}

using Handler = void (*)();
struct VectorTable {
  uint32_t* stack;
  Handler reset;
  Handler faults[13];  // NMI, hard fault and the others up to PendSV: none of them is used
  Handler systick;
};
extern const VectorTable mote_vectors;
__attribute__((section(".vectors"), used)) const VectorTable mote_vectors = {
    mote_stack_end,
    Reset_Handler,
    {Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler,
     Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler},
    SysTick_Handler};
}
