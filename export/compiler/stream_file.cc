#include "export/compiler/stream_file.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "export/compiler/sizes.h"
#include "mcu_runtime/graph.h"

namespace mote::compiler {
namespace {

// Field numbers of the public schema, version 3.
enum ModelField : uint32_t { kVersion = 0, kOperatorCodes = 1, kSubgraphs = 2, kBuffers = 4, kMetadata = 6 };
enum SubgraphField : uint32_t { kTensors = 0, kInputs = 1, kOutputs = 2, kOperators = 3 };
enum OperatorField : uint32_t {
  kCodeIndex = 0,
  kOperatorInputs = 1,
  kOperatorOutputs = 2,
  kOptionsType = 3,
  kOptions = 4
};
enum TensorField : uint32_t { kShape = 0, kType = 1, kBuffer = 2, kName = 3, kQuantization = 4, kIsVariable = 5 };
enum BufferField : uint32_t { kDataOffset = 1 };

// Offsets of a FlatBuffer point forward. So the new tables stand in front of the whole first file and point into it.
class Writer {
 public:
  Writer(const std::string& file, const GraphOfFile& graph)
      : old_(reinterpret_cast<const uint8_t*>(file.data()), static_cast<uint32_t>(file.size())),
        file_(file),
        graph_(graph) {}

  std::string Write() {
    const device::Table model = old_.TableAt(old_.U32(0));
    if (HasConstantsBehind(model)) return "";
    const device::Vector subgraphs = old_.FieldVector(model, kSubgraphs, 4);
    const device::Table subgraph = old_.ElementTable(subgraphs, 0);

    text_.assign(8, '\0');
    std::memcpy(text_.data() + 4, "TFL3", 4);
    std::vector<Field> fields = {{kVersion, 3}, {kOperatorCodes, 0}, {kSubgraphs, 0}, {kBuffers, 0}};
    const device::Vector metadata = old_.FieldVector(model, kMetadata, 4);
    if (metadata.at != 0) fields.push_back({kMetadata, 0});
    const Offsets root = AddTable(fields, 0);
    PointToOldVector(root[1], old_.FieldVector(model, kOperatorCodes, 4));
    PointToOldVector(root[3], old_.FieldVector(model, kBuffers, 4));
    if (metadata.at != 0) PointToOldVector(root[4], metadata);
    const size_t first = AddOffsets(root[2], 1);
    const Offsets graph = AddTable({{kTensors, 0}, {kInputs, 0}, {kOutputs, 0}, {kOperators, 0}}, first);
    AddIntegers(graph[1], graph_.inputs);
    AddIntegers(graph[2], graph_.outputs);
    const size_t tensors = AddOffsets(graph[0], graph_.tensors.size());
    const device::Vector old_tensors = old_.FieldVector(subgraph, kTensors, 4);
    for (size_t t = 0; t < graph_.tensors.size(); ++t) {
      AddTensor(old_.ElementTable(old_tensors, static_cast<uint32_t>(graph_.tensors[t].source)), graph_.tensors[t].rows,
                tensors + 4 * t);
    }
    const size_t operators = AddOffsets(graph[3], graph_.operators.size());
    const device::Vector old_operators = old_.FieldVector(subgraph, kOperators, 4);
    for (size_t i = 0; i < graph_.operators.size(); ++i) {
      AddOperator(old_.ElementTable(old_operators, static_cast<uint32_t>(graph_.operators[i].source)),
                  graph_.operators[i], operators + 4 * i);
    }

    constexpr int64_t kAlignment = 64;  // what stood aligned in the first file still does
    text_.resize(static_cast<size_t>(AlignedUp(static_cast<int64_t>(text_.size()), kAlignment)));
    for (const auto& [at, target] : to_old_) Put32(at, static_cast<uint32_t>(text_.size() + target - at));
    return text_ + file_;
  }

 private:
  struct Field {
    uint32_t slot;
    uint32_t value;  // of an offset 0: it is set later
  };
  using Offsets = std::vector<size_t>;  // where each field stands

  bool HasConstantsBehind(device::Table model) {
    const device::Vector buffers = old_.FieldVector(model, kBuffers, 4);
    for (uint32_t b = 0; b < buffers.size; ++b) {
      const uint32_t offset = old_.Field(old_.ElementTable(buffers, b), kDataOffset, 8);
      if (offset != 0 && old_.U32(offset) > 1) return true;
    }
    return false;
  }

  void Put32(size_t at, uint32_t value) { std::memcpy(text_.data() + at, &value, sizeof value); }
  void Add32(uint32_t value) {
    text_.resize(text_.size() + 4);
    Put32(text_.size() - 4, value);
  }
  void Align() { text_.resize((text_.size() + 3) / 4 * 4); }
  void PointHere(size_t at) { Put32(at, static_cast<uint32_t>(text_.size() - at)); }

  // A table that the offset at `from` points to; fields by ascending slot.
  Offsets AddTable(const std::vector<Field>& fields, size_t from) {
    Align();
    const uint32_t slots = fields.back().slot + 1;
    const size_t vtable = text_.size();
    const uint32_t vtable_bytes = static_cast<uint32_t>(AlignedUp(4 + 2 * slots, 4));
    text_.resize(vtable + vtable_bytes);
    PointHere(from);
    const size_t table = text_.size();
    Add32(vtable_bytes);  // the distance back
    Offsets offsets;
    for (const Field& field : fields) {
      offsets.push_back(text_.size());
      const uint16_t place = static_cast<uint16_t>(text_.size() - table);
      std::memcpy(text_.data() + vtable + 4 + 2 * field.slot, &place, sizeof place);
      Add32(field.value);  // of one byte, too: the rest is padding
    }
    const uint16_t sizes[2] = {static_cast<uint16_t>(4 + 2 * slots), static_cast<uint16_t>(text_.size() - table)};
    std::memcpy(text_.data() + vtable, sizes, sizeof sizes);
    return offsets;
  }

  size_t AddOffsets(size_t from, size_t count) {
    Align();
    PointHere(from);
    Add32(static_cast<uint32_t>(count));
    const size_t first = text_.size();
    text_.resize(first + 4 * count);
    return first;
  }

  void AddIntegers(size_t from, const std::vector<int>& values) {
    const size_t first = AddOffsets(from, values.size());
    for (size_t i = 0; i < values.size(); ++i) Put32(first + 4 * i, static_cast<uint32_t>(values[i]));
  }

  void PointToOldVector(size_t at, device::Vector vector) { to_old_.push_back({at, vector.at - 4}); }

  void AddTensor(device::Table old, int rows, size_t from) {
    std::vector<Field> fields = {{kShape, 0},
                                 {kType, static_cast<uint8_t>(old_.FieldI8(old, kType))},
                                 {kBuffer, old_.FieldU32(old, kBuffer, 0)}};
    const device::Vector name = old_.FieldVector(old, kName, 1);
    const device::Table quantization = old_.FieldTable(old, kQuantization);
    if (name.at != 0) fields.push_back({kName, 0});
    if (quantization.at != 0) fields.push_back({kQuantization, 0});
    fields.push_back({kIsVariable, static_cast<uint8_t>(old_.FieldI8(old, kIsVariable))});
    const Offsets offsets = AddTable(fields, from);
    for (size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].slot == kName) PointToOldVector(offsets[i], name);
      if (fields[i].slot == kQuantization) to_old_.push_back({offsets[i], quantization.at});
    }
    const device::Vector old_shape = old_.FieldVector(old, kShape, 4);
    std::vector<int> shape;
    for (uint32_t d = 0; d < old_shape.size; ++d) shape.push_back(old_.ElementI32(old_shape, d));
    if (rows != 0) shape[1] = rows;
    AddIntegers(offsets[0], shape);
  }

  void AddOperator(device::Table old, const OperatorOfFile& op, size_t from) {
    std::vector<Field> fields = {{kCodeIndex, old_.FieldU32(old, kCodeIndex, 0)},
                                 {kOperatorInputs, 0},
                                 {kOperatorOutputs, 0},
                                 {kOptionsType, static_cast<uint8_t>(old_.FieldI8(old, kOptionsType))}};
    const device::Table options = old_.FieldTable(old, kOptions);
    if (options.at != 0) fields.push_back({kOptions, 0});
    const Offsets offsets = AddTable(fields, from);
    if (options.at != 0) to_old_.push_back({offsets[4], options.at});
    AddIntegers(offsets[1], op.inputs);
    AddIntegers(offsets[2], op.outputs);
  }

  device::FlatBuffer old_;
  const std::string& file_;
  const GraphOfFile& graph_;
  std::string text_;
  std::vector<std::pair<size_t, size_t>> to_old_;  // where an offset stands, and what it points to in the first file
};

}  // namespace

std::string FileWithGraph(const std::string& file, const GraphOfFile& graph) { return Writer(file, graph).Write(); }

}  // namespace mote::compiler
