// What Fit refuses before its first step.
#ifndef MOTE_TRAIN_FIT_CHECKS_H_
#define MOTE_TRAIN_FIT_CHECKS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "train/fit.h"

namespace mote {

// Whether `data` holds what the options' task learns. `part`: "training" or "validation", for the messages.
absl::Status CheckFitData(const Dataset& data, const char* part, const FitOptions& options);

// One weight a class, samples / (classes * samples of the class); an error names a class without samples.
absl::StatusOr<std::vector<double>> BalancedClassWeights(const Dataset& data);

}  // namespace mote

#endif  // MOTE_TRAIN_FIT_CHECKS_H_
