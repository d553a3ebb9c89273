/* What operators that move elements share: they take tensors of any type, whole elements at a time. */
#ifndef MOTE_MCU_RUNTIME_OPERATORS_MOVING_H_
#define MOTE_MCU_RUNTIME_OPERATORS_MOVING_H_

#include "mcu_runtime/kernels/codes.h"
#include "mcu_runtime/kernels/strided_copy.h"
#include "mcu_runtime/operators/invocation.h"

namespace mote::device {

/* Tensors whose elements are moved. Scale and zero point are set where codes have them; without any, both stay 0. */
mote_status MovedInput(Invocation& op, int32_t position, TensorInfo* info);
inline mote_status MovedOutput(Invocation& op, int32_t position, TensorInfo* info) {
  return MovedInput(op, Invocation::kOutputs | position, info);
}

/* Input 0 and output 0 of an operator whose elements keep their values. */
mote_status ReadMoved(Invocation& op, TensorInfo* input, TensorInfo* output);

/* Fails at `tensor` unless elements of `other` may stand in it as they are: one type, and tied quantization. */
mote_status RequireTied(Invocation& op, const TensorInfo& tensor, const TensorInfo& other);

/* A constant of axes, extents or the like, int32 or int64: what is left of its TensorInfo, since stacks are small. */
struct Indices {
  const uint8_t* data = nullptr;
  int32_t count = 0;
  int32_t tensor = -1;
  bool wide = false;

  /* Numbers beyond what a tensor has are all one: no more than kMaxElements + 1, or no less than its negative. */
  int32_t At(int32_t i) const;
  mote_status Fail(Invocation& op, mote_status status) const {
    op.fault_tensor = tensor;
    return status;
  }
};
mote_status ReadIndices(Invocation& op, int32_t position, Indices* indices);
/* The only element of one. */
mote_status ReadIndex(Invocation& op, int32_t position, int32_t* index);

/* An axis of `tensor`; negative ones count from its end. */
mote_status ReadAxis(Invocation& op, int32_t value, const TensorInfo& tensor, int32_t* axis);

/* Whether `output` has the extents of `input` but those of the axes in the mask `removed`, in this order. Extents of 1
 * do not count: they change neither order nor number of the elements. */
bool HasRemainingShape(const TensorInfo& output, const TensorInfo& input, uint32_t removed);

inline int32_t ElementBytes(const TensorInfo& info) { return static_cast<int32_t>(info.bytes) / info.elements; }

/* A copy, ready to be done: operators fill one in a function of its own, so that what they read is off the stack. */
struct Move {
  StridedCopyParams copy = StridedCopyParams::Of(1);
  const uint8_t* source = nullptr;
  uint8_t* target = nullptr;

  /* Where the copy begins, in bytes. At load there is no memory yet. */
  void Place(const Invocation& op, const TensorInfo& from, int32_t source_begin, const TensorInfo& to,
             int32_t target_begin) {
    if (op.verifying()) return;
    source = op.Data<uint8_t>(from) + source_begin;
    target = op.MutableData<uint8_t>(to) + target_begin;
  }
};

inline void RunMove(const Move& move) { MOTE_RUN((move.copy, move.source, move.target), StridedCopy); }

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_OPERATORS_MOVING_H_
