#include "tests/fuzz/places.h"

#include <cstring>

#include "mcu_runtime/flatbuffer.h"

namespace mote::test {
namespace {

using device::FlatBuffer;
using device::Table;
using device::Vector;

constexpr uint32_t kMostElements = 64;  // of one vector
constexpr size_t kMostPlaces = 1 << 16;
constexpr uint32_t kFewBytes = 64;  // of a buffer whose numbers are worth changing one by one

class Finder {
 public:
  Finder(const uint8_t* file, size_t size)
      : size_(static_cast<uint32_t>(size)), file_(file, static_cast<uint32_t>(size)) {}

  std::vector<Place> Run() {
    enum : uint32_t { kVersion, kCodes, kSubgraphs, kDescription, kBuffers, kMetadataBuffer, kMetadata };
    const Table model = file_.TableAt(file_.U32(0));
    Fields(model);
    Number(model, kVersion, 4);
    Tables(model, kCodes, [this](const Table& code) {
      Number(code, 0, 1);
      Number(code, 2, 4);
      Number(code, 3, 4);
    });
    Tables(model, kSubgraphs, [this](const Table& subgraph) {
      Tables(subgraph, 0, [this](const Table& tensor) { Tensor(tensor); });
      Numbers(subgraph, 1, 4, PlaceKind::kIndex);
      Numbers(subgraph, 2, 4, PlaceKind::kIndex);
      Tables(subgraph, 3, [this](const Table& op) { Operator(op); });
    });
    Tables(model, kBuffers, [this](const Table& buffer) {
      const Vector data = file_.FieldVector(buffer, 0, 1);
      Offset(buffer, 0);
      if (data.size <= kFewBytes) {
        for (uint32_t i = 0; i + 4 <= data.size; i += 4) Add(data.at + i, 4, PlaceKind::kConstant);
      }
      Number(buffer, 1, 8);
      Number(buffer, 2, 8);
    });
    return std::move(places_);
  }

 private:
  void Add(uint32_t at, uint8_t width, PlaceKind kind) {
    if (at != 0 && at <= size_ && width <= size_ - at && places_.size() < kMostPlaces) {
      places_.push_back({at, width, kind});
    }
  }

  // Which fields the table has, and how long its vtable says that it is.
  void Fields(const Table& table) {
    if (table.at == 0) return;
    for (uint32_t slot = 0; slot < file_.FieldCount(table); ++slot)
      Add(file_.VtableOf(table) + 4 + 2 * slot, 2, PlaceKind::kField);
  }

  void Number(const Table& table, uint32_t slot, uint8_t width, PlaceKind kind = PlaceKind::kNumber) {
    Add(file_.Field(table, slot, width), width, kind);
  }
  void Offset(const Table& table, uint32_t slot) { Add(file_.Field(table, slot, 4), 4, PlaceKind::kOffset); }

  void Numbers(const Table& table, uint32_t slot, uint8_t width, PlaceKind kind) {
    Offset(table, slot);
    const Vector vector = file_.FieldVector(table, slot, width);
    if (vector.at == 0) return;
    Add(vector.at - 4, 4, PlaceKind::kNumber);  // how many
    for (uint32_t i = 0; i < vector.size && i < kMostElements; ++i) Add(vector.at + i * width, width, kind);
  }

  template <typename Visit>
  void Tables(const Table& table, uint32_t slot, Visit visit) {
    const Vector vector = file_.FieldVector(table, slot, 4);
    if (vector.at != 0) Add(vector.at - 4, 4, PlaceKind::kNumber);
    for (uint32_t i = 0; i < vector.size && i < 4 * kMostElements && file_.status == MOTE_OK; ++i) {
      Add(vector.at + 4 * i, 4, PlaceKind::kOffset);
      const Table element = file_.ElementTable(vector, i);
      Fields(element);
      visit(element);
    }
  }

  void Tensor(const Table& tensor) {
    Numbers(tensor, 0, 4, PlaceKind::kExtent);
    Number(tensor, 1, 1);
    Number(tensor, 2, 4, PlaceKind::kIndex);
    Number(tensor, 5, 1);
    Offset(tensor, 4);
    const Table quantization = file_.FieldTable(tensor, 4);
    Fields(quantization);
    Numbers(quantization, 2, 4, PlaceKind::kScale);
    Numbers(quantization, 3, 8, PlaceKind::kNumber);
    Number(quantization, 6, 4);
  }

  void Operator(const Table& op) {
    Number(op, 0, 4, PlaceKind::kIndex);
    Numbers(op, 1, 4, PlaceKind::kIndex);
    Numbers(op, 2, 4, PlaceKind::kIndex);
    Number(op, 3, 1);
    Offset(op, 4);
    Numbers(op, 8, 4, PlaceKind::kIndex);
    const Table options = file_.FieldTable(op, 4);
    Fields(options);
    for (uint32_t slot = 0; options.at != 0 && slot < file_.FieldCount(options); ++slot) {
      const uint32_t at = file_.Field(options, slot, 1);
      Add(at, at % 4 == 0 ? 4 : 1, PlaceKind::kNumber);
    }
  }

  const uint32_t size_;
  FlatBuffer file_;
  std::vector<Place> places_;
};

uint32_t Pick(std::minstd_rand& random, uint32_t below) { return static_cast<uint32_t>(random() >> 4) % below; }

float ScaleValue(std::minstd_rand& random, float old) {
  static constexpr float kScales[] = {1.0f,       0.5f, 2.0f,    1.0f / 256, 1.0f / 128, 1.0f / 32768, 1.0f / 4096,
                                      6.0f / 255, 0.1f, 1e-3f,   1e-6f,      1e-11f,     1e-30f,       1e-45f,
                                      1e3f,       1e9f, 3.4e38f, 0.0f,       -1.0f,      0.0625f};
  switch (Pick(random, 4)) {
    case 0:
      return kScales[Pick(random, sizeof kScales / sizeof kScales[0])];
    case 1:
      return old * 2;
    case 2:
      return old / 2;
    default:
      return old * (1.0f + static_cast<float>(Pick(random, 1000)) / 500);
  }
}

}  // namespace

std::vector<Place> FindPlaces(const uint8_t* file, size_t size) {
  if (size < 8 || size > INT32_MAX) return {};
  return Finder(file, size).Run();
}

void MutatePlace(const std::vector<Place>& places, uint8_t* file, size_t size, std::minstd_rand& random) {
  static constexpr int64_t kEdges[] = {
      0,      1,     -1,    2,         127,       128,     -128,          255,     256,       32767,
      -32768, 65535, 65536, INT32_MAX, INT32_MIN, 1 << 30, (1 << 30) + 1, 1 << 28, INT64_MAX, INT64_MIN};
  const Place place = places[Pick(random, static_cast<uint32_t>(places.size()))];
  if (place.at > size || place.width > size - place.at) return;
  uint64_t value = 0;
  std::memcpy(&value, file + place.at, place.width);
  if (place.kind == PlaceKind::kScale) {
    float scale;
    std::memcpy(&scale, file + place.at, 4);
    scale = ScaleValue(random, scale);
    std::memcpy(file + place.at, &scale, 4);
    return;
  }
  const Place other = places[Pick(random, static_cast<uint32_t>(places.size()))];
  switch (Pick(random, 8)) {
    case 0:
      value = static_cast<uint64_t>(kEdges[Pick(random, sizeof kEdges / sizeof kEdges[0])]);
      break;
    case 1:
      ++value;
      break;
    case 2:
      --value;
      break;
    case 3:
      value = static_cast<uint64_t>(Pick(random, 24)) - 2;
      break;
    case 4:
      value *= 2;
      break;
    case 5:
      value = place.kind == PlaceKind::kField ? 0 : 0 - value;
      break;
    default:
      if (other.kind != place.kind || other.at > size || other.width > size - other.at) return;
      value = 0;
      std::memcpy(&value, file + other.at, other.width);
      // An offset counts from where it stands.
      if (place.kind == PlaceKind::kOffset) value += static_cast<uint64_t>(other.at) - place.at;
      break;
  }
  std::memcpy(file + place.at, &value, place.width);
}

}  // namespace mote::test
