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

#include "mcu_runtime/kernels/codes.h"
#include "mcu_runtime/mote_runtime.h"

namespace mote::device {

/* Positions are distances from the file's begin; 0 is the header's and so stands for "absent". */
struct Table {
  uint32_t at; /* 0: there is none */
};

struct Vector {
  uint32_t at; /* of element 0; 0 where the field is absent */
  uint32_t size;
};

class FlatBuffer {
 public:
  FlatBuffer() = default;
  FlatBuffer(const uint8_t* data, uint32_t size) : data_(data), size_(size) {}

  mote_status status = MOTE_OK;

  const uint8_t* data() const { return data_; }

  /* `bytes` bytes at `at`, or null (and an error) where they leave the file. */
  const uint8_t* Bytes(uint32_t at, uint32_t bytes);
  uint8_t U8(uint32_t at);
  uint16_t U16(uint32_t at);
  uint32_t U32(uint32_t at);
  int32_t I32(uint32_t at) { return static_cast<int32_t>(U32(at)); }

  Table TableAt(uint32_t at);

  /* Where field number `slot` of `bytes` bytes stands, or 0 where the table has it not. */
  uint32_t Field(Table table, uint32_t slot, uint32_t bytes);
  /* 0 where the table has it not, which is what most of the format's defaults are. */
  int32_t FieldI8(Table table, uint32_t slot);
  int32_t FieldI32(Table table, uint32_t slot);
  int32_t FieldI8(Table table, uint32_t slot, int32_t absent) {
    return absent == 0 || Field(table, slot, 1) != 0 ? FieldI8(table, slot) : absent;
  }
  int32_t FieldI32(Table table, uint32_t slot, int32_t absent) {
    return absent == 0 || Field(table, slot, 4) != 0 ? FieldI32(table, slot) : absent;
  }
  uint32_t FieldU32(Table table, uint32_t slot, uint32_t absent) {
    return static_cast<uint32_t>(FieldI32(table, slot, static_cast<int32_t>(absent)));
  }
  Table FieldTable(Table table, uint32_t slot);
  Vector FieldVector(Table table, uint32_t slot, uint32_t element_bytes);
  /* The same of elements of four bytes, written where it is wanted. */
  void ReadVector(Table table, uint32_t slot, Vector* vector);
  /* How many fields the table can have: those that it has stand in slots below that. */
  uint32_t FieldCount(Table table) { return table.at == 0 ? 0 : (VtableU16(table, 0) - 4u) / 2; }
  uint32_t VtableOf(Table table) const { return table.at - LoadUnaligned<uint32_t>(data_ + table.at); }

  /* Elements; an index past the end is an error. */
  int32_t ElementI32(const Vector& vector, uint32_t index);
  Table ElementTable(const Vector& vector, uint32_t index);
  uint32_t Element(const Vector& vector, uint32_t index, uint32_t element_bytes);

 private:
  uint32_t Fail(mote_status error); /* gives 0 */
  /* Of a table that TableAt has given: it and its vtable lie in the file. */
  uint32_t VtableU16(Table table, uint32_t place) const {
    return LoadUnaligned<uint16_t>(data_ + VtableOf(table) + place);
  }
  uint32_t Target(uint32_t at);
  Table Follow(uint32_t at);

  const uint8_t* data_ = nullptr;
  uint32_t size_ = 0;
};

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_FLATBUFFER_H_
