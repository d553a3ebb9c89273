/* The model as it stands in the file: tables, tensors and operators of the .tflite format, read in place.
 *
 * Only what this runtime uses is read, and all that it reads is checked at each reading; names, metadata and signatures
 * are never touched.
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

namespace mote::device {

/* Tensors hold at most this many elements, so that 32-bit arithmetic on positions with strides and paddings is safe. */
constexpr int32_t kMaxElements = int32_t{1} << 30;

struct TensorInfo {
  int32_t index = -1;
  mote_type type = MOTE_FLOAT32;
  int32_t dimensions = 0; /* 0: a scalar */
  int32_t shape[MOTE_MAX_DIMENSIONS] = {};
  int32_t elements = 0;
  uint32_t bytes = 0;
  const uint8_t* constant = nullptr; /* in the file, at any alignment; null for activations */
  Vector scales;                     /* float32 */
  Vector zero_points;                /* int64, as many */
  int32_t quantized_dimension = 0;
  /* Of activations, set by Invocation: */
  Scale scale;
  int32_t zero_point = 0;

  int32_t last_dimension() const { return shape[dimensions - 1]; }
};

struct OperatorInfo {
  int32_t code = 0; /* the schema's BuiltinOperator */
  int32_t version = 1;
  Vector inputs; /* tensor indices, -1: left out */
  Vector outputs;
  uint8_t options_type = 0; /* the schema's number in the union, 0: none */
  Table options;
};

class Graph {
 public:
  /* Reads the model's head: identifier, version, the one subgraph, and that its parts are there. */
  mote_status Open(const void* file, size_t file_size);

  FlatBuffer file;
  Vector tensors;
  Vector operators;
  Vector inputs;
  Vector outputs;

  mote_status ReadTensor(int32_t index, TensorInfo* info);
  mote_status ReadOperator(int32_t index, OperatorInfo* info);

 private:
  Vector codes_;
  Vector buffers_;
};

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_GRAPH_H_
