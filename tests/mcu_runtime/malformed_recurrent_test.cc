// Bad models of the operators with state: SVDF, LSTM, and variables. A comment names the class of defects.
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "tests/mcu_runtime/malformed.h"

namespace mote::test {
namespace {

using M = ModelSpec;
constexpr int32_t kNone = -1;

TensorSpec Codes(std::vector<int32_t> shape) { return Activation(std::move(shape), 0.5f, 3); }

TensorSpec State(std::vector<int32_t> shape, float scale, int8_t type, int64_t zero_point = 0) {
  TensorSpec t = Activation(std::move(shape), scale, zero_point);
  t.type = type;
  t.is_variable = true;
  return t;
}

// Two batches, five features, six filters of rank 2 with a memory of 4.
M Svdf() {
  TensorSpec time = Weights({6, 8}, {0.001f}, 0);  // 6 x 4 numbers of int16
  time.shape = {6, 4};
  time.type = MOTE_INT16;
  return OneOperator(
      27, 6, {{0, 2}, {1, int8_t{0}}},
      {Codes({2, 5}), Weights({6, 5}, {0.01f}, 0), time, Int32({3}, {1, 2, 3}), State({2, 24}, 0.01f, MOTE_INT16)},
      {Codes({2, 3})});
}

enum LstmInput : int32_t {
  kIn = 0,
  kInWeights = 1,
  kRecurrent = 5,
  kBias = 9,
  kHidden = 13,
  kCell = 14,
  kLstmOut = 15
};

// One batch, three steps, five features, four units. Tensors by the numbers above: what is left out has none.
M Lstm() {
  std::vector<TensorSpec> inputs = {Activation({1, 3, 5}, 0.01f, 3)};
  for (int gate = 0; gate < 4; ++gate) inputs.push_back(Weights({4, 5}, {0.01f}, 0));
  for (int gate = 0; gate < 4; ++gate) inputs.push_back(Weights({4, 4}, {0.01f}, 0));
  for (int gate = 0; gate < 4; ++gate) inputs.push_back(Int32({4}, {1, 2, 3, 4}));
  inputs.push_back(State({1, 4}, 1.0f / 128, MOTE_INT8));
  inputs.push_back(State({1, 4}, 1.0f / 4096, MOTE_INT16));
  M m = OneOperator(44, 71, {{0, int8_t{4}}, {1, 0.0f}, {2, 0.0f}, {3, int8_t{0}}}, inputs,
                    {Activation({1, 3, 4}, 1.0f / 128, 0)});
  std::vector<int32_t>& in = m.operators[0].inputs;
  in = {0, 1,  2,  3,  4,     5,     6,  7,  8,     kNone, kNone, kNone,
        9, 10, 11, 12, kNone, kNone, 13, 14, kNone, kNone, kNone, kNone};
  return m;
}

TensorSpec Handle() { return Plain({}, MOTE_RESOURCE); }

enum VariableTensor : int32_t { kValue, kHandle, kRead };
enum VariableOperator : int32_t { kCallOnce, kVarHandle, kReadVariable, kAssignVariable };

// What came in one inference ago, and a subgraph that gives the variable its first value.
M Variables() {
  M m;
  m.tensors = {Codes({1, 4}), Handle(), Codes({1, 4})};
  m.operators = {{129, {}, {}, 103, {{0, 1}}},
                 {142, {}, {kHandle}, 111, {{0, std::string("")}, {1, std::string("line")}}},
                 {143, {kHandle}, {kRead}, 112, {}},
                 {144, {kHandle, kValue}, {}, 113, {}}};
  m.inputs = {kValue};
  m.outputs = {kRead};
  SubgraphSpec once;
  TensorSpec first = Codes({1, 4});
  first.data = std::vector<uint8_t>{1, 2, 3, 4};
  once.tensors = {Handle(), first};
  once.operators = {{142, {}, {0}, 111, {{0, std::string("")}, {1, std::string("line")}}}, {144, {0, 1}, {}, 113, {}}};
  m.more = {once};
  return m;
}

INSTANTIATE_TEST_SUITE_P(
    SvdfModels, MalformedModelOf,
    testing::ValuesIn(std::vector<MalformedCase>{
        // Division by zero.
        {"RankZero", Svdf, MOTE_ERROR_OPTION, 2, [](M& m) { m.operators[0].SetOption(0, 0); }},
        {"RankNegative", Svdf, MOTE_ERROR_OPTION, 2, [](M& m) { m.operators[0].SetOption(0, -2); }},
        {"RankThatDoesNotDivide", Svdf, MOTE_ERROR_OPTION, 2, [](M& m) { m.operators[0].SetOption(0, 4); }},
        // Out of bounds: shapes of weights and state that others do not bear out.
        {"FeaturesOfAnotherCount", Svdf, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1] = Weights({6, 4}, {0.01f}, 0);
         }},
        {"FiltersOfAnotherCount", Svdf, MOTE_ERROR_SHAPE, 1,
         [](M& m) {
           m.tensors[1] = Weights({8, 5}, {0.01f}, 0);
         }},
        {"StateTooSmall", Svdf, MOTE_ERROR_SHAPE, 4,
         [](M& m) {
           m.tensors[4].shape = {2, 23};
         }},
        {"StateOfOneBatch", Svdf, MOTE_ERROR_SHAPE, 4,
         [](M& m) {
           m.tensors[4].shape = {1, 24};
         }},
        {"OutputOfMoreUnits", Svdf, MOTE_ERROR_SHAPE, 5,
         [](M& m) {
           m.tensors[5].shape = {2, 6};
         }},
        {"BiasOfAllFilters", Svdf, MOTE_ERROR_SHAPE, 3,
         [](M& m) {
           m.tensors[3] = Int32({6}, {1, 2, 3, 4, 5, 6});
         }},
        // Null tensors, and state that is none: a constant that would be written to, an activation that is gone.
        {"StateLeftOut", Svdf, MOTE_ERROR_STRUCTURE, -1, [](M& m) { m.operators[0].inputs[4] = kNone; }},
        {"StateIsAnInput", Svdf, MOTE_ERROR_STRUCTURE, 4,
         [](M& m) { m.tensors[4].is_variable = false, m.inputs.push_back(4); }},
        {"StateIsAConstant", Svdf, MOTE_ERROR_STRUCTURE, 4,
         [](M& m) { m.tensors[4].is_variable = false, m.tensors[4].data = std::vector<uint8_t>(96); }},
        {"StateWithoutScale", Svdf, MOTE_ERROR_QUANTIZATION, 4,
         [](M& m) { m.tensors[4].scales.clear(), m.tensors[4].zero_points.clear(); }},
        {"StateOfFloats", Svdf, MOTE_ERROR_TYPE, 4, [](M& m) { m.tensors[4].type = MOTE_FLOAT32; }},
    }),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    LstmModels, MalformedModelOf,
    testing::ValuesIn(std::vector<MalformedCase>{
        {"InputOfTwoDimensions", Lstm, MOTE_ERROR_SHAPE, kIn,
         [](M& m) {
           m.tensors[kIn].shape = {3, 5};
         }},
        {"OutputOfMoreSteps", Lstm, MOTE_ERROR_SHAPE, kLstmOut,
         [](M& m) {
           m.tensors[kLstmOut].shape = {1, 4, 4};
         }},
        {"InputWeightsOfOtherFeatures", Lstm, MOTE_ERROR_SHAPE, kInWeights + 2,
         [](M& m) {
           m.tensors[kInWeights + 2] = Weights({4, 6}, {0.01f}, 0);
         }},
        {"RecurrentWeightsOfOtherUnits", Lstm, MOTE_ERROR_SHAPE, kRecurrent,
         [](M& m) {
           m.tensors[kRecurrent] = Weights({5, 4}, {0.01f}, 0);
         }},
        {"BiasTooShort", Lstm, MOTE_ERROR_SHAPE, kBias + 3,
         [](M& m) {
           m.tensors[kBias + 3] = Int32({3}, {1, 2, 3});
         }},
        {"HiddenStateTooSmall", Lstm, MOTE_ERROR_SHAPE, kHidden,
         [](M& m) {
           m.tensors[kHidden].shape = {1, 3};
         }},
        {"CellStateTooLarge", Lstm, MOTE_ERROR_SHAPE, kCell,
         [](M& m) {
           m.tensors[kCell].shape = {2, 4};
         }},
        // Null tensors.
        {"GateWeightsLeftOut", Lstm, MOTE_ERROR_STRUCTURE, -1, [](M& m) { m.operators[0].inputs[1] = kNone; }},
        {"BiasLeftOut", Lstm, MOTE_ERROR_STRUCTURE, -1, [](M& m) { m.operators[0].inputs[13] = kNone; }},
        {"StatesLeftOut", Lstm, MOTE_ERROR_STRUCTURE, -1, [](M& m) { m.operators[0].inputs[18] = kNone; }},
        {"TooFewInputs", Lstm, MOTE_ERROR_STRUCTURE, -1, [](M& m) { m.operators[0].inputs.resize(20); }},
        {"HiddenStateNotVariable", Lstm, MOTE_ERROR_STRUCTURE, kHidden,
         [](M& m) { m.tensors[kHidden].is_variable = false, m.inputs.push_back(kHidden); }},
        // What the reference has and this runtime has not.
        {"Peephole", Lstm, MOTE_ERROR_OPTION, -1, [](M& m) { m.operators[0].inputs[9] = kBias; }},
        {"ActivationOfTheCell", Lstm, MOTE_ERROR_OPTION, kIn, [](M& m) { m.operators[0].SetOption(0, int8_t{1}); }},
        {"CellScaleTooLarge", Lstm, MOTE_ERROR_QUANTIZATION, kCell, [](M& m) { m.tensors[kCell].scales = {1e9f}; }},
        {"CellScaleNotANumber", Lstm, MOTE_ERROR_QUANTIZATION, kCell,
         [](M& m) { m.tensors[kCell].scales = {std::numeric_limits<float>::quiet_NaN()}; }},
        {"GateWeightsPerChannel", Lstm, MOTE_ERROR_QUANTIZATION, kInWeights,
         [](M& m) {
           m.tensors[kInWeights] = Weights({4, 5}, std::vector<float>(4, 0.01f), 0);
         }},
        {"GateBiasOverflows", Lstm, MOTE_ERROR_ACCUMULATOR, kInWeights + 1,
         [](M& m) {
           m.tensors[kBias + 1] = Int32({4}, {std::numeric_limits<int32_t>::min(), 0, 0, 0});
         }},
    }),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    VariableModels, MalformedModelOf,
    testing::ValuesIn(std::vector<MalformedCase>{
        // Endless recursion: a subgraph that calls itself, or one that calls it.
        {"CallsItself", Variables, MOTE_ERROR_OPTION, -1, [](M& m) { m.operators[kCallOnce].SetOption(0, 0); }},
        {"CallsASubgraphThatCalls", Variables, MOTE_ERROR_OPERATOR, -1,
         [](M& m) {
           m.more[0].operators.push_back({129, {}, {}, 103, {{0, 1}}});
         }},
        {"CallsWhatIsNotThere", Variables, MOTE_ERROR_STRUCTURE, -1,
         [](M& m) { m.operators[kCallOnce].SetOption(0, 2); }},
        {"CallsANegativeSubgraph", Variables, MOTE_ERROR_OPTION, -1,
         [](M& m) { m.operators[kCallOnce].SetOption(0, std::numeric_limits<int32_t>::min()); }},
        {"CallsOperatorsThatDoNotAssign", Variables, MOTE_ERROR_OPERATOR, -1,
         [](M& m) {
           m.more[0].operators.push_back({0, {1, 1}, {1}, 11, {}});
         }},
        // Resource handles that were never made, are no handles, or stand for another one's bytes.
        {"HandleNeverMade", Variables, MOTE_ERROR_STRUCTURE, kHandle,
         [](M& m) { m.operators.erase(m.operators.begin() + kVarHandle); }, 1},
        {"HandleUsedBeforeItIsMade", Variables, MOTE_ERROR_STRUCTURE, kHandle,
         [](M& m) { std::swap(m.operators[kVarHandle], m.operators[kReadVariable]); }, 1},
        {"HandleIsATensor", Variables, MOTE_ERROR_TYPE, kValue,
         [](M& m) { m.operators[kReadVariable].inputs = {kValue}; }, kReadVariable},
        {"HandleIsAnInput", Variables, MOTE_ERROR_STRUCTURE, kHandle, [](M& m) { m.inputs.push_back(kHandle); },
         kVarHandle},
        {"HandleIsAnOutput", Variables, MOTE_ERROR_TYPE, kHandle, [](M& m) { m.outputs.push_back(kHandle); }, -1},
        {"HandleOfTwo", Variables, MOTE_ERROR_SHAPE, kHandle, [](M& m) { m.tensors[kHandle].shape = {2}; }, kVarHandle},
        {"HandleMadeTwice", Variables, MOTE_ERROR_STRUCTURE, kHandle,
         [](M& m) { m.operators.insert(m.operators.begin() + kVarHandle, m.operators[kVarHandle]); }, 2},
        {"HandleThatIsVariable", Variables, MOTE_ERROR_STRUCTURE, kHandle,
         [](M& m) { m.tensors[kHandle].is_variable = true; }, kVarHandle},
        {"HandleWithoutAName", Variables, MOTE_ERROR_OPTION, kHandle,
         [](M& m) { m.operators[kVarHandle].options.pop_back(); }, kVarHandle},
        // Uninitialised: read and never assigned.
        {"NothingAssigns", Variables, MOTE_ERROR_STRUCTURE, kHandle,
         [](M& m) { m.operators.pop_back(), m.more[0].operators.clear(); }, kVarHandle},
        // Out of bounds: one variable, values of different sizes.
        {"ReadsMoreThanIsAssigned", Variables, MOTE_ERROR_SHAPE, kHandle,
         [](M& m) {
           m.tensors[kRead].shape = {1, 5};
         },
         kVarHandle},
        {"AssignsMoreThanIsRead", Variables, MOTE_ERROR_SHAPE, kHandle,
         [](M& m) {
           m.tensors[kValue].shape = {2, 4};
         },
         kVarHandle},
        {"FirstValueTooLong", Variables, MOTE_ERROR_SHAPE, kHandle,
         [](M& m) { m.more[0].tensors[1].shape = {5}, m.more[0].tensors[1].data = std::vector<uint8_t>(5); },
         kVarHandle},
        {"FirstValueWithoutData", Variables, MOTE_ERROR_BUFFER, -1, [](M& m) { m.more[0].tensors[1].data.reset(); },
         kCallOnce},
        {"FirstValueToNoHandle", Variables, MOTE_ERROR_STRUCTURE, -1,
         [](M& m) { m.more[0].operators.erase(m.more[0].operators.begin()); }, kCallOnce},
        {"AssignsNothing", Variables, MOTE_ERROR_STRUCTURE, kHandle,
         [](M& m) { m.operators[kAssignVariable].inputs[1] = kNone; }, kVarHandle},
    }),
    CaseName);

TEST(NeighboursOf, Recurrent) { VisitNeighboursOf({Svdf, Lstm, Variables}); }

}  // namespace
}  // namespace mote::test
