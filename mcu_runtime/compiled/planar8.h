/* Rows of int8 between [x][channel] and planar8, [channel][left + x + right]; KernelForm::kWindow, with a window of one
 * row. Padding is left as it is. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_PLANAR8_H_
#define MOTE_MCU_RUNTIME_COMPILED_PLANAR8_H_

#include <stdint.h>

namespace mote::compiled {

struct Planar8Params {
  int32_t width;
  int32_t channels;
  int32_t plane; /* bytes of a channel */
  int32_t left;  /* bytes of padding before the first pixel */
};

inline void ToPlanar8(const Planar8Params& p, const uint8_t* const* rows, uint8_t* output) {
  for (int32_t c = 0; c < p.channels; ++c) {
    const uint8_t* from = rows[0] + c;
    uint8_t* to = output + c * p.plane + p.left;
    for (const uint8_t* end = to + p.width; to != end; from += p.channels) *to++ = *from;
  }
}

inline void FromPlanar8(const Planar8Params& p, const uint8_t* const* rows, uint8_t* output) {
  for (int32_t c = 0; c < p.channels; ++c) {
    const uint8_t* from = rows[0] + c * p.plane + p.left;
    uint8_t* to = output + c;
    for (const uint8_t* end = from + p.width; from != end; to += p.channels) *to = *from++;
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_PLANAR8_H_
