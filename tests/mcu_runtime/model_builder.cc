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

}  // namespace

void OperatorSpec::SetOption(int slot, std::variant<int8_t, int32_t, float> value) {
  for (OptionValue& option : options) {
    if (option.slot == slot) {
      option.value = value;
      return;
    }
  }
  options.push_back({slot, value});
}

std::vector<uint8_t> Build(const ModelSpec& model) {
  FlatBufferBuilder b;
  b.ForceDefaults(true);
  std::vector<Any> buffers, tensors, operators, codes;
  buffers.push_back(b.EndTable(b.StartTable()));  // 0: empty by convention
  for (const TensorSpec& t : model.tensors) {
    uint32_t buffer = t.buffer.value_or(0);
    if (t.data) {
      const auto data = b.CreateVector(*t.data);
      const uoffset_t start = b.StartTable();
      b.AddOffset(Slot(0), data);
      buffers.push_back(b.EndTable(start));
      if (!t.buffer) buffer = static_cast<uint32_t>(buffers.size() - 1);
    }
    const auto scales = VectorOf(b, t.scales);
    const auto zero_points = VectorOf(b, t.zero_points);
    uoffset_t start = b.StartTable();
    if (!t.scales.empty()) b.AddOffset(Slot(2), scales);
    if (!t.zero_points.empty()) b.AddOffset(Slot(3), zero_points);
    b.AddElement<int32_t>(Slot(6), t.quantized_dimension, 0);
    const Any quantization = b.EndTable(start);
    const auto shape = VectorOf(b, t.shape);
    start = b.StartTable();
    b.AddOffset(Slot(0), shape);
    b.AddElement<int8_t>(Slot(1), t.type, 0);
    b.AddElement<uint32_t>(Slot(2), buffer, 0);
    b.AddOffset(Slot(4), quantization);
    b.AddElement<uint8_t>(Slot(5), t.is_variable ? 1 : 0, 0);
    tensors.push_back(b.EndTable(start));
  }
  for (const OperatorSpec& op : model.operators) {
    uoffset_t start = b.StartTable();
    b.AddElement<int8_t>(Slot(0), static_cast<int8_t>(op.code < 127 ? op.code : 127), 0);
    b.AddElement<int32_t>(Slot(2), op.version, 1);
    b.AddElement<int32_t>(Slot(3), op.code, 0);
    codes.push_back(b.EndTable(start));
    start = b.StartTable();
    for (const OptionValue& option : op.options) {
      std::visit([&](auto value) { b.AddElement(Slot(option.slot), value, decltype(value){}); }, option.value);
    }
    const Any options = b.EndTable(start);
    const auto inputs = VectorOf(b, op.inputs);
    const auto outputs = VectorOf(b, op.outputs);
    start = b.StartTable();
    const uint32_t code = static_cast<uint32_t>(codes.size() - 1) + (model.code_out_of_range ? 100 : 0);
    b.AddElement<uint32_t>(Slot(0), code, 0);
    b.AddOffset(Slot(1), inputs);
    b.AddOffset(Slot(2), outputs);
    b.AddElement<uint8_t>(Slot(3), op.options_type, 0);
    if (op.options_type != 0) b.AddOffset(Slot(4), options);
    operators.push_back(b.EndTable(start));
  }
  const auto tensor_vector = Tables(b, tensors);
  const auto operator_vector = Tables(b, operators);
  const auto inputs = VectorOf(b, model.inputs);
  const auto outputs = VectorOf(b, model.outputs);
  uoffset_t start = b.StartTable();
  b.AddOffset(Slot(0), tensor_vector);
  b.AddOffset(Slot(1), inputs);
  b.AddOffset(Slot(2), outputs);
  b.AddOffset(Slot(3), operator_vector);
  const Any subgraph = b.EndTable(start);
  const auto code_vector = Tables(b, codes);
  const auto subgraphs = Tables(b, std::vector<Any>(static_cast<size_t>(model.subgraphs), subgraph));
  const auto buffer_vector = Tables(b, buffers);
  start = b.StartTable();
  b.AddElement<uint32_t>(Slot(0), model.version, 0);
  b.AddOffset(Slot(1), code_vector);
  b.AddOffset(Slot(2), subgraphs);
  b.AddOffset(Slot(4), buffer_vector);
  b.Finish(Any(b.EndTable(start)), model.identifier.c_str());
  return {b.GetBufferPointer(), b.GetBufferPointer() + b.GetSize()};
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
