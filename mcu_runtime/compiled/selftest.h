/* What a compiled model's self-test is made of: checksums of the rows that layers write, and the bytes of drawn inputs.
 *
 * A layer's checksum is 32-bit FNV-1a (mote_checksum, mcu_runtime/mote_runtime.h) over its outputs in the file's order
 * of elements, whatever the order in memory. Rows come in order, each as soon as it is there, so that rings of rows are
 * covered too. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_SELFTEST_H_
#define MOTE_MCU_RUNTIME_COMPILED_SELFTEST_H_

#include <stdint.h>

namespace mote::compiled {

constexpr uint32_t kChecksumSeed = 0x811c9dc5u;

inline uint32_t SumByte(uint32_t sum, uint8_t byte) { return (sum ^ byte) * 0x01000193u; }

inline uint32_t SumBytes(uint32_t sum, const uint8_t* data, int32_t bytes) {
  for (const uint8_t* end = data + bytes; data != end; ++data) sum = SumByte(sum, *data);
  return sum;
}

/* Where a row's codes lie, in bytes from its beginning; of elements of 16 bits the lower half is the code. */
struct SummedRow {
  int32_t width, channels;
  int32_t first, pixel, channel; /* the first code; from a pixel to the next; from a channel to the next */
};

inline uint32_t SumRow(uint32_t sum, const uint8_t* row, const SummedRow& places) {
  row += places.first;
  for (int32_t x = 0; x < places.width; ++x) {
    for (int32_t c = 0; c < places.channels; ++c) sum = SumByte(sum, row[x * places.pixel + c * places.channel]);
  }
  return sum;
}

/* Takes into a layer's checksum what its step `y` has written. */
using SumFunction = void (*)(uint8_t* arena, int32_t y, uint32_t* sum);

/* xorshift32 (13, 17, 5): a byte is the state's highest after a step. */
inline void DrawBytes(uint32_t* state, void* to, int32_t bytes) {
  uint8_t* byte = static_cast<uint8_t*>(to);
  for (const uint8_t* end = byte + bytes; byte != end; ++byte) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    *byte = static_cast<uint8_t>(*state >> 24);
  }
}

/* The number of the first layer whose checksum is not the golden one, counted from 1; 0 where all are equal. */
inline int FirstDifference(const uint32_t* sums, const uint32_t* golden, int32_t layers) {
  for (int32_t i = 0; i < layers; ++i) {
    if (sums[i] != golden[i]) return static_cast<int>(i + 1);
  }
  return 0;
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_SELFTEST_H_
