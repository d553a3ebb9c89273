/* Checksums of bytes and of operators' outputs, for hooks and mote_selftest. */
#include "mcu_runtime/mote_runtime.h"

uint32_t mote_checksum(uint32_t seed, const void* data, size_t bytes) {
  const uint8_t* byte = static_cast<const uint8_t*>(data);
  for (const uint8_t* end = byte + bytes; byte != end; ++byte) seed = (seed ^ *byte) * 0x01000193u;
  return seed;
}

uint32_t mote_model_checksum(const mote_model* model, int32_t op) {
  uint32_t sum = MOTE_CHECKSUM_SEED;
  const int32_t count = mote_model_operator_output_count(model, op);
  for (int32_t i = 0; i < count; ++i) {
    const mote_tensor output = mote_model_tensor(model, mote_model_operator_output(model, op, i));
    if (output.data != nullptr && output.type != MOTE_RESOURCE) sum = mote_checksum(sum, output.data, output.bytes);
  }
  return sum;
}
