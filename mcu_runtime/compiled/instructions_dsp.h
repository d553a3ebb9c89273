/* Single instructions of Arm cores with the DSP extension (Cortex-M4, M7, M33) that C++ has no words for. Elsewhere
 * they are functions that compute the same, so that kernels written with them run, and are tested, on any machine.
 */
#ifndef MOTE_MCU_RUNTIME_COMPILED_INSTRUCTIONS_DSP_H_
#define MOTE_MCU_RUNTIME_COMPILED_INSTRUCTIONS_DSP_H_

#include <stdint.h>

namespace mote::compiled {

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)

/* A constant that is in a register, where a shift of the other operand is free: compilers make an immediate of it. */
inline uint32_t InRegister(uint32_t constant) {
  __asm__("" : "+r"(constant));
  return constant;
}

/* sum + floor(a * b's lower, upper half / 2^16); halves are signed. */
inline int32_t Smlawb(int32_t a, uint32_t b, int32_t sum) {
  int32_t result;
  __asm__("smlawb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
  return result;
}
inline int32_t Smlawt(int32_t a, uint32_t b, int32_t sum) {
  int32_t result;
  __asm__("smlawt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
  return result;
}

/* x / 2^kShift, rounded down, saturated to 0 ... 255. */
template <int kShift>
inline uint32_t UsatAsr(int32_t x) {
  uint32_t result;
  __asm__("usat %0, #8, %1, asr %2" : "=r"(result) : "r"(x), "i"(kShift));
  return result;
}

/* Halves of `sum` plus bytes 0 and 2 of `x`, sign-extended; and plus its bytes 1 and 3. */
inline uint32_t Sxtab16(uint32_t sum, uint32_t x) {
  uint32_t result;
  __asm__("sxtab16 %0, %1, %2" : "=r"(result) : "r"(sum), "r"(x));
  return result;
}
inline uint32_t Sxtab16Odd(uint32_t sum, uint32_t x) {
  uint32_t result;
  __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(sum), "r"(x));
  return result;
}

/* Of each signed byte the larger one. */
inline uint32_t MaximumOfBytes(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b) : "cc");
  return result;
}

inline uint32_t MinimumOfBytes(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(result) : "r"(a), "r"(b) : "cc");
  return result;
}
/* Of each signed halfword. */
inline uint32_t MaximumOfHalves(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("ssub16 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b) : "cc");
  return result;
}
inline uint32_t MinimumOfHalves(uint32_t a, uint32_t b) {
  uint32_t result;
  __asm__("ssub16 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(result) : "r"(a), "r"(b) : "cc");
  return result;
}

/* The lower half of `low`, and the lower half of `high` above it. */
inline uint32_t Pkhbt(uint32_t low, uint32_t high) {
  uint32_t result;
  __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(low), "r"(high));
  return result;
}

#else

inline uint32_t InRegister(uint32_t constant) { return constant; }

inline int32_t Smlawb(int32_t a, uint32_t b, int32_t sum) {
  return sum + static_cast<int32_t>(static_cast<int64_t>(a) * static_cast<int16_t>(b) >> 16);
}
inline int32_t Smlawt(int32_t a, uint32_t b, int32_t sum) { return Smlawb(a, b >> 16, sum); }

template <int kShift>
inline uint32_t UsatAsr(int32_t x) {
  const int32_t shifted = x >> kShift;
  return static_cast<uint32_t>(shifted < 0 ? 0 : shifted > 255 ? 255 : shifted);
}

inline uint32_t Pkhbt(uint32_t low, uint32_t high) { return (low & 0xffff) | high << 16; }

inline uint32_t Sxtab16(uint32_t sum, uint32_t x) {
  const uint32_t low = sum + static_cast<uint32_t>(static_cast<int8_t>(x));
  const uint32_t high = (sum >> 16) + static_cast<uint32_t>(static_cast<int8_t>(x >> 16));
  return Pkhbt(low, high);
}
inline uint32_t Sxtab16Odd(uint32_t sum, uint32_t x) { return Sxtab16(sum, x >> 8); }

inline uint32_t MaximumOfBytes(uint32_t a, uint32_t b) {
  uint32_t result = 0;
  for (uint32_t shift = 0; shift < 32; shift += 8) {
    const uint32_t larger = static_cast<int8_t>(a >> shift) >= static_cast<int8_t>(b >> shift) ? a : b;
    result |= larger & uint32_t{255} << shift;
  }
  return result;
}

/* What is not the larger one of a byte is the smaller one. */
inline uint32_t MinimumOfBytes(uint32_t a, uint32_t b) { return a ^ b ^ MaximumOfBytes(a, b); }

inline uint32_t MaximumOfHalves(uint32_t a, uint32_t b) {
  const auto larger = [](uint32_t x, uint32_t y) { return static_cast<int16_t>(x) >= static_cast<int16_t>(y) ? x : y; };
  return Pkhbt(larger(a, b), larger(a >> 16, b >> 16));
}
inline uint32_t MinimumOfHalves(uint32_t a, uint32_t b) { return a ^ b ^ MaximumOfHalves(a, b); }

#endif

}  // namespace mote::compiled

#endif  // MOTE_MCU_RUNTIME_COMPILED_INSTRUCTIONS_DSP_H_
