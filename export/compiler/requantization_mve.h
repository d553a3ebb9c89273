// Constants for the requantization forms of Helium (mcu_runtime/compiled/requantization_mve.h), proved.
#ifndef MOTE_EXPORT_COMPILER_REQUANTIZATION_MVE_H_
#define MOTE_EXPORT_COMPILER_REQUANTIZATION_MVE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "export/compiler/requantization.h"
#include "export/compiler/sum_of_two.h"
#include "mcu_runtime/compiled/requantization_mve.h"

namespace mote::compiler {

// Of one layer; the kernel's sums begin with 0 and are of the codes as they are held, zero points included.
struct MveRequantization {
  struct Channel {
    int32_t offset = 0;      // kOneLine: the offset; the others: the bias
    int32_t multiplier = 0;  // kOneLine: the multiplier; the others: the contract's mantissa
    int32_t exponent = 0;    // not of kOneLine
  };
  compiled::RequantizationMve form = compiled::RequantizationMve::kFull;
  int32_t scalar = 0;   // kOneLine: what sums are multiplied by; the others: the output's zero point
  int shift = 2;        // kOneLine
  bool clamps = false;  // whether saturated codes are still to be clamped to [min, max]
  int32_t min = 0;
  int32_t max = 0;
  std::vector<Channel> channels;
};

// The cheapest form that is proved for every channel. Nothing where Helium has none: a multiplier of 1/2 or more with
// codes on both sides of the zero point, or of 1 or more.
std::optional<MveRequantization> FindMveRequantization(absl::Span<const RequantizedChannel> channels,
                                                       const device::OutputRange& output);

// The contract's two roundings, as a device does them.
std::optional<MveRequantization> FindMveContractForm(absl::Span<const RequantizedChannel> channels,
                                                     const device::OutputRange& output);

// ADD and SUB of int8 (add_mve.h): one line of both codes.
struct MveAddition {
  int32_t a = 0;
  int32_t b = 0;
  int32_t c = 0;
  int shift = 2;
  bool clamps = false;
};

// Proved by all pairs of codes. Nothing where no line is found.
std::optional<MveAddition> FindMveAddition(const ContractSum& contract);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_REQUANTIZATION_MVE_H_
