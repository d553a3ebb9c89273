// IntegerNetwork <-> TensorFlow Lite flatbuffer (identifier TFL3, schema version 3; export/schema/tflite.fbs is our
// text).
#ifndef MOTE_EXPORT_TFLITE_H_
#define MOTE_EXPORT_TFLITE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "quantize/integer_network.h"

namespace mote {

inline constexpr int64_t kMaxSelftestSamples = 1000;

struct ExportOptions {
  // How many samples of golden data for mote_selftest, at most kMaxSelftestSamples; absent: one where the inputs are at
  // most 1 KB, else none.
  std::optional<int64_t> selftest;
};

// The file's bytes: a function of the network and the options. Validates, and proves that no accumulator leaves int32;
// fails by layer name. Tensors keep their indices; convolutions without a bias get one of zeros behind all other
// tensors, because LiteRT wants one. Metadata: "min_runtime_version", "mote" (JSON: run hash, class names, contract,
// accumulator bounds), "mote_selftest".
absl::StatusOr<std::string> ToTflite(const IntegerNetwork& network, const ExportOptions& options = {});

// Back: any file whose operators and types IntegerNetwork has. Verified before use (the runtime's reader, then
// structure); names the operator or tensor that is not supported.
absl::StatusOr<IntegerNetwork> FromTflite(const std::string& bytes, const std::string& file_name = "model");

absl::Status ExportTflite(const IntegerNetwork& network, const std::string& path,
                          const ExportOptions& options = {});  // atomic
absl::StatusOr<IntegerNetwork> ImportTflite(const std::string& path);

}  // namespace mote

#endif  // MOTE_EXPORT_TFLITE_H_
