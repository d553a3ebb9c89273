// FloatNetwork: the LibTorch modules of a Network, trainable in float32.
//
// Activations are NCHW tensors in channels-last memory, so that NHWC data is a view of them and no layer copies.
#ifndef MOTE_TRAIN_FLOAT_NETWORK_H_
#define MOTE_TRAIN_FLOAT_NETWORK_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "train/network.h"
#include "train/trainable.h"

namespace mote {

class FloatNetwork : public Trainable {
 public:
  // Initialised from `seed` (He normal for layers before a ReLU, Glorot uniform elsewhere, biases 0).
  static absl::StatusOr<std::unique_ptr<FloatNetwork>> Create(const Network& network, uint64_t seed);

  const Network& network() const { return network_; }
  const std::vector<Shape>& shapes() const { return shapes_; }  // of every layer's output, per sample

  torch::Tensor Forward(const torch::Tensor& inputs, bool training) override;
  torch::Tensor Predict(const torch::Tensor& inputs) override;
  NamedTensors Parameters() override { return parameters_; }
  NamedTensors Buffers() override { return buffers_; }

  // Every layer's output for `inputs`, evaluation mode, in the order of the layers; images as NCHW.
  std::vector<torch::Tensor> Activations(const torch::Tensor& inputs);

  // "stem.weight", "stem.bias", "norm.gamma", "norm.beta", "norm.mean", "norm.variance". Weights: conv [O, I, kh, kw],
  // depthwise [C * multiplier, 1, kh, kw], dense [out, in]. Dies on an unknown name.
  const torch::Tensor& Get(const std::string& name) const;
  bool Has(const std::string& name) const;

 private:
  FloatNetwork() = default;
  std::vector<torch::Tensor> Run(const torch::Tensor& inputs, bool training, bool keep_all);

  Network network_;
  std::vector<Shape> shapes_;
  NamedTensors parameters_, buffers_;
};

}  // namespace mote

#endif  // MOTE_TRAIN_FLOAT_NETWORK_H_
