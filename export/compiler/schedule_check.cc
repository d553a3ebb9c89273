#include "export/compiler/schedule_check.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

namespace mote::compiler {
namespace {

// What was written to a byte last: byte `at` of row `row` of tensor `owner`; or of a layer's scratch or state.
struct Tag {
  enum Kind : int { kNothing, kRow, kScratch, kState } kind = kNothing;
  int owner = -1, row = 0;
  int64_t at = 0;
  bool operator==(const Tag&) const = default;
};

class Machine {
 public:
  Machine(const RowNetwork& network, const Schedule& schedule)
      : network_(network), schedule_(schedule), next_(network.layers.size(), 0) {}

  std::string Run() { return RunAll() ? "" : error_; }

 private:
  bool RunAll() {
    if (!Shape()) return false;
    memory_.resize(schedule_.peak_bytes);
    FindLastReads();
    external_rows_.resize(network_.tensors.size(), 0);
    is_written_.resize(network_.tensors.size(), false);
    for (const RowLayer& layer : network_.layers) {
      for (const RowUse& use : layer.outputs) is_written_[use.tensor] = true;
    }
    for (size_t t = 0; t < network_.tensors.size(); ++t) {
      if (network_.tensors[t].kind == RowTensor::Kind::kInput) WriteTensor(static_cast<int>(t));
    }
    for (size_t t = 0; t < network_.tensors.size(); ++t) {
      if (network_.tensors[t].kind == RowTensor::Kind::kInput && !ReadTensor(static_cast<int>(t))) return false;
    }
    for (time_ = 0; time_ < static_cast<int>(schedule_.steps.size()); ++time_) {
      if (!RunStep(schedule_.steps[time_])) return false;
    }
    for (size_t l = 0; l < network_.layers.size(); ++l) {
      if (next_[l] != network_.layers[l].steps) {
        return Refuse("layer '" + network_.layers[l].name + "' does not run to its end");
      }
    }
    for (size_t t = 0; t < network_.tensors.size(); ++t) {
      if (network_.tensors[t].kind == RowTensor::Kind::kOutput && !ReadTensor(static_cast<int>(t))) return false;
    }
    return true;
  }

  bool Refuse(const std::string& what) {
    error_ = what;
    return false;
  }
  bool RefuseStep(Step step) {
    return Refuse("'" + network_.layers[step.layer].name + "', step " + std::to_string(step.index) + ": " + error_);
  }

  bool InArena(int tensor) const { return network_.tensors[tensor].kind != RowTensor::Kind::kExternal; }
  int64_t Offset(int tensor, int row) const { return RowOffset(network_, schedule_, tensor, row); }
  std::string Name(int tensor, int row) const {
    return "row " + std::to_string(row) + " of '" + network_.tensors[tensor].name + "'";
  }

  // Sizes of the lists, and that every place is in the arena, aligned, and whole where it must be.
  bool Shape() {
    if (schedule_.tensors.size() != network_.tensors.size()) return Refuse("a place for each tensor is missing");
    if (schedule_.scratch_offset.size() != network_.layers.size() ||
        schedule_.state_offset.size() != network_.layers.size()) {
      return Refuse("a place for each layer's scratch and state is missing");
    }
    for (size_t t = 0; t < network_.tensors.size(); ++t) {
      if (InArena(static_cast<int>(t)) && !TensorShape(static_cast<int>(t))) return false;
    }
    for (size_t l = 0; l < network_.layers.size(); ++l) {
      const RowLayer& layer = network_.layers[l];
      if (!BlockShape(layer, schedule_.scratch_offset[l], layer.scratch_bytes) ||
          !BlockShape(layer, schedule_.state_offset[l], layer.state_bytes)) {
        return Refuse("scratch or state of '" + layer.name + "' is not in the arena, or not aligned");
      }
    }
    return true;
  }

  bool TensorShape(int t) {
    const RowTensor& tensor = network_.tensors[t];
    const TensorPlace& place = schedule_.tensors[t];
    const bool scattered = !place.row_offsets.empty();
    if (scattered ? static_cast<int>(place.row_offsets.size()) != tensor.rows
                  : place.capacity <= 0 || place.capacity > tensor.rows || place.first_slot < 0) {
      return Refuse("'" + tensor.name + "' has no place");
    }
    if ((tensor.contiguous || tensor.kind != RowTensor::Kind::kActivation) &&
        (scattered || place.capacity < tensor.rows || place.first_slot != 0)) {
      return Refuse("'" + tensor.name + "' does not stand in one piece");
    }
    for (int r = 0; r < tensor.rows; ++r) {
      const int64_t offset = Offset(t, r);
      if (offset < 0 || offset + tensor.row_bytes > schedule_.peak_bytes) {
        return Refuse(Name(t, r) + " is not in the arena");
      }
      if ((scattered || r == 0) && offset % tensor.alignment != 0) return Refuse(Name(t, r) + " is not aligned");
    }
    return true;
  }

  bool BlockShape(const RowLayer& layer, int64_t offset, int64_t bytes) const {
    return bytes == 0 || (offset >= 0 && offset % layer.alignment == 0 && offset + bytes <= schedule_.peak_bytes);
  }

  // last_read_[tensor][row]: number of the step in the schedule that reads it last; -1: none.
  void FindLastReads() {
    for (const RowTensor& tensor : network_.tensors) {
      last_read_.emplace_back(tensor.rows, tensor.kind == RowTensor::Kind::kOutput ? INT32_MAX : -1);
    }
    for (size_t i = 0; i < schedule_.steps.size(); ++i) {
      const Step step = schedule_.steps[i];
      if (!IsStep(step)) continue;
      for (const RowUse& use : network_.layers[step.layer].inputs) {
        const RowRange& range = use.rows[step.index];
        for (int k = 0; k < range.count; ++k) {
          int& last = last_read_[use.tensor][range.Row(k)];
          last = std::max(last, static_cast<int>(i));
        }
      }
    }
  }

  bool IsStep(Step step) const {
    return step.layer >= 0 && step.layer < static_cast<int>(network_.layers.size()) && step.index >= 0 &&
           step.index < network_.layers[step.layer].steps;
  }

  bool RunStep(Step step) {
    if (!IsStep(step)) return Refuse("a step that no layer has");
    const RowLayer& layer = network_.layers[step.layer];
    if (next_[step.layer] != step.index) {
      return Refuse("step " + std::to_string(step.index) + " of '" + layer.name + "' is out of order");
    }
    ++next_[step.layer];
    // The kernel: state of before, all inputs, then scratch, outputs and state of its own.
    const bool ok = (step.index == 0 || ReadBlock(Tag::kState, step.layer)) && ReadUses(layer.inputs, step.index);
    if (!ok) return RefuseStep(step);
    WriteBlock(Tag::kScratch, step.layer);
    if (step.index == 0) WriteBlock(Tag::kState, step.layer);
    for (const RowUse& use : layer.outputs) {
      const RowRange& range = use.rows[step.index];
      for (int k = 0; k < range.count; ++k) WriteRow(use.tensor, range.Row(k));
    }
    // Did it write over something of its own?
    if (!ReadBlock(Tag::kScratch, step.layer) || !ReadBlock(Tag::kState, step.layer) ||
        !ReadUses(layer.outputs, step.index) || !InputsSurvive(layer, step.index)) {
      return RefuseStep(step);
    }
    return true;
  }

  // A row that the step read is whole when the step ends, or it was read for the last time and may be shared.
  bool InputsSurvive(const RowLayer& layer, int index) {
    for (const RowUse& use : layer.inputs) {
      if (!InArena(use.tensor)) continue;
      const RowRange& range = use.rows[index];
      for (int k = 0; k < range.count; ++k) {
        const int row = range.Row(k);
        if (IsIntact(use.tensor, row)) continue;
        if (last_read_[use.tensor][row] != time_) {
          return Refuse(Name(use.tensor, row) + " is lost while it is still needed");
        }
        if (!MayBeShared(layer, use, index, row)) {
          return Refuse(Name(use.tensor, row) + " is written over while it is read");
        }
      }
    }
    return true;
  }

  // Every byte of the row that changed belongs to an output row at the distance that the kernel allows.
  bool MayBeShared(const RowLayer& layer, const RowUse& input, int index, int row) const {
    const int64_t begin = Offset(input.tensor, row);
    for (int64_t at = 0; at < network_.tensors[input.tensor].row_bytes; ++at) {
      const Tag& tag = memory_[begin + at];
      if (tag == Tag{Tag::kRow, input.tensor, row, at}) continue;
      const bool by_output =
          tag.kind == Tag::kRow && std::any_of(layer.outputs.begin(), layer.outputs.end(), [&](const RowUse& use) {
            const RowRange& range = use.rows[index];
            return use.tensor == tag.owner && tag.row >= range.first && tag.row < range.first + range.count;
          });
      if (!by_output || !LagKept(layer, input, row, tag)) return false;
    }
    return true;
  }

  bool LagKept(const RowLayer& layer, const RowUse& input, int row, const Tag& tag) const {
    if (!input.overwrite_lag) return false;
    if (layer.steps > 1) return Offset(input.tensor, row) - Offset(tag.owner, tag.row) >= *input.overwrite_lag;
    const auto whole = [&](int t) {
      return network_.tensors[t].contiguous || network_.tensors[t].rows == 1 ||
             network_.tensors[t].kind != RowTensor::Kind::kActivation;
    };
    return whole(input.tensor) && whole(tag.owner) &&
           Offset(input.tensor, 0) - Offset(tag.owner, 0) >= *input.overwrite_lag;
  }

  bool IsIntact(int tensor, int row) const {
    if (!InArena(tensor)) return !is_written_[tensor] || row < external_rows_[tensor];
    const int64_t begin = Offset(tensor, row);
    for (int64_t at = 0; at < network_.tensors[tensor].row_bytes; ++at) {
      if (memory_[begin + at] != Tag{Tag::kRow, tensor, row, at}) return false;
    }
    return true;
  }

  bool ReadUses(const std::vector<RowUse>& uses, int index) {
    for (const RowUse& use : uses) {
      const RowRange& range = use.rows[index];
      for (int k = 0; k < range.count; ++k) {
        if (!IsIntact(use.tensor, range.Row(k))) return Refuse(Name(use.tensor, range.Row(k)) + " is not intact");
      }
    }
    return true;
  }

  bool ReadTensor(int tensor) {
    for (int r = 0; r < network_.tensors[tensor].rows; ++r) {
      if (!IsIntact(tensor, r)) return Refuse(Name(tensor, r) + " is not intact");
    }
    return true;
  }

  void WriteTensor(int tensor) {
    for (int r = 0; r < network_.tensors[tensor].rows; ++r) WriteRow(tensor, r);
  }

  void WriteRow(int tensor, int row) {
    if (!InArena(tensor)) {
      external_rows_[tensor] = row + 1;
      return;
    }
    const int64_t begin = Offset(tensor, row);
    for (int64_t at = 0; at < network_.tensors[tensor].row_bytes; ++at)
      memory_[begin + at] = {Tag::kRow, tensor, row, at};
  }

  int64_t BlockOffset(Tag::Kind kind, int layer) const {
    return kind == Tag::kScratch ? schedule_.scratch_offset[layer] : schedule_.state_offset[layer];
  }
  int64_t BlockBytes(Tag::Kind kind, int layer) const {
    return kind == Tag::kScratch ? network_.layers[layer].scratch_bytes : network_.layers[layer].state_bytes;
  }

  void WriteBlock(Tag::Kind kind, int layer) {
    for (int64_t at = 0; at < BlockBytes(kind, layer); ++at)
      memory_[BlockOffset(kind, layer) + at] = {kind, layer, 0, at};
  }

  bool ReadBlock(Tag::Kind kind, int layer) {
    for (int64_t at = 0; at < BlockBytes(kind, layer); ++at) {
      if (memory_[BlockOffset(kind, layer) + at] != Tag{kind, layer, 0, at}) {
        return Refuse(kind == Tag::kScratch ? "its scratch is written over" : "its state is written over");
      }
    }
    return true;
  }

  const RowNetwork& network_;
  const Schedule& schedule_;
  std::vector<Tag> memory_;
  std::vector<int> next_;  // step of each layer
  std::vector<std::vector<int>> last_read_;
  std::vector<int> external_rows_;  // by tensor: rows written so far, in memory that is not ours
  std::vector<bool> is_written_;    // by tensor: a layer does
  int time_ = 0;
  std::string error_;
};

}  // namespace

std::string CheckSchedule(const RowNetwork& network, const Schedule& schedule) {
  return Machine(network, schedule).Run();
}

}  // namespace mote::compiler
