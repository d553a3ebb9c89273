// The device's side of the test of Helium kernels: runs a case, compares and counts. Built on the start-up, counter and
// semihosting of mcu_runtime/device.
#ifndef MOTE_TESTS_COMPILER_MVE_PROGRAM_H_
#define MOTE_TESTS_COMPILER_MVE_PROGRAM_H_

#include <stddef.h>
#include <stdint.h>

#include "mcu_runtime/compiled/add_mve.h"
#include "mcu_runtime/compiled/conv_2d_mve.h"
#include "mcu_runtime/compiled/depthwise_conv_2d_mve.h"
#include "mcu_runtime/compiled/fully_connected_mve.h"
#include "mcu_runtime/compiled/pool_2d_mve.h"
#include "mcu_runtime/device/counter.h"
#include "mcu_runtime/device/semihosting.h"
#include "mcu_runtime/device/start.h"

using namespace mote::compiled;

void Cases();

inline const int8_t* input_rows[256];
inline int8_t* output_rows[256];
alignas(16) inline int8_t output[65536];  // NOLINT
alignas(16) inline int8_t quads[16384];
inline uint32_t failures = 0;
inline uint32_t empty_instructions = 0;

inline void SetRows(const int8_t* input, int32_t rows, int32_t row_bytes, int32_t out_rows, int32_t out_row_bytes) {
  for (int32_t y = 0; y < rows; ++y) input_rows[y] = input + y * row_bytes;
  for (int32_t y = 0; y < out_rows; ++y) output_rows[y] = output + y * out_row_bytes;
}

inline char* AppendText(char* out, const char* text) {
  while (*text != 0) *out++ = *text++;
  return out;
}

inline char* AppendNumber(char* out, uint32_t value) {
  char digits[10];
  int count = 0;
  do {
    digits[count++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count > 0) *out++ = digits[--count];
  return out;
}

/* A tick of SysTick is 125 / 4 instructions on mps3-an547, a poll is four. */
inline uint32_t Count(void (*function)()) {
  mote_count count = {};
  mote::device::CounterStart();
  function();
  mote::device::CounterStop(&count);
  return static_cast<uint32_t>(count.ticks) * 125 / 4 - 4 * count.polls;
}

inline void Nothing() {}

inline void Report(const char* name, uint32_t instructions, uint32_t macs, uint32_t wrong, int32_t first) {
  char line[200];
  char* out = AppendText(line, wrong == 0 ? "ok " : "WRONG ");
  out = AppendText(out, name);
  out = AppendText(out, ": ");
  out = AppendNumber(out, instructions);
  out = AppendText(out, " instructions, ");
  out = AppendNumber(out, macs);
  out = AppendText(out, " macs, 0.");
  const uint32_t thousandths = static_cast<uint32_t>(static_cast<uint64_t>(instructions) * 1000 / macs);
  if (thousandths >= 1000) {
    out[-2] = static_cast<char>('0' + thousandths / 1000 % 10);
  }
  *out++ = static_cast<char>('0' + thousandths / 100 % 10);
  *out++ = static_cast<char>('0' + thousandths / 10 % 10);
  *out++ = static_cast<char>('0' + thousandths % 10);
  if (wrong != 0) {
    out = AppendText(out, " a mac; wrong: ");
    out = AppendNumber(out, wrong);
    out = AppendText(out, ", first at ");
    out = AppendNumber(out, static_cast<uint32_t>(first));
  }
  out = AppendText(out, "\n");
  *out = 0;
  mote::device::PrintLine(line);
}

/* The layer's output against what is expected, [y][x][channel]; the output's rows are of any layout, and what lies
 * between their elements must stay as it was. */
inline void Check(const char* name, void (*run)(), const int8_t* expected, int32_t height, int32_t width,
                  int32_t channels, int32_t pixel_step, int32_t channel_step, uint32_t macs) {
  constexpr int8_t kPaint = 0x55;
  for (int8_t& byte : output) byte = kPaint;
  const uint32_t instructions = Count(run) - empty_instructions;
  uint32_t wrong = 0;
  int32_t first = -1;
  int32_t at = 0;
  for (int32_t y = 0; y < height; ++y) {
    for (int32_t x = 0; x < width; ++x) {
      for (int32_t c = 0; c < channels; ++c, ++at) {
        int8_t& code = output_rows[y][x * pixel_step + c * channel_step];
        if (code != expected[at]) {
          ++wrong;
          if (first < 0) first = at;
        }
        code = kPaint;
      }
    }
  }
  for (const int8_t& byte : output) {
    if (byte != kPaint) {
      ++wrong;
      if (first < 0) first = static_cast<int32_t>(1000000 + (&byte - output));
    }
  }
  if (wrong != 0) ++failures;
  Report(name, instructions, macs, wrong, first);
}

namespace mote::device {
[[noreturn]] void Main() {
  CounterSetUp();
  empty_instructions = Count(Nothing);
  Cases();
  Exit(failures == 0 ? 0 : 1);
}
}  // namespace mote::device

#endif  // MOTE_TESTS_COMPILER_MVE_PROGRAM_H_
