#include "mcu_runtime/device/counter.h"

namespace mote::device {
namespace {

uint64_t start_ticks = 0;

uint64_t Now() {
  uint32_t high, low, again;
  do {
    asm volatile("csrr %0, minstreth\n csrr %1, minstret\n csrr %2, minstreth" : "=r"(high), "=r"(low), "=r"(again));
  } while (high != again);
  return static_cast<uint64_t>(high) << 32 | low;
}

}  // namespace

void CounterSetUp() {}

void CounterStart() { start_ticks = Now(); }

void CounterStop(mote_count* sum) {
  sum->ticks += Now() - start_ticks;
  sum->regions += 1;
}

__attribute__((noinline)) void CounterLoop(uint32_t instructions) {
  uint32_t rounds = instructions / 2;
  asm volatile(
      "1: addi %0, %0, -1\n"
      "   bnez %0, 1b\n"
      : "+r"(rounds));
}

}  // namespace mote::device
