#include <algorithm>
#include <cmath>
#include <numbers>

#include "train/fit.h"

namespace mote {

double ScheduleFactor(const ScheduleOptions& options, double epochs_done, int epochs) {
  const double warmup = options.warmup_epochs > 0 ? std::clamp(epochs_done / options.warmup_epochs, 0.0, 1.0) : 1.0;
  switch (options.kind) {
    case ScheduleOptions::Kind::kConstant:
      return warmup;
    case ScheduleOptions::Kind::kStep:
      return warmup * std::pow(options.step_factor, std::floor(epochs_done / options.step_epochs));
    case ScheduleOptions::Kind::kCosine: {
      const double length = epochs - options.warmup_epochs;
      const double t = length > 0 ? std::clamp((epochs_done - options.warmup_epochs) / length, 0.0, 1.0) : 1.0;
      const double falling = 0.5 * (1.0 + std::cos(std::numbers::pi * t));
      return warmup * (options.final_fraction + (1.0 - options.final_fraction) * falling);
    }
  }
  return warmup;
}

}  // namespace mote
