#include "export/compiler/stream_check.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "export/compiler/stream.h"

namespace mote::compiler {
namespace {

using Values = std::vector<int>;  // of rows

constexpr int kUnknown = -1;  // what a row holds that is not one row, whole
constexpr int kPadding = -2;  // a row above or below the image

// Numbers values: two rows have the same one where the same layer computed them of the same rows.
class Numbers {
 public:
  int Of(const std::vector<int64_t>& key) {
    return numbers_.try_emplace(key, static_cast<int>(numbers_.size())).first->second;
  }
  int OfInput(int64_t row) { return Of({-1, row}); }

 private:
  std::map<std::vector<int64_t>, int> numbers_;
};

// The values of a layer's outputs of those of its inputs.
class LayerValues {
 public:
  LayerValues(const Network& network, Numbers* numbers) : network_(network), numbers_(*numbers) {}

  int Row(const Layer& layer, size_t output, int row, const std::vector<Values>& inputs) {
    std::vector<int64_t> key = {layer.index, static_cast<int64_t>(output)};
    if (IsWindowed(layer)) {
      AddTaps(layer.vertical, row, inputs[0], &key);
    } else if (IsRowByRow(layer)) {
      for (const Values& input : inputs) key.push_back(input[row]);
    } else {
      key.push_back(row);
      for (const Values& input : inputs) key.insert(key.end(), input.begin(), input.end());
    }
    return numbers_.Of(key);
  }

 private:
  // By the operator, for its kind may be another where it computes one row (kDense).
  static bool IsWindowed(const Layer& layer) {
    return layer.name == "CONV_2D" || layer.name == "DEPTHWISE_CONV_2D" || layer.name == "AVERAGE_POOL_2D" ||
           layer.name == "MAX_POOL_2D";
  }

  bool IsRowByRow(const Layer& layer) const {
    const int rows = network_.tensors[layer.outputs[0]].height;
    const auto has_rows = [&](int input) { return network_.tensors[input].height == rows; };
    return WorksRowByRow(*layer.recorded, network_.model) &&
           std::all_of(layer.inputs.begin(), layer.inputs.end(), has_rows);
  }

  static void AddTaps(const Axis& axis, int row, const Values& input, std::vector<int64_t>* key) {
    for (int tap = 0; tap < axis.filter; ++tap) {
      const int at = row * axis.stride - axis.padding + tap * axis.dilation;
      key->push_back(at >= 0 && at < static_cast<int>(input.size()) ? input[at] : kPadding);
    }
  }

  const Network& network_;
  Numbers& numbers_;
};

// The file's model on one window.
class Whole {
 public:
  Whole(const Network& network, Numbers* numbers) : network_(network), numbers_(*numbers), layers_(network, numbers) {}

  // Of each output its rows' values, where the window begins at row `first` of the stream.
  std::vector<Values> Run(int64_t first) {
    std::vector<Values> values(network_.tensors.size());
    for (const int input : network_.inputs) {
      for (int row = 0; row < network_.tensors[input].height; ++row) {
        values[input].push_back(numbers_.OfInput(first + row));
      }
    }
    for (const Layer& layer : network_.layers) {
      std::vector<Values> inputs;
      for (const int input : layer.inputs) inputs.push_back(values[input]);
      for (size_t i = 0; i < layer.outputs.size(); ++i) {
        for (int row = 0; row < network_.tensors[layer.outputs[i]].height; ++row) {
          values[layer.outputs[i]].push_back(layers_.Row(layer, i, row, inputs));
        }
      }
    }
    std::vector<Values> outputs;
    for (const int output : network_.outputs) outputs.push_back(values[output]);
    return outputs;
  }

 private:
  const Network& network_;
  Numbers& numbers_;
  LayerValues layers_;
};

// The plan at work on an arena in which every byte remembers of which row's value it is a part.
class Machine {
 public:
  Machine(const Network& network, const Plan& plan, Numbers* numbers)
      : network_(network),
        plan_(plan),
        numbers_(*numbers),
        layers_(network, numbers),
        memory_(static_cast<size_t>(plan.arena_bytes)),
        folded_(plan.stages.size()) {}

  // One call, with rows `first`, ... of the stream.
  std::vector<Values> Run(int64_t first) {
    for (int row = 0; row < network_.stream->frame_rows; ++row) {
      Write(plan_.inputs[0], row, numbers_.OfInput(first + row));
    }
    for (const Step& step : plan_.schedule.steps) RunStep(step);
    std::vector<Values> outputs;
    for (const int output : plan_.outputs) outputs.push_back(ReadAll(output));
    return outputs;
  }

 private:
  struct Byte {
    int value = kUnknown;
    int64_t at = 0;
  };

  int HeightOf(int buffer) const { return network_.tensors[plan_.buffers[buffer].tensor].height; }
  int64_t RowBytes(int buffer) const { return plan_.buffers[buffer].layout.row_bytes; }
  int64_t PlaceOfRow(int buffer, int row) const {
    const int64_t state = plan_.buffers[buffer].state_offset;
    return state >= 0 ? state + row * RowBytes(buffer) : RowOffset(plan_.rows, plan_.schedule, buffer, row);
  }

  int Read(int buffer, int row) const {
    const int64_t begin = PlaceOfRow(buffer, row);
    const int value = memory_[begin].value;
    for (int64_t at = 0; at < RowBytes(buffer); ++at) {
      if (memory_[begin + at].value != value || memory_[begin + at].at != at) return kUnknown;
    }
    return value;
  }

  Values ReadAll(int buffer) const {
    Values values;
    for (int row = 0; row < HeightOf(buffer); ++row) values.push_back(Read(buffer, row));
    return values;
  }

  void Write(int buffer, int row, int value) {
    const int64_t begin = PlaceOfRow(buffer, row);
    for (int64_t at = 0; at < RowBytes(buffer); ++at) memory_[begin + at] = {value, at};
  }

  void Spoil(int64_t begin, int64_t bytes) {
    for (int64_t at = 0; at < bytes; ++at) memory_[begin + at] = {};
  }

  void RunStep(const Step& step) {
    const Stage& stage = plan_.stages[step.layer];
    if (stage.layer >= 0 && network_.layers[stage.layer].kind == LayerKind::kWindow) return AddToWindow(stage);
    std::vector<Values> inputs;
    for (const int input : stage.inputs) inputs.push_back(ReadAll(input));
    const bool is_fold = stage.use.form == KernelForm::kFold;
    if (is_fold) {  // what is behind this row was read in its own step
      if (step.index == 0) folded_[step.layer].clear();
      folded_[step.layer].push_back(inputs[0][step.index]);
      inputs[0] = folded_[step.layer];
      if (step.index + 1 < HeightOf(stage.inputs[0])) return;
    }
    if (stage.use.scratch_bytes != 0) Spoil(plan_.schedule.scratch_offset[step.layer], stage.use.scratch_bytes);
    const bool is_row = stage.use.form == KernelForm::kWindow || stage.use.form == KernelForm::kPixels;
    for (size_t i = 0; i < stage.outputs.size(); ++i) {
      const int first = is_row ? step.index : 0, end = is_row ? step.index + 1 : HeightOf(stage.outputs[i]);
      for (int row = first; row < end; ++row) {
        const int value = stage.layer < 0 ? inputs[0][row]  // in another layout
                                          : layers_.Row(network_.layers[stage.layer], i, row, inputs);
        Write(stage.outputs[i], row, value);
      }
    }
  }

  void AddToWindow(const Stage& stage) {
    const int from = stage.inputs[0], to = stage.outputs[0];
    Values values = ReadAll(to);
    const Values added = ReadAll(from);
    const bool alike = plan_.buffers[from].layout == plan_.buffers[to].layout;
    for (const int value : added) values.push_back(alike ? value : kUnknown);
    values.erase(values.begin(), values.begin() + static_cast<ptrdiff_t>(added.size()));
    for (int row = 0; row < HeightOf(to); ++row) Write(to, row, values[row]);
  }

  const Network& network_;
  const Plan& plan_;
  Numbers& numbers_;
  LayerValues layers_;
  std::vector<Byte> memory_;
  std::vector<Values> folded_;
};

}  // namespace

std::string CheckStream(const Network& whole, const Network& streamed, const Plan& plan) {
  constexpr int kMoreFrames = 4;  // than the first window's
  Numbers numbers;
  Whole model(whole, &numbers);
  Machine machine(streamed, plan, &numbers);
  const Stream& stream = *streamed.stream;
  for (int frame = 0; frame < stream.frames() + kMoreFrames; ++frame) {
    const int64_t first = int64_t{frame} * stream.frame_rows;
    const std::vector<Values> outputs = machine.Run(first);
    if (frame + 1 < stream.frames()) continue;
    if (outputs != model.Run(first + stream.frame_rows - stream.window_rows)) {
      return absl::StrCat("an output of frame ", frame, " is not computed of the rows of its window");
    }
  }
  return "";
}

}  // namespace mote::compiler
