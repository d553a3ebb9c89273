// SHA-256 in pieces, for what is too large or too scattered for one string (FIPS 180-4).
#ifndef MOTE_DATASETS_SHA256_H_
#define MOTE_DATASETS_SHA256_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace mote {

class Sha256Stream {
 public:
  void Update(const void* data, size_t size);
  std::string HexDigest();  // 64 digits; ends the stream

 private:
  void Block(const uint8_t* block);

  uint32_t state_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint8_t buffer_[64];
  uint64_t length_ = 0;  // bytes so far
};

}  // namespace mote

#endif  // MOTE_DATASETS_SHA256_H_
