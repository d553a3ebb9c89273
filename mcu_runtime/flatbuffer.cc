#include "mcu_runtime/flatbuffer.h"

namespace mote::device {

uint32_t FlatBuffer::Fail(mote_status error) {
  if (status == MOTE_OK) status = error;
  return 0;
}

const uint8_t* FlatBuffer::Bytes(uint32_t at, uint32_t bytes) {
  if (at <= size_ && bytes <= size_ - at) return data_ + at;
  Fail(MOTE_ERROR_TRUNCATED);
  return nullptr;
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
  if (vtable_bytes < 4 || vtable_bytes % 2 != 0 || bytes < 4) Fail(MOTE_ERROR_STRUCTURE);
  Bytes(vtable, vtable_bytes);
  Bytes(at, bytes);
  return {status == MOTE_OK ? at : 0};
}

uint32_t FlatBuffer::Field(Table table, uint32_t slot, uint32_t bytes) {
  if (slot >= FieldCount(table)) return 0;
  const uint32_t place = VtableU16(table, 4 + 2 * slot);
  if (place == 0) return 0;
  if (place < 4 || place + bytes > VtableU16(table, 2)) return Fail(MOTE_ERROR_STRUCTURE);
  return table.at + place;
}

int32_t FlatBuffer::FieldI8(Table table, uint32_t slot) {
  const uint32_t at = Field(table, slot, 1);
  return at ? static_cast<int8_t>(data_[at]) : 0;
}

int32_t FlatBuffer::FieldI32(Table table, uint32_t slot) {
  const uint32_t at = Field(table, slot, 4);
  return at ? LoadUnaligned<int32_t>(data_ + at) : 0;
}

Table FlatBuffer::FieldTable(Table table, uint32_t slot) { return Follow(Field(table, slot, 4)); }

void FlatBuffer::ReadVector(Table table, uint32_t slot, Vector* vector) { *vector = FieldVector(table, slot, 4); }

/* The vector whose offset stands in a field, or nothing where there is no such field. */
Vector FlatBuffer::FieldVector(Table table, uint32_t slot, uint32_t element_bytes) {
  const uint32_t at = Target(Field(table, slot, 4));
  Vector vector = {0, 0};
  if (at != 0) {
    const uint32_t size = U32(at);
    if (size > (size_ - at - 4) / element_bytes) Fail(MOTE_ERROR_TRUNCATED);
    if (status == MOTE_OK) vector = {at + 4, size};
  }
  return vector;
}

int32_t FlatBuffer::ElementI32(const Vector& vector, uint32_t index) {
  const uint32_t at = Element(vector, index, 4);
  return at ? LoadUnaligned<int32_t>(data_ + at) : 0;
}

Table FlatBuffer::ElementTable(const Vector& vector, uint32_t index) { return Follow(Element(vector, index, 4)); }

uint32_t FlatBuffer::Element(const Vector& vector, uint32_t index, uint32_t element_bytes) {
  return index < vector.size ? vector.at + index * element_bytes : Fail(MOTE_ERROR_STRUCTURE);
}

/* Follows the offset that stands at `at`, a place that has been found within the file. 0: there is none. */
uint32_t FlatBuffer::Target(uint32_t at) {
  if (at == 0) return 0;
  const uint32_t distance = LoadUnaligned<uint32_t>(data_ + at);
  if (distance < 4) return Fail(MOTE_ERROR_STRUCTURE);
  return distance <= size_ - at ? at + distance : Fail(MOTE_ERROR_TRUNCATED);
}

Table FlatBuffer::Follow(uint32_t at) {
  const uint32_t target = Target(at);
  return target != 0 ? TableAt(target) : Table{0};
}

}  // namespace mote::device
