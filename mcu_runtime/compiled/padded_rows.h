/* Rows of an image with its zero point at both ends, copied: for kernels that a copy costs little. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_PADDED_ROWS_H_
#define MOTE_MCU_RUNTIME_COMPILED_PADDED_ROWS_H_

#include <stdint.h>

namespace mote::compiled {

/* In bytes. Where `words`, input and left end are multiples of four bytes, and so are addresses. */
struct PaddedRow {
  int32_t left;
  int32_t input;
  int32_t bytes; /* of the whole copy: a multiple of four */
  uint32_t fill; /* four times the byte of the padding */
  bool words;
};

/* The row at `row`, or nothing but padding where there is none. `copy` is aligned to four bytes and is returned. */
inline const uint8_t* PadRow(const PaddedRow& p, const uint8_t* row, uint8_t* copy) {
  uint32_t* word = reinterpret_cast<uint32_t*>(copy);
  uint32_t* const end = reinterpret_cast<uint32_t*>(copy + p.bytes);
  if (row == nullptr || !p.words) {
    while (word != end) *word++ = p.fill;
    if (row != nullptr) {
      uint8_t* to = copy + p.left;
      for (const uint8_t* const row_end = row + p.input; row != row_end;) *to++ = *row++;
    }
    return copy;
  }
  uint32_t* const begin = reinterpret_cast<uint32_t*>(copy + p.left);
  while (word != begin) *word++ = p.fill;
  const uint32_t* from = reinterpret_cast<const uint32_t*>(row);
  const uint32_t* const from_end = reinterpret_cast<const uint32_t*>(row + p.input);
  for (; from_end - from >= 4; from += 4, word += 4) {
    const uint32_t a = from[0], b = from[1], c = from[2], d = from[3];
    word[0] = a;
    word[1] = b;
    word[2] = c;
    word[3] = d;
  }
  while (from != from_end) *word++ = *from++;
  while (word != end) *word++ = p.fill;
  return copy;
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_PADDED_ROWS_H_
