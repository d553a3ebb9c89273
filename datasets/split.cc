#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "datasets/dataset.h"
#include "datasets/random.h"

namespace mote {
namespace {

constexpr int kParts = 3;  // train, validation, test
constexpr int64_t kUnit = 1'000'000'000;
constexpr int64_t kMaxSamples = int64_t{1} << 32;  // times kUnit stays inside int64

using Counts = std::array<int64_t, kParts>;

absl::Status CheckFraction(const char* name, double fraction) {
  if (fraction >= 0.0 && fraction < 1.0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", fraction, " is not in [0, 1)"));
}

// How many of `count` samples go to each part: shares rounded down, then one each to the parts that lag most. `lag`, in
// samples times kUnit, carries the rounding from group to group, so that totals stay true too.
Counts Apportion(int64_t count, const Counts& shares, Counts& lag) {
  Counts result, order = {0, 1, 2};
  int64_t left = count;
  std::array<bool, kParts> whole;
  for (int p = 0; p < kParts; ++p) {
    const int64_t quota = count * shares[p];
    result[p] = quota / kUnit;
    whole[p] = quota % kUnit == 0;
    lag[p] += quota % kUnit;
    left -= result[p];
  }
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return lag[a] > lag[b]; });
  for (int64_t p : order) {
    if (left == 0) break;
    if (whole[p]) continue;  // its share is exact: one more would be off by one whole sample
    ++result[p];
    lag[p] -= kUnit;
    --left;
  }
  return result;
}

}  // namespace

absl::StatusOr<Splits> Split(const Dataset& dataset, const SplitOptions& options) {
  if (auto status = Validate(dataset); !status.ok()) return status;
  if (auto status = CheckFraction("validation_fraction", options.validation_fraction); !status.ok()) return status;
  if (auto status = CheckFraction("test_fraction", options.test_fraction); !status.ok()) return status;
  const int64_t size = dataset.size();
  if (size > kMaxSamples) return absl::InvalidArgumentError(absl::StrCat(size, " samples are too many to split"));
  Counts shares;
  shares[1] = std::llround(options.validation_fraction * static_cast<double>(kUnit));
  shares[2] = std::llround(options.test_fraction * static_cast<double>(kUnit));
  shares[0] = kUnit - shares[1] - shares[2];
  if (shares[0] <= 0) {
    return absl::InvalidArgumentError(absl::StrCat("validation_fraction ", options.validation_fraction,
                                                   " and test_fraction ", options.test_fraction,
                                                   " leave nothing to train on; their sum must be below 1"));
  }

  std::vector<std::vector<int64_t>> groups(std::max<size_t>(1, dataset.class_names.size()));
  const int64_t* labels = dataset.labels.defined() ? dataset.labels.data_ptr<int64_t>() : nullptr;
  for (int64_t i = 0; i < size; ++i) groups[labels != nullptr ? static_cast<size_t>(labels[i]) : 0].push_back(i);

  SplitMix64 random(options.seed);
  std::array<std::vector<int64_t>, kParts> parts;
  Counts lag = {0, 0, 0};
  for (auto& group : groups) {
    const Counts counts = Apportion(static_cast<int64_t>(group.size()), shares, lag);
    Shuffle(group, random);
    auto next = group.begin();
    for (int p = kParts - 1; p >= 0; --p) {
      parts[p].insert(parts[p].end(), next, next + counts[p]);
      next += counts[p];
    }
  }
  static constexpr const char* kNames[kParts] = {"train", "validation", "test"};
  std::array<Dataset, kParts> results;
  for (int p = 0; p < kParts; ++p) {
    if (parts[p].empty() && shares[p] > 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("dataset '", dataset.name, "': ", size, " samples leave the ", kNames[p],
                       " part empty; give more samples or other fractions (0 for a part that is not wanted)"));
    }
    std::sort(parts[p].begin(), parts[p].end());
    results[p] = Select(dataset, torch::tensor(parts[p], torch::kInt64));
  }
  return Splits{std::move(results[0]), std::move(results[1]), std::move(results[2])};
}

}  // namespace mote
