// Small arithmetic of bytes.
#ifndef MOTE_EXPORT_COMPILER_SIZES_H_
#define MOTE_EXPORT_COMPILER_SIZES_H_

#include <cstdint>
#include <string>

namespace mote::compiler {

// The least multiple of `alignment` that is not under `bytes`, which is not negative.
inline int64_t AlignedUp(int64_t bytes, int64_t alignment) { return (bytes + alignment - 1) / alignment * alignment; }

// Bytes of a table's element by its type's name, "int8_t"; of structures those of each field, 4.
inline int64_t ElementBytes(const std::string& element) {
  return element.find("64") != std::string::npos   ? 8
         : element.find("16") != std::string::npos ? 2
         : element.find("8") != std::string::npos  ? 1
                                                   : 4;
}

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_SIZES_H_
