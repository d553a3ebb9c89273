// Bad models whose fault lies in the file's structure: offsets, vectors, tables and buffers. Bytes are changed at
// places that the format's own rules find; comments name the class of defects.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <vector>

#include "mcu_runtime/flatbuffer.h"
#include "tests/fuzz/load_and_run.h"
#include "tests/mcu_runtime/loading.h"
#include "tests/mcu_runtime/model_builder.h"

namespace mote::test {
namespace {

using device::FlatBuffer;
using device::Table;
using device::Vector;

// Finds places in the bytes of SmallModel (or of one like it).
class File {
 public:
  explicit File(const ModelSpec& model)
      : bytes(Build(model)), buffer_(bytes.data(), static_cast<uint32_t>(bytes.size())) {}

  std::vector<uint8_t> bytes;

  Table Model() { return buffer_.TableAt(buffer_.U32(0)); }
  Table Subgraph() { return buffer_.ElementTable(buffer_.FieldVector(Model(), 2, 4), 0); }
  Vector Tensors() { return buffer_.FieldVector(Subgraph(), 0, 4); }
  Table Tensor(uint32_t index) { return buffer_.ElementTable(Tensors(), index); }
  Table Operator(uint32_t index) { return buffer_.ElementTable(buffer_.FieldVector(Subgraph(), 3, 4), index); }
  Table Quantization(uint32_t tensor) { return buffer_.FieldTable(Tensor(tensor), 4); }
  Table BufferOf(uint32_t tensor) {
    const Vector buffers = buffer_.FieldVector(Model(), 4, 4);
    return buffer_.ElementTable(buffers, buffer_.FieldU32(Tensor(tensor), 2, 0));
  }
  Table Code(uint32_t index) { return buffer_.ElementTable(buffer_.FieldVector(Model(), 1, 4), index); }
  uint32_t Vtable(Table table) { return buffer_.VtableOf(table); }
  uint32_t Field(const Table& table, uint32_t slot) { return buffer_.Field(table, slot, 1); }
  // Of a vector: its count stands there.
  uint32_t CountOf(const Table& table, uint32_t slot) { return buffer_.FieldVector(table, slot, 1).at - 4; }

  uint32_t Get(uint32_t at) { return buffer_.U32(at); }
  void Set(uint32_t at, uint32_t value) { std::memcpy(bytes.data() + at, &value, 4); }
  void Set16(uint32_t at, uint16_t value) { std::memcpy(bytes.data() + at, &value, 2); }

 private:
  FlatBuffer buffer_;
};

struct BadFile {
  const char* name;
  mote_status status;
  int32_t op;
  int32_t tensor;
  std::function<void(File&)> break_it;
};

class MalformedFile : public testing::TestWithParam<BadFile> {};

TEST_P(MalformedFile, IsRefusedWithItsOwnError) {
  ModelSpec model = SmallModel();
  model.tensors[kDenseWeights].is_external = true;
  File file(model);
  ASSERT_EQ(LoadAndRun(file.bytes.data(), file.bytes.size()), Verdict::kRan);
  GetParam().break_it(file);
  const Result result = Load(file.bytes);
  EXPECT_EQ(result.status, GetParam().status) << mote_status_text(result.status);
  EXPECT_EQ(result.op, GetParam().op);
  EXPECT_EQ(result.tensor, GetParam().tensor);
  EXPECT_EQ(LoadAndRun(file.bytes.data(), file.bytes.size()), Verdict::kRefused);
}

enum ModelSlot : uint32_t { kCodes = 1, kSubgraphs = 2, kBuffers = 4 };
enum TensorSlot : uint32_t { kShapeSlot = 0, kTypeSlot = 1, kBufferSlot = 2, kQuantizationSlot = 4 };
enum OperatorSlot : uint32_t { kCodeSlot = 0, kInputsSlot = 1, kOutputsSlot = 2, kOptionsSlot = 4 };

INSTANTIATE_TEST_SUITE_P(
    Named, MalformedFile,
    testing::ValuesIn(std::vector<BadFile>{
        // Vectors longer than the file, and so long that their bytes overflow 32 bits.
        {"SubgraphsVectorTooLong", MOTE_ERROR_TRUNCATED, -1, -1,
         [](File& f) { f.Set(f.CountOf(f.Model(), kSubgraphs), 1 << 20); }},
        {"TensorsVectorThatOverflows", MOTE_ERROR_TRUNCATED, -1, -1,
         [](File& f) { f.Set(f.CountOf(f.Subgraph(), 0), 0x40000001); }},
        {"OperatorsVectorOfAllOnes", MOTE_ERROR_TRUNCATED, -1, -1,
         [](File& f) { f.Set(f.CountOf(f.Subgraph(), 3), 0xffffffff); }},
        {"ShapeVectorThatOverflows", MOTE_ERROR_TRUNCATED, kConv, kConvOut,
         [](File& f) { f.Set(f.CountOf(f.Tensor(kConvOut), kShapeSlot), 0x40000000); }},
        {"ScalesVectorTooLong", MOTE_ERROR_TRUNCATED, kConv, kConvWeights,
         [](File& f) { f.Set(f.CountOf(f.Quantization(kConvWeights), 2), 0x3fffffff); }},
        {"ZeroPointsVectorThatOverflows", MOTE_ERROR_TRUNCATED, kConv, kConvWeights,
         [](File& f) { f.Set(f.CountOf(f.Quantization(kConvWeights), 3), 0x20000001); }},
        {"BufferTooLong", MOTE_ERROR_TRUNCATED, kConv, kConvWeights,
         [](File& f) { f.Set(f.CountOf(f.BufferOf(kConvWeights), 0), 0x7fffffff); }},
        {"OperatorInputsTooLong", MOTE_ERROR_TRUNCATED, kAdd, -1,
         [](File& f) { f.Set(f.CountOf(f.Operator(kAdd), kInputsSlot), 0x3ffffff0); }},
        // Offsets that leave the file, go nowhere, or would go back.
        {"SubgraphOffsetLeavesTheFile", MOTE_ERROR_TRUNCATED, -1, -1,
         [](File& f) { f.Set(f.CountOf(f.Model(), kSubgraphs) + 4, 0x7ffffff0); }},
        {"TensorOffsetIsZero", MOTE_ERROR_STRUCTURE, kConv, -1,
         [](File& f) { f.Set(f.Tensors().at + 4 * kConvWeights, 0); }},
        {"TensorOffsetGoesBack", MOTE_ERROR_TRUNCATED, kConv, -1,
         [](File& f) { f.Set(f.Tensors().at + 4 * kConvWeights, 0xfffffff0); }},
        {"QuantizationOffsetIsOne", MOTE_ERROR_STRUCTURE, -1, kInput,
         [](File& f) { f.Set(f.Field(f.Tensor(kInput), kQuantizationSlot), 1); }},
        {"OptionsOffsetLeavesTheFile", MOTE_ERROR_TRUNCATED, kPool, -1,
         [](File& f) { f.Set(f.Field(f.Operator(kPool), kOptionsSlot), 1 << 28); }},
        // Tables whose vtables leave the file, lie, or are the table itself (a cycle for readers that recurse).
        {"VtableBeforeTheFile", MOTE_ERROR_TRUNCATED, kConv, -1,
         [](File& f) { f.Set(f.Tensor(kConvWeights).at, 0x7fffffff); }},
        {"VtableIsTheTableItself", MOTE_ERROR_STRUCTURE, kConv, -1,
         [](File& f) { f.Set(f.Tensor(kConvWeights).at, 0); }},
        {"VtableOfOddSize", MOTE_ERROR_STRUCTURE, -1, kInput, [](File& f) { f.Set16(f.Vtable(f.Tensor(kInput)), 5); }},
        {"VtableOfNoSize", MOTE_ERROR_STRUCTURE, -1, kInput, [](File& f) { f.Set16(f.Vtable(f.Tensor(kInput)), 0); }},
        {"TableOfNoSize", MOTE_ERROR_STRUCTURE, -1, kInput, [](File& f) { f.Set16(f.Vtable(f.Tensor(kInput)) + 2, 0); }},
        {"TableLongerThanTheFile", MOTE_ERROR_TRUNCATED, -1, kInput,
         [](File& f) { f.Set16(f.Vtable(f.Tensor(kInput)) + 2, 0xffff); }},
        {"FieldOutsideOfItsTable", MOTE_ERROR_STRUCTURE, -1, kInput,
         [](File& f) { f.Set16(f.Vtable(f.Tensor(kInput)) + 4, 0xfffe); }},
        {"FieldOnTheVtablesOffset", MOTE_ERROR_STRUCTURE, -1, kInput,
         [](File& f) { f.Set16(f.Vtable(f.Tensor(kInput)) + 4, 2); }},
        // Shapes whose sizes overflow: of TfLiteIntArray's bytes, of elements, of bytes.
        {"ExtentZero", MOTE_ERROR_SHAPE, kConv, kConvOut,
         [](File& f) { f.Set(f.CountOf(f.Tensor(kConvOut), kShapeSlot) + 8, 0); }},
        {"ExtentNegative", MOTE_ERROR_SHAPE, kConv, kConvOut,
         [](File& f) { f.Set(f.CountOf(f.Tensor(kConvOut), kShapeSlot) + 8, 0xffffffff); }},
        {"ExtentsThatOverflow32Bits", MOTE_ERROR_SHAPE, kConv, kConvOut,
         [](File& f) {
           for (uint32_t d = 0; d < 4; ++d) f.Set(f.CountOf(f.Tensor(kConvOut), kShapeSlot) + 4 + 4 * d, 1 << 8);
         }},
        {"ExtentsThatOverflow64Bits", MOTE_ERROR_SHAPE, kConv, kConvOut,
         [](File& f) {
           for (uint32_t d = 0; d < 4; ++d) f.Set(f.CountOf(f.Tensor(kConvOut), kShapeSlot) + 4 + 4 * d, 1 << 30);
         }},
        // Buffers behind the flatbuffer: outside of the file, or of more than 32 bits.
        {"ExternalBufferBeyondTheFile", MOTE_ERROR_TRUNCATED, kDense, kDenseWeights,
         [](File& f) { f.Set(f.Field(f.BufferOf(kDenseWeights), 1), static_cast<uint32_t>(f.bytes.size()) - 8); }},
        {"ExternalBufferAtTheLargestPlace", MOTE_ERROR_TRUNCATED, kDense, kDenseWeights,
         [](File& f) { f.Set(f.Field(f.BufferOf(kDenseWeights), 1), 0xfffffff8); }},
        {"ExternalBufferOfMoreThan32Bits", MOTE_ERROR_TRUNCATED, kDense, kDenseWeights,
         [](File& f) { f.Set(f.Field(f.BufferOf(kDenseWeights), 1) + 4, 1); }},
        {"ExternalBufferOfASizeOfMoreThan32Bits", MOTE_ERROR_TRUNCATED, kDense, kDenseWeights,
         [](File& f) { f.Set(f.Field(f.BufferOf(kDenseWeights), 2) + 4, 1); }},
        {"ExternalBufferTooShort", MOTE_ERROR_BUFFER, kDense, kDenseWeights,
         [](File& f) { f.Set(f.Field(f.BufferOf(kDenseWeights), 2), 23); }},
        {"ExternalBufferNowhere", MOTE_ERROR_STRUCTURE, kDense, kDenseWeights,
         [](File& f) { f.Set(f.Field(f.BufferOf(kDenseWeights), 1), 0); }},
        // Null tensors: the buffer, the shape or the table that a reader takes for granted is not there.
        {"WeightsWithoutABuffer", MOTE_ERROR_STRUCTURE, kConv, kConvWeights,
         [](File& f) { f.Set16(f.Vtable(f.Tensor(kConvWeights)) + 4 + 2 * kBufferSlot, 0); }},
        {"InputsLeftOut", MOTE_ERROR_STRUCTURE, kConv, -1,
         [](File& f) { f.Set16(f.Vtable(f.Operator(kConv)) + 4 + 2 * kInputsSlot, 0); }},
        {"TypeThatDoesNotExist", MOTE_ERROR_TYPE, -1, kInput,
         [](File& f) { f.bytes[f.Field(f.Tensor(kInput), kTypeSlot)] = 0xf7; }},
        {"TypeString", MOTE_ERROR_TYPE, -1, kInput, [](File& f) { f.bytes[f.Field(f.Tensor(kInput), kTypeSlot)] = 5; }},
    }),
    [](const auto& which) { return std::string(which.param.name); });

// Exhaustion: what a small file can ask for must be bounded by its size.

TEST(Exhaustion, ManyOperatorsThatShareOneLongListOfZeroPointsAreRefused) {
  const auto model_of = [](int count) {
    ModelSpec m;
    m.tensors = {Activation({1, 1}, 1, 0), Weights({4096, 1}, std::vector<float>(4096, 0.01f), 0)};
    for (int i = 0; i < count; ++i) {
      m.tensors.push_back(Activation({1, 4096}, 1, 0));
      m.operators.push_back({9, {0, 1, -1}, {2 + i}, 8, {{0, int8_t{0}}}});
      m.outputs = {2 + i};
    }
    m.inputs = {0};
    return Build(m);
  };
  EXPECT_EQ(Load(model_of(1)).status, MOTE_OK);
  EXPECT_EQ(Load(model_of(300)).status, MOTE_ERROR_LIMIT);
}

TEST(Exhaustion, TensorsThatNeedMoreThanThereIsAreRefused) {
  ModelSpec m;
  m.tensors = {Activation({1 << 30}, 1, 0)};
  m.inputs = {0};
  for (int i = 1; i < 4; ++i) {
    m.tensors.push_back(Activation({1 << 30}, 1, 0));
    m.operators.push_back({0, {i - 1, 0}, {i}, 11, {{0, int8_t{0}}}});
  }
  m.outputs = {1, 2, 3};
  EXPECT_EQ(Load(Build(m)).status, MOTE_ERROR_SHAPE);
}

TEST(Exhaustion, TooManyOperatorsAreRefused) {
  ModelSpec m;
  m.tensors = {Activation({1}, 1, 0), Activation({1}, 1, 0)};
  m.operators.assign(32001, {19, {0}, {1}, 0, {}});
  m.inputs = {0};
  m.outputs = {1};
  EXPECT_EQ(Load(Build(m)).status, MOTE_ERROR_LIMIT);
}

// Not faults: what the format allows and few files have.

TEST(OddFiles, BuffersBehindTheFlatbufferAreRead) {
  ModelSpec inside = SmallModel(), outside = inside;
  for (TensorSpec& tensor : outside.tensors) tensor.is_external = tensor.data.has_value();
  const std::vector<uint8_t> file = Build(outside);
  EXPECT_EQ(LoadAndRun(file.data(), file.size()), Verdict::kRan);
  std::vector<std::vector<uint8_t>> outputs;
  for (const std::vector<uint8_t>& bytes : {Build(inside), file}) {
    Arena arena(4096);
    mote_model model;
    ASSERT_EQ(mote_model_load(&model, mote_all_operators, bytes.data(), bytes.size(), arena.data(), 4096), MOTE_OK);
    const mote_tensor input = mote_model_input(&model, 0);
    std::memset(input.data, 33, input.bytes);
    ASSERT_EQ(mote_model_invoke(&model), MOTE_OK);
    const mote_tensor output = mote_model_output(&model, 0);
    const auto* codes = static_cast<const uint8_t*>(output.data);
    outputs.emplace_back(codes, codes + output.bytes);
  }
  EXPECT_EQ(outputs[0], outputs[1]);
}

TEST(OddFiles, SubgraphsThatNothingCallsMayBeAnything) {
  ModelSpec model = SmallModel();
  SubgraphSpec other;
  other.tensors = {Plain({0, -1}, 5)};
  other.operators = {{200, {7}, {9}, 3, {}}};
  model.more = {other};
  const std::vector<uint8_t> file = Build(model);
  EXPECT_EQ(LoadAndRun(file.data(), file.size()), Verdict::kRan);
}

}  // namespace
}  // namespace mote::test
