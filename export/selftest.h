// Golden data for mote_selftest: inputs, and the checksum of every operator's outputs. Internal.
#ifndef MOTE_EXPORT_SELFTEST_H_
#define MOTE_EXPORT_SELFTEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mote {

inline constexpr char kSelftestName[] =
    "mote_selftest";  // of the metadata entry; mcu_runtime/selftest.cc has its layout

// Runs `file` on seeded pseudo-random codes; gives the entry's bytes: a function of file and number of samples.
absl::StatusOr<std::string> MakeSelftest(const std::string& file, int64_t samples);

// Runs what `file` holds of it.
absl::Status RunSelftest(const std::string& file);

// How many samples an entry's bytes hold; nothing where they are not such an entry.
std::optional<int64_t> SelftestSamples(std::string_view entry);

// Bytes of all inputs of one sample; 0 where the file cannot be loaded.
int64_t InputBytes(const std::string& file);

}  // namespace mote

#endif  // MOTE_EXPORT_SELFTEST_H_
