// The "mote" entry of a model's metadata: JSON that travels in the file and that other readers ignore.
#ifndef MOTE_EXPORT_MODEL_METADATA_H_
#define MOTE_EXPORT_MODEL_METADATA_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "quantize/integer_network.h"

namespace mote {

inline constexpr char kMetadataName[] = "mote";
inline constexpr char kMinRuntimeVersionName[] = "min_runtime_version";
inline constexpr char kContract[] = "mote-int8 v1";

struct ModelMetadata {
  std::string contract;                        // arithmetic that the file was made for
  std::string tool;                            // "mote 0.1.0"
  std::vector<std::string> class_names;        // of the output's last dimension, or empty
  std::vector<std::string> layers;             // name of the layer that each operator came from
  std::vector<AccumulatorBound> accumulators;  // as proved at export
  std::map<std::string, std::string> entries;  // IntegerNetwork::metadata: "run_hash", ...
};

// An error where a name is not UTF-8.
absl::StatusOr<std::string> MetadataToJson(const ModelMetadata& metadata);

// Never fails: what is missing, malformed or of another type stays empty. The file may come from anywhere.
ModelMetadata MetadataFromJson(const std::string& json);

}  // namespace mote

#endif  // MOTE_EXPORT_MODEL_METADATA_H_
