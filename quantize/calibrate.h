// Calibration: from the values that a float network takes on data to a scale and zero point for each group of values.
#ifndef MOTE_QUANTIZE_CALIBRATE_H_
#define MOTE_QUANTIZE_CALIBRATE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "quantize/lower.h"
#include "quantize/quantize.h"

namespace mote {

// Scale and zero point for real values in [low, high] (widened to hold 0), int8.
struct Range {
  float low = 0, high = 0;
};
struct ScaleAndZero {
  float scale = 1.0F;
  int32_t zero_point = 0;
};
ScaleAndZero FromRange(Range range);

// One entry a group, by running at most options.calibration_samples of `data` (evenly spaced) through `source`.
absl::StatusOr<std::vector<Range>> Calibrate(FloatNetwork& source, const LoweredNetwork& lowered, const Dataset& data,
                                             const QuantizeOptions& options);

}  // namespace mote

#endif  // MOTE_QUANTIZE_CALIBRATE_H_
