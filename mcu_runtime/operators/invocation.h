/* One operator at work. Each operator is one function, mote_status EvalX(Invocation&), that reads its tensors and
 * options from the file, checks them, and then computes. At load it is called with `arena` null: it checks everything,
 * the costly things too, and stops before it computes. At each invoke it is called again, and what it reads then is
 * what was checked.
 */
#ifndef MOTE_MCU_RUNTIME_OPERATORS_INVOCATION_H_
#define MOTE_MCU_RUNTIME_OPERATORS_INVOCATION_H_

#include <stdint.h>

#include "mcu_runtime/graph.h"
#include "mcu_runtime/kernels/requantize.h"
#include "mcu_runtime/kernels/window.h"

namespace mote::device {

/* Where the tensors of the arena lie: one uint32_t a tensor of the file, a distance from the arena's begin. */
constexpr uint32_t kNoOffset = UINT32_MAX;

class Invocation {
 public:
  Invocation(Graph* graph, const OperatorInfo* op, uint8_t* arena) : graph_(graph), op_(op), arena_(arena) {}

  /* True at load: check all, compute nothing. */
  bool verifying() const { return arena_ == nullptr; }

  /* The tensor that the last failed check was about, or -1. */
  int32_t fault_tensor = -1;

  mote_status Fail(mote_status status, const TensorInfo& tensor) {
    fault_tensor = tensor.index;
    return status;
  }

  /* An int8 activation (or constant) with one scale and one zero point; `scale` and `zero_point` are set. */
  mote_status Input(int32_t position, TensorInfo* info);
  mote_status Output(TensorInfo* info);

  /* Constant int8 weights, zero points 0, one scale or one for each index of dimension `channel_dimension`. */
  mote_status Weights(int32_t position, int32_t dimensions, int32_t channel_dimension, TensorInfo* info);
  /* Constant int32 of `channels` elements; `info->constant` is null where it is left out. */
  mote_status Bias(int32_t position, int32_t channels, TensorInfo* info);
  /* A constant int32 tensor, such as paddings. */
  mote_status ConstantInt32(int32_t position, TensorInfo* info);

  int32_t input_count() const { return static_cast<int32_t>(op_->inputs.size); }
  bool HasInput(int32_t position) {
    return position < input_count() && graph_->file.ElementI32(op_->inputs, static_cast<uint32_t>(position)) >= 0;
  }

  /* Options by the schema's field number. */
  int32_t Option8(uint32_t slot, int8_t absent) { return graph_->file.FieldI8(op_->options, slot, absent); }
  int32_t Option32(uint32_t slot, int32_t absent) { return graph_->file.FieldI32(op_->options, slot, absent); }

  /* The codes that remain after the fused activation in option `slot`. */
  mote_status Range(uint32_t slot, const TensorInfo& output, OutputRange* range);
  mote_status RangeOf(int32_t activation, const TensorInfo& output, OutputRange* range);

  const int8_t* Data(const TensorInfo& tensor) const {
    return tensor.constant ? reinterpret_cast<const int8_t*>(tensor.constant) : MutableData(tensor);
  }
  int8_t* MutableData(const TensorInfo& tensor) const {
    return reinterpret_cast<int8_t*>(arena_ + reinterpret_cast<const uint32_t*>(arena_)[tensor.index]);
  }

  Graph& graph() { return *graph_; }

 private:
  mote_status Read(const Vector& indices, uint32_t position, TensorInfo* info);
  mote_status ReadActivation(const Vector& indices, uint32_t position, TensorInfo* info);

  Graph* graph_;
  const OperatorInfo* op_;
  uint8_t* arena_;
};

/* Equal zero points and scales, for operators that move codes. Scales may differ by 8 units in the last place:
 * converters compute tied scales twice. */
bool HaveTiedQuantization(const TensorInfo& a, const TensorInfo& b);
bool HaveEqualShapes(const TensorInfo& a, const TensorInfo& b);

enum Padding : int32_t { kPaddingSame = 0, kPaddingValid = 1 };

/* Sets window->padding, and checks that the output's extent is what filter, stride, dilation and padding make of the
 * input's. All but `padding` are set before. */
mote_status SolveWindow(int32_t padding, Window* window);

/* Terms of output channels, from the file's scales and bias. */
class ChannelTable {
 public:
  static constexpr int32_t kBlock = 16;

  /* `taps`: products a channel sums. `step`: from one weight of a channel to its next; 1 where they lie side by side.
   */
  ChannelTable(Graph* graph, const TensorInfo& input, const TensorInfo& weights, const TensorInfo& bias,
               const TensorInfo& output, int32_t channels, int32_t taps, int32_t step)
      : graph_(graph),
        input_(input),
        weights_(weights),
        bias_(bias),
        output_(output),
        channels_(channels),
        taps_(taps),
        step_(step) {}

  /* Every scale and multiplier in range, and no order of summation leaves int32, the shift of requantization included.
   */
  mote_status Verify();

  int32_t channels() const { return channels_; }
  /* How many channels the block that begins with `first` has. */
  int32_t BlockSize(int32_t first) const { return channels_ - first < kBlock ? channels_ - first : kBlock; }
  void Fill(int32_t first, ChannelTerms* terms);

 private:
  bool MultiplierOf(int32_t channel, Multiplier* multiplier);
  int32_t BiasOf(int32_t channel) const;
  int64_t LargestSum(int32_t channel, int64_t bias) const;

  Graph* graph_;
  const TensorInfo& input_;
  const TensorInfo& weights_;
  const TensorInfo& bias_;
  const TensorInfo& output_;
  int32_t channels_;
  int32_t taps_;
  int32_t step_;
};

}  // namespace mote::device

#endif  // MOTE_MCU_RUNTIME_OPERATORS_INVOCATION_H_
