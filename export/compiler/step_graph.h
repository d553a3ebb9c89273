// A network of rows, flattened: every row and every step has a number, and each step lists the rows that it reads and
// writes.
#ifndef MOTE_EXPORT_COMPILER_STEP_GRAPH_H_
#define MOTE_EXPORT_COMPILER_STEP_GRAPH_H_

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "export/compiler/row_network.h"
#include "export/compiler/schedule.h"

namespace mote::compiler {

class StepGraph {
 public:
  static constexpr int kBeforeFirst = -1;  // writer of rows that are there before the first step
  static constexpr int kAfterLast =
      std::numeric_limits<int>::max();  // last reader of rows that must be there at the end

  explicit StepGraph(const RowNetwork& network);  // keeps a reference

  const RowNetwork& network() const { return network_; }
  int layers() const { return static_cast<int>(network_.layers.size()); }
  int tensors() const { return static_cast<int>(network_.tensors.size()); }
  int rows() const { return first_row_.back(); }
  int steps() const { return first_step_.back(); }

  int RowOf(int tensor, int row) const { return first_row_[tensor] + row; }
  int TensorOfRow(int row) const { return tensor_of_row_[row]; }
  int StepOf(int layer, int index) const { return first_step_[layer] + index; }
  Step StepAt(int step) const { return {layer_of_step_[step], step - first_step_[layer_of_step_[step]]}; }

  std::span<const int> Reads(int step) const { return Slice(reads_, first_read_, step); }
  std::span<const int> Writes(int step) const { return Slice(writes_, first_write_, step); }

  int WriterStep(int row) const { return writer_step_[row]; }  // kBeforeFirst: none
  int WriterLayer(int row) const { return writer_step_[row] < 0 ? kBeforeFirst : layer_of_step_[writer_step_[row]]; }
  int LastReaderLayer(int row) const {
    return last_reader_layer_[row];
  }  // of no reader: its writer; kAfterLast: outputs

  bool InArena(int tensor) const { return network_.tensors[tensor].kind != RowTensor::Kind::kExternal; }

 private:
  static std::span<const int> Slice(const std::vector<int>& values, const std::vector<int>& first, int step) {
    return std::span<const int>(values).subspan(first[step], first[step + 1] - first[step]);
  }
  void AddUses(const std::vector<RowUse>& uses, int index, std::vector<int>& rows) const;

  const RowNetwork& network_;
  std::vector<int> first_row_, tensor_of_row_;
  std::vector<int> first_step_, layer_of_step_;
  std::vector<int> first_read_, reads_, first_write_, writes_;
  std::vector<int> writer_step_, last_reader_layer_;
};

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_STEP_GRAPH_H_
