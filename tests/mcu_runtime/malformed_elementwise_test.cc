// Bad models of the operators that work element by element. A comment names the class of defects.
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/mcu_runtime/malformed.h"

namespace mote::test {
namespace {

using M = ModelSpec;
constexpr int8_t kNoActivation = 0;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TensorSpec Codes(std::vector<int32_t> shape) { return Activation(std::move(shape), 0.5f, 3); }

TensorSpec Wide(std::vector<int32_t> shape, float scale) {
  TensorSpec t = Activation(std::move(shape), scale, 0);
  t.type = MOTE_INT16;
  return t;
}

M Binary(int32_t code, uint8_t options) {
  std::vector<OptionValue> values;
  if (options == 11 || options == 21 || options == 28) values = {{0, kNoActivation}};
  return OneOperator(code, options, values, {Codes({2, 3, 4}), Codes({3, 1})}, {Codes({2, 3, 4})});
}
M Add() { return Binary(0, 11); }
M Sub() { return Binary(41, 28); }
M Mul() { return Binary(18, 21); }
M Maximum() { return Binary(55, 39); }
M SquaredDifference() { return Binary(99, 76); }
M Prelu() { return Binary(54, 0); }
M Unary(int32_t code, uint8_t options) { return OneOperator(code, options, {}, {Codes({2, 5})}, {Codes({2, 5})}); }
M Relu() { return Unary(19, 0); }
M LeakyRelu() {
  M m = Unary(98, 75);
  m.operators[0].SetOption(0, 0.1f);
  return m;
}
M HardSwish() { return Unary(117, 91); }
M Elu() { return Unary(111, 0); }
M Neg() { return Unary(59, 42); }
M Rsqrt() { return OneOperator(76, 0, {}, {Activation({2, 5}, 0.5f, -128)}, {Activation({2, 5}, 0.5f, -128)}); }
M Logistic() { return OneOperator(14, 0, {}, {Codes({2, 5})}, {Activation({2, 5}, 1.0f / 256, -128)}); }
M Tanh() { return OneOperator(28, 0, {}, {Codes({2, 5})}, {Activation({2, 5}, 1.0f / 128, 0)}); }
M Softmax() { return OneOperator(25, 9, {{0, 1.0f}}, {Codes({2, 5})}, {Activation({2, 5}, 1.0f / 256, -128)}); }
M SoftmaxInt16() { return OneOperator(25, 9, {{0, 1.0f}}, {Wide({2, 5}, 0.01f)}, {Wide({2, 5}, 1.0f / 32768)}); }
M Quantize() { return OneOperator(114, 89, {}, {Codes({2, 5})}, {Activation({2, 5}, 0.25f, -7)}); }
M QuantizeFloat() { return OneOperator(114, 89, {}, {Plain({2, 5}, MOTE_FLOAT32)}, {Codes({2, 5})}); }
M Dequantize() { return OneOperator(6, 38, {}, {Codes({2, 5})}, {Plain({2, 5}, MOTE_FLOAT32)}); }

// The same with int16 codes.
M WideOf(M m) {
  for (TensorSpec& tensor : m.tensors) {
    if (tensor.type == MOTE_INT8) tensor.type = MOTE_INT16, tensor.zero_points = {0};
  }
  return m;
}
M AddInt16() { return WideOf(Add()); }
M MulInt16() { return WideOf(Mul()); }
M MaximumInt16() { return WideOf(Maximum()); }
M SquaredDifferenceInt16() { return WideOf(SquaredDifference()); }
M LeakyReluInt16() { return WideOf(LeakyRelu()); }
M DequantizeInt16() { return WideOf(Dequantize()); }
M QuantizeInt16() { return WideOf(Quantize()); }
M Abs() { return Unary(101, 78); }
M AbsInt16() { return WideOf(Abs()); }
M Relu6() { return Unary(21, 0); }
M ReluInt16() { return WideOf(Relu()); }
M TanhInt16() { return OneOperator(28, 0, {}, {Wide({2, 5}, 1.0f / 4096)}, {Wide({2, 5}, 1.0f / 32768)}); }
M LogisticInt16() { return OneOperator(14, 0, {}, {Wide({2, 5}, 1.0f / 4096)}, {Wide({2, 5}, 1.0f / 32768)}); }

INSTANTIATE_TEST_SUITE_P(
    BinaryModels, MalformedModelOf,
    testing::ValuesIn(std::vector<MalformedCase>{
        // Out of bounds: shapes that do not broadcast, or broadcast to another one than the output's.
        {"ShapesThatDoNotBroadcast", Add, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[1].shape = {2, 4};
         }},
        {"OutputSmallerThanTheInput", Sub, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[2].shape = {3, 4};
         }},
        {"OutputLargerThanTheInputs", Mul, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[2].shape = {2, 3, 8};
         }},
        {"OutputOfAnotherRank", Maximum, MOTE_ERROR_SHAPE, 2, [](M& m) { m.tensors[2].shape = {24}; }},
        {"SecondInputOfMoreDimensions", SquaredDifference, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[1].shape = {5, 2, 3, 4};
         }},
        {"SlopesThatDoNotBroadcast", Prelu, MOTE_ERROR_SHAPE, 2,
         [](M& m) {
           m.tensors[1].shape = {3, 3};
         }},
        {"SevenDimensions", Add, MOTE_ERROR_SHAPE, 0, [](M& m) { m.tensors[0].shape = {1, 1, 1, 1, 2, 3, 4}; }, -1},
        // Null tensors.
        {"SecondInputLeftOut", Add, MOTE_ERROR_STRUCTURE, -1, [](M& m) { m.operators[0].inputs[1] = -1; }},
        {"OneInput", Mul, MOTE_ERROR_STRUCTURE, -1, [](M& m) { m.operators[0].inputs.pop_back(); }},
        {"SlopesLeftOut", Prelu, MOTE_ERROR_STRUCTURE, -1, [](M& m) { m.operators[0].inputs[1] = -1; }},
        {"InputsOfTwoTypes", Add, MOTE_ERROR_TYPE, 1,
         [](M& m) { m.tensors[1].type = MOTE_INT16, m.tensors[1].zero_points = {0}; }},
        // Quantization that is missing, or whose multipliers leave their range.
        {"OutputWithoutScale", Add, MOTE_ERROR_QUANTIZATION, 2, [](M& m) { m.tensors[2].scales = {0.0f}; }},
        {"InputScaleNegative", Mul, MOTE_ERROR_QUANTIZATION, 1, [](M& m) { m.tensors[1].scales = {-0.5f}; }},
        {"SumOfAScaleTooSmall", Sub, MOTE_ERROR_QUANTIZATION, 2, [](M& m) { m.tensors[2].scales = {1e-9f}; }},
        {"ProductOfAScaleTooSmall", Mul, MOTE_ERROR_QUANTIZATION, 2, [](M& m) { m.tensors[2].scales = {1e-12f}; }},
        {"SquareOfAScaleTooSmall", SquaredDifference, MOTE_ERROR_QUANTIZATION, 2,
         [](M& m) { m.tensors[2].scales = {1e-16f}; }},
        {"SlopesOfAScaleTooLarge", Prelu, MOTE_ERROR_QUANTIZATION, 2, [](M& m) { m.tensors[1].scales = {1e30f}; }},
        {"MaximumOfAnotherScale", Maximum, MOTE_ERROR_QUANTIZATION, 1, [](M& m) { m.tensors[1].scales = {0.25f}; }},
        {"ActivationUnknown", Mul, MOTE_ERROR_OPTION, 2, [](M& m) { m.operators[0].SetOption(0, int8_t{5}); }},
    }),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    UnaryModels, MalformedModelOf,
    testing::ValuesIn(std::vector<MalformedCase>{
        // Out of bounds: an output that is larger than what is computed, or smaller.
        {"ReluToAnotherShape", Relu, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1].shape = {5, 2};
         }},
        {"LogisticToMoreElements", Logistic, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1].shape = {2, 6};
         }},
        {"DequantizeToFewerElements", Dequantize, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1].shape = {2, 4};
         }},
        {"QuantizeFloatsToAnotherShape", QuantizeFloat, MOTE_ERROR_SHAPE, 1, [](M& m) { m.tensors[1].shape = {10}; }},
        {"SoftmaxOfAScalar", Softmax, MOTE_ERROR_SHAPE, 1,
         [](M& m) { m.tensors[0].shape = {}, m.tensors[1].shape = {}; }},
        // Types.
        {"TanhOfFloats", Tanh, MOTE_ERROR_TYPE, -1, [](M& m) { m.tensors[0].type = MOTE_FLOAT32; }},
        {"NegToBool", Neg, MOTE_ERROR_TYPE, 1, [](M& m) { m.tensors[1].type = MOTE_BOOL; }},
        {"DequantizeToInt32", Dequantize, MOTE_ERROR_TYPE, 1, [](M& m) { m.tensors[1].type = MOTE_INT32; }},
        {"QuantizeFloatsToInt32", QuantizeFloat, MOTE_ERROR_TYPE, 1, [](M& m) { m.tensors[1].type = MOTE_INT32; }},
        // Quantization, and options that are no numbers.
        {"QuantizeFloatsWithoutScale", QuantizeFloat, MOTE_ERROR_QUANTIZATION, 1,
         [](M& m) { m.tensors[1].scales.clear(), m.tensors[1].zero_points.clear(); }},
        {"QuantizeMultiplierOutOfRange", Quantize, MOTE_ERROR_QUANTIZATION, 1,
         [](M& m) { m.tensors[1].scales = {1e-9f}; }},
        {"ReluMultiplierOutOfRange", Relu, MOTE_ERROR_QUANTIZATION, 1, [](M& m) { m.tensors[1].scales = {1e-9f}; }},
        {"LeakyReluSlopeNotANumber", LeakyRelu, MOTE_ERROR_OPTION, 0, [](M& m) { m.operators[0].SetOption(0, kNan); }},
        {"LeakyReluSlopeTooLarge", LeakyRelu, MOTE_ERROR_QUANTIZATION, 1,
         [](M& m) { m.operators[0].SetOption(0, 1e20f); }},
        {"LogisticOfAnotherOutputScale", Logistic, MOTE_ERROR_QUANTIZATION, 1,
         [](M& m) { m.tensors[1].scales = {1.0f / 128}; }},
        {"TanhOfAnotherZeroPoint", Tanh, MOTE_ERROR_QUANTIZATION, 1, [](M& m) { m.tensors[1].zero_points = {1}; }},
        {"HardSwishOfANegativeScale", HardSwish, MOTE_ERROR_QUANTIZATION, 0,
         [](M& m) { m.tensors[0].scales = {-1.0f}; }},
        {"EluOfAScaleNotANumber", Elu, MOTE_ERROR_QUANTIZATION, 1, [](M& m) { m.tensors[1].scales = {kNan}; }},
        {"RsqrtOfAnInfiniteScale", Rsqrt, MOTE_ERROR_QUANTIZATION, 0,
         [](M& m) { m.tensors[0].scales = {std::numeric_limits<float>::infinity()}; }},
        {"SoftmaxBetaNegative", Softmax, MOTE_ERROR_OPTION, 0, [](M& m) { m.operators[0].SetOption(0, -1.0f); }},
        {"SoftmaxOfTooMany", Softmax, MOTE_ERROR_ACCUMULATOR, 0,
         [](M& m) {
           m.tensors[0].shape = {1, 4096}, m.tensors[1].shape = {1, 4096};
         }},
        {"SoftmaxInt16OfTooMany", SoftmaxInt16, MOTE_ERROR_ACCUMULATOR, 0,
         [](M& m) {
           m.tensors[0].shape = {1, 65536}, m.tensors[1].shape = {1, 65536};
         }},
        {"SoftmaxInt16OutputScale", SoftmaxInt16, MOTE_ERROR_QUANTIZATION, 1,
         [](M& m) { m.tensors[1].scales = {1.0f / 256}; }},
        {"SoftmaxInt16MultiplierOutOfRange", SoftmaxInt16, MOTE_ERROR_QUANTIZATION, 0,
         [](M& m) { m.tensors[0].scales = {1e9f}; }},
    }),
    CaseName);

TEST(NeighboursOf, Elementwise) {
  VisitNeighboursOf({Add,
                     Sub,
                     Mul,
                     Maximum,
                     SquaredDifference,
                     Prelu,
                     Relu,
                     LeakyRelu,
                     HardSwish,
                     Elu,
                     Neg,
                     Rsqrt,
                     Logistic,
                     Tanh,
                     Softmax,
                     SoftmaxInt16,
                     Quantize,
                     QuantizeFloat,
                     Dequantize,
                     AddInt16,
                     MulInt16,
                     MaximumInt16,
                     SquaredDifferenceInt16,
                     LeakyReluInt16,
                     DequantizeInt16,
                     QuantizeInt16,
                     Abs,
                     AbsInt16,
                     Relu6,
                     ReluInt16,
                     TanhInt16,
                     LogisticInt16});
}

}  // namespace
}  // namespace mote::test
