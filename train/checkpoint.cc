#include "train/checkpoint.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/file.h"
#include "nlohmann/json.hpp"
#include "torch/types.h"
#include "torch/utils.h"

namespace mote {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kMagic = "MOTECKP1";
constexpr size_t kHeadBegin = 16;  // magic and length
constexpr size_t kAlignment = 64;
constexpr size_t kDigestBytes = 32;

constexpr std::pair<const char*, torch::ScalarType> kDtypes[] = {
    {"float32", torch::kFloat32}, {"float64", torch::kFloat64}, {"int8", torch::kInt8},
    {"int32", torch::kInt32},     {"int64", torch::kInt64},     {"uint8", torch::kUInt8},
};

const char* DtypeName(torch::ScalarType type) {
  for (const auto& [name, value] : kDtypes) {
    if (value == type) return name;
  }
  return nullptr;
}

std::string DtypeText(torch::ScalarType type) {
  const char* name = DtypeName(type);
  return name != nullptr ? name : c10::toString(type);
}

size_t Aligned(size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

std::string Digest(const std::string& bytes) {
  const std::string hex = Sha256(bytes);
  std::string digest;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    digest.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return digest;
}

std::string ShapeText(at::IntArrayRef shape) { return absl::StrCat("[", absl::StrJoin(shape, ", "), "]"); }

// Everything between the magic and the digest is known to be as it was written; what is checked here is that a writer
// other than ours did not make it, or an attacker.
absl::StatusOr<torch::Tensor> ReadTensor(const Json& entry, const std::string& contents, const std::string& where,
                                         size_t& next_offset) {
  const auto fail = [&](auto&&... what) { return absl::InvalidArgumentError(absl::StrCat(where, what...)); };
  if (!entry.contains("dtype") || !entry["dtype"].is_string()) return fail("'dtype' is missing");
  if (!entry.contains("shape") || !entry["shape"].is_array()) return fail("'shape' is missing");
  if (!entry.contains("offset") || !entry["offset"].is_number_unsigned()) return fail("'offset' is missing");
  const std::string dtype = entry["dtype"].get<std::string>();
  const auto* known =
      std::find_if(std::begin(kDtypes), std::end(kDtypes), [&](const auto& d) { return d.first == dtype; });
  if (known == std::end(kDtypes)) {
    return fail("dtype '", dtype, "' is unknown; float32, float64, int8, int32, int64 or uint8 is right");
  }
  std::vector<int64_t> shape;
  const size_t limit = contents.size();
  const size_t item = c10::elementSize(known->second);
  uint64_t extent = 1;  // elements, were an empty dimension of size 1: LibTorch's strides must not overflow either
  bool empty = false;
  for (const Json& dimension : entry["shape"]) {
    if (!dimension.is_number_unsigned()) {
      return fail("shape ", entry["shape"].dump(), " holds something other than sizes");
    }
    const uint64_t dimension_size = dimension.get<uint64_t>();
    empty |= dimension_size == 0;
    if (dimension_size > 1 && extent > (uint64_t{1} << 56) / dimension_size) {
      return fail("shape ", entry["shape"].dump(), " needs more bytes than any file has");
    }
    extent *= std::max<uint64_t>(1, dimension_size);
    shape.push_back(static_cast<int64_t>(dimension_size));
  }
  const size_t bytes = empty ? 0 : extent * item;
  const uint64_t offset = entry["offset"].get<uint64_t>();
  if (offset != next_offset) {
    return fail("offset ", offset, offset < next_offset ? " overlaps what comes before" : " leaves a gap", "; ",
                next_offset, " is right");
  }
  if (bytes > limit - next_offset) {
    return fail("its ", bytes, " bytes at offset ", offset, " reach beyond the data's end at ", limit);
  }
  torch::Tensor tensor = torch::empty(shape, torch::TensorOptions().dtype(known->second));
  if (bytes != 0) std::memcpy(tensor.mutable_data_ptr(), contents.data() + offset, bytes);
  next_offset = Aligned(next_offset + bytes);
  if (next_offset > limit) return fail("the padding behind it is missing");
  return tensor;
}

}  // namespace

const torch::Tensor* Checkpoint::Find(const std::string& name) const {
  for (const auto& [known, tensor] : tensors) {
    if (known == name) return &tensor;
  }
  return nullptr;
}

absl::Status SaveCheckpoint(const std::string& path, const Checkpoint& checkpoint) {
  const std::string where = absl::StrCat("checkpoint '", path, "': ");
  Json meta = Json::object();
  if (!checkpoint.meta.empty()) {
    meta = Json::parse(checkpoint.meta, nullptr, /*allow_exceptions=*/false);
    if (meta.is_discarded()) return absl::InvalidArgumentError(where + "its meta is not JSON");
  }
  std::set<std::string> names;
  Json tensors = Json::array();
  std::vector<torch::Tensor> values;
  size_t data_bytes = 0;  // offsets begin at 0 until the head's length is known
  for (const auto& [name, tensor] : checkpoint.tensors) {
    if (!names.insert(name).second) {
      return absl::InvalidArgumentError(absl::StrCat(where, "two tensors are called '", name, "'"));
    }
    if (!tensor.defined()) return absl::InvalidArgumentError(absl::StrCat(where, "tensor '", name, "' is undefined"));
    const char* dtype = DtypeName(tensor.scalar_type());
    if (dtype == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(where, "tensor '", name, "' is ", DtypeText(tensor.scalar_type()),
                                                     "; float32, float64, int8, int32, int64 or uint8 is right"));
    }
    values.push_back(tensor.detach().to(torch::kCPU).contiguous());
    tensors.push_back({{"name", name}, {"dtype", dtype}, {"shape", tensor.sizes().vec()}, {"offset", data_bytes}});
    data_bytes += Aligned(values.back().nbytes());
  }
  // The offsets stand in the head whose length they depend on: they only grow with it, so this settles.
  std::string head;
  size_t data_begin = 0;
  try {
    for (;;) {
      head = Json({{"meta", meta}, {"tensors", tensors}}).dump();
      const size_t begin = Aligned(kHeadBegin + head.size());
      if (begin == data_begin) break;
      for (Json& entry : tensors) entry["offset"] = entry["offset"].get<size_t>() + begin - data_begin;
      data_begin = begin;
    }
  } catch (const nlohmann::json::exception& error) {  // text that is not UTF-8
    return absl::InvalidArgumentError(absl::StrCat(where, error.what()));
  }
  std::string contents;
  contents.reserve(data_begin + data_bytes + kDigestBytes);
  contents.append(kMagic);
  const uint64_t head_size = head.size();
  for (int shift = 0; shift < 64; shift += 8) contents.push_back(static_cast<char>(head_size >> shift));
  contents.append(head);
  contents.resize(data_begin, '\0');
  for (const torch::Tensor& value : values) {
    if (value.nbytes() != 0) contents.append(static_cast<const char*>(value.const_data_ptr()), value.nbytes());
    contents.resize(Aligned(contents.size()), '\0');
  }
  contents.append(Digest(contents));
  return WriteFileAtomically(path, contents);
}

absl::StatusOr<Checkpoint> LoadCheckpoint(const std::string& path) {
  absl::StatusOr<std::string> file = ReadFile(path);
  if (!file.ok()) return file.status();
  std::string& contents = *file;
  const std::string where = absl::StrCat("checkpoint '", path, "': ");
  const auto fail = [&](auto&&... what) { return absl::InvalidArgumentError(absl::StrCat(where, what...)); };

  if (std::string_view(contents).substr(0, kMagic.size()) != kMagic.substr(0, contents.size())) {
    return fail("not a checkpoint of mote; it would begin with ", std::string(kMagic));
  }
  const size_t size = contents.size();
  if (size < kHeadBegin + kDigestBytes) return fail("cut short: ", size, " bytes hold no head");
  uint64_t head_size = 0;
  for (int i = 7; i >= 0; --i) head_size = head_size << 8 | static_cast<uint8_t>(contents[kMagic.size() + i]);
  if (head_size > size - kHeadBegin - kDigestBytes) {
    return fail("cut short or damaged: its head would be ", head_size, " bytes of ", size);
  }
  const std::string digest = contents.substr(size - kDigestBytes);
  contents.resize(size - kDigestBytes);
  if (Digest(contents) != digest) {
    return fail("cut short or damaged: its SHA-256 does not match its ", size, " bytes");
  }

  const std::string_view head_text = std::string_view(contents).substr(kHeadBegin, head_size);
  const Json head = Json::parse(head_text, nullptr, /*allow_exceptions=*/false);
  if (head.is_discarded() || !head.is_object()) return fail("its head is not a JSON object");
  if (!head.contains("meta")) return fail("its head has no 'meta'");
  if (!head.contains("tensors") || !head["tensors"].is_array()) return fail("its head has no list 'tensors'");
  size_t next_offset = Aligned(kHeadBegin + head_size);
  if (next_offset > contents.size()) return fail("the padding behind its head is missing");

  Checkpoint checkpoint;
  checkpoint.meta = head["meta"].dump();
  std::set<std::string> names;
  for (const Json& entry : head["tensors"]) {
    if (!entry.is_object() || !entry.contains("name") || !entry["name"].is_string()) {
      return fail("tensor ", checkpoint.tensors.size(), " has no 'name'");
    }
    const std::string name = entry["name"].get<std::string>();
    if (!names.insert(name).second) return fail("two tensors are called '", name, "'");
    auto tensor = ReadTensor(entry, contents, absl::StrCat(where, "tensor '", name, "': "), next_offset);
    if (!tensor.ok()) return tensor.status();
    checkpoint.tensors.emplace_back(name, *std::move(tensor));
  }
  if (next_offset != contents.size()) {
    return fail(contents.size() - next_offset, " bytes are left over behind the last tensor");
  }
  return checkpoint;
}

absl::Status RestoreTensors(const Checkpoint& checkpoint, const std::string& prefix, const NamedTensors& into) {
  std::vector<const torch::Tensor*> sources;
  for (const auto& [name, target] : into) {
    const torch::Tensor* source = checkpoint.Find(prefix + name);
    if (source == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("checkpoint: tensor '", prefix, name, "' is missing"));
    }
    if (source->scalar_type() != target.scalar_type() || source->sizes() != target.sizes()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "checkpoint: tensor '", prefix, name, "' is ", DtypeText(source->scalar_type()), ShapeText(source->sizes()),
          "; ", DtypeText(target.scalar_type()), ShapeText(target.sizes()), " is right"));
    }
    sources.push_back(source);
  }
  const torch::NoGradGuard no_grad;
  for (size_t i = 0; i < into.size(); ++i) {
    torch::Tensor target = into[i].second;
    target.copy_(*sources[i]);
  }
  return absl::OkStatus();
}

}  // namespace mote
