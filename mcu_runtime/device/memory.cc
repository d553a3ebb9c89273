// The functions that a compiler may call on its own, a word at a time where alignment allows it: the programs need no
// C library. Compiled without the pattern that would turn these loops into calls of themselves.
#include <stddef.h>
#include <stdint.h>

namespace {

using Word __attribute__((may_alias)) = uint32_t;

bool BothAligned(const void* a, const void* b) {
  return ((reinterpret_cast<uintptr_t>(a) | reinterpret_cast<uintptr_t>(b)) & 3) == 0;
}

}  // namespace

extern "C" {

void* memcpy(void* to, const void* from, size_t bytes) {
  auto* out = static_cast<uint8_t*>(to);
  const auto* in = static_cast<const uint8_t*>(from);
  if (BothAligned(out, in)) {
    for (; bytes >= 4; bytes -= 4, out += 4, in += 4)
      *reinterpret_cast<Word*>(out) = *reinterpret_cast<const Word*>(in);
  }
  for (; bytes != 0; --bytes) *out++ = *in++;
  return to;
}

void* memmove(void* to, const void* from, size_t bytes) {
  auto* out = static_cast<uint8_t*>(to);
  const auto* in = static_cast<const uint8_t*>(from);
  if (out <= in || out >= in + bytes) return memcpy(to, from, bytes);
  while (bytes != 0) {
    --bytes;
    out[bytes] = in[bytes];
  }
  return to;
}

void* memset(void* to, int value, size_t bytes) {
  auto* out = static_cast<uint8_t*>(to);
  const auto byte = static_cast<uint8_t>(value);
  for (; bytes != 0 && (reinterpret_cast<uintptr_t>(out) & 3) != 0; --bytes) *out++ = byte;
  const uint32_t word = byte * 0x01010101U;
  for (; bytes >= 4; bytes -= 4, out += 4) *reinterpret_cast<Word*>(out) = word;
  for (; bytes != 0; --bytes) *out++ = byte;
  return to;
}

int memcmp(const void* a, const void* b, size_t bytes) {
  const auto* x = static_cast<const uint8_t*>(a);
  const auto* y = static_cast<const uint8_t*>(b);
  for (; bytes != 0; --bytes, ++x, ++y) {
    if (*x != *y) return *x < *y ? -1 : 1;
  }
  return 0;
}

size_t strlen(const char* text) {
  size_t length = 0;
  while (text[length] != 0) ++length;
  return length;
}
}
