#include "quantize/calibrate.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "torch/utils.h"

namespace mote {
namespace {

// Values kept for percentiles and squared errors: enough for both, whatever the network.
constexpr int64_t kKeptValues = 200000;

struct Observed {
  Range range;
  std::vector<float> values;  // an even sample of them
  bool any = false;

  void See(const torch::Tensor& tensor, bool keep, int64_t budget) {
    const auto [low, high] = at::aminmax(tensor);
    const float lowest = low.item<float>(), highest = high.item<float>();
    range.low = any ? std::min(range.low, lowest) : lowest;
    range.high = any ? std::max(range.high, highest) : highest;
    any = true;
    if (!keep) return;
    const torch::Tensor flat = tensor.contiguous().view(-1);
    const int64_t step = std::max<int64_t>(1, flat.numel() / std::max<int64_t>(1, budget));
    const float* data = flat.data_ptr<float>();
    for (int64_t i = 0; i < flat.numel(); i += step) values.push_back(data[i]);
  }
};

Range PercentileRange(Observed& seen, double percentile) {
  std::sort(seen.values.begin(), seen.values.end());
  const double last = static_cast<double>(seen.values.size() - 1);
  const size_t high = static_cast<size_t>(std::ceil(last * percentile / 100.0));
  const size_t low = static_cast<size_t>(std::floor(last * (1.0 - percentile / 100.0)));
  return {seen.values[low], seen.values[high]};
}

// The share of the full range that makes the sum of squared quantization errors smallest.
Range SmallestErrorRange(const Observed& seen) {
  Range best = seen.range;
  double least = -1.0;
  for (int percent = 100; percent >= 20; percent -= 2) {
    const float share = static_cast<float>(percent) / 100.0F;
    const Range range{seen.range.low * share, seen.range.high * share};
    const auto [scale, zero] = FromRange(range);
    double error = 0.0;
    for (float value : seen.values) {
      const float code = std::clamp(std::nearbyint(value / scale) + static_cast<float>(zero), -128.0F, 127.0F);
      const double difference = static_cast<double>((code - static_cast<float>(zero)) * scale - value);
      error += difference * difference;
    }
    if (least < 0.0 || error < least) least = error, best = range;
  }
  return best;
}

}  // namespace

ScaleAndZero FromRange(Range range) {
  const double low = std::min(0.0, static_cast<double>(range.low)),
               high = std::max(0.0, static_cast<double>(range.high));
  // A value that is always 0 takes any scale.
  if (!(high - low > 1e-12)) return {1.0F, 0};
  ScaleAndZero result;
  result.scale = static_cast<float>((high - low) / 255.0);
  result.zero_point =
      static_cast<int32_t>(std::clamp(std::round(-128.0 - low / static_cast<double>(result.scale)), -128.0, 127.0));
  return result;
}

absl::StatusOr<std::vector<Range>> Calibrate(FloatNetwork& source, const LoweredNetwork& lowered, const Dataset& data,
                                             const QuantizeOptions& options) {
  if (options.calibration_samples < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("calibration_samples is ", options.calibration_samples, "; it must be at least 1"));
  }
  if (!(options.percentile > 50.0 && options.percentile <= 100.0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("percentile is ", options.percentile, "; it must be more than 50 and at most 100"));
  }
  if (data.size() == 0) return absl::InvalidArgumentError("calibration needs at least one sample");
  if (data.sample_shape() != source.network().input_shape) {
    return absl::InvalidArgumentError(
        absl::StrCat("calibration data '", data.name, "' does not have the shape of the network's input"));
  }
  const int64_t count = std::min<int64_t>(options.calibration_samples, data.size());
  const torch::Tensor indices = at::arange(count, torch::kInt64).mul(data.size()).floor_divide(count);
  const torch::Tensor inputs = data.inputs.index_select(0, indices);

  std::vector<std::set<int>> layers(static_cast<size_t>(lowered.groups));  // whose outputs make up each group
  for (const LoweredValue& value : lowered.values) layers[value.group].insert(value.layer);
  std::vector<Observed> seen(static_cast<size_t>(lowered.groups));
  constexpr int64_t kBatch = 128;
  const bool keep = options.calibration != Calibration::kMinMax;
  const int64_t budget = kKeptValues * kBatch / std::max(count, kBatch);
  for (int64_t begin = 0; begin < count; begin += kBatch) {
    const std::vector<torch::Tensor> values =
        source.Activations(inputs.slice(0, begin, std::min(begin + kBatch, count)));
    for (int group = 0; group < lowered.groups; ++group) {
      for (int layer : layers[group]) {
        if (!values[layer].isfinite().all().item<bool>()) {
          return absl::InvalidArgumentError(
              absl::StrCat("layer '", source.network().layers[layer].name,
                           "' puts out values that are not finite: the network has diverged, train it anew"));
        }
        seen[group].See(values[layer], keep, budget);
      }
    }
  }
  std::vector<Range> ranges;
  for (Observed& group : seen) {
    switch (options.calibration) {
      case Calibration::kMinMax:
        ranges.push_back(group.range);
        break;
      case Calibration::kPercentile:
        ranges.push_back(PercentileRange(group, options.percentile));
        break;
      case Calibration::kMeanSquaredError:
        ranges.push_back(SmallestErrorRange(group));
        break;
    }
  }
  return ranges;
}

}  // namespace mote
