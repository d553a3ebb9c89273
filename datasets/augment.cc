#include "datasets/augment.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "datasets/reader_parts.h"

namespace mote {

absl::Status CheckAugment(const AugmentOptions& options, const std::vector<int64_t>& sample_shape) {
  if (options.shift < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("augment.shift: ", options.shift, " is negative; give pixels, 0 or more"));
  }
  if (!(options.noise >= 0.0) || !std::isfinite(options.noise)) {
    return absl::InvalidArgumentError(
        absl::StrCat("augment.noise: ", options.noise, " is no standard deviation; give 0 or more"));
  }
  if (options.shift > 0 && sample_shape.size() != 3) {
    return absl::InvalidArgumentError(absl::StrCat("augment.shift: samples have shape ", ShapeText(sample_shape),
                                                   "; only images [height, width, channels] can be shifted"));
  }
  if (options.shift > 0 && options.shift >= std::min(sample_shape[0], sample_shape[1])) {
    return absl::InvalidArgumentError(absl::StrCat("augment.shift: ", options.shift, " pixels empty images of shape ",
                                                   ShapeText(sample_shape), "; stay below height and width"));
  }
  return absl::OkStatus();
}

torch::Tensor Augment(const torch::Tensor& inputs, const AugmentOptions& options, at::Generator& generator) {
  const at::NoGradGuard no_gradient;
  torch::Tensor result;
  if (options.shift != 0) {
    TORCH_CHECK(inputs.dim() == 4 && inputs.scalar_type() == torch::kFloat32 && options.shift > 0,
                "Augment: shift needs float32 [B, height, width, channels]; CheckAugment tells beforehand");
    const torch::Tensor source = inputs.contiguous();
    result = torch::zeros_like(source);
    const int64_t batch = source.size(0), height = source.size(1), width = source.size(2), channels = source.size(3);
    const torch::Tensor shifts =
        at::randint(-options.shift, options.shift + 1, {batch, 2}, generator, at::TensorOptions().dtype(at::kLong));
    const int64_t* shift = shifts.data_ptr<int64_t>();
    const float* from = source.data_ptr<float>();
    float* to = result.data_ptr<float>();
    const int64_t row = width * channels, image = height * row;
    for (int64_t b = 0; b < batch; ++b, from += image, to += image) {
      const int64_t dy = shift[2 * b], dx = shift[2 * b + 1];
      const int64_t kept = width - std::abs(dx);
      if (kept <= 0) continue;
      for (int64_t y = std::max<int64_t>(0, dy); y < std::min(height, height + dy); ++y) {
        std::memcpy(to + y * row + std::max<int64_t>(0, dx) * channels,
                    from + (y - dy) * row + std::max<int64_t>(0, -dx) * channels,
                    static_cast<size_t>(kept * channels) * sizeof(float));
      }
    }
  } else {
    result = inputs.clone(at::MemoryFormat::Contiguous);
  }
  if (options.noise != 0.0) result.add_(at::empty_like(result).normal_(0.0, options.noise, generator));
  return result;
}

}  // namespace mote
