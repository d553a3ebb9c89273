#include "export/compiler/elf_file.h"

#include <elf.h>

#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "datasets/file.h"

namespace mote::compiler {
namespace {

// The structs of the two widths.
struct Elf32 {
  using Header = Elf32_Ehdr;
  using Section = Elf32_Shdr;
  using Symbol = Elf32_Sym;
};
struct Elf64 {
  using Header = Elf64_Ehdr;
  using Section = Elf64_Shdr;
  using Symbol = Elf64_Sym;
};

template <typename T>
bool ReadAt(const std::string& bytes, uint64_t offset, T* value) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return false;
  std::memcpy(value, bytes.data() + offset, sizeof(T));
  return true;
}

// The text at `offset`, up to its end.
std::string TextAt(const std::string& bytes, uint64_t offset) {
  return offset < bytes.size() ? std::string(bytes.c_str() + offset) : std::string();
}

template <typename Elf>
bool ReadSections(const std::string& bytes, std::vector<typename Elf::Section>* sections, uint64_t* names) {
  typename Elf::Header header;
  if (!ReadAt(bytes, 0, &header)) return false;
  for (int i = 0; i < header.e_shnum; ++i) {
    sections->emplace_back();
    if (!ReadAt(bytes, header.e_shoff + uint64_t{header.e_shentsize} * i, &sections->back())) return false;
  }
  if (header.e_shstrndx >= sections->size()) return false;
  *names = (*sections)[header.e_shstrndx].sh_offset;
  return true;
}

template <typename Elf>
bool ReadSymbols(const std::string& bytes, const typename Elf::Section& table, uint64_t names, ElfFile* file) {
  for (uint64_t at = 0; at + sizeof(typename Elf::Symbol) <= table.sh_size; at += sizeof(typename Elf::Symbol)) {
    typename Elf::Symbol symbol;
    if (!ReadAt(bytes, table.sh_offset + at, &symbol)) return false;
    if (ELF32_ST_TYPE(symbol.st_info) != STT_OBJECT) continue;
    file->objects[TextAt(bytes, names + symbol.st_name)] += static_cast<int64_t>(symbol.st_size);
  }
  return true;
}

template <typename Elf>
bool Read(const std::string& bytes, ElfFile* file) {
  std::vector<typename Elf::Section> sections;
  uint64_t names = 0;
  if (!ReadSections<Elf>(bytes, &sections, &names)) return false;
  for (const typename Elf::Section& section : sections) {
    if (section.sh_type == SHT_SYMTAB) {
      if (section.sh_link >= sections.size()) return false;
      if (!ReadSymbols<Elf>(bytes, section, sections[section.sh_link].sh_offset, file)) return false;
    }
    const std::string name = TextAt(bytes, names + section.sh_name);
    if ((section.sh_flags & SHF_ALLOC) == 0 || name == ".stack" || absl::StartsWith(name, ".eh_frame") ||
        absl::StartsWith(name, ".note")) {
      continue;
    }
    const auto size = static_cast<int64_t>(section.sh_size);
    if (section.sh_type != SHT_NOBITS) file->flash_bytes += size;
    if ((section.sh_flags & SHF_WRITE) != 0) file->static_bytes += size;
  }
  return true;
}

}  // namespace

int64_t ElfFile::BytesOf(const std::vector<std::string>& names) const {
  int64_t bytes = 0;
  for (const std::string& name : names) {
    const auto found = objects.find(absl::StrCat("_ZN12_GLOBAL__N_1L", name.size(), name, "E"));
    if (found != objects.end()) bytes += found->second;
  }
  return bytes;
}

absl::StatusOr<ElfFile> ReadElf(const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadFile(path);
  if (!bytes.ok()) return bytes.status();
  ElfFile file;
  const bool is_elf = bytes->size() > EI_CLASS && std::memcmp(bytes->data(), ELFMAG, SELFMAG) == 0;
  const bool read =
      is_elf && ((*bytes)[EI_CLASS] == ELFCLASS32 ? Read<Elf32>(*bytes, &file) : Read<Elf64>(*bytes, &file));
  if (!read) return absl::InternalError(absl::StrCat(path, " is not an ELF file that can be read"));
  return file;
}

}  // namespace mote::compiler
