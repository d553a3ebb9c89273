/* AVERAGE_POOL_2D and MAX_POOL_2D of int8 on Helium. Rows are [x][channel]; a window is given by its rows, so that what
 * of it lies outside of the image is left out by whoever calls.
 *
 * Instructions for a window of n elements: maximum 16 channels 3 n + 10, average 8 channels 3 n + 35 (n up to 255).
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_POOL_2D_MVE_H_
#define MOTE_MCU_RUNTIME_COMPILED_POOL_2D_MVE_H_

#include <arm_mve.h>
#include <stdint.h>

#include "mcu_runtime/kernels/window.h"

namespace mote::compiled {

struct PoolMveParams {
  int32_t channels;
  int32_t height; /* of the window, at least 1 */
  int32_t width;
  int32_t row_step; /* bytes from a row of the input to the next one */
  int32_t min;
  int32_t max;
};

/* The contract rounds half away from zero: of n elements that sum to s, floor((2 |s| + n) / (2 n)) with the sign of s.
 * The quotient is a product with a reciprocal of 2 n that is at most 1 too small, corrected by what is left. */
inline int32x4_t AverageOf(int32x4_t sums, int32_t n) {
  const int32x4_t numerators = vaddq_n_s32(vshlq_n_s32(vabsq_s32(sums), 1), n);
  const int32x4_t quotients = vqdmulhq_n_s32(numerators, INT32_MAX / (2 * n));
  const int32x4_t left = vmlaq_n_s32(numerators, quotients, -2 * n);
  const int32x4_t corrected = vaddq_m_n_s32(quotients, quotients, 1, vcmpgeq_n_s32(left, 2 * n));
  return vnegq_m_s32(corrected, corrected, vcmpltq_n_s32(sums, 0));
}

/* One output pixel of up to 255 elements a window: sums of 16 bits. */
inline void AveragePoolMve(const PoolMveParams& p, const int8_t* window, int8_t* output) {
  const int32_t n = p.height * p.width;
  /* Rows that follow each other are one. */
  const bool is_one_row = p.row_step == p.width * p.channels;
  const int32_t height = is_one_row ? 1 : p.height;
  const int32_t width = is_one_row ? n : p.width;
  for (int32_t first = 0; first < p.channels; first += 8) {
    const mve_pred16_t lanes = vctp16q(static_cast<uint32_t>(p.channels - first));
    int16x8_t sums = vdupq_n_s16(0);
    for (int32_t y = 0; y < height; ++y) {
      const int8_t* at = window + y * p.row_step + first;
      if (p.channels - first < 8) {
        for (int32_t x = width; x > 0; --x, at += p.channels) sums = vaddq_s16(sums, vldrbq_z_s16(at, lanes));
      } else {
        asm volatile(
            "dls lr, %[width]\n"
            "1: vldrb.s16 q0, [%[at]]\n"
            "add %[at], %[channels]\n"
            "vadd.i16 %q[sums], %q[sums], q0\n"
            "le lr, 1b\n"
            : [at] "+l"(at), [sums] "+w"(sums)
            : [width] "r"(width), [channels] "r"(p.channels)
            : "lr", "q0", "memory");
      }
    }
    int16x8_t codes = vmovnbq_s32(sums, AverageOf(vmovlbq_s16(sums), n));
    codes = vmovntq_s32(codes, AverageOf(vmovltq_s16(sums), n));
    codes = vmaxq_s16(codes, vdupq_n_s16(static_cast<int16_t>(p.min)));
    codes = vminq_s16(codes, vdupq_n_s16(static_cast<int16_t>(p.max)));
    vstrbq_p_s16(output + first, codes, lanes);
  }
}

/* The same for windows of any size up to 2^16. */
inline void AveragePoolLargeMve(const PoolMveParams& p, const int8_t* window, int8_t* output) {
  const int32_t n = p.height * p.width;
  for (int32_t first = 0; first < p.channels; first += 4) {
    const mve_pred16_t lanes = vctp32q(static_cast<uint32_t>(p.channels - first));
    int32x4_t sums = vdupq_n_s32(0);
    for (int32_t y = 0; y < p.height; ++y) {
      const int8_t* at = window + y * p.row_step + first;
      for (int32_t x = p.width; x > 0; --x, at += p.channels) sums = vaddq_s32(sums, vldrbq_z_s32(at, lanes));
    }
    int32x4_t codes = AverageOf(sums, n);
    codes = vmaxq_s32(codes, vdupq_n_s32(p.min));
    codes = vminq_s32(codes, vdupq_n_s32(p.max));
    vstrbq_p_s32(output + first, codes, lanes);
  }
}

inline void MaxPoolMve(const PoolMveParams& p, const int8_t* window, int8_t* output) {
  for (int32_t first = 0; first < p.channels; first += 16) {
    const mve_pred16_t lanes = vctp8q(static_cast<uint32_t>(p.channels - first));
    int8x16_t codes = vdupq_n_s8(static_cast<int8_t>(p.min));
    for (int32_t y = 0; y < p.height; ++y) {
      const int8_t* at = window + y * p.row_step + first;
      for (int32_t x = p.width; x > 0; --x, at += p.channels) codes = vmaxq_s8(codes, vldrbq_z_s8(at, lanes));
    }
    codes = vminq_s8(codes, vdupq_n_s8(static_cast<int8_t>(p.max)));
    vstrbq_p_s8(output + first, codes, lanes);
  }
}

/* A whole image. */
struct PoolImageMveParams {
  int32_t channels;
  device::Window vertical;
  device::Window horizontal;
  int32_t min;
  int32_t max;
};

/* What of a window lies in the image; there is always something. */
struct SpanMve {
  int32_t begin;
  int32_t size;
};
inline SpanMve InsideMve(const device::Window& w, int32_t at) {
  const int32_t begin = at * w.stride - w.padding;
  const int32_t end = begin + w.filter;
  const int32_t first = begin < 0 ? 0 : begin;
  return {first, (end > w.input ? w.input : end) - first};
}

/* kPool: one of the three above. */
template <void (*kPool)(const PoolMveParams&, const int8_t*, int8_t*)>
void PoolImageMve(const PoolImageMveParams& p, const uint8_t* input, uint8_t* output) {
  const int32_t row_step = p.horizontal.input * p.channels;
  int8_t* out = reinterpret_cast<int8_t*>(output);
  for (int32_t y = 0; y < p.vertical.output; ++y) {
    const SpanMve rows = InsideMve(p.vertical, y);
    for (int32_t x = 0; x < p.horizontal.output; ++x, out += p.channels) {
      const SpanMve columns = InsideMve(p.horizontal, x);
      const PoolMveParams window = {p.channels, rows.size, columns.size, row_step, p.min, p.max};
      kPool(window, reinterpret_cast<const int8_t*>(input) + rows.begin * row_step + columns.begin * p.channels, out);
    }
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_POOL_2D_MVE_H_
