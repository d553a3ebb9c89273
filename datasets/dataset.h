// Dataset: the one type that leaves this room. Samples and what is to be learnt of them, in memory.
//
// Shapes follow TensorFlow Lite: images are [N, height, width, channels]. Nothing here knows of networks.
#ifndef MOTE_DATASETS_DATASET_H_
#define MOTE_DATASETS_DATASET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "torch/types.h"

namespace mote {

struct Dataset {
  std::string name;                        // for messages and manifests
  torch::Tensor inputs;                    // float32, [N, ...sample shape], contiguous, finite
  torch::Tensor labels;                    // int64 [N], 0..class_names.size()-1; undefined where there are none
  torch::Tensor targets;                   // float32 [N, ...]: what a regression learns; undefined where there is none
  std::vector<std::string> class_names;    // one a class; empty without labels
  std::vector<std::string> feature_names;  // one a value of the last dimension, or empty
  std::string unit;                        // of the inputs: "ink, 0..1", "°C", "" where unknown

  int64_t size() const { return inputs.defined() ? inputs.size(0) : 0; }
  std::vector<int64_t> sample_shape() const { return inputs.sizes().slice(1).vec(); }
};

// Training, validation and test part of one dataset: disjoint, their union is the whole.
struct Splits {
  Dataset train;
  Dataset validation;
  Dataset test;
};

// The samples `indices` (int64 [M], each in 0..N-1), in that order.
Dataset Select(const Dataset& dataset, const torch::Tensor& indices);

// Says what is inconsistent (lengths, label range, a NaN or infinity with its sample index); OK where nothing is.
absl::Status Validate(const Dataset& dataset);

// SHA-256 (hex) over names, shapes and values: what a manifest records of the data.
std::string Fingerprint(const Dataset& dataset);

struct SplitOptions {
  double validation_fraction = 0.1;  // of all samples, [0, 1)
  double test_fraction = 0.2;        // of all samples, [0, 1); the three parts must all be non-empty where asked for
  uint64_t seed = 0;                 // the split is a function of (size, labels, seed) alone: the same on every machine
};

// A random split, stratified by label where there are labels (each class keeps its share within one sample).
absl::StatusOr<Splits> Split(const Dataset& dataset, const SplitOptions& options);

}  // namespace mote

#endif  // MOTE_DATASETS_DATASET_H_
