// A network as the planner of the compiler's memory sees it: tensors are rows of bytes, layers are steps that read and
// write whole rows. Nothing of types, weights or arithmetic is left.
#ifndef MOTE_EXPORT_COMPILER_ROW_NETWORK_H_
#define MOTE_EXPORT_COMPILER_ROW_NETWORK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mote::compiler {

// `rows` rows of `row_bytes` each. Views (RESHAPE) are the same tensor under another name: the caller folds them.
struct RowTensor {
  enum class Kind {
    kInput,  // all rows are there before the first step, contiguous, in the arena. To be fed row by row instead, it is
             // a kActivation written by a layer without inputs, one step a row
    kActivation,  // written by one layer, dead after its last reader
    kOutput,      // written by one layer, all rows intact after the last step, contiguous, in the arena
    kExternal     // constants, or memory that the caller gives: takes no part in the arena
  };
  std::string name;
  int rows = 0;
  int64_t row_bytes = 0;  // from one row to the next where rows stand together
  int64_t alignment = 4;  // of the first row's offset, and of every row's where rows are scattered; a power of two
  Kind kind = Kind::kActivation;
  bool contiguous = false;  // some kernel takes the tensor as one piece: row r stands at base + r * row_bytes, always
};

// Rows first, first + step, ...: `count` of them.
struct RowRange {
  int first = 0;
  int count = 0;
  int step = 1;
  int Row(int i) const { return first + i * step; }
};

// What the steps of a layer do with a tensor: rows[s] are read (or written) by step s.
struct RowUse {
  int tensor = -1;
  std::vector<RowRange> rows;

  // For inputs, where the kernel allows its output to grow over input that it has read. A row (of this input) that no
  // later step reads may share bytes with a row that this step writes when
  //   address of the input row - address of the output row >= overwrite_lag.
  // 0: elementwise, in place. For a kernel that goes from left to right through all its rows at once, and needs the
  // input's row from byte k(x) on when it has written output pixel x: the maximum over x of (end of output pixel x) -
  // k(x). Where a layer of one step takes whole contiguous tensors, addresses are those of the tensors. Nothing: no
  // byte may be shared.
  std::optional<int64_t> overwrite_lag;
};

// Steps 0 ... steps-1 run in this order. The step of a common kernel computes one output row; that of a kernel over the
// whole tensor everything; a global pool has a step an input row, and its last one writes.
struct RowLayer {
  std::string name;
  int steps = 0;
  std::vector<RowUse> inputs = {};
  std::vector<RowUse> outputs = {};
  int64_t scratch_bytes = 0;  // in the arena while one step runs, lost after
  int64_t state_bytes = 0;    // in the arena from the first to the last step (accumulators)
  int64_t alignment = 4;      // of scratch and state
  int64_t step_cost = 1;      // overhead of one step in instructions when it does not follow its own layer's step
};

// Layers are in an order in which they can run one after the other.
struct RowNetwork {
  std::vector<RowTensor> tensors;
  std::vector<RowLayer> layers;
};

// Rows of an input of `in_rows` that the steps of a sliding window (convolution, pool) read: output row y reads
// y * stride - pad + k * dilation for k in 0 ... filter-1, where these are rows of the input.
std::vector<RowRange> WindowRows(int out_rows, int in_rows, int filter, int stride, int pad, int dilation = 1);

// Step s uses row s: outputs of common kernels, inputs of elementwise ones, inputs of accumulating ones.
std::vector<RowRange> EachRow(int steps);

// Every step uses all rows.
std::vector<RowRange> AllRows(int steps, int rows);

// The last of `steps` steps uses all rows, the others none: the output of an accumulating layer.
std::vector<RowRange> LastStep(int steps, int rows);

// What is wrong with a network, in one line that names layer or tensor; empty when it can be planned: indices in range,
// every row of an activation or output written once, in order, by one layer, before it is read; sizes positive.
std::string CheckNetwork(const RowNetwork& network);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_ROW_NETWORK_H_
