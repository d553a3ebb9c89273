/* The inner loop of CONV_2D where a core has eight registers and multiplies 32 bits into 32: two sums by one product.
 *
 * A word holds the codes a and b of two pixels as -(65536 a + b). Times a weight it is both products; words of products
 * are added up in T, and what their upper halves hold in A:
 *   sum of w a = -A     sum of w b = 65536 A - T     modulo 2^32
 * A product of a negated code lies in [-2^14, 2^14 - 128], and two of them added in [-2^15, 2^15 - 256]: two words may
 * be added before their upper half, floor((word + 2^15) / 2^16), is taken.
 */
#ifndef MOTE_MCU_RUNTIME_KERNELS_PACKED_PRODUCTS_H_
#define MOTE_MCU_RUNTIME_KERNELS_PACKED_PRODUCTS_H_

#include <stdint.h>

namespace mote::device {

/* Taps [first, first + n) of four pixels: two words a tap, of pixels 0 and 1, and of 2 and 3. */
inline void PackPixels(const int8_t* const* x, int32_t first, int32_t n, uint32_t* packed) {
  const int8_t* const x0 = x[0];
  const int8_t* const x1 = x[1];
  const int8_t* const x2 = x[2];
  const int8_t* const x3 = x[3];
  for (int32_t k = first; k < first + n; ++k) {
    *packed++ = 0u - ((static_cast<uint32_t>(x0[k]) << 16) + static_cast<uint32_t>(x1[k]));
    *packed++ = 0u - ((static_cast<uint32_t>(x2[k]) << 16) + static_cast<uint32_t>(x3[k]));
  }
}

/* Sums of the products of n weights with four pixels, to sums[0], sums[step], sums[2 * step] and sums[3 * step].
 * `packed`: two words a tap, of pixels 0 and 1, and of 2 and 3. */
inline void SumPackedProducts(const uint32_t* packed, const int8_t* w, int32_t n, int32_t* sums, int32_t step) {
  uint32_t products[2] = {};
  uint32_t upper[2] = {};
  for (int32_t k = 0; k < n; k += 2) {
    for (int32_t pair = 0; pair < 2; ++pair) {
      uint32_t word = packed[2 * k + pair] * static_cast<uint32_t>(w[k]);
      if (k + 1 < n) word += packed[2 * k + 2 + pair] * static_cast<uint32_t>(w[k + 1]);
      products[pair] += word;
      upper[pair] += static_cast<uint32_t>(static_cast<int32_t>(word + 0x8000u) >> 16);
    }
  }
  for (int32_t pair = 0; pair < 2; ++pair, sums += 2 * step) {
    sums[0] = static_cast<int32_t>(0 - upper[pair]);
    sums[step] = static_cast<int32_t>((upper[pair] << 16) - products[pair]);
  }
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_PACKED_PRODUCTS_H_
