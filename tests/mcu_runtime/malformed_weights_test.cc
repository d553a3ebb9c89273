// Bad models of the operators with weights and of the products of tensors. Those of the sequence in reader_test.cc's
// SmallModel are there. A comment names the class of defects.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "tests/fuzz/load_and_run.h"
#include "tests/mcu_runtime/loading.h"
#include "tests/mcu_runtime/malformed.h"

namespace mote::test {
namespace {

using M = ModelSpec;
constexpr int8_t kSame = 0, kValid = 1, kNoActivation = 0;
constexpr int32_t kMost = std::numeric_limits<int32_t>::max();

TensorSpec Codes(std::vector<int32_t> shape) { return Activation(std::move(shape), 0.5f, 3); }

// In groups: two, each of three input channels and two output channels.
M Convolution() {
  return OneOperator(
      3, 1, {{0, kValid}, {1, 2}, {2, 1}, {3, kNoActivation}, {4, 1}, {5, 2}},
      {Codes({2, 5, 5, 6}), Weights({4, 2, 3, 3}, {0.01f, 0.02f, 0.03f, 0.04f}, 0), Int32({4}, {1, 2, 3, 4})},
      {Codes({2, 3, 2, 4})});
}
M Depthwise() {
  return OneOperator(
      4, 2, {{0, kSame}, {1, 1}, {2, 1}, {3, 2}, {4, kNoActivation}, {5, 1}, {6, 1}},
      {Codes({1, 4, 4, 3}), Weights({1, 3, 3, 6}, std::vector<float>(6, 0.01f), 3), Int32({6}, {1, 2, 3, 4, 5, 6})},
      {Codes({1, 4, 4, 6})});
}
M Dense() {
  return OneOperator(9, 8, {{0, kNoActivation}, {1, int8_t{0}}, {2, int8_t{0}}},
                     {Codes({2, 5}), Weights({3, 5}, {0.01f}, 0), Int32({3}, {1, 2, 3})}, {Codes({2, 3})});
}
M TransposeConvolution() {
  return OneOperator(
      67, 49, {{0, kSame}, {1, 2}, {2, 2}, {3, kNoActivation}},
      {Int32({4}, {1, 4, 4, 2}), Weights({2, 3, 3, 3}, {0.01f, 0.02f}, 0), Codes({1, 2, 2, 3}), Int32({2}, {5, 6})},
      {Codes({1, 4, 4, 2})});
}
M MatrixProduct() {
  return OneOperator(126, 101, {{0, int8_t{0}}, {1, int8_t{0}}, {2, int8_t{0}}}, {Codes({2, 3, 4}), Codes({2, 4, 5})},
                     {Activation({2, 3, 5}, 8.0f, 3)});
}

// The same on int16 activations, with biases of `bias_type`.
M WideOf(M m, int8_t bias_type) {
  for (TensorSpec& tensor : m.tensors) {
    if (tensor.type == MOTE_INT8 && !tensor.data) tensor.type = MOTE_INT16, tensor.zero_points = {0};
    if (tensor.type == MOTE_INT32 && bias_type == MOTE_INT64) {
      std::vector<uint8_t> wide;
      for (size_t i = 0; i < tensor.data->size(); i += 4) {
        wide.insert(wide.end(), tensor.data->begin() + static_cast<std::ptrdiff_t>(i),
                    tensor.data->begin() + static_cast<std::ptrdiff_t>(i + 4));
        wide.insert(wide.end(), 4, 0);
      }
      tensor.type = MOTE_INT64;
      tensor.data = wide;
    }
  }
  return m;
}
M ConvolutionInt16() { return WideOf(Convolution(), MOTE_INT64); }
M ConvolutionInt16NarrowSums() { return WideOf(Convolution(), MOTE_INT32); }
M DepthwiseInt16() { return WideOf(Depthwise(), MOTE_INT64); }
M DenseInt16() { return WideOf(Dense(), MOTE_INT64); }
M TransposeConvolutionInt16() {
  M m = WideOf(TransposeConvolution(), MOTE_INT64);
  m.tensors[0] = TransposeConvolution().tensors[0];
  return m;
}
M MatrixProductInt16() { return WideOf(MatrixProduct(), MOTE_INT64); }
// With int4 weights.
M NarrowOf(M m) {
  TensorSpec& weights = m.tensors[1];
  weights.type = MOTE_INT4;
  weights.data->resize((weights.data->size() + 1) / 2);
  return m;
}
M ConvolutionInt4() { return NarrowOf(Convolution()); }
M DepthwiseInt4() { return NarrowOf(Depthwise()); }
M DenseInt4() { return NarrowOf(Dense()); }

std::vector<uint8_t> Int64Data(std::vector<int64_t> values) {
  std::vector<uint8_t> data(values.size() * 8);
  std::memcpy(data.data(), values.data(), data.size());
  return data;
}

INSTANTIATE_TEST_SUITE_P(OtherTypes, MalformedModelOf,
                         testing::ValuesIn(std::vector<MalformedCase>{
                             {"WideBiasLeavesNoRoom", ConvolutionInt16, MOTE_ERROR_ACCUMULATOR, 1,
                              [](M& m) {
                                m.tensors[2].data = Int64Data({0, 0, int64_t{1} << 47, 0});
                              }},
                             {"WideBiasOfTheLeastNumber", DepthwiseInt16, MOTE_ERROR_ACCUMULATOR, 1,
                              [](M& m) {
                                m.tensors[2].data = Int64Data({INT64_MIN, 0, 0, 0, 0, 0});
                              }},
                             {"WideResultLeavesInt32", DenseInt16, MOTE_ERROR_ACCUMULATOR, 1,
                              [](M& m) {
                                m.tensors[1].scales = {4.0f}, m.tensors[2].data = Int64Data({int64_t{1} << 40, 0, 0});
                              }},
                             {"NarrowBiasLeavesNoRoom", ConvolutionInt16NarrowSums, MOTE_ERROR_ACCUMULATOR, 1,
                              [](M& m) {
                                m.tensors[2] = Int32({4}, {0, kMost, 0, 0});
                              }},
                             {"WideMultiplierOutOfRange", ConvolutionInt16, MOTE_ERROR_QUANTIZATION, 1,
                              [](M& m) { m.tensors[1].scales[2] = 1e6f; }},
                             {"WideWeightScaleNotANumber", DepthwiseInt16, MOTE_ERROR_QUANTIZATION, 1,
                              [](M& m) { m.tensors[1].scales[2] = std::numeric_limits<float>::quiet_NaN(); }},
                             {"Int16InputWithAZeroPoint", ConvolutionInt16, MOTE_ERROR_QUANTIZATION, 0,
                              [](M& m) { m.tensors[0].zero_points = {1}; }},
                             {"Int16InputWithInt4Weights", ConvolutionInt16, MOTE_ERROR_TYPE, 1,
                              [](M& m) { m.tensors[1].type = MOTE_INT4, m.tensors[1].data->resize(36); }},
                             {"Int4WeightsTooShort", ConvolutionInt4, MOTE_ERROR_BUFFER, 1,
                              [](M& m) { m.tensors[1].data->pop_back(); }},
                             {"Int4WeightsNotConstant", DenseInt4, MOTE_ERROR_BUFFER, 1,
                              [](M& m) { m.tensors[1].data.reset(), m.inputs.push_back(1); }},
                         }),
                         CaseName);

INSTANTIATE_TEST_SUITE_P(
    Convolutions, MalformedModelOf,
    testing::ValuesIn(std::vector<MalformedCase>{
        // Division by zero: strides, dilations, channels, groups, depth multipliers.
        {"StrideOfWidthZero", Convolution, MOTE_ERROR_OPTION, 3, [](M& m) { m.operators[0].SetOption(1, 0); }},
        {"StrideOfHeightZero", Depthwise, MOTE_ERROR_OPTION, 3, [](M& m) { m.operators[0].SetOption(2, 0); }},
        {"DilationOfHeightZero", Convolution, MOTE_ERROR_OPTION, 3, [](M& m) { m.operators[0].SetOption(5, 0); }},
        {"FilterOfNoChannels", Convolution, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1].shape = {4, 2, 3, 0};
         }},
        {"FilterOfMoreChannelsThanTheInput", Convolution, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1] = Weights({4, 2, 3, 12}, {0.01f}, 0);
         }},
        {"GroupsThatDoNotDivideTheInput", Convolution, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1] = Weights({4, 2, 3, 4}, {0.01f}, 0);
         }},
        {"GroupsThatDoNotDivideTheOutput", Convolution, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1] = Weights({4, 2, 3, 2}, {0.01f}, 0);
         }},
        {"DepthMultiplierZero", Depthwise, MOTE_ERROR_OPTION, 1, [](M& m) { m.operators[0].SetOption(3, 0); }},
        {"DepthMultiplierOfAnotherOutput", Depthwise, MOTE_ERROR_OPTION, 1,
         [](M& m) { m.operators[0].SetOption(3, 3); }},
        {"DepthwiseChannelsThatDoNotDivide", Depthwise, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[0].shape = {1, 4, 4, 4};
         }},
        {"DepthwiseFilterOfTwo", Depthwise, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1] = Weights({2, 3, 3, 6}, {0.01f}, 3);
         }},
        // Out of bounds: windows beyond the image, channels that tensors have not.
        {"FilterBeyondTheImage", Convolution, MOTE_ERROR_SHAPE, 3, [](M& m) { m.operators[0].SetOption(5, 5); }},
        {"DilationThatOverflows", Convolution, MOTE_ERROR_OPTION, 3, [](M& m) { m.operators[0].SetOption(4, kMost); }},
        {"OutputOfMoreBatches", Convolution, MOTE_ERROR_SHAPE, 3,
         [](M& m) {
           m.tensors[3].shape = {3, 3, 2, 4};
         }},
        {"OutputTooWide", Convolution, MOTE_ERROR_SHAPE, 3,
         [](M& m) {
           m.tensors[3].shape = {2, 3, 3, 4};
         }},
        {"OutputOfMoreChannels", Convolution, MOTE_ERROR_SHAPE, 3,
         [](M& m) {
           m.tensors[3].shape = {2, 3, 2, 8};
         }},
        {"BiasTooShort", Convolution, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[2] = Int32({3}, {1, 2, 3});
         }},
        {"BiasOfFloats", Depthwise, MOTE_ERROR_TYPE, 2, [](M& m) { m.tensors[2].type = MOTE_FLOAT32; }},
        // Quantization parameters that are missing or of a wrong length, null pointers in kernels.
        {"InputWithoutScale", Convolution, MOTE_ERROR_QUANTIZATION, 0,
         [](M& m) { m.tensors[0].scales.clear(), m.tensors[0].zero_points.clear(); }},
        {"InputWithoutZeroPoint", Convolution, MOTE_ERROR_QUANTIZATION, 0,
         [](M& m) { m.tensors[0].zero_points.clear(); }},
        {"WeightsWithoutScales", Convolution, MOTE_ERROR_QUANTIZATION, 1,
         [](M& m) { m.tensors[1].scales.clear(), m.tensors[1].zero_points.clear(); }},
        {"WeightScalesTooFew", Depthwise, MOTE_ERROR_QUANTIZATION, 1,
         [](M& m) { m.tensors[1].scales.pop_back(), m.tensors[1].zero_points.pop_back(); }},
        {"OutputWithTwoScales", Convolution, MOTE_ERROR_QUANTIZATION, 3,
         [](M& m) {
           m.tensors[3].scales = {1, 1}, m.tensors[3].zero_points = {0, 0};
         }},
    }),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Products, MalformedModelOf,
    testing::ValuesIn(std::vector<MalformedCase>{
        {"DenseOfAnInputThatDoesNotDivide", Dense, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[0].shape = {3, 3};
         }},
        {"DenseOutputOfMoreUnits", Dense, MOTE_ERROR_SHAPE, 3,
         [](M& m) {
           m.tensors[3].shape = {2, 4};
         }},
        {"DenseOutputOfMoreRows", Dense, MOTE_ERROR_SHAPE, 3,
         [](M& m) {
           m.tensors[3].shape = {3, 3};
         }},
        {"DenseWeightsOfFourDimensions", Dense, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1].shape = {3, 5, 1, 1};
         }},
        {"DenseBiasLeftOutByAnIndexOutOfRange", Dense, MOTE_ERROR_STRUCTURE, -7,
         [](M& m) { m.operators[0].inputs[2] = -7; }},
        // TRANSPOSE_CONV divided by its strides, and took the output's shape from a tensor of its own.
        {"TransposeConvStrideZero", TransposeConvolution, MOTE_ERROR_OPTION, 4,
         [](M& m) { m.operators[0].SetOption(1, 0); }},
        {"TransposeConvStrideNegative", TransposeConvolution, MOTE_ERROR_OPTION, 4,
         [](M& m) { m.operators[0].SetOption(2, -1); }},
        {"TransposeConvPaddingUnknown", TransposeConvolution, MOTE_ERROR_OPTION, 4,
         [](M& m) { m.operators[0].SetOption(0, int8_t{7}); }},
        {"TransposeConvFilterOfOtherChannels", TransposeConvolution, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1] = Weights({2, 3, 3, 4}, {0.01f}, 0);
         }},
        {"TransposeConvOutputOfOtherChannels", TransposeConvolution, MOTE_ERROR_SHAPE, 4,
         [](M& m) {
           m.tensors[4].shape = {1, 4, 4, 3};
         }},
        {"TransposeConvShapeOfFloats", TransposeConvolution, MOTE_ERROR_TYPE, 0,
         [](M& m) { m.tensors[0].type = MOTE_FLOAT32; }},
        {"TransposeConvBiasTooLong", TransposeConvolution, MOTE_ERROR_SHAPE, 3,
         [](M& m) {
           m.tensors[3] = Int32({3}, {1, 2, 3});
         }},
        {"TransposeConvScaleNotANumber", TransposeConvolution, MOTE_ERROR_QUANTIZATION, 4,
         [](M& m) { m.tensors[1].scales[1] = std::numeric_limits<float>::quiet_NaN(); }},
        {"TransposeConvBiasLeavesNoRoom", TransposeConvolution, MOTE_ERROR_ACCUMULATOR, 4,
         [](M& m) {
           m.tensors[3] = Int32({2}, {kMost, 0});
         }},
        {"MatrixProductOfOtherDepths", MatrixProduct, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1].shape = {2, 3, 5};
         }},
        {"MatrixProductOfVectors", MatrixProduct, MOTE_ERROR_SHAPE, 0, [](M& m) { m.tensors[0].shape = {24}; }},
        {"MatrixProductOfOtherBatches", MatrixProduct, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1].shape = {3, 4, 5};
         }},
        {"MatrixProductTransposedTheOtherWay", MatrixProduct, MOTE_ERROR_SHAPE, 1,
         [](M& m) { m.operators[0].SetOption(1, int8_t{1}); }},
        {"MatrixProductOutputTooSmall", MatrixProduct, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[2].shape = {2, 3, 4};
         }},
        {"MatrixProductMultiplierOutOfRange", MatrixProduct, MOTE_ERROR_QUANTIZATION, 2,
         [](M& m) { m.tensors[2].scales = {1e-12f}; }},
        {"MatrixProductAccumulatorOverflows", MatrixProduct, MOTE_ERROR_ACCUMULATOR, 2,
         [](M& m) {
           m.tensors[0].shape = {1, 1, 1 << 17}, m.tensors[1].shape = {1, 1 << 17, 1}, m.tensors[2].shape = {1, 1, 1};
         }},
    }),
    CaseName);

TEST(Exhaustion, ManyOperatorsThatShareOneLongVectorAreRefused) {
  // Each FULLY_CONNECTED looks at all weights where sums could overflow; a thousand of them share 64 KB.
  const auto model_of = [](int count) {
    ModelSpec m;
    TensorSpec weights = Weights({2, 32768}, {0.01f}, 0);
    weights.data->assign(weights.data->size(), 127);
    m.tensors = {Activation({1, 32768}, 1, 0), weights, Int32({2}, {INT32_MAX - 32768 * 127 * 128, 0})};
    for (int i = 0; i < count; ++i) {
      m.tensors.push_back(Activation({1, 2}, 1, 0));
      m.operators.push_back({9, {0, 1, 2}, {3 + i}, 8, {{0, int8_t{0}}}});
      m.outputs = {3 + i};
    }
    m.inputs = {0};
    return Build(m);
  };
  EXPECT_EQ(Load(model_of(1)).status, MOTE_OK);
  const Result result = Load(model_of(300));
  EXPECT_EQ(result.status, MOTE_ERROR_LIMIT);
  EXPECT_GT(result.op, 10);
}

// Sound, but where kernels overflowed: taps so far apart that none meets the image, in many channels.
TEST(OddFiles, DilationsFarBeyondTheImageRun) {
  for (const int32_t dilation : {1 << 12, 1 << 20, 1 << 27}) {
    for (const int slot : {4, 5}) {
      const int32_t height = slot == 5 ? 2 : 1, width = slot == 4 ? 2 : 1;
      M m = OneOperator(3, 1, {{0, kSame}, {1, 1}, {2, 1}, {3, kNoActivation}, {4, 1}, {5, 1}},
                        {Codes({1, 2, 2, 64}), Weights({2, height, width, 64}, {0.01f}, 0), Int32({2}, {1, 2})},
                        {Codes({1, 2, 2, 2})});
      m.operators[0].SetOption(slot, dilation);
      std::vector<uint8_t> file = Build(m);
      EXPECT_EQ(LoadAndRun(file.data(), file.size()), Verdict::kRan) << dilation;
      m = OneOperator(4, 2, {{0, kSame}, {1, 1}, {2, 1}, {3, 1}, {4, kNoActivation}, {5, 1}, {6, 1}},
                      {Codes({1, 2, 2, 64}), Weights({1, height, width, 64}, {0.01f}, 3)}, {Codes({1, 2, 2, 64})});
      m.operators[0].SetOption(slot + 1, dilation);
      file = Build(m);
      EXPECT_EQ(LoadAndRun(file.data(), file.size()), Verdict::kRan) << dilation;
    }
  }
}

TEST(NeighboursOf, Weights) {
  VisitNeighboursOf({Convolution, Depthwise, Dense, TransposeConvolution, MatrixProduct, ConvolutionInt16,
                     ConvolutionInt16NarrowSums, DepthwiseInt16, DenseInt16, TransposeConvolutionInt16,
                     MatrixProductInt16, ConvolutionInt4, DepthwiseInt4, DenseInt4});
}

}  // namespace
}  // namespace mote::test
