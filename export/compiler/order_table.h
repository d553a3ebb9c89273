// The order of steps as generated code has it: a table that mote::compiled::RunOrder walks
// (mcu_runtime/compiled/order.h).
#ifndef MOTE_EXPORT_COMPILER_ORDER_TABLE_H_
#define MOTE_EXPORT_COMPILER_ORDER_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "export/compiler/plan.h"

namespace mote::compiler {

struct OrderTable {
  std::string element;  // "uint8_t" where all numbers fit, or "uint16_t"
  std::vector<int64_t> numbers;
};

// Of all steps, one after the other.
OrderTable TableOfOrder(const Plan& plan);

// Where the input is given row by row: without loops, so that the walk can stop before any step.
OrderTable TableOfFedOrder(const Plan& plan);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_ORDER_TABLE_H_
