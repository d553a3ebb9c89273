// ADD and SUB by one weighted sum: equal to the runtime's kernel for every pair of codes, in every way to hold them.
#include "export/compiler/sum_of_two.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "mcu_runtime/compiled/add_dsp.h"
#include "mcu_runtime/kernels/add.h"

namespace mote::compiler {
namespace {

using compiled::Held;
using Random = std::mt19937;

device::Multiplier MultiplierOf(double m) {
  int exponent = 0;
  const double fraction = std::frexp(m, &exponent);
  int64_t mantissa = std::llround(std::ldexp(fraction, 31));
  if (mantissa == int64_t{1} << 31) {
    mantissa /= 2;
    ++exponent;
  }
  return {static_cast<int32_t>(mantissa), exponent};
}

ContractSum SumOf(double scale_a, double scale_b, double scale_output, const device::OutputRange& output) {
  const double most = 2 * std::max(scale_a, scale_b);
  ContractSum sum;
  sum.a = MultiplierOf(scale_a / most);
  sum.b = MultiplierOf(scale_b / most);
  sum.sum = MultiplierOf(std::ldexp(most / scale_output, -20));
  sum.output = output;
  return sum;
}

// Scales as calibration gives them: any, and outputs a little finer or up to four times coarser than the operands' sum.
ContractSum RandomSum(Random& random) {
  std::uniform_real_distribution<double> logarithm(-2, 2);
  std::uniform_int_distribution<int> code(-128, 127);
  const double a = std::exp2(logarithm(random));
  const double b = std::exp2(logarithm(random));
  ContractSum sum = SumOf(a, b, (a + b) * std::exp2(logarithm(random) - 1), {});
  sum.zero_a = code(random);
  sum.zero_b = code(random);
  const int32_t z = random() % 2 == 0 ? -128 : code(random);
  sum.output = {z, random() % 2 == 0 ? z : -128, random() % 4 == 0 ? std::max(z, 90) : 127};
  sum.subtracts = random() % 4 == 0;
  return sum;
}

int32_t RuntimeCode(const ContractSum& sum, int32_t a, int32_t b) {
  device::AddParams p;
  p.a = device::AddTerm::Of(sum.zero_a, sum.a);
  p.b = device::AddTerm::Of(sum.zero_b, sum.b);
  p.mantissa = sum.sum.mantissa;
  p.shift = device::RightShift::By(-sum.sum.exponent);
  p.output = sum.output;
  return sum.subtracts ? device::AddFunction<20, -1>{p}(a, b) : device::AddFunction<20, 1>{p}(a, b);
}

HeldOperand OperandOf(Held held) { return held == Held::kInt16 ? HeldOperand{128, 6} : HeldOperand{0, 8}; }

void Put(Held held, int32_t code, std::vector<uint8_t>* row) {
  const int32_t unsigned_code = code + 128;
  row->push_back(static_cast<uint8_t>(held == Held::kInt8 ? code : unsigned_code));
  if (held == Held::kInt16) row->push_back(0);
}

int32_t Take(Held held, const std::vector<uint8_t>& row, size_t i) {
  if (held == Held::kInt8) return static_cast<int8_t>(row[i]);
  return (held == Held::kInt16 ? row[2 * i] + 256 * row[2 * i + 1] : row[i]) - 128;
}

// UsatAsr takes the shift from its instruction.
template <Held kA, Held kB, Held kOutput, bool kClamps, int kShift = 14>
void Add(int shift, const compiled::AddDspParams& p, const uint8_t* const* inputs, int32_t pixels, uint8_t* output) {
  if (shift == kShift) return compiled::AddDsp<kShift, kA, kB, kOutput, kClamps>(p, inputs, pixels, output);
  if constexpr (kShift < 24) {
    Add<kA, kB, kOutput, kClamps, kShift + 1>(shift, p, inputs, pixels, output);
  } else {
    FAIL() << "shift " << shift;
  }
}

// All pairs of codes in one row; one element more, so that the kernel's last elements are of every number.
template <Held kA, Held kB, Held kOutput, bool kClamps>
void CheckKernel(const ContractSum& sum, const ProvedSum& proved) {
  std::vector<uint8_t> a, b;
  for (int32_t i = 0; i < 65536 + 3; ++i) {
    Put(kA, i / 256 % 256 - 128, &a);
    Put(kB, i % 256 - 128, &b);
  }
  const compiled::AddDspParams p = {1, proved.a, proved.b, proved.offset, sum.output.min + 128, sum.output.max + 128,
                                    0, 0,        0};
  std::vector<uint8_t> output((65536 + 3) * compiled::HeldBytes<kOutput>(), 0xaa);
  const uint8_t* const inputs[] = {a.data(), b.data()};
  Add<kA, kB, kOutput, kClamps>(proved.shift, p, inputs, 65536 + 3, output.data());
  for (int32_t i = 0; i < 65536 + 3; ++i) {
    const int32_t expected = RuntimeCode(sum, i / 256 % 256 - 128, i % 256 - 128);
    ASSERT_EQ(Take(kOutput, output, static_cast<size_t>(i)), expected) << "pair " << i;
  }
}

template <Held kA, Held kB, Held kOutput>
int CheckHeld(uint32_t seed, int rounds) {
  Random random(seed);
  int found = 0;
  for (int round = 0; round < rounds; ++round) {
    const ContractSum sum = RandomSum(random);
    const auto proved = FindSum(sum, OperandOf(kA), OperandOf(kB));
    if (!proved) continue;
    ++found;
    if (proved->clamps) {
      CheckKernel<kA, kB, kOutput, true>(sum, *proved);
    } else {
      CheckKernel<kA, kB, kOutput, false>(sum, *proved);
    }
    if (testing::Test::HasFatalFailure()) {
      ADD_FAILURE() << "seed " << seed << ", round " << round;
      return found;
    }
  }
  return found;
}

TEST(SumOfTwo, EveryPairOfCodesIsTheRuntimesCode) {
  EXPECT_GE((CheckHeld<Held::kInt8, Held::kInt8, Held::kInt8>(1, 40)), 36);
  EXPECT_GE((CheckHeld<Held::kUInt8, Held::kInt8, Held::kUInt8>(2, 40)), 36);
  EXPECT_GE((CheckHeld<Held::kInt16, Held::kInt16, Held::kInt16>(3, 40)), 36);
  EXPECT_GE((CheckHeld<Held::kInt16, Held::kInt8, Held::kInt8>(4, 40)), 36);
}

// Equal scales and half of them: every other sum is a tie, and ties below zero go the other way.
TEST(SumOfTwo, TiesOfBothSignsAreLeftToThePlainKernel) {
  EXPECT_FALSE(FindSum(SumOf(1, 1, 2, {0, -128, 127}), {}, {}));
  EXPECT_TRUE(FindSum(SumOf(1, 1, 2, {0, 0, 127}), {}, {}));
}

}  // namespace
}  // namespace mote::compiler
