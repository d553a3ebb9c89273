#include "export/compiler/golden.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "export/compiler/bench.h"
#include "export/compiler/reference.h"
#include "mcu_runtime/mote_runtime.h"

namespace mote::compiler {
namespace {

constexpr uint32_t kVersion = 1;
constexpr size_t kHeaderBytes = 16;  // magic, version, samples, operators (mcu_runtime/selftest.cc)

uint32_t Word(const std::string& bytes, size_t at) {
  uint32_t word = 0;
  for (size_t i = 4; i-- > 0;) word = word << 8 | static_cast<uint8_t>(bytes[at + i]);
  return word;
}

void AppendChecksum(void* sums, const mote_model* model, int32_t op) {
  static_cast<std::vector<uint32_t>*>(sums)->push_back(mote_model_checksum(model, op));
}

// The operators' checksums for the inputs that are there.
absl::Status Compute(const std::string& file, Golden* golden) {
  Inputs inputs;
  inputs.steps = golden->samples;
  inputs.bytes = golden->inputs;
  std::vector<uint32_t> sums;
  const absl::StatusOr<std::string> outputs = RunReference(file, inputs, AppendChecksum, &sums);
  if (!outputs.ok()) return outputs.status();
  const size_t operators = sums.size() / golden->samples;
  for (int s = 0; s < golden->samples; ++s) {
    const auto first = sums.begin() + static_cast<std::ptrdiff_t>(s * operators);
    golden->operators.emplace_back(first, first + static_cast<std::ptrdiff_t>(operators));
  }
  return absl::OkStatus();
}

absl::Status Damaged(const std::string& what) {
  return absl::InvalidArgumentError(
      absl::StrCat("the golden data in the file's metadata \"mote_selftest\" are ", what, "; export the model again"));
}

// The inputs of `entry`, and its checksums compared with those that are computed.
absl::StatusOr<Golden> Stored(const std::string& file, const std::string& entry, size_t input_bytes) {
  Golden golden;
  golden.is_stored = true;
  if (entry.size() < kHeaderBytes || Word(entry, 0) != MOTE_SELFTEST_MAGIC || Word(entry, 4) != kVersion) {
    return Damaged("damaged");
  }
  const size_t samples = Word(entry, 8), operators = Word(entry, 12);
  const size_t sample_bytes = input_bytes + 4 * operators, rest = entry.size() - kHeaderBytes;
  if (samples == 0 || sample_bytes == 0 || rest % sample_bytes != 0 || rest / sample_bytes != samples) {
    return Damaged("damaged");
  }
  golden.samples = static_cast<int>(samples);
  for (size_t s = 0; s < samples; ++s) golden.inputs += entry.substr(kHeaderBytes + s * sample_bytes, input_bytes);
  if (absl::Status status = Compute(file, &golden); !status.ok()) return status;
  for (size_t s = 0; s < samples; ++s) {
    const size_t at = kHeaderBytes + s * sample_bytes + input_bytes;
    if (golden.operators[s].size() != operators) return Damaged("of another number of operators");
    for (size_t op = 0; op < operators; ++op) {
      if (Word(entry, at + 4 * op) != golden.operators[s][op]) {
        return Damaged(absl::StrCat("not what operator ", op, " computes"));
      }
    }
  }
  return golden;
}

}  // namespace

absl::StatusOr<Golden> FindGolden(const std::string& file, const Network& network) {
  const int64_t input_bytes = network.input_bytes();
  const auto entry = network.model.metadata.find("mote_selftest");
  if (entry != network.model.metadata.end()) return Stored(file, entry->second, static_cast<size_t>(input_bytes));
  Golden golden;
  golden.inputs = SeededBytes(kGoldenSeed, input_bytes);
  if (absl::Status status = Compute(file, &golden); !status.ok()) return status;
  return golden;
}

}  // namespace mote::compiler
