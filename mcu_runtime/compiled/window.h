/* The last rows of a tensor to which each call adds some: state of a streamed model. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_WINDOW_H_
#define MOTE_MCU_RUNTIME_COMPILED_WINDOW_H_

#include <stdint.h>

namespace mote::compiled {

/* Bytes. The window is `kept` + `added` of them, its oldest row first. */
struct WindowParams {
  int32_t kept;    /* of rows that stay: they move down by `added` */
  int32_t added;   /* of the newest rows */
  int32_t skipped; /* of the input, in front of those that are added: where it has more than the window */
};

/* From the first byte to the last one: `to` may lie below `from` within the same rows. With kWords both are aligned,
 * and `bytes` is a multiple of 4. */
template <bool kWords>
inline void MoveWindow(uint8_t* to, const uint8_t* from, int32_t bytes) {
  if constexpr (kWords) {
    auto* out = reinterpret_cast<uint32_t*>(to);
    const auto* in = reinterpret_cast<const uint32_t*>(from);
    int32_t words = bytes >> 2;
#if defined(__thumb__)
    for (; words >= 8; words -= 8) {
      __asm__ volatile(
          "ldmia %1!, {r2, r3, r4, r5}\n\tstmia %0!, {r2, r3, r4, r5}\n\t"
          "ldmia %1!, {r2, r3, r4, r5}\n\tstmia %0!, {r2, r3, r4, r5}"
          : "+l"(out), "+l"(in)
          :
          : "r2", "r3", "r4", "r5", "memory");
    }
#endif
    for (; words > 0; --words) *out++ = *in++;
  } else {
    for (; bytes > 0; --bytes) *to++ = *from++;
  }
}

/* kWords: all of the parameters are multiples of 4. */
template <bool kWords>
inline void AddToWindow(const WindowParams& p, const uint8_t* input, uint8_t* window) {
  MoveWindow<kWords>(window, window + p.added, p.kept);
  MoveWindow<kWords>(window + p.kept, input + p.skipped, p.added);
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_WINDOW_H_
