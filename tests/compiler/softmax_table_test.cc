// SOFTMAX by a table of exponentials is the runtime's, whatever the scale and the row.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "mcu_runtime/compiled/softmax.h"
#include "mcu_runtime/kernels/softmax.h"

namespace mote {
namespace {

// As mcu_runtime/operators/softmax.cc has it.
device::SoftmaxParams ParamsOf(int32_t rows, int32_t depth, device::Multiplier multiplier) {
  return {rows, depth, multiplier, -static_cast<int32_t>((uint32_t{31} << 26) >> multiplier.exponent), 8};
}

// As the compiler makes it: up to where a term is under 2^11.
std::vector<int32_t> TableOf(const device::SoftmaxParams& params) {
  std::vector<int32_t> terms;
  for (int32_t below = 0; below < 256; ++below) {
    const int32_t term = device::SoftmaxTerm(params, -below);
    if (term < 1 << 11) break;
    terms.push_back(term);
  }
  return terms;
}

TEST(SoftmaxTable, ComputesWhatTheRuntimeDoes) {
  std::mt19937 random(1);
  for (int32_t exponent = 1; exponent <= 31; ++exponent) {
    for (int i = 0; i < 60; ++i) {
      const int32_t mantissa = static_cast<int32_t>((uint32_t{1} << 30) + random() % (uint32_t{1} << 30));
      const int32_t depth = i % 3 == 0 ? static_cast<int32_t>(1 + random() % 511) : static_cast<int32_t>(1 + i % 20);
      const int32_t rows = 1 + i % 3;
      const device::SoftmaxParams params = ParamsOf(rows, depth, {mantissa, exponent});
      const std::vector<int32_t> terms = TableOf(params);
      std::vector<int8_t> codes(static_cast<size_t>(rows * depth));
      const uint32_t span = i % 5 == 0 ? 1 : 1 + random() % 256;  // rows of equal codes, too
      for (int8_t& code : codes) code = static_cast<int8_t>(static_cast<int32_t>(random() % span) - 128);
      std::vector<int8_t> expected(codes.size());
      device::Softmax(params, codes.data(), expected.data());
      // In place.
      uint8_t* const bytes = reinterpret_cast<uint8_t*>(codes.data());
      const uint8_t* const inputs[] = {bytes};
      compiled::Softmax({terms.data(), static_cast<int32_t>(terms.size()), depth}, inputs, rows, bytes);
      ASSERT_EQ(codes, expected) << "multiplier " << mantissa << ", " << exponent << "; depth " << depth;
    }
  }
}

}  // namespace
}  // namespace mote
