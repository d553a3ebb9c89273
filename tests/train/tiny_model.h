// A model small enough to train in milliseconds that has one of everything that a resumed run must find again: dropout,
// a tracked buffer, a setting that only BeginEpoch tells it, parameters of unlike learning rates.
#ifndef MOTE_TESTS_TRAIN_TINY_MODEL_H_
#define MOTE_TESTS_TRAIN_TINY_MODEL_H_

#include <cmath>
#include <functional>
#include <string>
#include <utility>

#include "ATen/CPUGeneratorImpl.h"
#include "datasets/dataset.h"
#include "torch/types.h"
#include "torch/utils.h"
#include "train/fit.h"
#include "train/trainable.h"

namespace mote::testing {

inline torch::Tensor Normal(at::IntArrayRef shape, uint64_t seed, double deviation = 1.0) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  return torch::randn(shape, generator) * deviation;
}

class TinyModel : public Trainable {
 public:
  explicit TinyModel(int64_t inputs = 4, int64_t outputs = 3, double dropout = 0.2, uint64_t seed = 7)
      : dropout_(dropout) {
    parameters_ = {{"hidden.weight", Normal({inputs, 16}, seed, 0.5)},
                   {"hidden.bias", torch::zeros({16})},
                   {"out.weight", Normal({16, outputs}, seed + 1, 0.3)},
                   {"out.bias", torch::zeros({outputs})}};
    for (auto& [name, tensor] : parameters_) tensor.set_requires_grad(true);
    buffers_ = {{"mean", torch::zeros({inputs})}, {"epochs_begun", torch::zeros({}, torch::kInt64)}};
  }

  torch::Tensor Forward(const torch::Tensor& inputs, bool training) override {
    if (training && on_training_step) on_training_step(++training_steps_);
    const torch::Tensor flat = inputs.flatten(1);
    if (training && !frozen_) {
      const torch::NoGradGuard no_grad;
      buffers_[0].second.lerp_(flat.mean(0), 0.1);
    }
    torch::Tensor hidden =
        torch::relu(torch::addmm(parameters_[1].second, flat - buffers_[0].second, parameters_[0].second));
    hidden = torch::dropout(hidden, dropout_, training);
    torch::Tensor outputs = torch::addmm(parameters_[3].second, hidden, parameters_[2].second);
    return training && training_steps_ == poisoned_step ? outputs * std::nanf("") : outputs;
  }

  torch::Tensor Predict(const torch::Tensor& inputs) override {
    const torch::NoGradGuard no_grad;
    return Forward(inputs, false);
  }

  NamedTensors Parameters() override { return parameters_; }
  NamedTensors Buffers() override { return buffers_; }
  double LearningRateFactor(size_t parameter) override { return parameter == 3 ? 0.5 : 1.0; }

  void BeginEpoch(int epoch, int /*epochs*/) override {
    buffers_[1].second.add_(1);
    if (epoch == 1) frozen_ = true;  // said once and never again
  }

  // Every byte of parameters and buffers.
  std::string Bytes() {
    std::string bytes;
    for (const NamedTensors& list : {parameters_, buffers_}) {
      for (const auto& [name, tensor] : list) {
        const torch::Tensor plain = tensor.detach().contiguous();
        bytes.append(static_cast<const char*>(plain.const_data_ptr()), plain.nbytes());
      }
    }
    return bytes;
  }

  std::function<void(int)> on_training_step;  // before the step; counted from 1
  int poisoned_step = -1;                     // puts out NaN in this one; needs on_training_step

 private:
  double dropout_;
  bool frozen_ = false;
  int training_steps_ = 0;
  NamedTensors parameters_, buffers_;
};

inline torch::Tensor CloudCenters() { return Normal({3, 4}, 99, 1.5); }

// Three clouds of points in four dimensions that overlap a little.
inline Dataset Clouds(int64_t samples, uint64_t seed) {
  Dataset data;
  data.name = "clouds";
  data.class_names = {"a", "b", "c"};
  data.labels = torch::arange(samples).remainder(3);
  data.inputs = CloudCenters().index_select(0, data.labels) + Normal({samples, 4}, seed, 0.7);
  return data;
}

inline Dataset Nothing() {
  Dataset data;
  data.name = "none";
  return data;
}

inline Dataset Line(int64_t samples, uint64_t seed) {
  Dataset data;
  data.name = "line";
  data.inputs = Normal({samples, 4}, seed);
  data.targets = data.inputs.matmul(Normal({4, 3}, 5)) + 0.5;
  return data;
}

// A history as text, exact to the bit; without the times, which are never the same twice.
inline std::string HistoryText(const FitResult& result) {
  std::string text;
  char line[256];
  for (const EpochReport& r : result.epochs) {
    std::snprintf(line, sizeof(line), "%d/%d %a %a %a %a %a\n", r.epoch, r.epochs, r.train_loss, r.train_metric,
                  r.validation_loss, r.validation_metric, r.learning_rate);
    text += line;
  }
  std::snprintf(line, sizeof(line), "best %d stopped %d\n", result.best_epoch, result.stopped_early);
  return text + line;
}

}  // namespace mote::testing

#endif  // MOTE_TESTS_TRAIN_TINY_MODEL_H_
