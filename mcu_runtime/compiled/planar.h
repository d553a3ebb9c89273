/* Rows of int8 between [x][channel] and planar rows, [channel][left + x + right] int8 or int16; KernelForm::kWindow,
 * with a window of one row. Padding is left as it is. */
#ifndef MOTE_MCU_RUNTIME_COMPILED_PLANAR_H_
#define MOTE_MCU_RUNTIME_COMPILED_PLANAR_H_

#include <stdint.h>

namespace mote::compiled {

struct PlanarParams {
  int32_t width;
  int32_t channels;
  int32_t plane; /* elements of a channel */
  int32_t left;  /* pixels of padding before the first one */
};

template <typename Element>
inline void ToPlanar(const PlanarParams& p, const uint8_t* const* rows, uint8_t* output) {
  Element* plane = reinterpret_cast<Element*>(output) + p.left;
  for (int32_t c = 0; c < p.channels; ++c, plane += p.plane) {
    const int8_t* from = reinterpret_cast<const int8_t*>(rows[0]) + c;
    for (int32_t x = 0; x < p.width; ++x, from += p.channels) plane[x] = *from;
  }
}

template <typename Element>
inline void FromPlanar(const PlanarParams& p, const uint8_t* const* rows, uint8_t* output) {
  const Element* plane = reinterpret_cast<const Element*>(rows[0]) + p.left;
  for (int32_t c = 0; c < p.channels; ++c, plane += p.plane) {
    uint8_t* to = output + c;
    for (int32_t x = 0; x < p.width; ++x, to += p.channels) *to = static_cast<uint8_t>(plane[x]);
  }
}

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_PLANAR_H_
