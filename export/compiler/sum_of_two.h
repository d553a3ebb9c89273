// ADD and SUB of two int8 activations as one weighted sum and one shift, proved.
//
// The contract scales each operand by itself, with a rounding each, and the sum with two more (docs/arithmetic.md).
// What it computes is a function of two codes: 65,536 values, and a formula that has all of them is the contract.
//
//   code + 128 = saturate((C + floor(A * a / 2^8) + floor(B * b / 2^8)) >> s)
//
// For A, B and s that are given, every pair of codes asks for an interval of C, and the intersection is every C there
// is. The contract's own roundings are of 2^-20 of a code or so, and so is this formula's error: intersections are
// empty for few scales, and then other A and B near by are tried.
#ifndef MOTE_EXPORT_COMPILER_SUM_OF_TWO_H_
#define MOTE_EXPORT_COMPILER_SUM_OF_TWO_H_

#include <cstdint>
#include <optional>

#include "mcu_runtime/kernels/requantize.h"

namespace mote::compiler {

struct ContractSum {
  int32_t zero_a = 0;
  int32_t zero_b = 0;
  device::Multiplier a;  // of (q - zero) << 20
  device::Multiplier b;
  device::Multiplier sum;
  device::OutputRange output;
  bool subtracts = false;

  int32_t CodeOf(int32_t qa, int32_t qb) const;
};

struct ProvedSum {
  int32_t a = 0;        // A
  int32_t b = 0;        // B
  int32_t offset = 0;   // C
  int shift = 0;        // s
  bool clamps = false;  // what saturates at 0 and 255 is still to be clamped to the output's range, plus 128
};

// Nothing where no constants were found: the plain kernel is for those.
std::optional<ProvedSum> FindSum(const ContractSum& contract);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_SUM_OF_TWO_H_
