/* Rows of images on Helium: filled, copied with padding around them, brought from one layout into another. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_ROWS_MVE_H_
#define MOTE_MCU_RUNTIME_COMPILED_ROWS_MVE_H_

#include <arm_mve.h>
#include <stdint.h>

namespace mote::compiled {

/* Three instructions for each 16 bytes. */
inline void FillMve(int8_t* to, int32_t bytes, int32_t value) {
  asm volatile(
      "vdup.8 q0, %[value]\n"
      "wlstp.8 lr, %[bytes], 2f\n"
      "1:\n"
      "vstrb.8 q0, [%[to]], #16\n"
      "letp lr, 1b\n"
      "2:\n"
      : [to] "+r"(to)
      : [bytes] "r"(bytes), [value] "r"(value)
      : "lr", "q0", "memory");
}

inline void CopyMve(const int8_t* from, int32_t bytes, int8_t* to) {
  asm volatile(
      "wlstp.8 lr, %[bytes], 2f\n"
      "1:\n"
      "vldrb.u8 q0, [%[from]], #16\n"
      "vstrb.8 q0, [%[to]], #16\n"
      "letp lr, 1b\n"
      "2:\n"
      : [from] "+r"(from), [to] "+r"(to)
      : [bytes] "r"(bytes)
      : "lr", "q0", "memory");
}

/* Where elements of an image lie: (y, x, c) at first + y * row + x * pixel + c * channel. Bytes. */
struct StridesMve {
  int32_t first;
  int32_t row;
  int32_t pixel;
  int32_t channel;
};

/* The output of a kernel that computes row by row; rows may be the image's columns, by the strides. */
struct OutputMve {
  StridesMve strides;
  int32_t height; /* rows */
  int32_t bytes;  /* of all that is filled with padding before; 0: elements lie side by side */
  int32_t padding;
};

inline void FillPaddingMve(const OutputMve& p, uint8_t* output) {
  if (p.bytes != 0) FillMve(reinterpret_cast<int8_t*>(output), p.bytes, p.padding);
}

/* Rows of an input, [x][channel], and the padding that windows see around the image. */
struct InputMve {
  int32_t height; /* of the image */
  int32_t row_bytes;
  int32_t top;        /* rows of padding above it */
  int32_t left;       /* bytes of padding in front of a row */
  int32_t seen_bytes; /* of a row with its padding: a multiple of 4 */
  int32_t zero_point; /* what padding is */
};

/* The row with its padding, or nothing but padding where there is no row. */
inline void PadRowMve(const InputMve& p, const uint8_t* row, int8_t* to) {
  FillMve(to, p.seen_bytes, p.zero_point);
  if (row != nullptr) CopyMve(reinterpret_cast<const int8_t*>(row), p.row_bytes, to + p.left);
}

/* kSeen rows of an image that are seen at once, from the top on. kCopies: they are copied to `scratch` (kSeen *
 * seen_bytes, aligned to 4), with padding around them; else there is no padding, and they are read where they are. */
template <int kSeen, bool kCopies>
class WindowMve {
 public:
  WindowMve(const InputMve& p, const uint8_t* image, int8_t* scratch) : p_(p), image_(image), next_(-p.top) {
    for (int i = 0; i < kSeen; ++i) {
      rows_[i] = scratch + i * p.seen_bytes;
      Fetch(i);
    }
  }

  void MoveDown(int32_t count) {
    for (; count > 0; --count) {
      int8_t* const free = rows_[0];
      for (int i = 1; i < kSeen; ++i) rows_[i - 1] = rows_[i];
      rows_[kSeen - 1] = free;
      Fetch(kSeen - 1);
    }
  }

  const int8_t* const* rows() const { return rows_; }

 private:
  void Fetch(int slot) {
    const uint8_t* const row = next_ >= 0 && next_ < p_.height ? image_ + next_ * p_.row_bytes : nullptr;
    ++next_;
    if constexpr (kCopies) {
      PadRowMve(p_, row, rows_[slot]);
    } else {
      rows_[slot] = const_cast<int8_t*>(reinterpret_cast<const int8_t*>(row));
    }
  }

  const InputMve& p_;
  const uint8_t* const image_;
  int32_t next_; /* the image's row that is fetched next */
  int8_t* rows_[kSeen];
};

/* An image from one layout into another; OutputMve::height rows of `width` pixels. */
struct ConvertMveParams {
  StridesMve from; /* channels up to 8191 bytes apart, of the output too */
  OutputMve to;
  int32_t width;
  int32_t channels;
};

inline void ConvertMve(const ConvertMveParams& p, const uint8_t* input, uint8_t* output) {
  FillPaddingMve(p.to, output);
  const uint16x8_t lanes = vidupq_n_u16(0, 1);
  const uint16x8_t from = vmulq_n_u16(lanes, static_cast<uint16_t>(p.from.channel));
  const uint16x8_t to = vmulq_n_u16(lanes, static_cast<uint16_t>(p.to.strides.channel));
  const uint8_t* in_row = input + p.from.first;
  uint8_t* out_row = output + p.to.strides.first;
  for (int32_t y = 0; y < p.to.height; ++y) {
    const uint8_t* in_pixel = in_row;
    uint8_t* out_pixel = out_row;
    for (int32_t x = 0; x < p.width; ++x) {
      const uint8_t* in = in_pixel;
      uint8_t* out = out_pixel;
      for (int32_t left = p.channels; left > 0; left -= 8) {
        const mve_pred16_t there = vctp16q(static_cast<uint32_t>(left));
        vstrbq_scatter_offset_p_u16(out, to, vldrbq_gather_offset_z_u16(in, from, there), there);
        in += 8 * p.from.channel;
        out += 8 * p.to.strides.channel;
      }
      in_pixel += p.from.pixel;
      out_pixel += p.to.strides.pixel;
    }
    in_row += p.from.row;
    out_row += p.to.strides.row;
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_ROWS_MVE_H_
