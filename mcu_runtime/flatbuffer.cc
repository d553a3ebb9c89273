#include "mcu_runtime/flatbuffer.h"

namespace mote::device {

void FlatBuffer::Fail(mote_status error) {
  if (status == MOTE_OK) status = error;
}

const uint8_t* FlatBuffer::Bytes(uint32_t at, uint32_t bytes) {
  if (at > size_ || bytes > size_ - at) {
    Fail(MOTE_ERROR_TRUNCATED);
    return nullptr;
  }
  return data_ + at;
}

uint8_t FlatBuffer::U8(uint32_t at) {
  const uint8_t* p = Bytes(at, 1);
  return p ? *p : uint8_t{0};
}

uint16_t FlatBuffer::U16(uint32_t at) {
  const uint8_t* p = Bytes(at, 2);
  return p ? LoadUnaligned<uint16_t>(p) : uint16_t{0};
}

uint32_t FlatBuffer::U32(uint32_t at) {
  const uint8_t* p = Bytes(at, 4);
  return p ? LoadUnaligned<uint32_t>(p) : 0;
}

Table FlatBuffer::TableAt(uint32_t at) {
  const uint32_t vtable = at - U32(at); /* the distance is signed: modulo 2^32 is right */
  const uint32_t vtable_bytes = U16(vtable);
  const uint32_t bytes = U16(vtable + 2);
  if (status == MOTE_OK && (vtable_bytes < 4 || vtable_bytes % 2 != 0 || bytes < 4)) Fail(MOTE_ERROR_STRUCTURE);
  Bytes(vtable, vtable_bytes);
  Bytes(at, bytes);
  Table table;
  if (status == MOTE_OK) {
    table.at = at;
    table.vtable = vtable;
  }
  return table;
}

uint32_t FlatBuffer::Field(const Table& table, uint32_t slot, uint32_t bytes) {
  if (slot >= FieldCount(table)) return 0;
  const uint32_t place = U16(table.vtable + 4 + 2 * slot);
  if (place == 0) return 0;
  if (place < 4 || place + bytes > U16(table.vtable + 2)) {
    Fail(MOTE_ERROR_STRUCTURE);
    return 0;
  }
  return table.at + place;
}

int32_t FlatBuffer::FieldI8(const Table& table, uint32_t slot, int32_t absent) {
  const uint32_t at = Field(table, slot, 1);
  return at ? static_cast<int8_t>(U8(at)) : absent;
}

int32_t FlatBuffer::FieldI32(const Table& table, uint32_t slot, int32_t absent) {
  const uint32_t at = Field(table, slot, 4);
  return at ? I32(at) : absent;
}

Table FlatBuffer::FieldTable(const Table& table, uint32_t slot) {
  const uint32_t at = Field(table, slot, 4);
  return at ? Follow(at) : Table();
}

Vector FlatBuffer::FieldVector(const Table& table, uint32_t slot, uint32_t element_bytes) {
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

Table FlatBuffer::ElementTable(const Vector& vector, uint32_t index) {
  const uint32_t at = Element(vector, index, 4);
  return at ? Follow(at) : Table();
}

uint32_t FlatBuffer::Element(const Vector& vector, uint32_t index, uint32_t element_bytes) {
  if (index < vector.size) return vector.at + index * element_bytes;
  Fail(MOTE_ERROR_STRUCTURE);
  return 0;
}

/* Follows the offset that stands at `at`. */
uint32_t FlatBuffer::Target(uint32_t at) {
  const uint32_t distance = U32(at);
  if (distance < 4 || distance > size_ - at) {
    Fail(distance < 4 ? MOTE_ERROR_STRUCTURE : MOTE_ERROR_TRUNCATED);
    return size_;
  }
  return at + distance;
}

Table FlatBuffer::Follow(uint32_t at) {
  const uint32_t target = Target(at);
  return status == MOTE_OK ? TableAt(target) : Table();
}

}  // namespace mote::device
