/* Where the rows of a tensor lie in the arena of a compiled model, and which rows a window meets. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_ROWS_H_
#define MOTE_MCU_RUNTIME_COMPILED_ROWS_H_

#include <stdint.h>

namespace mote::compiled {

/* Row r of a tensor stands in slot (first + r) mod `slots`; where all rows are held, slots is their number. */
struct Rows {
  int32_t offset; /* of slot 0 in the arena */
  int32_t row_bytes;
  int32_t slots;
  int32_t first;

  uint8_t* At(uint8_t* arena, int32_t row) const {
    row += first;
    while (row >= slots) row -= slots;
    return arena + offset + row * row_bytes;
  }
};

/* Row r of a tensor stands at offsets[r] in the arena. */
template <typename Offset>
struct ScatteredRows {
  const Offset* offsets;

  uint8_t* At(uint8_t* arena, int32_t row) const { return arena + offsets[row]; }
};

/* The vertical axis of a window: output row y reads input rows y * stride - padding + tap * dilation. */
struct RowWindow {
  int32_t filter;
  int32_t stride;
  int32_t dilation;
  int32_t padding;
  int32_t height; /* of the input */
};

/* rows[tap] for all taps of output row y; above and below the image, `outside`. */
template <typename AnyRows>
inline void FindRows(const AnyRows& input, const RowWindow& window, uint8_t* arena, int32_t y, const uint8_t* outside,
                     const uint8_t** rows) {
  int32_t row = y * window.stride - window.padding;
  for (int32_t tap = 0; tap < window.filter; ++tap, row += window.dilation) {
    rows[tap] = row >= 0 && row < window.height ? input.At(arena, row) : outside;
  }
}

/* Rows of a tensor that is held whole, and what stands for those above and below the image. */
struct WholeRows {
  const uint8_t* first;
  int32_t row_bytes;
  int32_t height;
  const uint8_t* outside;
};

/* rows[tap] is row `row` + tap * `dilation`. */
inline void FindRows(const WholeRows& input, int32_t row, int32_t dilation, int32_t filter, const uint8_t** rows) {
  for (const uint8_t** const end = rows + filter; rows != end; ++rows, row += dilation) {
    const bool inside = static_cast<uint32_t>(row) < static_cast<uint32_t>(input.height);
    *rows = inside ? input.first + row * input.row_bytes : input.outside;
  }
}

/* A number that layers of one function differ in, held in a narrow type, where a parameter of another type is wanted:
 * it is within that type's range in all of them. */
template <typename Narrow>
class Number {
 public:
  explicit constexpr Number(Narrow value) : value_(value) {}

  template <typename Wanted>
  constexpr operator Wanted() const { /* NOLINT: so that it stands in an initializer as the number itself would */
    return static_cast<Wanted>(value_);
  }

 private:
  Narrow value_;
};

/* Fills the padding at both ends of a row: `left` and `right` bytes or halfwords of one value. */
template <typename T>
inline void FillEnds(T* row, int32_t left, int32_t middle, int32_t right, T value) {
  for (int32_t i = 0; i < left; ++i) row[i] = value;
  for (int32_t i = 0; i < right; ++i) row[left + middle + i] = value;
}

/* Fills a row of whole words, at a word. */
__attribute__((noinline)) inline void FillRow(uint8_t* row, int32_t bytes, uint32_t word) {
  uint32_t* out = reinterpret_cast<uint32_t*>(row);
  int32_t words = bytes >> 2;
#if defined(__thumb2__)
  for (; words >= 8; words -= 8) {
    register uint32_t a __asm__("r2") = word;
    register uint32_t b __asm__("r3") = word;
    __asm__("stmia %0!, {r2, r3}\n\tstmia %0!, {r2, r3}\n\tstmia %0!, {r2, r3}\n\tstmia %0!, {r2, r3}"
            : "+r"(out)
            : "r"(a), "r"(b)
            : "memory");
  }
#endif
  for (; words > 0; --words) *out++ = word;
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_ROWS_H_
