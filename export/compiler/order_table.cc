#include "export/compiler/order_table.h"

#include <algorithm>

#include "export/compiler/compact_order.h"

namespace mote::compiler {
namespace {

// The largest numbers in a table, which are mote::compiled::kOrderLoop too, and layers are below.
constexpr int kMostOfBytes = 255, kMostOfHalfwords = 65535;

bool FitsBytes(const Plan& plan, const std::vector<int64_t>& numbers) {
  return plan.stages.size() <= kMostOfBytes && *std::max_element(numbers.begin(), numbers.end()) <= kMostOfBytes;
}

OrderTable TableOf(const Plan& plan, std::vector<int64_t> numbers) {
  return {FitsBytes(plan, numbers) ? "uint8_t" : "uint16_t", std::move(numbers)};
}

void AddLoops(const std::vector<OrderLoop>& loops, int most, std::vector<int64_t>* table) {
  for (const OrderLoop& loop : loops) {
    for (int left = loop.count; left > 0; left -= std::min(left, most)) {
      const int count = std::min(left, most);
      if (loop.layer >= 0) {
        table->insert(table->end(), {loop.layer, count});
        continue;
      }
      std::vector<int64_t> body;
      AddLoops(loop.body, most, &body);
      table->insert(table->end(), {most, count, static_cast<int64_t>(body.size())});
      table->insert(table->end(), body.begin(), body.end());
    }
  }
}

}  // namespace

OrderTable TableOfOrder(const Plan& plan) {
  const std::vector<OrderLoop> loops = CompactOrder(plan.schedule.steps);
  std::vector<int64_t> numbers;
  AddLoops(loops, kMostOfBytes, &numbers);
  if (!FitsBytes(plan, numbers)) {
    numbers.clear();
    AddLoops(loops, kMostOfHalfwords, &numbers);
  }
  return TableOf(plan, std::move(numbers));
}

OrderTable TableOfFedOrder(const Plan& plan) {
  std::vector<int64_t> numbers;
  for (const Step& step : plan.schedule.steps) {
    const bool again = !numbers.empty() && step.layer != 0 && numbers[numbers.size() - 2] == step.layer &&
                       numbers.back() < kMostOfBytes;
    if (again) {
      ++numbers.back();
    } else {
      numbers.insert(numbers.end(), {step.layer, 1});
    }
  }
  return TableOf(plan, std::move(numbers));
}

}  // namespace mote::compiler
