// The reader refuses what is wrong, and says what and where: named malformed models, damaged bytes, arenas.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "mcu_runtime/mote_runtime.h"
#include "tests/mcu_runtime/loading.h"
#include "tests/mcu_runtime/model_builder.h"

namespace mote::test {
namespace {

TEST(Reader, TakesTheSmallModel) {
  const Result result = Load(Build(SmallModel()));
  EXPECT_EQ(result.status, MOTE_OK) << mote_status_text(result.status) << " " << result.op << " " << result.tensor;
}

struct Malformed {
  const char* name;
  mote_status status;
  int32_t op;
  int32_t tensor;
  std::function<void(ModelSpec&)> break_it;
};

class MalformedModel : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedModel, IsRefusedWithItsOwnError) {
  ModelSpec model = SmallModel();
  GetParam().break_it(model);
  const Result result = Load(Build(model));
  EXPECT_EQ(result.status, GetParam().status) << mote_status_text(result.status);
  EXPECT_EQ(result.op, GetParam().op);
  EXPECT_EQ(result.tensor, GetParam().tensor);
}

using M = ModelSpec;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kNan = std::nanf("");

INSTANTIATE_TEST_SUITE_P(
    Named, MalformedModel,
    testing::ValuesIn(std::vector<Malformed>{
        // The file's head.
        {"AnotherIdentifier", MOTE_ERROR_NOT_A_MODEL, -1, -1, [](M& m) { m.identifier = "TFL2"; }},
        {"AnotherSchemaVersion", MOTE_ERROR_NOT_A_MODEL, -1, -1, [](M& m) { m.version = 2; }},
        {"NoSubgraph", MOTE_ERROR_STRUCTURE, -1, -1, [](M& m) { m.subgraphs = 0; }},
        {"NoInputs", MOTE_ERROR_STRUCTURE, 0, 0, [](M& m) { m.inputs.clear(); }},
        {"NoOutputs", MOTE_ERROR_STRUCTURE, -1, -1, [](M& m) { m.outputs.clear(); }},
        {"NoTensors", MOTE_ERROR_STRUCTURE, -1, 0, [](M& m) { m.tensors.clear(); }},
        // The graph.
        {"InputIndexOutOfRange", MOTE_ERROR_STRUCTURE, -1, 99, [](M& m) { m.inputs = {99}; }},
        {"InputIndexNegative", MOTE_ERROR_STRUCTURE, -1, -5, [](M& m) { m.inputs = {-5}; }},
        {"OutputIndexOutOfRange", MOTE_ERROR_STRUCTURE, -1, 14, [](M& m) { m.outputs = {14}; }},
        {"OutputNeverMade", MOTE_ERROR_STRUCTURE, -1, 14,
         [](M& m) { m.tensors.push_back(Activation({1}, 1, 0)), m.outputs = {14}; }},
        {"NothingMakesTheOutput", MOTE_ERROR_STRUCTURE, -1, kDenseOut,
         [](M& m) {
           m.operators.resize(kDense);
           m.outputs = {kDenseOut};
         }},
        {"InputListedTwice", MOTE_ERROR_STRUCTURE, -1, kInput,
         [](M& m) {
           m.inputs = {kInput, kInput};
         }},
        {"InputIsAConstant", MOTE_ERROR_STRUCTURE, -1, kDenseWeights, [](M& m) { m.inputs = {kDenseWeights}; }},
        {"InputIsInt32", MOTE_ERROR_TYPE, 0, kInput, [](M& m) { m.tensors[kInput].type = MOTE_INT32; }},
        {"OperatorsOutOfOrder", MOTE_ERROR_STRUCTURE, 0, kConvOut,
         [](M& m) { std::swap(m.operators[kConv], m.operators[kDepthwise]); }},
        {"OperatorReadsItsOwnOutput", MOTE_ERROR_STRUCTURE, kAdd, kAddOut,
         [](M& m) { m.operators[kAdd].inputs[1] = kAddOut; }},
        {"TensorWrittenTwice", MOTE_ERROR_STRUCTURE, kAdd, kDepthwiseOut,
         [](M& m) { m.operators[kAdd].outputs = {kDepthwiseOut}; }},
        {"ConstantWritten", MOTE_ERROR_STRUCTURE, kAdd, kAddOut,
         [](M& m) {
           const std::vector<int32_t>& shape = m.tensors[kAddOut].shape;
           m.tensors[kAddOut].data.emplace(std::accumulate(shape.begin(), shape.end(), size_t{1}, std::multiplies<>()));
         }},
        {"InputWritten", MOTE_ERROR_STRUCTURE, kAdd, kAddOut, [](M& m) { m.inputs.push_back(kAddOut); }},
        {"OperatorInputOutOfRange", MOTE_ERROR_STRUCTURE, kAdd, 1000, [](M& m) { m.operators[kAdd].inputs[0] = 1000; }},
        {"RequiredInputLeftOut", MOTE_ERROR_STRUCTURE, kAdd, -1, [](M& m) { m.operators[kAdd].inputs[1] = -1; }},
        {"TooFewInputs", MOTE_ERROR_STRUCTURE, kAdd, -1, [](M& m) { m.operators[kAdd].inputs.pop_back(); }},
        {"TooManyInputs", MOTE_ERROR_STRUCTURE, kSoftmax, -1,
         [](M& m) { m.operators[kSoftmax].inputs.push_back(kFlat); }},
        {"TwoOutputs", MOTE_ERROR_STRUCTURE, kSoftmax, -1,
         [](M& m) { m.operators[kSoftmax].outputs.push_back(kFlat); }},
        {"NoOutput", MOTE_ERROR_STRUCTURE, kSoftmax, -1, [](M& m) { m.operators[kSoftmax].outputs.clear(); }},
        {"VariableTensor", MOTE_ERROR_STRUCTURE, kAdd, kAddOut, [](M& m) { m.tensors[kAddOut].is_variable = true; }},
        {"OperatorCodeIndexOutOfRange", MOTE_ERROR_STRUCTURE, 0, -1, [](M& m) { m.code_out_of_range = true; }},
        {"OptionsOfAnotherOperator", MOTE_ERROR_STRUCTURE, kAdd, -1, [](M& m) { m.operators[kAdd].options_type = 5; }},
        {"UnknownOperator", MOTE_ERROR_OPERATOR, kAdd, -1, [](M& m) { m.operators[kAdd].code = 200; }},
        {"CustomOperator", MOTE_ERROR_OPERATOR, kAdd, -1, [](M& m) { m.operators[kAdd].code = 32; }},
        {"NegativeOperatorCode", MOTE_ERROR_OPERATOR, kSoftmax, -1, [](M& m) { m.operators[kSoftmax].code = -9; }},
        // Buffers.
        {"BufferIndexOutOfRange", MOTE_ERROR_STRUCTURE, kConv, kConvWeights,
         [](M& m) { m.tensors[kConvWeights].buffer = 1000; }},
        {"BufferTooShort", MOTE_ERROR_BUFFER, kConv, kConvWeights,
         [](M& m) { m.tensors[kConvWeights].data->pop_back(); }},
        {"BufferTooLong", MOTE_ERROR_BUFFER, kDense, kDenseBias,
         [](M& m) { m.tensors[kDenseBias].data->push_back(0); }},
        {"WeightsAreAnActivation", MOTE_ERROR_BUFFER, kDense, kFlat,
         [](M& m) { m.operators[kDense].inputs[1] = kFlat, m.tensors[kFlat].shape = {1, 8}; }},
        {"WeightsAreMissing", MOTE_ERROR_STRUCTURE, kConv, kConvWeights,
         [](M& m) { m.tensors[kConvWeights].data.reset(); }},
        // Types.
        {"WeightsAreUint8", MOTE_ERROR_TYPE, kConv, kConvWeights,
         [](M& m) { m.tensors[kConvWeights].type = MOTE_UINT8; }},
        {"WeightsOfAsManyBytesAreInt4", MOTE_ERROR_BUFFER, kConv, kConvWeights,
         [](M& m) { m.tensors[kConvWeights].type = MOTE_INT4; }},
        {"BiasIsFloat", MOTE_ERROR_TYPE, kConv, kConvBias, [](M& m) { m.tensors[kConvBias].type = MOTE_FLOAT32; }},
        {"ActivationIsFloat", MOTE_ERROR_TYPE, kAdd, kAddOut, [](M& m) { m.tensors[kAddOut].type = MOTE_FLOAT32; }},
        {"ActivationIsInt16", MOTE_ERROR_TYPE, kAdd, kAddOut, [](M& m) { m.tensors[kAddOut].type = MOTE_INT16; }},
        {"ShapeIsNotAConstantOfInt32", MOTE_ERROR_TYPE, kReshape, kConvWeights,
         [](M& m) { m.operators[kReshape].inputs[1] = kConvWeights; }},
        // Shapes.
        {"ZeroExtent", MOTE_ERROR_SHAPE, kConv, kConvOut, [](M& m) { m.tensors[kConvOut].shape = {1, 0, 4, 2}; }},
        {"NegativeExtent", MOTE_ERROR_SHAPE, kConv, kConvOut, [](M& m) { m.tensors[kConvOut].shape[1] = -4; }},
        {"SizeOverflows", MOTE_ERROR_SHAPE, kConv, kConvOut,
         [](M& m) { m.tensors[kConvOut].shape = {1 << 16, 1 << 16, 1 << 16, 1 << 16}; }},
        {"SevenDimensions", MOTE_ERROR_SHAPE, -1, kInput, [](M& m) { m.tensors[kInput].shape.assign(7, 1); }},
        {"ConvolutionOfThreeDimensions", MOTE_ERROR_SHAPE, kConv, kInput,
         [](M& m) { m.tensors[kInput].shape = {4, 4, 1}; }},
        {"ConvolutionOutputTooHigh", MOTE_ERROR_SHAPE, kConv, kConvOut, [](M& m) { m.tensors[kConvOut].shape[1] = 5; }},
        {"ConvolutionOutputChannels", MOTE_ERROR_SHAPE, kConv, kConvOut,
         [](M& m) { m.tensors[kConvOut].shape[3] = 3; }},
        {"ConvolutionBatches", MOTE_ERROR_SHAPE, kConv, kConvOut, [](M& m) { m.tensors[kConvOut].shape[0] = 2; }},
        {"FilterChannelsDoNotDivide", MOTE_ERROR_SHAPE, kConv, kConvWeights,
         [](M& m) { m.tensors[kInput].shape[3] = 3, m.tensors[kConvWeights] = Weights({2, 3, 3, 2}, {1, 1}, 0); }},
        {"BiasLength", MOTE_ERROR_SHAPE, kConv, kConvBias, [](M& m) { m.tensors[kConvBias] = Int32({3}, {1, 2, 3}); }},
        {"DepthwiseWeightsOfTwoFilters", MOTE_ERROR_SHAPE, kDepthwise, kDepthwiseWeights,
         [](M& m) { m.tensors[kDepthwiseWeights] = Weights({2, 2, 2, 2}, {1, 1}, 3); }},
        {"ShapesDoNotBroadcast", MOTE_ERROR_SHAPE, kAdd, kAddOut,
         [](M& m) { m.tensors[kAddOut].shape = {1, 4, 4, 3}; }},
        {"PoolOutputTooWide", MOTE_ERROR_SHAPE, kPool, kPoolOut, [](M& m) { m.tensors[kPoolOut].shape[2] = 3; }},
        {"PoolWindowLargerThanInput", MOTE_ERROR_SHAPE, kPool, kPoolOut,
         [](M& m) { m.operators[kPool].SetOption(4, 5); }},
        {"ReshapeChangesTheSize", MOTE_ERROR_SHAPE, kReshape, kFlat, [](M& m) { m.tensors[kFlat].shape = {1, 9}; }},
        {"DenseInputDoesNotDivide", MOTE_ERROR_SHAPE, kDense, kDenseWeights,
         [](M& m) { m.tensors[kDenseWeights] = Weights({3, 7}, {0.1f}, 0); }},
        {"DenseOutputUnits", MOTE_ERROR_SHAPE, kDense, kDenseOut, [](M& m) { m.tensors[kDenseOut].shape = {1, 4}; }},
        {"DenseWeightsOfOneDimension", MOTE_ERROR_SHAPE, kDense, kDenseWeights,
         [](M& m) { m.tensors[kDenseWeights] = Weights({24}, {0.1f}, 0); }},
        {"SoftmaxChangesTheShape", MOTE_ERROR_SHAPE, kSoftmax, kProbabilities,
         [](M& m) { m.tensors[kProbabilities].shape = {3, 1}; }},
        // Quantization.
        {"ScaleIsMissing", MOTE_ERROR_QUANTIZATION, kConv, kConvOut, [](M& m) { m.tensors[kConvOut].scales.clear(); }},
        {"ZeroPointIsMissing", MOTE_ERROR_QUANTIZATION, kConv, kConvOut,
         [](M& m) { m.tensors[kConvOut].zero_points.clear(); }},
        {"ActivationWithTwoScales", MOTE_ERROR_QUANTIZATION, kConv, kConvOut,
         [](M& m) { m.tensors[kConvOut].scales = {1, 1}, m.tensors[kConvOut].zero_points = {0, 0}; }},
        {"ScaleIsZero", MOTE_ERROR_QUANTIZATION, kConv, kInput, [](M& m) { m.tensors[kInput].scales = {0.0f}; }},
        {"ScaleIsNegative", MOTE_ERROR_QUANTIZATION, kConv, kInput, [](M& m) { m.tensors[kInput].scales = {-0.1f}; }},
        {"ScaleIsInfinite", MOTE_ERROR_QUANTIZATION, kConv, kInput,
         [](M& m) { m.tensors[kInput].scales = {kInfinity}; }},
        {"ScaleIsNotANumber", MOTE_ERROR_QUANTIZATION, kConv, kInput, [](M& m) { m.tensors[kInput].scales = {kNan}; }},
        {"WeightScaleIsNotANumber", MOTE_ERROR_QUANTIZATION, kConv, kConvWeights,
         [](M& m) { m.tensors[kConvWeights].scales[1] = kNan; }},
        {"WeightScaleIsZero", MOTE_ERROR_QUANTIZATION, kDepthwise, kDepthwiseWeights,
         [](M& m) { m.tensors[kDepthwiseWeights].scales[1] = 0; }},
        {"WeightScalesTooMany", MOTE_ERROR_QUANTIZATION, kConv, kConvWeights,
         [](M& m) { m.tensors[kConvWeights].scales = {1, 1, 1}, m.tensors[kConvWeights].zero_points = {0, 0, 0}; }},
        {"WeightScalesOfAnotherDimension", MOTE_ERROR_QUANTIZATION, kConv, kConvWeights,
         [](M& m) { m.tensors[kConvWeights].quantized_dimension = 3; }},
        {"WeightScalesOfADimensionOutOfRange", MOTE_ERROR_QUANTIZATION, kConv, kConvWeights,
         [](M& m) { m.tensors[kConvWeights].quantized_dimension = -1; }},
        {"WeightZeroPoint", MOTE_ERROR_QUANTIZATION, kConv, kConvWeights,
         [](M& m) { m.tensors[kConvWeights].zero_points[1] = 1; }},
        {"WeightZeroPointsTooFew", MOTE_ERROR_QUANTIZATION, kConv, kConvWeights,
         [](M& m) { m.tensors[kConvWeights].zero_points.pop_back(); }},
        {"ZeroPointTooLarge", MOTE_ERROR_QUANTIZATION, kConv, kInput,
         [](M& m) { m.tensors[kInput].zero_points = {128}; }},
        {"ZeroPointTooSmall", MOTE_ERROR_QUANTIZATION, kConv, kInput,
         [](M& m) { m.tensors[kInput].zero_points = {-129}; }},
        {"ZeroPointOfTheLargestInt32", MOTE_ERROR_QUANTIZATION, kConv, kInput,
         [](M& m) { m.tensors[kInput].zero_points = {INT32_MAX}; }},
        {"ZeroPointOfTheLeastInt32", MOTE_ERROR_QUANTIZATION, kConv, kInput,
         [](M& m) { m.tensors[kInput].zero_points = {INT32_MIN}; }},
        {"ZeroPointOfMoreThan32Bits", MOTE_ERROR_QUANTIZATION, kConv, kInput,
         [](M& m) { m.tensors[kInput].zero_points = {int64_t{1} << 32}; }},
        {"MultiplierOutOfRange", MOTE_ERROR_QUANTIZATION, kConv, kConvWeights,
         [](M& m) { m.tensors[kConvWeights].scales[0] = 1e30f; }},
        {"PoolChangesTheScale", MOTE_ERROR_QUANTIZATION, kPool, kPoolOut,
         [](M& m) { m.tensors[kPoolOut].scales = {0.3f}; }},
        {"ReshapeChangesTheZeroPoint", MOTE_ERROR_QUANTIZATION, kReshape, kFlat,
         [](M& m) { m.tensors[kFlat].zero_points = {1}; }},
        {"SoftmaxOutputScale", MOTE_ERROR_QUANTIZATION, kSoftmax, kProbabilities,
         [](M& m) { m.tensors[kProbabilities].scales = {1.0f / 128}; }},
        {"SoftmaxOutputZeroPoint", MOTE_ERROR_QUANTIZATION, kSoftmax, kProbabilities,
         [](M& m) { m.tensors[kProbabilities].zero_points = {0}; }},
        {"SoftmaxInputScaleTooSmall", MOTE_ERROR_QUANTIZATION, kSoftmax, kDenseOut,
         [](M& m) { m.tensors[kDenseOut].scales = {1e-9f}, m.tensors[kDenseWeights].scales = {1e-12f}; }},
        {"AddOutputScaleTooSmall", MOTE_ERROR_QUANTIZATION, kAdd, kAddOut,
         [](M& m) { m.tensors[kAddOut].scales = {1e-8f}; }},
        // Options.
        {"StrideZero", MOTE_ERROR_OPTION, kConv, kConvOut, [](M& m) { m.operators[kConv].SetOption(1, 0); }},
        {"StrideNegative", MOTE_ERROR_OPTION, kConv, kConvOut, [](M& m) { m.operators[kConv].SetOption(2, -1); }},
        {"DilationZero", MOTE_ERROR_OPTION, kConv, kConvOut, [](M& m) { m.operators[kConv].SetOption(4, 0); }},
        {"DilationHuge", MOTE_ERROR_OPTION, kConv, kConvOut, [](M& m) { m.operators[kConv].SetOption(5, INT32_MAX); }},
        {"PaddingUnknown", MOTE_ERROR_OPTION, kConv, kConvOut,
         [](M& m) { m.operators[kConv].SetOption(0, int8_t{2}); }},
        {"OptionsLeftOut", MOTE_ERROR_OPTION, kConv, kConvOut, [](M& m) { m.operators[kConv].options_type = 0; }},
        {"ActivationTanh", MOTE_ERROR_OPTION, kConv, kConvOut,
         [](M& m) { m.operators[kConv].SetOption(3, int8_t{4}); }},
        {"ActivationNegative", MOTE_ERROR_OPTION, kDense, kDenseOut,
         [](M& m) { m.operators[kDense].SetOption(0, int8_t{-1}); }},
        {"DepthMultiplier", MOTE_ERROR_OPTION, kDepthwise, kDepthwiseWeights,
         [](M& m) { m.operators[kDepthwise].SetOption(3, 2); }},
        {"PoolFilterZero", MOTE_ERROR_OPTION, kPool, kPoolOut, [](M& m) { m.operators[kPool].SetOption(3, 0); }},
        {"ShuffledWeights", MOTE_ERROR_OPTION, kDense, kDenseWeights,
         [](M& m) { m.operators[kDense].SetOption(1, int8_t{1}); }},
        {"SoftmaxBetaZero", MOTE_ERROR_OPTION, kSoftmax, kDenseOut,
         [](M& m) { m.operators[kSoftmax].SetOption(0, 0.0f); }},
        {"SoftmaxBetaNotANumber", MOTE_ERROR_OPTION, kSoftmax, kDenseOut,
         [](M& m) { m.operators[kSoftmax].SetOption(0, kNan); }},
        // Accumulators.
        {"BiasLeavesNoRoom", MOTE_ERROR_ACCUMULATOR, kConv, kConvWeights,
         [](M& m) { m.tensors[kConvBias] = Int32({2}, {INT32_MAX, 0}); }},
        {"BiasOfTheLeastNumber", MOTE_ERROR_ACCUMULATOR, kDense, kDenseWeights,
         [](M& m) { m.tensors[kDenseBias] = Int32({3}, {0, 0, INT32_MIN}); }},
        {"ShiftedAccumulatorOverflows", MOTE_ERROR_ACCUMULATOR, kConv, kConvWeights,
         [](M& m) { m.tensors[kConvWeights].scales[0] = 1e5f; }},
    }),
    [](const auto& which) { return std::string(which.param.name); });

TEST(Reader, TakesAccumulatorsThatJustFit) {
  ModelSpec model = SmallModel();
  // Input codes are at most 130 away from -3; nine weights of 127.
  model.tensors[kConvWeights].data->assign(18, 127);
  const int32_t largest = INT32_MAX - 9 * 127 * 130;
  model.tensors[kConvBias] = Int32({2}, {largest, -largest});
  EXPECT_EQ(Load(Build(model)).status, MOTE_OK);
  model.tensors[kConvBias] = Int32({2}, {largest + 1, 0});
  EXPECT_EQ(Load(Build(model)).status, MOTE_ERROR_ACCUMULATOR);
}

TEST(Reader, PlansManyTensorsInTheArenaAndRefusesThemOnTheStack) {
  ModelSpec model = SmallModel();
  for (int i = 0; i < 5000; ++i) model.tensors.push_back(Activation({1}, 1, 0));
  const std::vector<uint8_t> file = Build(model);
  mote_memory memory = {};
  EXPECT_EQ(mote_model_memory(mote_all_operators, file.data(), file.size(), &memory, nullptr), MOTE_ERROR_LIMIT);
  Arena arena(1 << 16);
  mote_model loaded;
  EXPECT_EQ(mote_model_load(&loaded, mote_all_operators, file.data(), file.size(), arena.data(), 1 << 16), MOTE_OK);
  EXPECT_EQ(mote_model_invoke(&loaded), MOTE_OK);
}

TEST(Reader, IgnoresTensorsThatNothingUses) {
  ModelSpec model = SmallModel();
  TensorSpec odd;
  odd.shape = {0, -1};
  odd.type = 5;
  model.tensors.push_back(odd);
  EXPECT_EQ(Load(Build(model)).status, MOTE_OK);
}

TEST(Reader, RefusesFilesOfAFewBytes) {
  const std::vector<uint8_t> whole = Build(SmallModel());
  for (size_t size = 1; size < 64; ++size) {
    const Result result = Load({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    EXPECT_TRUE(result.status == MOTE_ERROR_NOT_A_MODEL || result.status == MOTE_ERROR_TRUNCATED) << size;
  }
}

TEST(Reader, RefusesARootThatPointsAnywhere) {
  const std::vector<uint8_t> whole = Build(SmallModel());
  for (const uint32_t root :
       {0u, 1u, 0x7fffffffu, 0x80000000u, 0xffffffffu, 0xfffffffcu, static_cast<uint32_t>(whole.size())}) {
    std::vector<uint8_t> file = whole;
    std::memcpy(file.data(), &root, 4);
    EXPECT_NE(Load(file).status, MOTE_OK) << root;
  }
}

// Loads and, if it loads, runs a damaged file from memory that ends where the file ends, in an arena of its exact size.
mote_status LoadAndRun(const std::vector<uint8_t>& bytes) {
  const std::unique_ptr<uint8_t[]> file(new uint8_t[bytes.size()]);
  std::memcpy(file.get(), bytes.data(), bytes.size());
  mote_memory memory_needed = {};
  const mote_status status = mote_model_memory(mote_all_operators, file.get(), bytes.size(), &memory_needed, nullptr);
  if (status != MOTE_OK) return status;
  const size_t needed = memory_needed.arena;
  if (needed > 1 << 22) return MOTE_ERROR_ARENA_TOO_SMALL;
  const std::unique_ptr<uint8_t[]> memory(new uint8_t[needed + 15]);
  uint8_t* arena = memory.get() + (16 - reinterpret_cast<uintptr_t>(memory.get()) % 16) % 16;
  mote_model model;
  EXPECT_EQ(mote_model_load(&model, mote_all_operators, file.get(), bytes.size(), arena, needed), MOTE_OK);
  if (needed != 0) {
    mote_model other;
    EXPECT_EQ(mote_model_load(&other, mote_all_operators, file.get(), bytes.size(), arena, needed - 1),
              MOTE_ERROR_ARENA_TOO_SMALL);
    EXPECT_EQ(mote_model_load(&model, mote_all_operators, file.get(), bytes.size(), arena, needed), MOTE_OK);
  }
  for (int32_t i = 0; i < mote_model_input_count(&model); ++i) {
    const mote_tensor input = mote_model_input(&model, i);
    std::memset(input.data, 0x5a, input.bytes);
  }
  EXPECT_EQ(mote_model_invoke(&model), MOTE_OK);
  for (int32_t i = 0; i < mote_model_tensor_count(&model); ++i) mote_model_tensor(&model, i);
  return MOTE_OK;
}

TEST(Reader, EverySingleBitFlipIsRefusedOrRuns) {
  const std::vector<uint8_t> whole = Build(SmallModel());
  ASSERT_EQ(LoadAndRun(whole), MOTE_OK);
  size_t refused = 0;
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::vector<uint8_t> file = whole;
    file[bit / 8] = static_cast<uint8_t>(file[bit / 8] ^ (1 << bit % 8));
    if (LoadAndRun(file) != MOTE_OK) ++refused;
    ASSERT_FALSE(HasFailure()) << "bit " << bit;
  }
  EXPECT_GT(refused, whole.size());  // at least an eighth of all bits matter
}

TEST(Reader, RandomDamageIsRefusedOrRuns) {
  const std::vector<uint8_t> whole = Build(SmallModel());
  uint32_t state = 1;
  const auto next = [&state] { return (state = state * 1664525u + 1013904223u) >> 8; };
  const uint32_t extremes[] = {0, 1, 0xff, 0x7f, 0x80, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc};
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> file = whole;
    for (uint32_t k = next() % 3; k < 3; ++k) {
      const size_t at = next() % (file.size() - 4);
      const uint32_t value = next() % 2 ? extremes[next() % 10] : next();
      std::memcpy(file.data() + at, &value, next() % 2 ? 4 : 1);
    }
    LoadAndRun(file);
    ASSERT_FALSE(HasFailure()) << "round " << round;
  }
}

}  // namespace
}  // namespace mote::test
