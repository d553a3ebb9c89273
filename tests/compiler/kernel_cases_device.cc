#include "tests/compiler/kernel_cases_device.h"

#include "mcu_runtime/device/counter.h"
#include "mcu_runtime/device/semihosting.h"
#include "mcu_runtime/device/start.h"

namespace mote::device {
namespace {

constexpr int32_t kOutputBytes = 1 << 20;
constexpr int32_t kScratchBytes = 1 << 16;
constexpr uint8_t kUntouched = 0x55;
uint8_t* const kOutput = reinterpret_cast<uint8_t*>(0x21000000);
uint8_t* const kScratch = kOutput + kOutputBytes;

char* AppendText(char* out, const char* text) {
  while (*text != 0) *out++ = *text++;
  return out;
}

char* AppendNumber(char* out, uint32_t number) {
  char digits[10];
  int32_t count = 0;
  do digits[count++] = static_cast<char>('0' + number % 10);
  while ((number /= 10) != 0);
  while (count > 0) *out++ = digits[--count];
  return out;
}

uint32_t Instructions(const mote_count& count, uint32_t tick) {
  return static_cast<uint32_t>(count.ticks) * tick - 4 * count.polls;
}

// Instructions a tick: from a loop of known length.
uint32_t TickInstructions() {
  constexpr uint32_t kLoop = 2000000;
  mote_count count = {};
  CounterStart();
  CounterLoop(kLoop);
  CounterStop(&count);
  return (kLoop + 4 * count.polls + static_cast<uint32_t>(count.ticks) / 2) / static_cast<uint32_t>(count.ticks);
}

int32_t FirstDifference(const kernel_cases::Case& test) {
  for (int32_t i = 0; i < test.output_bytes; ++i) {
    if (kOutput[i] != test.expected[i]) return i;
  }
  for (int32_t i = test.output_bytes; i < test.output_bytes + 64; ++i) {
    if (kOutput[i] != kUntouched) return i;
  }
  return -1;
}

bool Run(const kernel_cases::Case& test, uint32_t tick, uint32_t empty) {
  for (int32_t i = 0; i < test.output_bytes + 64; ++i) kOutput[i] = kUntouched;
  mote_count count = {};
  CounterStart();
  test.run(kOutput, kScratch);
  CounterStop(&count);
  const uint32_t instructions = Instructions(count, tick) - empty;
  const int32_t difference = FirstDifference(test);
  char line[200];
  char* out = AppendText(line, difference < 0 ? "equal " : "DIFFERENT ");
  out = AppendText(out, test.name);
  out = AppendText(out, " instructions ");
  out = AppendNumber(out, instructions);
  out = AppendText(out, " macs ");
  out = AppendNumber(out, static_cast<uint32_t>(test.macs));
  if (difference >= 0) {
    out = AppendText(out, " first at ");
    out = AppendNumber(out, static_cast<uint32_t>(difference));
    out = AppendText(out, " is ");
    out = AppendNumber(out, kOutput[difference]);
    out = AppendText(out, " expected ");
    out = AppendNumber(out, test.expected[difference]);
  }
  out = AppendText(out, "\n");
  *out = 0;
  PrintLine(line);
  return difference < 0;
}

}  // namespace

void Main() {
  CounterSetUp();
  const uint32_t tick = TickInstructions();
  mote_count empty = {};
  CounterStart();
  CounterStop(&empty);
  bool equal = true;
  for (int32_t i = 0; i < kernel_cases::kCaseCount; ++i) {
    equal = Run(kernel_cases::kCases[i], tick, Instructions(empty, tick)) && equal;
  }
  PrintLine(equal ? "all equal\n" : "some differ\n");
  Exit(equal ? 0 : 1);
}

}  // namespace mote::device
