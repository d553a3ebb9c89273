// Counts the instructions that the emulated core executes. QEMU must run with `-icount shift=0`: one instruction is
// then one nanosecond of the machine's time, and the machine's timers count instructions. The counts are the same in
// every run.
//
// Cortex-M: SysTick, 24 bits wide, widened by an interrupt at each wrap. A tick is 15.6 to 50 instructions long, so
// both ends of a stretch are brought onto a tick's edge by polling; the polls at its end are counted, to be taken off.
// RISC-V: minstret, which is exact by itself.
#ifndef MOTE_DEVICE_COUNTER_H_
#define MOTE_DEVICE_COUNTER_H_

#include "mcu_runtime/device/job.h"

namespace mote::device {

void CounterSetUp();
void CounterStart();
void CounterStop(mote_count* sum);  // adds the stretch since CounterStart

// Executes `instructions` (even, at least 2) instructions, and a few to call and return.
void CounterLoop(uint32_t instructions);

}  // namespace mote::device

#endif  // MOTE_DEVICE_COUNTER_H_
