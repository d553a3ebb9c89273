/* Numbers that may stand at any alignment: constants in a file do. Compilers make byte loads of these where the core
 * needs them, and plain loads elsewhere. */
#ifndef MOTE_MCU_RUNTIME_KERNELS_CODES_H_
#define MOTE_MCU_RUNTIME_KERNELS_CODES_H_

#include <stdint.h>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "mote's device runtime reads models in place: it needs a little-endian machine and a compiler that says so"
#endif

namespace mote::device {

template <typename T>
inline T LoadUnaligned(const void* p) {
  struct __attribute__((packed, may_alias)) Unaligned {
    T value;
  };
  return static_cast<const Unaligned*>(p)->value;
}

template <typename T>
inline void StoreUnaligned(void* p, T value) {
  struct __attribute__((packed, may_alias)) Unaligned {
    T value;
  };
  static_cast<Unaligned*>(p)->value = value;
}

/* Element `index` of an array of T that may stand at any alignment. */
template <typename T>
inline T LoadCode(const void* array, int32_t index) {
  return LoadUnaligned<T>(static_cast<const uint8_t*>(array) + static_cast<uint32_t>(index) * sizeof(T));
}

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_KERNELS_CODES_H_
