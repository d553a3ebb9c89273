#include "export/compiler/sum_of_two.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

namespace mote::compiler {
namespace {

constexpr int kCodes = 256;
constexpr int kBits = 20;  // the contract's left shift of operands

double ValueOf(const device::Multiplier& m) { return std::ldexp(m.mantissa, m.exponent - 31); }

// code + 128 for all pairs, a by b.
std::vector<uint8_t> AllCodes(const ContractSum& contract) {
  std::vector<uint8_t> codes;
  codes.reserve(kCodes * kCodes);
  for (int32_t a = -128; a <= 127; ++a) {
    for (int32_t b = -128; b <= 127; ++b) codes.push_back(static_cast<uint8_t>(contract.CodeOf(a, b) + 128));
  }
  return codes;
}

using Products = std::array<int32_t, kCodes>;

Products ProductsOf(int64_t multiplier) {
  Products products;
  for (int32_t q = -128; q <= 127; ++q) {
    products[q + 128] = static_cast<int32_t>(multiplier * q >> 8);
  }
  return products;
}

// A try: all but C.
struct Slopes {
  int64_t a = 0;
  int64_t b = 0;
  int shift = 0;
};

class Search {
 public:
  explicit Search(const ContractSum& contract) : codes_(AllCodes(contract)) {
    const double unit = std::ldexp(ValueOf(contract.sum), kBits);  // codes an operand's own unit of 2^-20
    slope_a_ = ValueOf(contract.a) * unit;
    slope_b_ = ValueOf(contract.b) * unit * (contract.subtracts ? -1 : 1);
  }

  // The finest shift first, and slopes outwards from the contract's.
  std::optional<ProvedSum> Find(int32_t min, int32_t max) const {
    const int finest = FinestShift();
    for (int shift = finest; shift >= 1 && shift > finest - 3; --shift) {
      const Slopes nearest = {Scaled(slope_a_, shift), Scaled(slope_b_, shift), shift};
      for (int distance = 0; distance <= kFarthest; ++distance) {
        for (int i = -distance; i <= distance; ++i) {
          const int inner = std::abs(i) == distance ? 1 : 2 * distance;  // the square's edge alone
          for (int j = -distance; j <= distance; j += inner) {
            if (const auto found = Try({nearest.a + i * kStep, nearest.b + j * kStep, shift}, min, max)) return found;
          }
        }
      }
    }
    return std::nullopt;
  }

 private:
  // Other slopes are tried in steps that move a product by about one, this many each way.
  static constexpr int kStep = 2;
  static constexpr int kFarthest = 4;

  static int64_t Scaled(double slope, int shift) { return std::llround(std::ldexp(slope, shift + 8)); }

  // Multipliers are int32, and no sum leaves int32: 256 codes each way are more than any operand reaches.
  int FinestShift() const {
    const double steepest = std::ldexp(std::max(std::abs(slope_a_), std::abs(slope_b_)), 8);
    const double reach = 256 * (1 + 2 * (std::abs(slope_a_) + std::abs(slope_b_)));
    int shift = 30;
    while (shift > 0 && (std::ldexp(steepest, shift) > std::numeric_limits<int32_t>::max() - 64.0 ||
                         std::ldexp(reach, shift) > std::numeric_limits<int32_t>::max())) {
      --shift;
    }
    return shift;
  }

  // Codes at `min` and `max` may be passed below and above.
  std::optional<ProvedSum> Try(const Slopes& slopes, int32_t min, int32_t max) const {
    const Products a = ProductsOf(slopes.a);
    const Products b = ProductsOf(slopes.b);
    const int64_t unit = int64_t{1} << slopes.shift;
    int64_t low = std::numeric_limits<int32_t>::min();
    int64_t high = std::numeric_limits<int32_t>::max();
    const uint8_t* code = codes_.data();
    for (const int64_t product_a : a) {
      for (const int64_t product_b : b) {
        const int64_t value = *code++;
        if (value > min) low = std::max(low, value * unit - product_a - product_b);
        if (value < max) high = std::min(high, (value + 1) * unit - 1 - product_a - product_b);
      }
      if (low > high) return std::nullopt;
    }
    ProvedSum found;
    found.a = static_cast<int32_t>(slopes.a);
    found.b = static_cast<int32_t>(slopes.b);
    found.offset = static_cast<int32_t>(low + (high - low) / 2);
    found.shift = slopes.shift;
    return Fits(found, a, b) ? std::optional<ProvedSum>(found) : std::nullopt;
  }

  // The sums' own range: C, C + a product, C + both.
  static bool Fits(const ProvedSum& sum, const Products& a, const Products& b) {
    const auto [least_a, most_a] = std::minmax_element(a.begin(), a.end());
    const auto [least_b, most_b] = std::minmax_element(b.begin(), b.end());
    const int64_t low = int64_t{sum.offset} + *least_a + std::min(*least_b, 0);
    const int64_t high = int64_t{sum.offset} + *most_a + std::max(*most_b, 0);
    return low >= std::numeric_limits<int32_t>::min() && high <= std::numeric_limits<int32_t>::max();
  }

  std::vector<uint8_t> codes_;
  double slope_a_ = 0;  // codes of the output a code of the operand
  double slope_b_ = 0;
};

}  // namespace

int32_t ContractSum::CodeOf(int32_t qa, int32_t qb) const {
  const int32_t scaled_a = device::Requantize((qa - zero_a) * (1 << kBits), a);
  const int32_t scaled_b = device::Requantize((qb - zero_b) * (1 << kBits), b);
  const int32_t both = subtracts ? scaled_a - scaled_b : scaled_a + scaled_b;
  return device::Clamp(device::Requantize(both, sum) + output.zero_point, output);
}

std::optional<ProvedSum> FindSum(const ContractSum& contract) {
  const Search search(contract);
  if (const auto found = search.Find(0, 255)) return found;
  std::optional<ProvedSum> found = search.Find(contract.output.min + 128, contract.output.max + 128);
  if (found) found->clamps = true;
  return found;
}

}  // namespace mote::compiler
