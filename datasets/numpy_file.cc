#include "datasets/numpy_file.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/file.h"
#include "datasets/reader_parts.h"
#include "datasets/zip.h"

// The format: numpy.lib.format, NEP 1.
namespace mote {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are copied as they lie in the file");

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr size_t kMaxRank = 32;  // NumPy's own

struct Type {
  const char* descr;  // without the byte order
  torch::ScalarType stored;
  int64_t bytes;         // in the file
  bool widened = false;  // unsigned in the file, held in the next larger signed type
};
constexpr Type kTypes[] = {
    {"b1", torch::kBool, 1},        {"i1", torch::kInt8, 1},        {"u1", torch::kUInt8, 1},
    {"i2", torch::kInt16, 2},       {"i4", torch::kInt32, 4},       {"i8", torch::kInt64, 8},
    {"u2", torch::kInt32, 2, true}, {"u4", torch::kInt64, 4, true}, {"f2", torch::kFloat16, 2},
    {"f4", torch::kFloat32, 4},     {"f8", torch::kFloat64, 8},
};

struct Header {
  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<int64_t>> shape;
};

// The header: a Python dictionary literal of the three keys that numpy.save writes, and nothing more.
class HeaderParser {
 public:
  HeaderParser(const std::string& path, std::string_view text) : path_(path), text_(text) {}

  absl::StatusOr<Header> Parse() {
    if (!Take('{')) return Error("a dictionary '{...}'");
    while (!Take('}')) {
      std::string key;
      if (!TakeString(key) || !Take(':')) return Error("'key':");
      if (auto status = ParseValue(key); !status.ok()) return status;
      if (!Take(',') && !Peek('}')) return Error("',' or '}'");
    }
    SkipSpace();
    if (at_ != text_.size()) return Error("nothing more");
    for (auto [key, there] :
         {std::pair{"descr", header_.descr.has_value()}, std::pair{"fortran_order", header_.fortran_order.has_value()},
          std::pair{"shape", header_.shape.has_value()}}) {
      if (!there) return absl::InvalidArgumentError(absl::StrCat(path_, ": NPY header has no key '", key, "'"));
    }
    return header_;
  }

 private:
  absl::Status Error(const char* expected) const {
    return absl::InvalidArgumentError(absl::StrCat(path_, ": NPY header, character ", at_, ": ",
                                                   Quoted(text_.substr(at_, 12)), " where ", expected, " should be"));
  }

  absl::Status ParseValue(const std::string& key) {
    if (key == "descr" && !header_.descr) {
      if (Peek('[')) {
        return absl::InvalidArgumentError(
            absl::StrCat(path_, ": holds records of several fields; save one plain array a file"));
      }
      std::string value;
      if (!TakeString(value)) return Error("a type such as '<f4'");
      header_.descr = value;
    } else if (key == "fortran_order" && !header_.fortran_order) {
      if (TakeWord("True")) {
        header_.fortran_order = true;
      } else if (TakeWord("False")) {
        header_.fortran_order = false;
      } else {
        return Error("True or False");
      }
    } else if (key == "shape" && !header_.shape) {
      if (!Take('(')) return Error("a shape such as (10, 8)");
      std::vector<int64_t> shape;
      while (!Take(')')) {
        int64_t size;
        if (!TakeSize(size)) return Error("a size, 0 or more");
        shape.push_back(size);
        if (shape.size() > kMaxRank) return Error("a shape of at most 32 dimensions");
        if (!Take(',') && !Peek(')')) return Error("',' or ')'");
      }
      header_.shape = shape;
    } else {
      return absl::InvalidArgumentError(absl::StrCat(path_, ": NPY header has a key ", Quoted(key),
                                                     "; each of descr, fortran_order, shape once is right"));
    }
    return absl::OkStatus();
  }

  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool Peek(char c) {
    SkipSpace();
    return at_ < text_.size() && text_[at_] == c;
  }
  bool Take(char c) {
    if (!Peek(c)) return false;
    ++at_;
    return true;
  }
  bool TakeWord(std::string_view word) {
    SkipSpace();
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  bool TakeString(std::string& value) {
    if (!Peek('\'') && !Peek('"')) return false;
    const size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) return false;
    value = std::string(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return true;
  }
  bool TakeSize(int64_t& value) {
    SkipSpace();
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) return false;
    at_ = static_cast<size_t>(end - text_.data());
    return true;
  }

  const std::string& path_;
  const std::string_view text_;
  size_t at_ = 0;
  Header header_;
};

absl::StatusOr<Type> FindType(const std::string& path, const std::string& descr) {
  const std::string shown = Quoted(descr);
  const auto error = [&](const char* what) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": holds type ", shown, ", ", what));
  };
  const char order = descr.empty() ? ' ' : descr[0];
  const std::string kind = descr.empty() ? "" : descr.substr(1);
  if (kind == "O" || descr == "O") return error("pickled Python objects, which are never loaded; save a numeric array");
  if (order == '>') return error("big-endian; save it with .astype of a '<' type");
  if (kind == "u8") return error("uint64, which has no tensor type; save it as int64");
  for (const Type& type : kTypes) {
    if (kind == type.descr && (order == '<' || order == '=' || (order == '|' && type.bytes == 1))) return type;
  }
  return error("which is not supported; save bool, int8..int64, uint8..uint32 or float16..float64");
}

template <typename From, typename To>
void Widen(const char* from, void* to, int64_t count) {
  To* target = static_cast<To*>(to);
  for (int64_t i = 0; i < count; ++i) {
    From value;
    std::memcpy(&value, from + i * static_cast<int64_t>(sizeof(From)), sizeof(From));
    target[i] = static_cast<To>(value);
  }
}

absl::StatusOr<torch::Tensor> ParseNpy(const std::string& path, std::string_view bytes) {
  const auto error = [&](const auto&... parts) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", parts...));
  };
  if (bytes.substr(0, 6) != kMagic) {
    if (bytes.empty()) return error("is empty; an NPY file begins with '\\x93NUMPY'");
    if (bytes[0] == '\x80') return error("is a Python pickle, which is never loaded; save the array with numpy.save");
    return error("is not an NPY file: it begins with ", Quoted(bytes.substr(0, 6)), ", not '\\x93NUMPY'");
  }
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(bytes[i])); };
  if (bytes.size() < 10) return error("NPY header is truncated after ", bytes.size(), " bytes");
  const size_t version = byte(6);
  if (version < 1 || version > 3 || byte(7) != 0) {
    return error("NPY version ", version, ".", byte(7), " is not known; 1.0, 2.0 and 3.0 are");
  }
  const size_t start = version == 1 ? 10 : 12;
  if (bytes.size() < start) return error("NPY header is truncated after ", bytes.size(), " bytes");
  size_t header_size = byte(8) | byte(9) << 8;
  if (version > 1) header_size |= byte(10) << 16 | byte(11) << 24;
  if (bytes.size() - start < header_size) {
    return error("NPY header of ", header_size, " bytes is truncated after ", bytes.size() - start);
  }
  auto header = HeaderParser(path, bytes.substr(start, header_size)).Parse();
  if (!header.ok()) return header.status();
  auto type = FindType(path, *header->descr);
  if (!type.ok()) return type.status();
  std::vector<int64_t> shape = *header->shape;

  // Zeros are left out of the product at first, so that strides cannot overflow either.
  int64_t count = 1;
  bool none = false;
  for (int64_t size : shape) {
    none |= size == 0;
    if (size != 0 && __builtin_mul_overflow(count, size, &count)) {
      return error("shape ", ShapeText(shape), " has more elements than 64 bits count");
    }
  }
  int64_t expected;
  if (__builtin_mul_overflow(count, int64_t{8}, &expected)) {
    return error("shape ", ShapeText(shape), " has more bytes than 64 bits count");
  }
  if (none) count = 0;
  expected = count * type->bytes;
  const std::string_view data = bytes.substr(start + header_size);
  if (static_cast<int64_t>(data.size()) != expected) {
    return error("shape ", ShapeText(shape), " of ", Quoted(*header->descr), " needs ", expected,
                 " bytes of data, the file has ", data.size(),
                 static_cast<int64_t>(data.size()) < expected ? "; it is truncated" : "; it is too long");
  }

  std::vector<int64_t> memory_shape = shape;
  if (*header->fortran_order) std::reverse(memory_shape.begin(), memory_shape.end());
  torch::Tensor tensor = torch::empty(memory_shape, type->stored);
  void* to = tensor.data_ptr();
  if (type->widened && type->bytes == 2) {
    Widen<uint16_t, int32_t>(data.data(), to, count);
  } else if (type->widened) {
    Widen<uint32_t, int64_t>(data.data(), to, count);
  } else if (type->stored == torch::kBool) {
    for (int64_t i = 0; i < count; ++i) static_cast<bool*>(to)[i] = data[static_cast<size_t>(i)] != 0;
  } else if (count > 0) {
    std::memcpy(to, data.data(), data.size());
  }
  if (*header->fortran_order) {
    std::vector<int64_t> reversed;
    for (int64_t i = tensor.dim() - 1; i >= 0; --i) reversed.push_back(i);
    tensor = tensor.permute(reversed).contiguous();
  }
  return tensor;
}

absl::StatusOr<std::string> FormatNpy(const std::string& path, const torch::Tensor& tensor) {
  if (!tensor.defined()) return absl::InvalidArgumentError(absl::StrCat(path, ": there is no tensor to write"));
  const Type* type = nullptr;
  for (const Type& candidate : kTypes) {
    if (!candidate.widened && candidate.stored == tensor.scalar_type()) type = &candidate;
  }
  if (type == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": NPY has no type for ",
                                                   torch::toString(tensor.scalar_type()),
                                                   " tensors; convert to an integer or float type"));
  }
  std::string shape = absl::StrJoin(tensor.sizes(), ", ");
  if (tensor.dim() == 1) shape += ",";
  std::string header = absl::StrCat("{'descr': '", type->bytes == 1 ? "|" : "<", type->descr,
                                    "', 'fortran_order': False, 'shape': (", shape, "), }");
  // Data begins at a multiple of 64 bytes, after a newline.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  const torch::Tensor contiguous = tensor.detach().cpu().contiguous();
  std::string bytes(kMagic);
  bytes += '\x01';
  bytes += '\0';
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  bytes.append(static_cast<const char*>(contiguous.data_ptr()), contiguous.nbytes());
  return bytes;
}

}  // namespace

absl::StatusOr<torch::Tensor> ReadNpyTensor(const std::string& path, int64_t max_bytes) {
  auto bytes = ReadFile(path, max_bytes);
  if (!bytes.ok()) return bytes.status();
  return ParseNpy(path, *bytes);
}

absl::StatusOr<std::map<std::string, torch::Tensor>> ReadNpzTensors(const std::string& path, int64_t max_bytes) {
  auto bytes = ReadFile(path, max_bytes);
  if (!bytes.ok()) return bytes.status();
  auto entries = ReadZip(path, *bytes, max_bytes);
  if (!entries.ok()) return entries.status();
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& [entry, contents] : *entries) {
    const std::string place = absl::StrCat(path, ": entry ", Quoted(entry));
    if (entry.size() <= 4 || entry.compare(entry.size() - 4, 4, ".npy") != 0) {
      return absl::InvalidArgumentError(absl::StrCat(place, " is not an array; names end in .npy"));
    }
    auto tensor = ParseNpy(place, contents);
    if (!tensor.ok()) return tensor.status();
    tensors[entry.substr(0, entry.size() - 4)] = *std::move(tensor);
  }
  return tensors;
}

absl::Status WriteNpyTensor(const std::string& path, const torch::Tensor& tensor) {
  auto bytes = FormatNpy(path, tensor);
  if (!bytes.ok()) return bytes.status();
  return WriteFileAtomically(path, *bytes);
}

absl::Status WriteNpzTensors(const std::string& path, const std::map<std::string, torch::Tensor>& tensors) {
  ZipEntries entries;
  for (const auto& [name, tensor] : tensors) {
    if (name.empty()) return absl::InvalidArgumentError(absl::StrCat(path, ": an array has no name"));
    auto bytes = FormatNpy(absl::StrCat(path, ": array ", Quoted(name)), tensor);
    if (!bytes.ok()) return bytes.status();
    entries.emplace_back(name + ".npy", *std::move(bytes));
  }
  auto archive = FormatZip(path, entries);
  if (!archive.ok()) return archive.status();
  return WriteFileAtomically(path, *archive);
}

}  // namespace mote
