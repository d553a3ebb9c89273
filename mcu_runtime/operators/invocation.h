/* One operator at work. Each operator is one function, mote_status EvalX(Invocation&), that reads its tensors and
 * options from the file, checks them, and then computes. At load it is called with no memory for activations: it checks
 * everything, the costly things too, and stops before it computes (`verifying`). At each invoke it is called again, and
 * what it reads then is what was checked.
 *
 * Stacks are small: read and check in a MOTE_NOINLINE function that fills a parameter struct, so that the TensorInfos
 * are gone while the kernel runs.
 */
#ifndef MOTE_MCU_RUNTIME_OPERATORS_INVOCATION_H_
#define MOTE_MCU_RUNTIME_OPERATORS_INVOCATION_H_

#include <stdint.h>

#include "mcu_runtime/graph.h"
#include "mcu_runtime/kernels/requantize.h"
#include "mcu_runtime/operators/run.h"

namespace mote::device {

/* Where a model's tensors lie: one uint32_t a tensor of the file, a distance from the begin of the memory that models
 * share or, with kOwn set, of the model's own. */
constexpr uint32_t kNoOffset = UINT32_MAX;
constexpr uint32_t kOwnMemory = uint32_t{1} << 31;

struct Memory {
  uint32_t* offsets = nullptr; /* of the tensors; at invoke, the operators' scratch follows */
  uint8_t* own = nullptr;
  uint8_t* shared = nullptr; /* null at load */
  /* At load: how much scratch the operator asks for, and how much state all have so far. At invoke: whether it is the
   * first one since loading; and `scratch` is the place of the next operator's scratch. */
  uint32_t scratch = 0;
  uint32_t state_bytes = 0;
  bool first = false;
  bool resetting = false;

  /* Where a tensor lies that has an offset. Not at load. */
  uint8_t* At(uint32_t offset) const { return (offset & kOwnMemory ? own : shared) + (offset & ~kOwnMemory); }

  /* At load: a new place among the state. */
  mote_status NewState(uint32_t bytes, uint32_t* place);
};

class Invocation {
 public:
  Invocation(Graph* graph, Memory* memory) : graph_(graph), memory_(memory) {}
  /* The operator that is to work. */
  mote_status Read(uint32_t index) { return graph_->ReadOperator(index, &op_); }

  /* True at load: check all, compute nothing. */
  bool verifying() const { return memory_->shared == nullptr; }
  /* At invoke: the first one since loading or resetting. */
  bool first() const { return memory_->first; }
  /* For rows of kState alone: neither load nor invoke; the state is to be set to its initial value. */
  bool resetting() const { return memory_->resetting; }

  /* The tensor that the last failed check was about: the last one that was read, where the check did not say. -1: there
   * is none. */
  int32_t fault_tensor = -1;

  mote_status Fail(mote_status status, const TensorInfo& tensor) {
    fault_tensor = tensor.index;
    return status;
  }

  /* Positions of tensors: of inputs, and from here on of outputs. */
  static constexpr int32_t kOutputs = 1 << 16;

  /* `types`: a set of those that the operator takes. */

  /* A tensor with one scale and one zero point in its type's range (0 for int16 and int32); sets `scale`, `zero_point`.
   */
  mote_status Input(int32_t position, uint32_t types, TensorInfo* info);
  mote_status Output(uint32_t types, TensorInfo* info, int32_t position = 0) {
    return Input(kOutputs | position, types, info);
  }
  /* Nothing is asked of the quantization. */
  mote_status Raw(int32_t position, uint32_t types, TensorInfo* info);
  mote_status RawOutput(uint32_t types, TensorInfo* info, int32_t position = 0) {
    return Raw(kOutputs | position, types, info);
  }
  /* What Input asks more than Raw. */
  mote_status Quantization(TensorInfo* info);
  /* The same, and its data stands in the file. */
  mote_status Constant(int32_t position, uint32_t types, TensorInfo* info);
  /* Constant weights, zero points 0, one scale or one for each index of dimension `channel_dimension`. */
  mote_status Weights(int32_t position, uint32_t types, int32_t dimensions, int32_t channel_dimension,
                      TensorInfo* info);
  /* Constant, of `channels` elements; `info->constant` is null where it is left out, and the rest then undefined. */
  mote_status Bias(int32_t position, int32_t channels, uint32_t types, TensorInfo* info);
  /* State that is kept from one invoke to the next; quantized as with Input. */
  mote_status Variable(int32_t position, uint32_t types, TensorInfo* info);

  int32_t input_count() const { return static_cast<int32_t>(op_.inputs.size); }
  int32_t output_count() const { return static_cast<int32_t>(op_.outputs.size); }
  bool HasInput(int32_t position) {
    return position < input_count() && graph_->file.ElementI32(op_.inputs, static_cast<uint32_t>(position)) >= 0;
  }

  /* Options by the schema's field number. */
  int32_t Option8(uint32_t slot, int8_t absent) { return graph_->file.FieldI8(op_.options, slot, absent); }
  int32_t Option32(uint32_t slot, int32_t absent) { return graph_->file.FieldI32(op_.options, slot, absent); }
  Vector OptionVector(uint32_t slot, uint32_t element_bytes) {
    return graph_->file.FieldVector(op_.options, slot, element_bytes);
  }

  /* The codes that remain after the fused activation in option `slot`, of the output's type. */
  mote_status Range(uint32_t slot, const TensorInfo& output, OutputRange* range);
  mote_status RangeOf(int32_t activation, const TensorInfo& output, OutputRange* range);

  /* At load: asks for memory of this operator's own, and gives null. At invoke: gives it, aligned to 4. Once an
   * operator. */
  void* Scratch(uint32_t bytes);

  /* Null at load, but for constants. */
  template <typename T = int8_t>
  const T* Data(const TensorInfo& tensor) const {
    return reinterpret_cast<const T*>(Place(tensor));
  }
  template <typename T = int8_t>
  T* MutableData(const TensorInfo& tensor) const {
    return reinterpret_cast<T*>(Place(tensor));
  }

  Graph& graph() { return *graph_; }
  const OperatorInfo& info() const { return op_; }
  Memory& memory() { return *memory_; }

 private:
  uint8_t* Place(const TensorInfo& tensor) const;
  mote_status CheckInput(const TensorInfo& info);

  Graph* graph_;
  Memory* memory_;
  OperatorInfo op_;
};

/* Equal zero points and scales, for operators that move codes. Scales may differ by 8 units in the last place:
 * converters compute tied scales twice. */
bool HaveTiedQuantization(const TensorInfo& a, const TensorInfo& b);
bool HaveEqualShapes(const TensorInfo& a, const TensorInfo& b);

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_OPERATORS_INVOCATION_H_
