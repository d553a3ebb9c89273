// Sizes in an ELF file, 32 or 64 bits wide, little endian: what a program or an object takes of flash and of RAM.
#ifndef MOTE_EXPORT_COMPILER_ELF_FILE_H_
#define MOTE_EXPORT_COMPILER_ELF_FILE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mote::compiler {

struct ElfFile {
  int64_t flash_bytes = 0;   // sections with contents that are loaded: text, read-only data, initialized data
  int64_t static_bytes = 0;  // sections that are written: initialized data and .bss, without the stack
  std::map<std::string, int64_t> objects;  // variables and tables by their linker's name: bytes

  // Of variables with internal linkage, by their names in C++ within the unnamed namespace.
  int64_t BytesOf(const std::vector<std::string>& names) const;
};

absl::StatusOr<ElfFile> ReadElf(const std::string& path);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_ELF_FILE_H_
