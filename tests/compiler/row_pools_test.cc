// Pools and tables row by row give what the runtime's kernels give of whole tensors.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "mcu_runtime/compiled/pool_2d_dsp.h"
#include "mcu_runtime/compiled/table.h"

namespace mote::compiled {
namespace {

using Random = std::mt19937;

int Uniform(Random& random, int min, int max) { return std::uniform_int_distribution<int>(min, max)(random); }

// SAME or VALID, as arithmetic.md has it.
device::Window RandomWindow(Random& random) {
  device::Window w{};
  w.input = Uniform(random, 1, 12);
  w.filter = Uniform(random, 1, 5);
  w.stride = Uniform(random, 1, 3);
  w.dilation = 1;
  if (w.filter > w.input || random() % 2 == 0) {
    w.output = (w.input + w.stride - 1) / w.stride;
    w.padding = std::max(0, (w.output - 1) * w.stride + w.filter - w.input) / 2;
  } else {
    w.output = (w.input - w.filter) / w.stride + 1;
  }
  return w;
}

struct Case {
  device::Pool2dParams whole;
  std::vector<int8_t> input;
  std::vector<int8_t> expected;

  size_t row_bytes() const { return static_cast<size_t>(whole.horizontal.input * whole.channels); }
  const uint8_t* row(int32_t y) const { return reinterpret_cast<const uint8_t*>(input.data()) + y * row_bytes(); }
  PoolRowParams params() const {
    return {whole.channels, whole.vertical.filter, whole.horizontal, whole.output.min, whole.output.max};
  }
};

template <typename Reduction>
Case RandomCase(Random& random, int channels) {
  Case c;
  c.whole.batches = 1;
  c.whole.channels = channels;
  c.whole.vertical = RandomWindow(random);
  c.whole.horizontal = RandomWindow(random);
  const int32_t min = Uniform(random, -128, 0);
  c.whole.output = {min, random() % 2 == 0 ? -128 : min, random() % 2 == 0 ? 127 : Uniform(random, 1, 127)};
  c.input.resize(c.row_bytes() * static_cast<size_t>(c.whole.vertical.input));
  const bool ends = random() % 4 == 0;
  for (int8_t& code : c.input) code = static_cast<int8_t>(ends ? (random() % 2 == 0 ? -128 : 127) : random());
  c.expected.resize(static_cast<size_t>(c.whole.vertical.output * c.whole.horizontal.output * channels));
  device::Pool2d<Reduction>(c.whole, c.input.data(), c.expected.data());
  return c;
}

template <typename Kernel>
void CheckRows(const Case& c, const Kernel& kernel) {
  const device::Window& v = c.whole.vertical;
  const size_t output_bytes = static_cast<size_t>(c.whole.horizontal.output * c.whole.channels);
  for (int32_t y = 0; y < v.output; ++y) {
    std::vector<const uint8_t*> rows;
    for (int32_t tap = 0; tap < v.filter; ++tap) {
      const int32_t row = y * v.stride - v.padding + tap;
      rows.push_back(row >= 0 && row < v.input ? c.row(row) : nullptr);
    }
    std::vector<uint8_t> output(output_bytes);
    kernel(c.params(), rows.data(), output.data());
    for (size_t i = 0; i < output_bytes; ++i) {
      ASSERT_EQ(static_cast<int8_t>(output[i]), c.expected[static_cast<size_t>(y) * output_bytes + i]) << "row " << y;
    }
  }
}

TEST(RowPools, RowsAreThoseOfTheWholePool) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round);
    const int any = Uniform(random, 1, 9);
    CheckRows(RandomCase<device::AverageOfInt8>(random, any), PoolRow<device::AverageOfInt8>);
    CheckRows(RandomCase<device::MaximumOf>(random, any), PoolRow<device::MaximumOf>);
    const int fours = 4 * Uniform(random, 1, 3);
    CheckRows(RandomCase<device::AverageOfInt8>(random, fours), PoolRowDsp<SumsOfFour>);
    CheckRows(RandomCase<device::MaximumOf>(random, fours), PoolRowDsp<MaximaOfFour>);
    if (HasFatalFailure()) return;
  }
}

using GlobalKernel = void (*)(const GlobalPoolParams&, int32_t, const uint8_t*, uint8_t*, uint8_t*);

void CheckGlobal(Random& random, int channels, GlobalKernel kernel) {
  Case c;
  c.whole.batches = 1;
  c.whole.channels = channels;
  c.whole.vertical = c.whole.horizontal = {};
  const int32_t height = c.whole.vertical.input = c.whole.vertical.filter = Uniform(random, 1, 15);
  const int32_t width = c.whole.horizontal.input = c.whole.horizontal.filter = Uniform(random, 1, 17);
  c.whole.vertical.output = c.whole.horizontal.output = 1;
  c.whole.vertical.stride = c.whole.horizontal.stride = 1;
  c.whole.vertical.dilation = c.whole.horizontal.dilation = 1;
  c.whole.output = {0, -128, Uniform(random, 0, 127)};
  c.input.resize(c.row_bytes() * static_cast<size_t>(height));
  const bool lowest = random() % 4 == 0;
  for (int8_t& code : c.input) code = static_cast<int8_t>(lowest ? -128 : random());
  c.expected.resize(static_cast<size_t>(channels));
  device::Pool2d<device::AverageOfInt8>(c.whole, c.input.data(), c.expected.data());
  std::vector<uint32_t> state(static_cast<size_t>(channels), 0xdeadbeef);
  std::vector<uint8_t> output(static_cast<size_t>(channels));
  const GlobalPoolParams p = {channels, width, height, c.whole.output.min, c.whole.output.max};
  for (int32_t y = 0; y < height; ++y) {
    kernel(p, y, c.row(y), reinterpret_cast<uint8_t*>(state.data()), output.data());
  }
  for (size_t i = 0; i < output.size(); ++i)
    ASSERT_EQ(static_cast<int8_t>(output[i]), c.expected[i]) << "channel " << i;
}

TEST(RowPools, GlobalAverageIsFoldedRowByRow) {
  Random random(2);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round);
    CheckGlobal(random, Uniform(random, 1, 9), GlobalRow<GlobalAverage, GlobalPoolParams>);
    CheckGlobal(random, 4 * Uniform(random, 1, 3), GlobalRowDsp<GlobalAverage, GlobalPoolParams>);
    if (HasFatalFailure()) return;
  }
}

using SumKernel = void (*)(const GlobalSumParams&, int32_t, const uint8_t*, uint8_t*, uint8_t*);

void CheckSum(Random& random, int channels, SumKernel kernel) {
  const int32_t height = Uniform(random, 1, 15);
  const int32_t width = Uniform(random, 1, 17);
  const int32_t zero = Uniform(random, -128, 127);
  const device::Multiplier multiplier = {Uniform(random, 1 << 30, INT32_MAX), Uniform(random, -9, 0)};
  const GlobalSumParams p = {
      channels, width, height, {zero * width * height, multiplier, {Uniform(random, -128, 127), -128, 127}}};
  std::vector<int8_t> input(static_cast<size_t>(height * width * channels));
  for (int8_t& code : input) code = static_cast<int8_t>(random());
  device::ReduceShape shape = {{{1, 0}, {1, 0}, {channels, 1}}, {{1, 0}, {1, 0}, {height * width, channels}}};
  std::vector<int8_t> expected(static_cast<size_t>(channels));
  device::Reduce<device::SumOf>(p.sum, shape, input.data(), expected.data());
  std::vector<uint32_t> state(static_cast<size_t>(channels), 0xdeadbeef);
  std::vector<uint8_t> output(static_cast<size_t>(channels));
  for (int32_t y = 0; y < height; ++y) {
    const uint8_t* row = reinterpret_cast<const uint8_t*>(input.data()) + y * width * channels;
    kernel(p, y, row, reinterpret_cast<uint8_t*>(state.data()), output.data());
  }
  for (size_t i = 0; i < output.size(); ++i) ASSERT_EQ(static_cast<int8_t>(output[i]), expected[i]) << "channel " << i;
}

TEST(RowPools, MeansOfTheImageAreFoldedRowByRow) {
  Random random(3);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(testing::Message() << "round " << round);
    CheckSum(random, Uniform(random, 1, 9), GlobalRow<GlobalSum, GlobalSumParams>);
    CheckSum(random, 4 * Uniform(random, 1, 3), GlobalRowDsp<GlobalSum, GlobalSumParams>);
    if (HasFatalFailure()) return;
  }
}

TEST(RowPools, TablesAreLookedUpInPlace) {
  uint8_t results[256];
  for (int i = 0; i < 256; ++i) results[i] = static_cast<uint8_t>(i * 7 + 3);
  for (int32_t channels = 1; channels < 9; ++channels) {
    std::vector<uint8_t> row;
    for (int32_t i = 0; i < 40 * channels; ++i) row.push_back(static_cast<uint8_t>(i * 13));
    std::vector<uint8_t> expected;
    for (const uint8_t code : row) expected.push_back(results[code]);
    const uint8_t* const inputs[] = {row.data()};
    LookUp({results, channels}, inputs, 40, row.data());
    EXPECT_EQ(row, expected);
  }
}

}  // namespace
}  // namespace mote::compiled
