// Augmentation: hooks that training calls on each batch, seeded by it.
#ifndef MOTE_DATASETS_AUGMENT_H_
#define MOTE_DATASETS_AUGMENT_H_

#include <cstdint>
#include <vector>

#include "ATen/core/Generator.h"
#include "absl/status/status.h"
#include "torch/types.h"

namespace mote {

struct AugmentOptions {
  int64_t shift = 0;   // whole pixels, uniform in [-shift, shift] along height and width; uncovered pixels become 0
  double noise = 0.0;  // standard deviation of added Gaussian noise, in units of the inputs
  bool any() const { return shift != 0 || noise != 0.0; }
};

// Says which option does not suit samples of this shape ([height, width, channels] for shift, which must stay below
// height and width). Ask once before training: Augment takes it for granted.
absl::Status CheckAugment(const AugmentOptions& options, const std::vector<int64_t>& sample_shape);

// `inputs` float32 [B, height, width, channels] (shift needs this rank) or [B, ...]; a new tensor, the generator
// advanced (by what the options use; not at all without any). Shift comes first, noise falls on uncovered pixels too.
torch::Tensor Augment(const torch::Tensor& inputs, const AugmentOptions& options, at::Generator& generator);

}  // namespace mote

#endif  // MOTE_DATASETS_AUGMENT_H_
