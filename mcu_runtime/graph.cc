#include "mcu_runtime/graph.h"

namespace mote::device {
namespace {

/* Field numbers of the public schema, version 3. */
enum ModelField : uint32_t { kVersion = 0, kOperatorCodes = 1, kSubgraphs = 2, kBuffers = 4 };
enum SubgraphField : uint32_t { kTensors = 0, kInputs = 1, kOutputs = 2, kOperators = 3 };
enum CodeField : uint32_t { kOldCode = 0, kCodeVersion = 2, kCode = 3 };
enum OperatorField : uint32_t {
  kCodeIndex = 0,
  kOperatorInputs = 1,
  kOperatorOutputs = 2,
  kOptionsType = 3,
  kOptions = 4,
};
enum TensorField : uint32_t { kShape = 0, kType = 1, kBuffer = 2, kQuantization = 4, kIsVariable = 5, kSparsity = 6 };
enum QuantizationField : uint32_t { kScale = 2, kZeroPoint = 3, kQuantizedDimension = 6 };
enum BufferField : uint32_t { kData = 0, kDataOffset = 1, kDataSize = 2 };

constexpr uint32_t kIdentifierPlace = 4;

uint32_t BytesOfType(int32_t type) {
  switch (type) {
    case MOTE_FLOAT32:
    case MOTE_INT32:
      return 4;
    case MOTE_INT64:
      return 8;
    case MOTE_INT16:
      return 2;
    case MOTE_UINT8:
    case MOTE_BOOL:
    case MOTE_INT8:
      return 1;
    default:
      return 0;
  }
}

}  // namespace

mote_status Graph::Open(const void* data, size_t file_size) {
  if (data == nullptr) return MOTE_ERROR_ARGUMENT;
  const uint8_t* bytes = static_cast<const uint8_t*>(data);
  if (file_size < 8 || file_size > INT32_MAX) return MOTE_ERROR_NOT_A_MODEL;
  if (LoadLittleEndian32(bytes + kIdentifierPlace) != 0x334c4654u /* "TFL3" */) return MOTE_ERROR_NOT_A_MODEL;
  file = FlatBuffer(bytes, static_cast<uint32_t>(file_size));

  const Table model = file.TableAt(file.U32(0));
  const uint32_t version = file.FieldU32(model, kVersion, 0);
  if (file.status == MOTE_OK && version != 3) return MOTE_ERROR_NOT_A_MODEL;
  codes_ = file.FieldVector(model, kOperatorCodes, 4);
  buffers_ = file.FieldVector(model, kBuffers, 4);
  const Vector subgraphs = file.FieldVector(model, kSubgraphs, 4);
  if (file.status == MOTE_OK && subgraphs.size != 1) return MOTE_ERROR_STRUCTURE;
  const Table subgraph = file.ElementTable(subgraphs, 0);
  tensors = file.FieldVector(subgraph, kTensors, 4);
  operators = file.FieldVector(subgraph, kOperators, 4);
  inputs = file.FieldVector(subgraph, kInputs, 4);
  outputs = file.FieldVector(subgraph, kOutputs, 4);
  if (file.status == MOTE_OK && (tensors.size == 0 || inputs.size == 0 || outputs.size == 0 || buffers_.size == 0)) {
    return MOTE_ERROR_STRUCTURE;
  }
  return file.status;
}

mote_status Graph::ReadTensor(int32_t index, TensorInfo* info) {
  *info = TensorInfo();
  if (index < 0 || static_cast<uint32_t>(index) >= tensors.size) return MOTE_ERROR_STRUCTURE;
  info->index = index;
  const Table tensor = file.ElementTable(tensors, static_cast<uint32_t>(index));
  const int32_t type = file.FieldI8(tensor, kType, 0);
  const Vector shape = file.FieldVector(tensor, kShape, 4);
  const uint32_t buffer_index = file.FieldU32(tensor, kBuffer, 0);
  const bool is_variable = file.FieldI8(tensor, kIsVariable, 0) != 0;
  const bool is_sparse = file.Field(tensor, kSparsity, 4) != 0;
  const Table quantization = file.FieldTable(tensor, kQuantization);
  info->scales = file.FieldVector(quantization, kScale, 4);
  info->zero_points = file.FieldVector(quantization, kZeroPoint, 8);
  info->quantized_dimension = file.FieldI32(quantization, kQuantizedDimension, 0);
  if (file.status != MOTE_OK) return file.status;
  if (is_variable || is_sparse || buffer_index >= buffers_.size) return MOTE_ERROR_STRUCTURE;

  const uint32_t element_bytes = BytesOfType(type);
  if (element_bytes == 0) return MOTE_ERROR_TYPE;
  info->type = static_cast<mote_type>(type);
  if (shape.size > MOTE_MAX_DIMENSIONS) return MOTE_ERROR_SHAPE;
  info->dimensions = static_cast<int32_t>(shape.size);
  int64_t elements = 1;
  for (int32_t d = 0; d < info->dimensions; ++d) {
    const int32_t extent = file.ElementI32(shape, static_cast<uint32_t>(d));
    if (extent <= 0) return MOTE_ERROR_SHAPE;
    elements *= extent;
    if (elements * element_bytes > kMaxElements) return MOTE_ERROR_SHAPE;
    info->shape[d] = extent;
  }
  info->elements = static_cast<int32_t>(elements);
  info->bytes = static_cast<uint32_t>(elements) * element_bytes;

  const Table buffer = file.ElementTable(buffers_, buffer_index);
  const Vector data = file.FieldVector(buffer, kData, 1);
  const bool is_outside = file.Field(buffer, kDataOffset, 8) != 0 || file.Field(buffer, kDataSize, 8) != 0;
  if (file.status != MOTE_OK) return file.status;
  if (is_outside) return MOTE_ERROR_BUFFER; /* data behind the FlatBuffer: files over 2 GB */
  if (data.size != 0) {
    if (data.size != info->bytes) return MOTE_ERROR_BUFFER;
    info->constant = file.data() + data.at;
  }
  return MOTE_OK;
}

mote_status Graph::ReadOperator(int32_t index, OperatorInfo* info) {
  *info = OperatorInfo();
  const Table op = file.ElementTable(operators, static_cast<uint32_t>(index));
  const Table code = file.ElementTable(codes_, file.FieldU32(op, kCodeIndex, 0));
  /* Codes over 127 came later and stand in a wider field; readers take the greater of the two. */
  const int32_t old_code = file.FieldI8(code, kOldCode, 0);
  const int32_t new_code = file.FieldI32(code, kCode, 0);
  info->code = new_code > old_code ? new_code : old_code;
  info->version = file.FieldI32(code, kCodeVersion, 1);
  info->inputs = file.FieldVector(op, kOperatorInputs, 4);
  info->outputs = file.FieldVector(op, kOperatorOutputs, 4);
  info->options_type = static_cast<uint8_t>(file.FieldI8(op, kOptionsType, 0));
  info->options = file.FieldTable(op, kOptions);
  return file.status;
}

}  // namespace mote::device
