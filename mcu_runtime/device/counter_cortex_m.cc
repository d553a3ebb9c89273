#include "mcu_runtime/device/counter.h"

namespace mote::device {
namespace {

volatile uint32_t* const kSysTickControl = reinterpret_cast<volatile uint32_t*>(0xe000e010);
volatile uint32_t* const kSysTickReload = reinterpret_cast<volatile uint32_t*>(0xe000e014);
volatile uint32_t* const kSysTickValue = reinterpret_cast<volatile uint32_t*>(0xe000e018);
volatile uint32_t* const kInterruptControl = reinterpret_cast<volatile uint32_t*>(0xe000ed04);
constexpr uint32_t kSysTickPending = 1U << 26;
constexpr uint32_t kEnableInterruptProcessorClock = 7;
constexpr uint32_t kPeriod = 1U << 24;

volatile uint32_t wraps = 0;
uint64_t start_ticks = 0;

// `value`: what SysTick reads, or read a moment ago.
uint64_t Ticks(uint32_t value, uint32_t at_wraps) {
  return static_cast<uint64_t>(at_wraps) * kPeriod + (kPeriod - 1 - value);
}

uint64_t Now() {
  for (;;) {
    const uint32_t before = wraps;
    const uint32_t value = *kSysTickValue;
    if ((*kInterruptControl & kSysTickPending) == 0 && wraps == before) return Ticks(value, before);
  }
}

// Polls until the value changes, from the first read on. Four instructions a poll. Returns their number.
uint32_t PollToEdge() {
  uint32_t polls = 0;
  uint32_t first, read;
  asm volatile(
      "   ldr %1, [%3]\n"
      "1: adds %0, #1\n"
      "   ldr %2, [%3]\n"
      "   cmp %2, %1\n"
      "   beq 1b\n"
      : "+l"(polls), "=&l"(first), "=&l"(read)
      : "l"(kSysTickValue)
      : "cc", "memory");
  return polls;
}

}  // namespace

extern "C" void SysTick_Handler() { wraps = wraps + 1; }

void CounterSetUp() {
  *kSysTickReload = kPeriod - 1;
  *kSysTickValue = 0;
  *kSysTickControl = kEnableInterruptProcessorClock;
  while (*kSysTickValue == 0) {
  }
}

// Now is behind the edge and well before the next one.
void CounterStart() {
  PollToEdge();
  start_ticks = Now();
}

void CounterStop(mote_count* sum) {
  sum->polls += PollToEdge();
  sum->ticks += Now() - start_ticks;
  sum->regions += 1;
}

__attribute__((noinline)) void CounterLoop(uint32_t instructions) {
  uint32_t rounds = instructions / 2;
  asm volatile(
      ".balign 4\n"
      "1: subs %0, #1\n"
      "   bne 1b\n"
      : "+l"(rounds)
      :
      : "cc");
}

}  // namespace mote::device
