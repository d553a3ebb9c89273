#include "mcu_runtime/graph.h"

namespace mote::device {
namespace {

/* Field numbers of the public schema, version 3. */
enum ModelField : uint32_t { kVersion = 0, kOperatorCodes = 1, kSubgraphs = 2, kBuffers = 4, kMetadata = 6 };
enum SubgraphField : uint32_t { kTensors = 0, kInputs = 1, kOutputs = 2, kOperators = 3 };
enum CodeField : uint32_t { kOldCode = 0, kCode = 3 };
enum OperatorField : uint32_t {
  kCodeIndex = 0,
  kOperatorInputs = 1,
  kOperatorOutputs = 2,
  kOptionsType = 3,
  kOptions = 4,
  kOptionsType2 = 11,
  kOptions2 = 12,
};
enum TensorField : uint32_t { kShape = 0, kType = 1, kBuffer = 2, kQuantization = 4, kIsVariable = 5, kSparsity = 6 };
enum QuantizationField : uint32_t { kScale = 2, kZeroPoint = 3, kQuantizedDimension = 6 };
enum BufferField : uint32_t { kData = 0, kDataOffset = 1, kDataSize = 2 };

constexpr uint32_t kIdentifierPlace = 4;

/* Bits an element takes; 0 for types that nothing here takes. */
uint32_t BitsOfType(int32_t type) {
  static constexpr uint8_t kBits[] = {32, 0, 32, 8, 64, 0, 8, 16, 0, 8, 0, 0, 0, 32, 0, 0, 0, 4};
  return type >= 0 && type < static_cast<int32_t>(sizeof kBits) ? kBits[type] : 0;
}

}  // namespace

mote_status Graph::Open(const void* data, size_t file_size) {
  const uint8_t* bytes = static_cast<const uint8_t*>(data);
  if (file_size < 8 || file_size > INT32_MAX) return MOTE_ERROR_NOT_A_MODEL;
  if (LoadUnaligned<uint32_t>(bytes + kIdentifierPlace) != 0x334c4654u /* "TFL3" */) return MOTE_ERROR_NOT_A_MODEL;
  file = FlatBuffer(bytes, static_cast<uint32_t>(file_size));
  budget_ = file_size >> 28 != 0 ? UINT32_MAX : static_cast<uint32_t>(file_size) * 16;
  const Table model = Model();
  const uint32_t version = file.FieldU32(model, kVersion, 0);
  if (file.status == MOTE_OK && version != 3) return MOTE_ERROR_NOT_A_MODEL;
  file.ReadVector(model, kOperatorCodes, &codes_);
  file.ReadVector(model, kBuffers, &buffers_);
  MOTE_RETURN_IF_ERROR(OpenSubgraph(0));
  return outputs.size != 0 ? MOTE_OK : MOTE_ERROR_STRUCTURE;
}

mote_status Graph::OpenSubgraph(uint32_t index) {
  Vector subgraphs;
  file.ReadVector(Model(), kSubgraphs, &subgraphs);
  const Table subgraph = file.ElementTable(subgraphs, index);
  file.ReadVector(subgraph, kTensors, &tensors);
  file.ReadVector(subgraph, kOperators, &operators);
  file.ReadVector(subgraph, kInputs, &inputs);
  file.ReadVector(subgraph, kOutputs, &outputs);
  return file.status;
}

uint32_t Graph::CountSubgraphs() { return file.FieldVector(Model(), kSubgraphs, 4).size; }

Vector Graph::Metadata() { return file.FieldVector(Model(), kMetadata, 4); }

uint32_t Graph::TypeAt(const Vector& list, uint32_t position) {
  if (position >= list.size) return 255;
  const uint32_t tensor = static_cast<uint32_t>(file.ElementI32(list, position));
  if (tensor >= tensors.size) return 255;
  return static_cast<uint8_t>(file.FieldI8(file.ElementTable(tensors, tensor), kType));
}

mote_status Graph::Spend(uint32_t units) {
  if (units > budget_) return MOTE_ERROR_LIMIT;
  budget_ -= units;
  return MOTE_OK;
}

MOTE_NOINLINE Vector Graph::ReadBuffer(uint32_t index) {
  const Table buffer = file.ElementTable(buffers_, index);
  Vector data = file.FieldVector(buffer, kData, 1);
  /* Or behind the FlatBuffer: a place in the file, where 0 and 1 stand for none, and a size, both of 64 bits. */
  const uint32_t offset_at = file.Field(buffer, kDataOffset, 8);
  const uint32_t size_at = file.Field(buffer, kDataSize, 8);
  if (offset_at == 0 || size_at == 0) return data;
  const uint64_t offset = LoadUnaligned<uint64_t>(file.data() + offset_at);
  const uint64_t size = LoadUnaligned<uint64_t>(file.data() + size_at);
  if (offset <= 1) return data;
  data.at = (offset | size) >> 32 == 0 ? static_cast<uint32_t>(offset) : UINT32_MAX;
  data.size = static_cast<uint32_t>(size);
  file.Bytes(data.at, data.size);
  return data;
}

MOTE_NOINLINE void Graph::ReadQuantization(Table tensor, TensorInfo* info) {
  const Table quantization = file.FieldTable(tensor, kQuantization);
  file.ReadVector(quantization, kScale, &info->scales);
  const Vector zero_points = file.FieldVector(quantization, kZeroPoint, 8);
  info->zero_points_at = zero_points.size != 0 && zero_points.size == info->scales.size ? zero_points.at : 0;
  const int32_t dimension = file.FieldI32(quantization, kQuantizedDimension, 0);
  info->quantized_dimension =
      static_cast<uint32_t>(dimension) < MOTE_MAX_DIMENSIONS ? static_cast<int8_t>(dimension) : int8_t{-1};
}

/* `type` is set. */
MOTE_NOINLINE mote_status Graph::ReadShape(Table tensor, TensorInfo* info) {
  const Vector shape = file.FieldVector(tensor, kShape, 4);
  if (file.status != MOTE_OK) return file.status;
  if (shape.size > MOTE_MAX_DIMENSIONS) return MOTE_ERROR_SHAPE;
  info->dimensions = static_cast<uint8_t>(shape.size);
  info->shape.at = file.data() + shape.at;
  const uint32_t bits = BitsOfType(info->type);
  const uint32_t most = kMaxElements / ((bits + 7) / 8);
  uint32_t elements = 1;
  for (int32_t d = 0; d < info->dimensions; ++d) {
    const uint32_t extent = static_cast<uint32_t>(info->shape[d]);
    if (extent == 0 || extent > most / elements) return MOTE_ERROR_SHAPE;
    elements *= extent;
  }
  info->elements = static_cast<int32_t>(elements);
  info->bytes = bits < 8 ? (elements + 1) / 2 : elements * (bits / 8);
  return MOTE_OK;
}

mote_status Graph::ReadTensor(int32_t index, TensorInfo* info) {
  if (static_cast<uint32_t>(index) >= tensors.size) return MOTE_ERROR_STRUCTURE;
  info->index = index;
  const Table tensor = file.ElementTable(tensors, static_cast<uint32_t>(index));
  const int32_t type = file.FieldI8(tensor, kType, 0);
  if (BitsOfType(type) == 0) return MOTE_ERROR_TYPE; /* before it becomes an enum's value */
  info->type = static_cast<mote_type>(type);
  info->is_variable = file.FieldI8(tensor, kIsVariable, 0) != 0;
  info->constant = nullptr;
  info->scale = {0, 0};
  info->zero_point = 0;
  if (file.Field(tensor, kSparsity, 4) != 0) return MOTE_ERROR_STRUCTURE;
  ReadQuantization(tensor, info);
  MOTE_RETURN_IF_ERROR(ReadShape(tensor, info));
  const Vector data = ReadBuffer(file.FieldU32(tensor, kBuffer, 0));
  if (file.status != MOTE_OK) return file.status;
  if (data.size == 0 || info->is_variable) return MOTE_OK;
  if (data.size != info->bytes) return MOTE_ERROR_BUFFER;
  info->constant = file.data() + data.at;
  return MOTE_OK;
}

mote_status Graph::ReadOperator(uint32_t index, OperatorInfo* info) {
  const Table op = file.ElementTable(operators, index);
  const Table code = file.ElementTable(codes_, file.FieldU32(op, kCodeIndex, 0));
  /* Codes over 127 came later and stand in a wider field; readers take the greater of the two. */
  const int32_t old_code = file.FieldI8(code, kOldCode, 0);
  const int32_t new_code = file.FieldI32(code, kCode, 0);
  info->code = new_code > old_code ? new_code : old_code;
  file.ReadVector(op, kOperatorInputs, &info->inputs);
  file.ReadVector(op, kOperatorOutputs, &info->outputs);
  info->options_type = static_cast<uint8_t>(file.FieldI8(op, kOptionsType, 0));
  info->options = file.FieldTable(op, kOptions);
  return file.status;
}

}  // namespace mote::device
