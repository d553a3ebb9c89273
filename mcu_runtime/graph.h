/* The model as it stands in the file: tables, tensors and operators of the .tflite format, read in place.
 *
 * Only what this runtime uses is read, and all that it reads is checked at each reading; names and signatures are never
 * touched.
 */
#ifndef MOTE_MCU_RUNTIME_GRAPH_H_
#define MOTE_MCU_RUNTIME_GRAPH_H_

#include <stdint.h>

#include "mcu_runtime/flatbuffer.h"
#include "mcu_runtime/scale.h"

#define MOTE_RETURN_IF_ERROR(expression)              \
  do {                                                \
    const mote_status mote_status_ = (expression);    \
    if (mote_status_ != MOTE_OK) return mote_status_; \
  } while (false)

/* For functions whose frame must be gone before what they prepare runs: stacks are small. */
#define MOTE_NOINLINE __attribute__((noinline))

namespace mote::device {

/* Tensors hold at most this many bytes, so that 32-bit arithmetic on positions with strides and paddings is safe. */
constexpr int32_t kMaxElements = int32_t{1} << 30;

/* Sets of tensor types. */
constexpr uint32_t TypeBit(int32_t type) { return uint32_t{1} << type; }
constexpr uint32_t kFloat32 = TypeBit(MOTE_FLOAT32);
constexpr uint32_t kInt32 = TypeBit(MOTE_INT32);
constexpr uint32_t kUInt8 = TypeBit(MOTE_UINT8);
constexpr uint32_t kInt64 = TypeBit(MOTE_INT64);
constexpr uint32_t kBool = TypeBit(MOTE_BOOL);
constexpr uint32_t kInt16 = TypeBit(MOTE_INT16);
constexpr uint32_t kInt8 = TypeBit(MOTE_INT8);
constexpr uint32_t kResource = TypeBit(MOTE_RESOURCE);
constexpr uint32_t kInt4 = TypeBit(MOTE_INT4);
constexpr uint32_t kAllTypes = kFloat32 | kInt32 | kUInt8 | kInt64 | kBool | kInt16 | kInt8;

/* The extents of a tensor, where they stand in the file. */
struct Shape {
  const uint8_t* at;
  int32_t operator[](int32_t dimension) const { return LoadCode<int32_t>(at, dimension); }
};

/* Nothing is set before it is read: stacks are small, and so is the code that would set it. */
struct TensorInfo {
  int32_t index;
  mote_type type : 8;
  uint8_t dimensions;         /* 0: a scalar */
  int8_t quantized_dimension; /* -1 for all that no tensor has */
  bool is_variable;
  Shape shape;
  int32_t elements;
  uint32_t bytes;
  const uint8_t* constant; /* in the file, at any alignment; null for activations */
  Vector scales;           /* float32 */
  uint32_t zero_points_at; /* int64, one for each scale; 0 where there are none, or not as many */
  /* Set by Invocation::Input and Output; 0 before: */
  Scale scale;
  int32_t zero_point;

  int32_t last_dimension() const { return shape[dimensions - 1]; }
};

struct OperatorInfo {
  int32_t code;  /* the schema's BuiltinOperator */
  Vector inputs; /* tensor indices, -1: left out */
  Vector outputs;
  Table options;
  uint8_t options_type; /* the schema's number in the union, 0: none */
};

/* One subgraph, with what all subgraphs share. */
class Graph {
 public:
  /* Reads the model's head: identifier, version, and that the subgraph and its parts are there. `file` is not null. */
  mote_status Open(const void* file, size_t file_size);
  mote_status OpenSubgraph(uint32_t index);
  uint32_t CountSubgraphs();

  FlatBuffer file;
  Vector tensors;
  Vector operators;
  Vector inputs;
  Vector outputs;

  mote_status ReadTensor(int32_t index, TensorInfo* info);
  mote_status ReadOperator(uint32_t index, OperatorInfo* info);
  /* The schema's number of a tensor's type; 255 where the list has no such position, or there is no such tensor. */
  uint32_t TypeAt(const Vector& list, uint32_t position);
  /* The bytes of a buffer of the model, an empty vector where it has none. */
  Vector ReadBuffer(uint32_t index);

  /* Counts what checks cost whose length a small file could repeat at will (many operators that share one long vector),
   * and refuses a file that asks for more than its size explains. */
  mote_status Spend(uint32_t units);

  /* The model's metadata (name, buffer), for tools and mote_selftest. */
  Vector Metadata();

 private:
  Table Model() { return file.TableAt(file.U32(0)); }
  void ReadQuantization(Table tensor, TensorInfo* info);
  mote_status ReadShape(Table tensor, TensorInfo* info);

  Vector codes_;
  Vector buffers_;
  uint32_t budget_ = 0; /* for Spend */
};

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_GRAPH_H_
