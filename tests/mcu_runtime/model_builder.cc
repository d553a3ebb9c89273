#include "tests/mcu_runtime/model_builder.h"

#include <flatbuffers/flatbuffers.h>

#include <cstring>

namespace mote::test {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using flatbuffers::uoffset_t;
using flatbuffers::voffset_t;
using Any = Offset<void>;

voffset_t Slot(int slot) { return static_cast<voffset_t>(4 + 2 * slot); }

template <typename T>
Offset<flatbuffers::Vector<T>> VectorOf(FlatBufferBuilder& b, const std::vector<T>& values) {
  return b.CreateVector(values);
}

Offset<flatbuffers::Vector<Any>> Tables(FlatBufferBuilder& b, const std::vector<Any>& tables) {
  return b.CreateVector(tables);
}

// Builds one file; `external_at` is where the first external buffer is going to stand.
class Builder {
 public:
  Builder(const ModelSpec& model, uint64_t external_at) : model_(model), external_at_(external_at) {
    b_.ForceDefaults(true);
  }

  std::vector<uint8_t> Run() {
    buffers_.push_back(b_.EndTable(b_.StartTable()));  // 0: empty by convention
    const Any first = Subgraph(model_);
    std::vector<Any> all(static_cast<size_t>(model_.subgraphs), first);
    for (const SubgraphSpec& subgraph : model_.more) all.push_back(Subgraph(subgraph));
    std::vector<Any> entries;
    for (const auto& [name, bytes] : model_.metadata) {
      const uint32_t buffer = Buffer(bytes, false);
      const auto text = b_.CreateString(name);
      const uoffset_t entry = b_.StartTable();
      b_.AddOffset(Slot(0), text);
      b_.AddElement<uint32_t>(Slot(1), buffer, 0);
      entries.push_back(b_.EndTable(entry));
    }
    const auto metadata = Tables(b_, entries);
    const auto codes = Tables(b_, codes_);
    const auto subgraphs = Tables(b_, all);
    const auto buffers = Tables(b_, buffers_);
    const uoffset_t start = b_.StartTable();
    b_.AddElement<uint32_t>(Slot(0), model_.version, 0);
    b_.AddOffset(Slot(1), codes);
    b_.AddOffset(Slot(2), subgraphs);
    b_.AddOffset(Slot(4), buffers);
    if (!entries.empty()) b_.AddOffset(Slot(6), metadata);
    b_.Finish(Any(b_.EndTable(start)), model_.identifier.c_str());
    return {b_.GetBufferPointer(), b_.GetBufferPointer() + b_.GetSize()};
  }

  const std::vector<uint8_t>& external() const { return external_; }

 private:
  uint32_t Buffer(const std::vector<uint8_t>& data, bool is_external) {
    if (is_external) {
      const uoffset_t start = b_.StartTable();
      b_.AddElement<uint64_t>(Slot(1), external_at_ + external_.size(), 0);
      b_.AddElement<uint64_t>(Slot(2), data.size(), 0);
      buffers_.push_back(b_.EndTable(start));
      external_.insert(external_.end(), data.begin(), data.end());
    } else {
      const auto vector = b_.CreateVector(data);
      const uoffset_t start = b_.StartTable();
      b_.AddOffset(Slot(0), vector);
      buffers_.push_back(b_.EndTable(start));
    }
    return static_cast<uint32_t>(buffers_.size() - 1);
  }

  Any Tensor(const TensorSpec& t) {
    uint32_t buffer = 0;
    if (t.data) buffer = Buffer(*t.data, t.is_external);
    const auto scales = VectorOf(b_, t.scales);
    const auto zero_points = VectorOf(b_, t.zero_points);
    uoffset_t start = b_.StartTable();
    if (!t.scales.empty()) b_.AddOffset(Slot(2), scales);
    if (!t.zero_points.empty()) b_.AddOffset(Slot(3), zero_points);
    b_.AddElement<int32_t>(Slot(6), t.quantized_dimension, 0);
    const Any quantization = b_.EndTable(start);
    const auto shape = VectorOf(b_, t.shape);
    start = b_.StartTable();
    b_.AddOffset(Slot(0), shape);
    b_.AddElement<int8_t>(Slot(1), t.type, 0);
    b_.AddElement<uint32_t>(Slot(2), t.buffer.value_or(buffer), 0);
    b_.AddOffset(Slot(4), quantization);
    b_.AddElement<uint8_t>(Slot(5), t.is_variable ? 1 : 0, 0);
    return b_.EndTable(start);
  }

  Any Options(const std::vector<OptionValue>& options) {
    std::vector<Any> vectors;
    for (const OptionValue& option : options) {
      if (const auto* values = std::get_if<std::vector<int32_t>>(&option.value)) {
        vectors.push_back(VectorOf(b_, *values).Union());
      } else if (const auto* text = std::get_if<std::string>(&option.value)) {
        vectors.push_back(b_.CreateString(*text).Union());
      }
    }
    size_t used = 0;
    const uoffset_t start = b_.StartTable();
    for (const OptionValue& option : options) {
      const voffset_t slot = Slot(option.slot);
      if (const auto* byte = std::get_if<int8_t>(&option.value)) {
        b_.AddElement(slot, *byte, int8_t{0});
      } else if (const auto* number = std::get_if<int32_t>(&option.value)) {
        b_.AddElement(slot, *number, 0);
      } else if (const auto* real = std::get_if<float>(&option.value)) {
        b_.AddElement(slot, *real, 0.0f);
      } else {
        b_.AddOffset(slot, vectors[used++]);
      }
    }
    return b_.EndTable(start);
  }

  Any Operator(const OperatorSpec& op) {
    uoffset_t start = b_.StartTable();
    b_.AddElement<int8_t>(Slot(0), static_cast<int8_t>(op.code < 127 ? op.code : 127), 0);
    b_.AddElement<int32_t>(Slot(2), op.version, 1);
    b_.AddElement<int32_t>(Slot(3), op.code, 0);
    codes_.push_back(b_.EndTable(start));
    const uint32_t code = static_cast<uint32_t>(codes_.size() - 1) + (model_.code_out_of_range ? 100 : 0);
    const Any options = Options(op.options);
    const auto inputs = VectorOf(b_, op.inputs);
    const auto outputs = VectorOf(b_, op.outputs);
    const auto intermediates = VectorOf(b_, op.intermediates);
    start = b_.StartTable();
    b_.AddElement<uint32_t>(Slot(0), code, 0);
    b_.AddOffset(Slot(1), inputs);
    b_.AddOffset(Slot(2), outputs);
    b_.AddElement<uint8_t>(Slot(3), op.options_type, 0);
    if (op.options_type != 0) b_.AddOffset(Slot(4), options);
    if (!op.intermediates.empty()) b_.AddOffset(Slot(8), intermediates);
    return b_.EndTable(start);
  }

  Any Subgraph(const SubgraphSpec& subgraph) {
    std::vector<Any> all_tensors, all_operators;
    for (const TensorSpec& tensor : subgraph.tensors) all_tensors.push_back(Tensor(tensor));
    for (const OperatorSpec& op : subgraph.operators) all_operators.push_back(Operator(op));
    const auto tensors = Tables(b_, all_tensors);
    const auto operators = Tables(b_, all_operators);
    const auto inputs = VectorOf(b_, subgraph.inputs);
    const auto outputs = VectorOf(b_, subgraph.outputs);
    const uoffset_t start = b_.StartTable();
    b_.AddOffset(Slot(0), tensors);
    b_.AddOffset(Slot(1), inputs);
    b_.AddOffset(Slot(2), outputs);
    b_.AddOffset(Slot(3), operators);
    return b_.EndTable(start);
  }

  const ModelSpec& model_;
  uint64_t external_at_;
  FlatBufferBuilder b_;
  std::vector<Any> buffers_, codes_;
  std::vector<uint8_t> external_;
};

}  // namespace

void OperatorSpec::SetOption(int slot, OptionKind value) {
  for (OptionValue& option : options) {
    if (option.slot == slot) {
      option.value = std::move(value);
      return;
    }
  }
  options.push_back({slot, std::move(value)});
}

std::vector<uint8_t> Build(const ModelSpec& model) {
  Builder builder(model, 0);
  std::vector<uint8_t> file = builder.Run();
  if (builder.external().empty()) return file;
  file = Builder(model, file.size()).Run();  // of the same size: now it is known
  file.insert(file.end(), builder.external().begin(), builder.external().end());
  return file;
}

TensorSpec Activation(std::vector<int32_t> shape, float scale, int64_t zero_point) {
  TensorSpec t;
  t.shape = std::move(shape);
  t.scales = {scale};
  t.zero_points = {zero_point};
  return t;
}

TensorSpec Weights(std::vector<int32_t> shape, std::vector<float> scales, int32_t quantized_dimension) {
  TensorSpec t;
  size_t elements = 1;
  for (const int32_t extent : shape) elements *= static_cast<size_t>(extent);
  std::vector<uint8_t> data(elements);
  uint32_t state = 1;
  for (uint8_t& byte : data) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<uint8_t>(static_cast<int8_t>(static_cast<int32_t>((state >> 16) % 255) - 127));
  }
  t.shape = std::move(shape);
  t.zero_points.assign(scales.size(), 0);
  t.scales = std::move(scales);
  t.data = std::move(data);
  t.quantized_dimension = quantized_dimension;
  return t;
}

TensorSpec Int32(std::vector<int32_t> shape, std::vector<int32_t> values) {
  TensorSpec t;
  t.shape = std::move(shape);
  t.type = 2;
  t.data.emplace(values.size() * 4);
  std::memcpy(t.data->data(), values.data(), values.size() * 4);
  return t;
}

TensorSpec Plain(std::vector<int32_t> shape, int8_t type, std::optional<std::vector<uint8_t>> data) {
  TensorSpec t;
  t.shape = std::move(shape);
  t.type = type;
  t.data = std::move(data);
  return t;
}

ModelSpec OneOperator(int32_t code, uint8_t options_type, std::vector<OptionValue> options,
                      std::vector<TensorSpec> inputs, std::vector<TensorSpec> outputs) {
  ModelSpec m;
  OperatorSpec op;
  op.code = code;
  op.options_type = options_type;
  op.options = std::move(options);
  for (TensorSpec& tensor : inputs) {
    const auto index = static_cast<int32_t>(m.tensors.size());
    op.inputs.push_back(index);
    if (!tensor.data && !tensor.is_variable) m.inputs.push_back(index);
    m.tensors.push_back(std::move(tensor));
  }
  for (TensorSpec& tensor : outputs) {
    const auto index = static_cast<int32_t>(m.tensors.size());
    op.outputs.push_back(index);
    m.outputs.push_back(index);
    m.tensors.push_back(std::move(tensor));
  }
  m.operators.push_back(std::move(op));
  return m;
}

ModelSpec SmallModel() {
  constexpr int8_t kSame = 0, kValid = 1, kRelu = 1;
  ModelSpec m;
  m.tensors = {
      Activation({1, 4, 4, 1}, 0.05f, -3),
      Weights({2, 3, 3, 1}, {0.01f, 0.02f}, 0),
      Int32({2}, {100, -50}),
      Activation({1, 4, 4, 2}, 0.1f, -128),
      Weights({1, 2, 2, 2}, {0.01f, 0.03f}, 3),
      Activation({1, 4, 4, 2}, 0.1f, 5),
      Activation({1, 4, 4, 2}, 0.2f, -7),
      Activation({1, 2, 2, 2}, 0.2f, -7),
      Int32({2}, {1, 8}),
      Activation({1, 8}, 0.2f, -7),
      Weights({3, 8}, {0.02f}, 0),
      Int32({3}, {1, 2, 3}),
      Activation({1, 3}, 0.3f, 0),
      Activation({1, 3}, 1.0f / 256, -128),
  };
  m.operators = {
      {3, {kInput, kConvWeights, kConvBias}, {kConvOut}, 1, {{0, kSame}, {1, 1}, {2, 1}, {3, kRelu}, {4, 1}, {5, 1}}},
      {4,
       {kConvOut, kDepthwiseWeights},
       {kDepthwiseOut},
       2,
       {{0, kSame}, {1, 1}, {2, 1}, {3, 1}, {4, int8_t{0}}, {5, 1}, {6, 1}}},
      {0, {kConvOut, kDepthwiseOut}, {kAddOut}, 11, {{0, int8_t{0}}}},
      {17, {kAddOut}, {kPoolOut}, 5, {{0, kValid}, {1, 2}, {2, 2}, {3, 2}, {4, 2}, {5, int8_t{0}}}},
      {22, {kPoolOut, kShape}, {kFlat}, 0, {}},
      {9, {kFlat, kDenseWeights, kDenseBias}, {kDenseOut}, 8, {{0, int8_t{0}}, {1, int8_t{0}}}},
      {25, {kDenseOut}, {kProbabilities}, 9, {{0, 1.0f}}},
  };
  m.inputs = {kInput};
  m.outputs = {kProbabilities};
  return m;
}

}  // namespace mote::test
