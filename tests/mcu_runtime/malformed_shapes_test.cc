// Bad models of the operators that move, reshape and reduce. A comment names the class of defects that such files have
// found in readers and kernels of this format.
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/mcu_runtime/malformed.h"

namespace mote::test {
namespace {

using M = ModelSpec;
constexpr int8_t kNoActivation = 0, kValid = 1;
constexpr int32_t kLeast = std::numeric_limits<int32_t>::min(), kMost = std::numeric_limits<int32_t>::max();

TensorSpec Codes(std::vector<int32_t> shape) { return Activation(std::move(shape), 0.5f, 3); }

M MaxPool() {
  return OneOperator(17, 5, {{0, kValid}, {1, 2}, {2, 2}, {3, 2}, {4, 2}, {5, kNoActivation}}, {Codes({1, 4, 4, 2})},
                     {Codes({1, 2, 2, 2})});
}
M AveragePool() {
  M m = MaxPool();
  m.operators[0].code = 1;
  return m;
}
M Concatenation() {
  return OneOperator(2, 10, {{0, 1}, {1, kNoActivation}}, {Codes({2, 3}), Codes({2, 4})}, {Codes({2, 7})});
}
M Pack() { return OneOperator(83, 59, {{0, 2}, {1, 1}}, {Codes({2, 3}), Codes({2, 3})}, {Codes({2, 2, 3})}); }
M Unpack() { return OneOperator(88, 64, {{0, 2}, {1, 1}}, {Codes({2, 2, 3})}, {Codes({2, 3}), Codes({2, 3})}); }
M Split() { return OneOperator(49, 35, {{0, 2}}, {Int32({1}, {1}), Codes({2, 6})}, {Codes({2, 3}), Codes({2, 3})}); }
M SplitV() {
  return OneOperator(102, 79, {{0, 2}}, {Codes({2, 6}), Int32({2}, {2, 4}), Int32({1}, {1})},
                     {Codes({2, 2}), Codes({2, 4})});
}
M DepthToSpace() { return OneOperator(5, 94, {{0, 2}}, {Codes({1, 2, 2, 4})}, {Codes({1, 4, 4, 1})}); }
M SpaceToDepth() { return OneOperator(26, 19, {{0, 2}}, {Codes({1, 4, 4, 1})}, {Codes({1, 2, 2, 4})}); }
M Gather() { return OneOperator(36, 23, {{0, 1}, {1, 0}}, {Codes({2, 5}), Int32({3}, {4, 0, 2})}, {Codes({2, 3})}); }
M Transpose() { return OneOperator(39, 26, {}, {Codes({2, 3, 4}), Int32({3}, {2, 0, 1})}, {Codes({4, 2, 3})}); }
M Squeeze() { return OneOperator(43, 30, {{0, std::vector<int32_t>{1}}}, {Codes({2, 1, 3})}, {Codes({2, 3})}); }
M ExpandDims() { return OneOperator(70, 52, {}, {Codes({2, 3}), Int32({1}, {1})}, {Codes({2, 1, 3})}); }
M Reshape() { return OneOperator(22, 17, {}, {Codes({2, 6}), Int32({2}, {3, -1})}, {Codes({3, 4})}); }
M Pad() { return OneOperator(34, 22, {}, {Codes({2, 3}), Int32({2, 2}, {1, 0, 0, 2})}, {Codes({3, 5})}); }
M PadV2() {
  TensorSpec value = Codes({1});
  value.data = std::vector<uint8_t>{7};
  return OneOperator(60, 43, {}, {Codes({2, 3}), Int32({2, 2}, {1, 0, 0, 2}), value}, {Codes({3, 5})});
}
M Slice() { return OneOperator(65, 48, {}, {Codes({4, 5}), Int32({2}, {1, 2}), Int32({2}, {2, -1})}, {Codes({2, 3})}); }
M StridedSlice() {
  return OneOperator(45, 32, {{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}},
                     {Codes({4, 6}), Int32({2}, {0, 1}), Int32({2}, {4, 6}), Int32({2}, {2, 2})}, {Codes({2, 3})});
}
M Mean() {
  return OneOperator(40, 27, {{0, int8_t{1}}}, {Codes({1, 4, 4, 2}), Int32({2}, {1, 2})}, {Codes({1, 1, 1, 2})});
}
M Sum() {
  M m = Mean();
  m.operators[0].code = 74;
  return m;
}
M ReduceMax() {
  M m = Mean();
  m.operators[0].code = 82;
  return m;
}
M ArgMax() { return OneOperator(56, 40, {{0, int8_t{2}}}, {Codes({2, 5}), Int32({1}, {1})}, {Plain({2}, MOTE_INT32)}); }
M ArgMin() {
  M m = OneOperator(79, 57, {{0, int8_t{2}}}, {Codes({2, 5}), Int32({1}, {1})}, {Plain({2}, MOTE_INT32)});
  return m;
}
M ResizeBilinear() {
  return OneOperator(23, 15, {{2, int8_t{0}}, {3, int8_t{1}}}, {Codes({1, 2, 2, 1}), Int32({2}, {4, 4})},
                     {Codes({1, 4, 4, 1})});
}
M ResizeNearest() {
  return OneOperator(97, 74, {{0, int8_t{0}}, {1, int8_t{1}}}, {Codes({1, 2, 2, 1}), Int32({2}, {4, 4})},
                     {Codes({1, 4, 4, 1})});
}

M WideOf(M m) {
  for (TensorSpec& tensor : m.tensors) {
    if (tensor.type == MOTE_INT8) tensor.type = MOTE_INT16, tensor.zero_points = {0};
  }
  return m;
}
M MaxPoolInt16() { return WideOf(MaxPool()); }
M MeanInt16() { return WideOf(Mean()); }
M TransposeInt16() { return WideOf(Transpose()); }

INSTANTIATE_TEST_SUITE_P(
    Pools, MalformedModelOf,
    testing::ValuesIn(std::vector<MalformedCase>{
        // Division by zero.
        {"StrideOfHeightZero", MaxPool, MOTE_ERROR_OPTION, 1, [](M& m) { m.operators[0].SetOption(2, 0); }},
        {"StrideOfWidthZero", AveragePool, MOTE_ERROR_OPTION, 1, [](M& m) { m.operators[0].SetOption(1, 0); }},
        {"FilterWidthZero", AveragePool, MOTE_ERROR_OPTION, 1, [](M& m) { m.operators[0].SetOption(3, 0); }},
        {"FilterHeightNegative", AveragePool, MOTE_ERROR_OPTION, 1, [](M& m) { m.operators[0].SetOption(4, -2); }},
        {"EmptyImage", AveragePool, MOTE_ERROR_SHAPE, 0,
         [](M& m) {
           m.tensors[0].shape = {1, 0, 4, 2};
         },
         -1},
        // Out of bounds: a window larger than the image, an output larger than what windows there are.
        {"FilterLargerThanTheImage", MaxPool, MOTE_ERROR_SHAPE, 1, [](M& m) { m.operators[0].SetOption(3, 5); }},
        {"FilterOfTheLargestNumber", MaxPool, MOTE_ERROR_OPTION, 1, [](M& m) { m.operators[0].SetOption(4, kMost); }},
        {"OutputTooHigh", MaxPool, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1].shape = {1, 3, 2, 2};
         }},
        {"OutputOfMoreChannels", MaxPool, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1].shape = {1, 2, 2, 3};
         }},
        {"OutputOfMoreBatches", AveragePool, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1].shape = {2, 2, 2, 2};
         }},
        {"InputOfThreeDimensions", MaxPool, MOTE_ERROR_SHAPE, 0,
         [](M& m) {
           m.tensors[0].shape = {4, 4, 2};
         }},
        {"FloatInput", MaxPool, MOTE_ERROR_TYPE, -1, [](M& m) { m.tensors[0].type = MOTE_FLOAT32; }},
        {"OutputOfAnotherType", MaxPool, MOTE_ERROR_TYPE, 1, [](M& m) { m.tensors[1].type = MOTE_INT16; }},
    }),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Joining, MalformedModelOf,
    testing::ValuesIn(std::vector<MalformedCase>{
        // Axes out of range, which kernels used as an index into shapes.
        {"ConcatenationAxisTooLarge", Concatenation, MOTE_ERROR_OPTION, 2,
         [](M& m) { m.operators[0].SetOption(0, 2); }},
        {"ConcatenationAxisTooSmall", Concatenation, MOTE_ERROR_OPTION, 2,
         [](M& m) { m.operators[0].SetOption(0, -3); }},
        {"ConcatenationAxisOfTheLeastNumber", Concatenation, MOTE_ERROR_OPTION, 2,
         [](M& m) { m.operators[0].SetOption(0, kLeast); }},
        {"PackAxisTooLarge", Pack, MOTE_ERROR_OPTION, 2, [](M& m) { m.operators[0].SetOption(1, 3); }},
        {"UnpackAxisTooLarge", Unpack, MOTE_ERROR_OPTION, 0, [](M& m) { m.operators[0].SetOption(1, 3); }},
        {"SplitAxisTooLarge", Split, MOTE_ERROR_OPTION, 2, [](M& m) { m.tensors[0] = Int32({1}, {2}); }},
        {"SplitVAxisTooSmall", SplitV, MOTE_ERROR_OPTION, 3, [](M& m) { m.tensors[2] = Int32({1}, {-3}); }},
        // Sums of extents that overflow or are not the whole.
        {"ConcatenationOfMoreThanTheOutput", Concatenation, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[2].shape = {2, 6};
         }},
        {"ConcatenationOfLessThanTheOutput", Concatenation, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[2].shape = {2, 8};
         }},
        {"ConcatenationWhoseExtentsOverflow", Concatenation, MOTE_ERROR_SHAPE, 0,
         [](M& m) {
           m.tensors[0].shape = {1, 1 << 30}, m.tensors[1].shape = {1, 1 << 30}, m.tensors[2].shape = {1, 1};
         }},
        {"ConcatenationOfOtherRows", Concatenation, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1].shape = {3, 4};
         }},
        {"ConcatenationOfAnotherRank", Concatenation, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1].shape = {2, 4, 1};
         }},
        {"ConcatenationOfScalars", Concatenation, MOTE_ERROR_OPTION, 2,
         [](M& m) { m.tensors[0].shape = {}, m.tensors[1].shape = {}, m.tensors[2].shape = {}; }},
        {"ConcatenationOfAnotherScale", Concatenation, MOTE_ERROR_QUANTIZATION, 1,
         [](M& m) { m.tensors[1].scales = {0.25f}; }},
        {"ConcatenationOfMixedTypes", Concatenation, MOTE_ERROR_TYPE, 1, [](M& m) { m.tensors[1].type = MOTE_INT32; }},
        // Null tensors.
        {"ConcatenationOfNothing", Concatenation, MOTE_ERROR_STRUCTURE, -1,
         [](M& m) { m.operators[0].inputs.clear(); }},
        {"ConcatenationWithAnInputLeftOut", Concatenation, MOTE_ERROR_STRUCTURE, -1,
         [](M& m) { m.operators[0].inputs[1] = -1; }},
        {"SplitVWithoutSizes", SplitV, MOTE_ERROR_STRUCTURE, -1, [](M& m) { m.operators[0].inputs[1] = -1; }},
        {"SplitVWithoutAxis", SplitV, MOTE_ERROR_STRUCTURE, -1, [](M& m) { m.operators[0].inputs.pop_back(); }},
        {"SplitAxisNotConstant", Split, MOTE_ERROR_BUFFER, 0,
         [](M& m) { m.tensors[0].data.reset(), m.inputs.push_back(0); }},
        {"SplitAxisOfTwoNumbers", Split, MOTE_ERROR_SHAPE, 0,
         [](M& m) {
           m.tensors[0] = Int32({2}, {1, 1});
         }},
        // Counts in the options that are not the operator's, a division by one of them among it.
        {"SplitIntoZero", Split, MOTE_ERROR_OPTION, -1, [](M& m) { m.operators[0].SetOption(0, 0); }},
        {"SplitIntoMoreThanThereAre", Split, MOTE_ERROR_OPTION, -1, [](M& m) { m.operators[0].SetOption(0, 3); }},
        {"SplitIntoNegativelyMany", SplitV, MOTE_ERROR_OPTION, -1, [](M& m) { m.operators[0].SetOption(0, -2); }},
        {"SplitWithoutOutputs", Split, MOTE_ERROR_STRUCTURE, 0,
         [](M& m) { m.operators[0].SetOption(0, 0), m.operators[0].outputs.clear(); }},
        {"SplitIntoUnequalParts", Split, MOTE_ERROR_SHAPE, 3,
         [](M& m) {
           m.tensors[2].shape = {2, 2}, m.tensors[3].shape = {2, 4};
         }},
        {"SplitVWithASizeOfAnotherOutput", SplitV, MOTE_ERROR_SHAPE, 3,
         [](M& m) {
           m.tensors[1] = Int32({2}, {4, 2});
         }},
        {"SplitVWithANegativeSize", SplitV, MOTE_ERROR_SHAPE, 3, [](M& m) { m.tensors[1] = Int32({2}, {-2, 8}); }},
        {"SplitVWithTooManySizes", SplitV, MOTE_ERROR_SHAPE, 1, [](M& m) { m.tensors[1] = Int32({3}, {2, 2, 2}); }},
        {"PackOfAnotherCount", Pack, MOTE_ERROR_OPTION, -1, [](M& m) { m.operators[0].SetOption(0, 3); }},
        {"PackIntoTheSameRank", Pack, MOTE_ERROR_SHAPE, 0, [](M& m) { m.tensors[2].shape = {2, 6}; }},
        {"UnpackOfAnotherCount", Unpack, MOTE_ERROR_OPTION, -1, [](M& m) { m.operators[0].SetOption(0, 0); }},
        {"UnpackMoreThanThereIs", Unpack, MOTE_ERROR_SHAPE, 0, [](M& m) { m.tensors[0].shape = {2, 3, 3}; }},
        {"UnpackAScalar", Unpack, MOTE_ERROR_OPTION, 0, [](M& m) { m.tensors[0].shape = {}; }},
    }),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Shaping, MalformedModelOf,
    testing::ValuesIn(std::vector<MalformedCase>{
        // Division by zero, and blocks that do not divide.
        {"DepthToSpaceBlockZero", DepthToSpace, MOTE_ERROR_OPTION, 0, [](M& m) { m.operators[0].SetOption(0, 0); }},
        {"DepthToSpaceBlockNegative", DepthToSpace, MOTE_ERROR_OPTION, 0,
         [](M& m) { m.operators[0].SetOption(0, -2); }},
        {"DepthToSpaceBlockOverflows", DepthToSpace, MOTE_ERROR_SHAPE, 1,
         [](M& m) { m.operators[0].SetOption(0, 1 << 16); }},
        {"DepthToSpaceBlockDoesNotDivide", DepthToSpace, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[0].shape = {1, 2, 2, 5};
         }},
        {"SpaceToDepthBlockZero", SpaceToDepth, MOTE_ERROR_OPTION, 0, [](M& m) { m.operators[0].SetOption(0, 0); }},
        {"SpaceToDepthBlockOfTheLargestNumber", SpaceToDepth, MOTE_ERROR_SHAPE, 1,
         [](M& m) { m.operators[0].SetOption(0, kMost); }},
        {"SpaceToDepthBlockDoesNotDivide", SpaceToDepth, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[0].shape = {1, 5, 4, 1};
         }},
        {"SpaceToDepthOfThreeDimensions", SpaceToDepth, MOTE_ERROR_SHAPE, 0,
         [](M& m) {
           m.tensors[0].shape = {4, 4, 1};
         }},
        // Shapes that another number of elements has, negative or overflowing extents.
        {"ReshapeToMoreElements", Reshape, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[2].shape = {3, 5};
         }},
        {"ReshapeToANegativeExtent", Reshape, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[2].shape = {-3, -4};
         }},
        {"ReshapeThatOverflows", Reshape, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[2].shape = {1 << 16, (1 << 16) + 12};
         }},
        {"ReshapeToAnotherType", Reshape, MOTE_ERROR_TYPE, 2, [](M& m) { m.tensors[2].type = MOTE_UINT8; }},
        {"SqueezeOfAnExtentOfTwo", Squeeze, MOTE_ERROR_SHAPE, 0,
         [](M& m) { m.operators[0].SetOption(0, std::vector<int32_t>{0}); }},
        {"SqueezeOfAnAxisTooLarge", Squeeze, MOTE_ERROR_OPTION, 0,
         [](M& m) { m.operators[0].SetOption(0, std::vector<int32_t>{3}); }},
        {"SqueezeOfAnAxisTooSmall", Squeeze, MOTE_ERROR_OPTION, 0,
         [](M& m) { m.operators[0].SetOption(0, std::vector<int32_t>{kLeast}); }},
        {"SqueezeOfManyAxes", Squeeze, MOTE_ERROR_OPTION, 0,
         [](M& m) { m.operators[0].SetOption(0, std::vector<int32_t>(9, 1)); }},
        {"SqueezeToAnotherShape", Squeeze, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1].shape = {3, 2};
         }},
        {"ExpandDimsAxisTooLarge", ExpandDims, MOTE_ERROR_OPTION, 2, [](M& m) { m.tensors[1] = Int32({1}, {3}); }},
        {"ExpandDimsAxisTooSmall", ExpandDims, MOTE_ERROR_OPTION, 2, [](M& m) { m.tensors[1] = Int32({1}, {-4}); }},
        {"ExpandDimsOfSixDimensions", ExpandDims, MOTE_ERROR_SHAPE, 2,
         [](M& m) { m.tensors[0].shape = {1, 1, 1, 1, 2, 3}, m.tensors[2].shape = {1, 1, 1, 1, 1, 2, 3}; }},
        // Permutations that name an axis twice or none, which leaves part of the output unwritten.
        {"TransposeWithAnAxisTwice", Transpose, MOTE_ERROR_OPTION, 1,
         [](M& m) {
           m.tensors[0].shape = {3, 3, 3}, m.tensors[1] = Int32({3}, {2, 0, 2}), m.tensors[2].shape = {3, 3, 3};
         }},
        {"TransposeWithAnAxisOutOfRange", Transpose, MOTE_ERROR_OPTION, 1,
         [](M& m) {
           m.tensors[1] = Int32({3}, {2, 0, 3});
         }},
        {"TransposeWithANegativeAxis", Transpose, MOTE_ERROR_OPTION, 1,
         [](M& m) {
           m.tensors[1] = Int32({3}, {2, 0, kLeast});
         }},
        {"TransposeOfTooFewAxes", Transpose, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[1] = Int32({2}, {1, 0});
         }},
        {"TransposeToAnotherShape", Transpose, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[2].shape = {4, 3, 2};
         }},
        {"TransposeWithoutPermutation", Transpose, MOTE_ERROR_STRUCTURE, -1,
         [](M& m) { m.operators[0].inputs.pop_back(); }},
    }),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Selecting, MalformedModelOf,
    testing::ValuesIn(std::vector<MalformedCase>{
        // Indices that reach out of the tensor.
        {"GatherIndexNegative", Gather, MOTE_ERROR_OPTION, 1,
         [](M& m) {
           m.tensors[1] = Int32({3}, {4, -1, 2});
         }},
        {"GatherIndexTooLarge", Gather, MOTE_ERROR_OPTION, 1,
         [](M& m) {
           m.tensors[1] = Int32({3}, {4, 0, 5});
         }},
        {"GatherIndexOfTheLargestNumber", Gather, MOTE_ERROR_OPTION, 1,
         [](M& m) {
           m.tensors[1] = Int32({3}, {kMost, 0, 1});
         }},
        {"GatherAxisTooLarge", Gather, MOTE_ERROR_OPTION, 0, [](M& m) { m.operators[0].SetOption(0, 2); }},
        {"GatherBatchDimensionsTooMany", Gather, MOTE_ERROR_OPTION, 1, [](M& m) { m.operators[0].SetOption(1, 2); }},
        {"GatherBatchDimensionsNegative", Gather, MOTE_ERROR_OPTION, 1, [](M& m) { m.operators[0].SetOption(1, -2); }},
        {"GatherToAnotherShape", Gather, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[2].shape = {2, 4};
         }},
        // Begins, sizes and ends that leave the tensor or overflow when they are added.
        {"SliceBeginNegative", Slice, MOTE_ERROR_OPTION, 1,
         [](M& m) {
           m.tensors[1] = Int32({2}, {-1, 2});
         }},
        {"SliceBeginBeyond", Slice, MOTE_ERROR_OPTION, 1,
         [](M& m) {
           m.tensors[1] = Int32({2}, {1, 5});
         }},
        {"SliceSizeNegative", Slice, MOTE_ERROR_OPTION, 2,
         [](M& m) {
           m.tensors[2] = Int32({2}, {-2, -1});
         }},
        {"SliceSizeOverflows", Slice, MOTE_ERROR_OPTION, 2,
         [](M& m) {
           m.tensors[2] = Int32({2}, {kMost, -1});
         }},
        {"SliceOfTooFewBegins", Slice, MOTE_ERROR_SHAPE, 1, [](M& m) { m.tensors[1] = Int32({1}, {1}); }},
        {"SliceToAnotherShape", Slice, MOTE_ERROR_SHAPE, 3,
         [](M& m) {
           m.tensors[3].shape = {3, 3};
         }},
        {"SliceToAnotherRank", Slice, MOTE_ERROR_SHAPE, 3, [](M& m) { m.tensors[3].shape = {6}; }},
        {"StridedSliceStrideZero", StridedSlice, MOTE_ERROR_OPTION, 1,
         [](M& m) {
           m.tensors[3] = Int32({2}, {2, 0});
         }},
        {"StridedSliceStrideOfTheLeastNumber", StridedSlice, MOTE_ERROR_SHAPE, 4,
         [](M& m) {
           m.tensors[3] = Int32({2}, {2, kLeast});
         }},
        {"StridedSliceTooManyEntries", StridedSlice, MOTE_ERROR_OPTION, 1,
         [](M& m) {
           m.tensors[1] = Int32({3}, {0, 1, 0}), m.tensors[2] = Int32({3}, {4, 6, 1});
           m.tensors[3] = Int32({3}, {2, 2, 1});
         }},
        {"StridedSliceOfUnequalLengths", StridedSlice, MOTE_ERROR_SHAPE, 1,
         [](M& m) { m.tensors[2] = Int32({1}, {4}); }},
        {"StridedSliceTwoEllipses", StridedSlice, MOTE_ERROR_OPTION, 1, [](M& m) { m.operators[0].SetOption(2, 3); }},
        {"StridedSliceNothing", StridedSlice, MOTE_ERROR_SHAPE, 4,
         [](M& m) {
           m.tensors[2] = Int32({2}, {0, 6});
         }},
        {"StridedSliceShrinksOutOfRange", StridedSlice, MOTE_ERROR_OPTION, 1,
         [](M& m) {
           m.operators[0].SetOption(4, 1), m.tensors[1] = Int32({2}, {4, 1}), m.tensors[3] = Int32({2}, {1, 2});
           m.tensors[4].shape = {3};
         }},
        {"StridedSliceOfAnUnknownOption", StridedSlice, MOTE_ERROR_OPTION, 1,
         [](M& m) { m.operators[0].SetOption(5, int8_t{1}); }},
        // Paddings that are negative or overflow.
        {"PadNegative", Pad, MOTE_ERROR_OPTION, 1,
         [](M& m) {
           m.tensors[1] = Int32({2, 2}, {-1, 2, 0, 2});
         }},
        {"PadOverflows", Pad, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[1] = Int32({2, 2}, {kMost, kMost, 0, 2});
         }},
        {"PadOfAnotherRank", Pad, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1] = Int32({3, 2}, {1, 0, 0, 2, 0, 0});
         }},
        {"PadToAnotherRank", Pad, MOTE_ERROR_SHAPE, 2, [](M& m) { m.tensors[2].shape = {15}; }},
        {"PadOfTheCaller", Pad, MOTE_ERROR_BUFFER, 1, [](M& m) { m.tensors[1].data.reset(), m.inputs.push_back(1); }},
        {"PadV2ValueOfTwo", PadV2, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[2].shape = {2}, m.tensors[2].data = std::vector<uint8_t>{7, 8};
         }},
        {"PadV2ValueOfAnotherScale", PadV2, MOTE_ERROR_QUANTIZATION, 2, [](M& m) { m.tensors[2].scales = {0.75f}; }},
    }),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Reducing, MalformedModelOf,
    testing::ValuesIn(std::vector<MalformedCase>{
        {"MeanAxisTooLarge", Mean, MOTE_ERROR_OPTION, 0,
         [](M& m) {
           m.tensors[1] = Int32({2}, {1, 4});
         }},
        {"MeanAxisTooSmall", Mean, MOTE_ERROR_OPTION, 0,
         [](M& m) {
           m.tensors[1] = Int32({2}, {1, -5});
         }},
        {"SumAxisOfTheLargestNumber", Sum, MOTE_ERROR_OPTION, 0,
         [](M& m) {
           m.tensors[1] = Int32({2}, {kMost, 2});
         }},
        {"ReduceMaxAxisOfTheLeastNumber", ReduceMax, MOTE_ERROR_OPTION, 0,
         [](M& m) {
           m.tensors[1] = Int32({2}, {1, kLeast});
         }},
        {"MeanAxesOfTheCaller", Mean, MOTE_ERROR_BUFFER, 1,
         [](M& m) { m.tensors[1].data.reset(), m.inputs.push_back(1); }},
        {"MeanToAnotherShape", Mean, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[2].shape = {1, 1, 2, 2};
         }},
        {"MeanAxesAreFloats", Mean, MOTE_ERROR_TYPE, 1, [](M& m) { m.tensors[1].type = MOTE_FLOAT32; }},
        // Accumulators and multipliers out of range.
        {"MeanOfTooMany", Mean, MOTE_ERROR_ACCUMULATOR, 0,
         [](M& m) {
           m.tensors[0].shape = {1, 1 << 12, 1 << 11, 2};
         }},
        {"SumOfTooMany", Sum, MOTE_ERROR_ACCUMULATOR, 0,
         [](M& m) {
           m.tensors[0].shape = {1, 1 << 15, 1 << 14, 2};
         }},
        {"SumMultiplierOutOfRange", Sum, MOTE_ERROR_QUANTIZATION, 2, [](M& m) { m.tensors[2].scales = {1e-10f}; }},
        {"SumShiftOverflows", Sum, MOTE_ERROR_ACCUMULATOR, 0, [](M& m) { m.tensors[2].scales = {2e-7f}; }},
        {"ReduceMaxOfAnotherScale", ReduceMax, MOTE_ERROR_QUANTIZATION, 2, [](M& m) { m.tensors[2].scales = {0.4f}; }},
        {"ArgMaxAxisTooLarge", ArgMax, MOTE_ERROR_OPTION, 0, [](M& m) { m.tensors[1] = Int32({1}, {2}); }},
        {"ArgMinAxisTooSmall", ArgMin, MOTE_ERROR_OPTION, 0, [](M& m) { m.tensors[1] = Int32({1}, {-3}); }},
        {"ArgMaxOfAScalar", ArgMax, MOTE_ERROR_OPTION, 0, [](M& m) { m.tensors[0].shape = {}; }},
        {"ArgMaxToFloats", ArgMax, MOTE_ERROR_TYPE, 2, [](M& m) { m.tensors[2].type = MOTE_FLOAT32; }},
        {"ArgMaxToAnotherShape", ArgMax, MOTE_ERROR_SHAPE, 2, [](M& m) { m.tensors[2].shape = {5}; }},
        // Resizing to nothing, to negative sizes, to sizes whose products overflow.
        {"ResizeToZero", ResizeBilinear, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[1] = Int32({2}, {0, 4});
         }},
        {"ResizeToANegativeSize", ResizeNearest, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[1] = Int32({2}, {4, -4});
         }},
        {"ResizeToHugeSizes", ResizeBilinear, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[1] = Int32({2}, {1 << 20, 1 << 20}), m.tensors[2].shape = {1, 1 << 20, 1 << 20, 1};
         }},
        {"ResizeToThreeSizes", ResizeNearest, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1] = Int32({3}, {4, 4, 4});
         }},
        {"ResizeOfThreeDimensions", ResizeBilinear, MOTE_ERROR_SHAPE, 0,
         [](M& m) {
           m.tensors[0].shape = {2, 2, 1};
         }},
        {"ResizeWithBothAlignments", ResizeBilinear, MOTE_ERROR_OPTION, 2,
         [](M& m) { m.operators[0].SetOption(2, int8_t{1}); }},
        {"ResizeSizesAreInt64", ResizeNearest, MOTE_ERROR_BUFFER, 1, [](M& m) { m.tensors[1].type = MOTE_INT64; }},
    }),
    CaseName);

TEST(NeighboursOf, Shapes) {
  VisitNeighboursOf({MaxPool,       AveragePool,  Concatenation, Pack,          Unpack,    Split,
                     SplitV,        DepthToSpace, SpaceToDepth,  Gather,        Transpose, Squeeze,
                     ExpandDims,    Reshape,      Pad,           PadV2,         Slice,     StridedSlice,
                     Mean,          Sum,          ReduceMax,     ArgMax,        ArgMin,    ResizeBilinear,
                     ResizeNearest, MaxPoolInt16, MeanInt16,     TransposeInt16});
}

}  // namespace
}  // namespace mote::test
