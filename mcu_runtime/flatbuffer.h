/* Reads a FlatBuffer where it lies: at any alignment, without generated code, every access checked against the file's
 * end.
 *
 * Errors are sticky: the first one stays in `status`, and every later read gives zeros, so that a caller may read many
 * fields and ask once. Nothing here recurses or loops; a table costs the same whatever the file says.
 *
 * Format (https://flatbuffers.dev/internals): little-endian; an offset is an unsigned 32-bit distance from where it
 * stands; a table begins with the signed distance back to its vtable, which holds {vtable bytes, table bytes, and for
 * each field its place in the table or 0}; a vector is a 32-bit count and its elements.
 */
#ifndef MOTE_MCU_RUNTIME_FLATBUFFER_H_
#define MOTE_MCU_RUNTIME_FLATBUFFER_H_

#include <stdint.h>

#include "mcu_runtime/mote_runtime.h"

namespace mote::device {

inline uint32_t LoadLittleEndian32(const uint8_t* p) {
  return static_cast<uint32_t>(p[0]) | static_cast<uint32_t>(p[1]) << 8 | static_cast<uint32_t>(p[2]) << 16 |
         static_cast<uint32_t>(p[3]) << 24;
}

/* Positions are distances from the file's begin; 0 is the header's and so stands for "absent". */
struct Table {
  uint32_t at = 0;
  uint32_t bytes = 0;
  uint32_t vtable = 0;
  uint32_t vtable_bytes = 0;
};

struct Vector {
  uint32_t at = 0; /* of element 0; 0 where the field is absent */
  uint32_t size = 0;
};

class FlatBuffer {
 public:
  FlatBuffer() = default;
  FlatBuffer(const uint8_t* data, uint32_t size) : data_(data), size_(size) {}

  mote_status status = MOTE_OK;

  const uint8_t* data() const { return data_; }

  /* `bytes` bytes at `at`, or null (and an error) where they leave the file. */
  const uint8_t* Bytes(uint32_t at, uint32_t bytes) {
    if (at > size_ || bytes > size_ - at) {
      Fail(MOTE_ERROR_TRUNCATED);
      return nullptr;
    }
    return data_ + at;
  }
  uint8_t U8(uint32_t at) {
    const uint8_t* p = Bytes(at, 1);
    return p ? *p : uint8_t{0};
  }
  uint16_t U16(uint32_t at) {
    const uint8_t* p = Bytes(at, 2);
    return p ? static_cast<uint16_t>(p[0] | p[1] << 8) : uint16_t{0};
  }
  uint32_t U32(uint32_t at) {
    const uint8_t* p = Bytes(at, 4);
    return p ? LoadLittleEndian32(p) : 0;
  }
  int32_t I32(uint32_t at) { return static_cast<int32_t>(U32(at)); }

  Table TableAt(uint32_t at) {
    Table table;
    const uint32_t vtable = at - U32(at); /* the distance is signed: modulo 2^32 is right */
    const uint32_t vtable_bytes = U16(vtable);
    const uint32_t bytes = U16(vtable + 2);
    if (status != MOTE_OK) return table;
    if (vtable_bytes < 4 || vtable_bytes % 2 != 0 || bytes < 4) {
      Fail(MOTE_ERROR_STRUCTURE);
      return table;
    }
    if (!Bytes(vtable, vtable_bytes) || !Bytes(at, bytes)) return table;
    table.at = at;
    table.bytes = bytes;
    table.vtable = vtable;
    table.vtable_bytes = vtable_bytes;
    return table;
  }

  /* Where field number `slot` of `bytes` bytes stands, or 0 where the table has it not. */
  uint32_t Field(const Table& table, uint32_t slot, uint32_t bytes) {
    const uint32_t entry = 4 + 2 * slot;
    if (table.at == 0 || entry + 2 > table.vtable_bytes) return 0;
    const uint32_t place = U16(table.vtable + entry);
    if (place == 0) return 0;
    if (place < 4 || place + bytes > table.bytes) {
      Fail(MOTE_ERROR_STRUCTURE);
      return 0;
    }
    return table.at + place;
  }
  int8_t FieldI8(const Table& table, uint32_t slot, int8_t absent) {
    const uint32_t at = Field(table, slot, 1);
    return at ? static_cast<int8_t>(U8(at)) : absent;
  }
  int32_t FieldI32(const Table& table, uint32_t slot, int32_t absent) {
    const uint32_t at = Field(table, slot, 4);
    return at ? I32(at) : absent;
  }
  uint32_t FieldU32(const Table& table, uint32_t slot, uint32_t absent) {
    return static_cast<uint32_t>(FieldI32(table, slot, static_cast<int32_t>(absent)));
  }
  Table FieldTable(const Table& table, uint32_t slot) {
    const uint32_t at = Field(table, slot, 4);
    return at ? Follow(at) : Table();
  }
  Vector FieldVector(const Table& table, uint32_t slot, uint32_t element_bytes) {
    Vector vector;
    const uint32_t field = Field(table, slot, 4);
    if (field == 0) return vector;
    const uint32_t at = Target(field);
    const uint32_t size = U32(at);
    if (status != MOTE_OK) return vector;
    if (size > (size_ - at - 4) / element_bytes) {
      Fail(MOTE_ERROR_TRUNCATED);
      return vector;
    }
    vector.at = at + 4;
    vector.size = size;
    return vector;
  }

  /* Elements; an index past the end is an error. */
  int32_t ElementI32(const Vector& vector, uint32_t index) { return I32(Element(vector, index, 4)); }
  Table ElementTable(const Vector& vector, uint32_t index) {
    const uint32_t at = Element(vector, index, 4);
    return at ? Follow(at) : Table();
  }
  uint32_t Element(const Vector& vector, uint32_t index, uint32_t element_bytes) {
    if (index < vector.size) return vector.at + index * element_bytes;
    Fail(MOTE_ERROR_STRUCTURE);
    return 0;
  }

 private:
  void Fail(mote_status error) {
    if (status == MOTE_OK) status = error;
  }
  /* Follows the offset that stands at `at`. */
  uint32_t Target(uint32_t at) {
    const uint32_t distance = U32(at);
    if (distance < 4 || distance > size_ - at) {
      Fail(distance < 4 ? MOTE_ERROR_STRUCTURE : MOTE_ERROR_TRUNCATED);
      return size_;
    }
    return at + distance;
  }
  Table Follow(uint32_t at) {
    const uint32_t target = Target(at);
    return status == MOTE_OK ? TableAt(target) : Table();
  }

  const uint8_t* data_ = nullptr;
  uint32_t size_ = 0;
};

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_FLATBUFFER_H_
