// The self-test of a compiled model as text: NAME_selftest, which runs golden inputs through the model's steps and
// compares the checksum of every layer's output (mcu_runtime/compiled/selftest.h).
//
// What a layer writes is summed after each of its steps, while it is there: a row, or all rows where a kernel writes
// them at once. Elements are taken in the file's order from whatever layout they have. Not compared are what the
// network keeps from one inference to the next, and rows in layouts that ElementPlaces does not know: a fault there
// shows at the next layer.
#ifndef MOTE_EXPORT_COMPILER_EMIT_SELFTEST_H_
#define MOTE_EXPORT_COMPILER_EMIT_SELFTEST_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "export/compiler/emit.h"

namespace mote::compiler {

class SelfTestWriter {
 public:
  // `rows_of` names the Rows of a buffer in the source.
  SelfTestWriter(const Network& network, const Plan& plan, const EmitOptions& options,
                 std::function<std::string(int buffer)> rows_of);

  // SumLayer0, SumLayer1, ... of those stages that are compared.
  std::string Sums() const;
  // The call that sums what step `y` of a stage has written: "SumLayer3(arena, y, &sums[3]);", or nothing.
  std::string SumCall(int stage, const std::string& y) const;

  std::vector<int64_t> Checksums() const;  // golden ones, by sample and stage
  std::vector<int64_t> Inputs() const;     // stored ones
  // NAME_selftest. `steps`: statements that run the model once, with `arena` and `sums` in scope, and with kOrder where
  // rows are streamed.
  std::string Function(const std::string& steps) const;
  // Statements for a streamed plan, whose table kOrder has so many numbers.
  std::string StreamedSteps(int64_t order_numbers) const;

 private:
  std::string BodyOf(int stage) const;
  std::optional<uint32_t> ExpectedOf(int stage, int sample) const;
  std::string InputText() const;

  const Network& network_;
  const Plan& plan_;
  const EmitOptions& options_;
  const std::function<std::string(int)> rows_of_;
  std::vector<std::string> bodies_;  // of SumLayer0, ...
};

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_EMIT_SELFTEST_H_
