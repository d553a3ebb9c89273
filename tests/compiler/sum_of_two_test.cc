// ADD and SUB by one weighted sum: equal to the runtime's kernel for every pair of codes.
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

enum class Kernel { kPortable, kDsp, kDspThatClamps };

// The shift is part of the kernel's instructions.
template <int kShift = 14>
void Add(Kernel kernel, int shift, const compiled::AddParams& p, const uint8_t* const* inputs, int32_t pixels,
         uint8_t* output) {
  if (shift != kShift) {
    if constexpr (kShift < 24) return Add<kShift + 1>(kernel, shift, p, inputs, pixels, output);
    FAIL() << "shift " << shift;
  } else if (kernel == Kernel::kPortable) {
    compiled::Add<kShift>(p, inputs, pixels, output);
  } else if (kernel == Kernel::kDsp) {
    compiled::AddDsp<kShift, false>(p, inputs, pixels, output);
  } else {
    compiled::AddDsp<kShift, true>(p, inputs, pixels, output);
  }
}

// All pairs of codes, and some more elements: the last ones are not four. In place.
void CheckKernel(Kernel kernel, const ContractSum& sum, const ProvedSum& proved) {
  constexpr int32_t kPairs = 65536 + 3;
  std::vector<uint8_t> a, b;
  for (int32_t i = 0; i < kPairs; ++i) {
    a.push_back(static_cast<uint8_t>(i / 256 - 128));
    b.push_back(static_cast<uint8_t>(i % 256 - 128));
  }
  const compiled::AddParams p = {1, proved.a, proved.b, proved.offset, sum.output.min + 128, sum.output.max + 128};
  const uint8_t* const inputs[] = {a.data(), b.data()};
  Add(kernel, proved.shift, p, inputs, kPairs, a.data());
  for (int32_t i = 0; i < kPairs; ++i) {
    const int32_t expected = RuntimeCode(sum, static_cast<int8_t>(i / 256 - 128), i % 256 - 128);
    ASSERT_EQ(static_cast<int8_t>(a[static_cast<size_t>(i)]), expected) << "pair " << i;
  }
}

TEST(SumOfTwo, EveryPairOfCodesIsTheRuntimesCode) {
  Random random(1);
  int found = 0;
  int clamped = 0;
  for (int round = 0; round < 150; ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round);
    const ContractSum sum = RandomSum(random);
    const auto proved = FindSum(sum);
    if (!proved) continue;
    ++found;
    clamped += proved->clamps;
    CheckKernel(Kernel::kPortable, sum, *proved);
    CheckKernel(proved->clamps ? Kernel::kDspThatClamps : Kernel::kDsp, sum, *proved);
    if (HasFatalFailure()) return;
  }
  EXPECT_GE(found, 135);
  EXPECT_GE(clamped, 20);
}

// Equal scales and half of them: every other sum is a tie, and ties below zero go the other way.
TEST(SumOfTwo, TiesOfBothSignsAreLeftToThePlainKernel) {
  EXPECT_FALSE(FindSum(SumOf(1, 1, 2, {0, -128, 127})));
  EXPECT_TRUE(FindSum(SumOf(1, 1, 2, {0, 0, 127})));
}

}  // namespace
}  // namespace mote::compiler
