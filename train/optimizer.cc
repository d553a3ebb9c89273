#include "train/optimizer.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "torch/nn/utils/clip_grad.h"
#include "torch/optim.h"
#include "torch/types.h"

namespace mote {
namespace {

using Kind = OptimizerOptions::Kind;

std::unique_ptr<torch::optim::OptimizerOptions> GroupOptions(const OptimizerOptions& options, bool decays) {
  const double decay = decays ? options.weight_decay : 0.0;
  switch (options.kind) {
    case Kind::kAdam: {
      auto group = std::make_unique<torch::optim::AdamOptions>(options.learning_rate);
      group->betas({options.beta1, options.beta2}).eps(options.epsilon).weight_decay(decay);
      return group;
    }
    case Kind::kAdamW: {
      auto group = std::make_unique<torch::optim::AdamWOptions>(options.learning_rate);
      group->betas({options.beta1, options.beta2}).eps(options.epsilon).weight_decay(decay);
      return group;
    }
    case Kind::kSgd: {
      auto group = std::make_unique<torch::optim::SGDOptions>(options.learning_rate);
      group->momentum(options.momentum).nesterov(options.nesterov).weight_decay(decay);
      return group;
    }
  }
  return nullptr;
}

std::unique_ptr<torch::optim::Optimizer> MakeOptimizer(Kind kind, double learning_rate,
                                                       const std::vector<torch::optim::OptimizerParamGroup>& groups) {
  switch (kind) {
    case Kind::kAdam:
      return std::make_unique<torch::optim::Adam>(groups, torch::optim::AdamOptions(learning_rate));
    case Kind::kAdamW:
      return std::make_unique<torch::optim::AdamW>(groups, torch::optim::AdamWOptions(learning_rate));
    case Kind::kSgd:
      return std::make_unique<torch::optim::SGD>(groups, torch::optim::SGDOptions(learning_rate));
  }
  return nullptr;
}

template <typename State>
void AppendAdamState(const torch::optim::OptimizerParamState& base, const std::string& prefix, NamedTensors& into) {
  const auto& state = static_cast<const State&>(base);
  into.emplace_back(prefix + "step", torch::tensor(state.step(), torch::kInt64));
  into.emplace_back(prefix + "exp_avg", state.exp_avg());
  into.emplace_back(prefix + "exp_avg_sq", state.exp_avg_sq());
}

// The tensor `name`, cloned; an error where its dtype or shape is not that of `like`.
absl::StatusOr<torch::Tensor> Take(const Checkpoint& checkpoint, const std::string& name, const torch::Tensor& like) {
  const torch::Tensor* found = checkpoint.Find(name);
  if (found == nullptr) return absl::InvalidArgumentError(absl::StrCat("checkpoint: tensor '", name, "' is missing"));
  torch::Tensor copy = torch::empty_like(like, torch::TensorOptions().requires_grad(false));
  if (absl::Status status = RestoreTensors(checkpoint, "", {{name, copy}}); !status.ok()) return status;
  return copy;
}

template <typename State>
absl::StatusOr<std::unique_ptr<torch::optim::OptimizerParamState>> TakeAdamState(const Checkpoint& checkpoint,
                                                                                 const std::string& prefix,
                                                                                 const torch::Tensor& parameter) {
  auto step = Take(checkpoint, prefix + "step", torch::zeros({}, torch::kInt64));
  if (!step.ok()) return step.status();
  auto mean = Take(checkpoint, prefix + "exp_avg", parameter);
  if (!mean.ok()) return mean.status();
  auto square = Take(checkpoint, prefix + "exp_avg_sq", parameter);
  if (!square.ok()) return square.status();
  auto state = std::make_unique<State>();
  state->step(step->template item<int64_t>());
  state->exp_avg(*std::move(mean));
  state->exp_avg_sq(*std::move(square));
  return state;
}

}  // namespace

Optimizer::Optimizer(Trainable& model, const OptimizerOptions& options) : kind_(options.kind) {
  std::map<std::pair<double, bool>, size_t> group_of;
  std::vector<std::vector<torch::Tensor>> members;
  std::vector<bool> decays;
  const NamedTensors named = model.Parameters();
  for (size_t i = 0; i < named.size(); ++i) {
    parameters_.push_back(named[i].second);
    const std::pair<double, bool> key(model.LearningRateFactor(i), model.Decays(i));
    const auto [position, is_new] = group_of.emplace(key, members.size());
    if (is_new) {
      members.emplace_back();
      group_factors_.push_back(key.first);
      decays.push_back(key.second);
    }
    members[position->second].push_back(named[i].second);
  }
  std::vector<torch::optim::OptimizerParamGroup> groups;
  for (std::vector<torch::Tensor>& member : members) groups.emplace_back(std::move(member));
  optimizer_ = MakeOptimizer(kind_, options.learning_rate, groups);
  // Set afterwards: the constructor would overwrite what happens to equal LibTorch's default with the optimizer's own.
  for (size_t g = 0; g < members.size(); ++g) {
    optimizer_->param_groups()[g].set_options(GroupOptions(options, decays[g]));
  }
}

Optimizer::~Optimizer() = default;

double Optimizer::ClipGradients(double max_norm) { return torch::nn::utils::clip_grad_norm_(parameters_, max_norm); }

void Optimizer::Step(double learning_rate) {
  auto& groups = optimizer_->param_groups();
  for (size_t g = 0; g < groups.size(); ++g) groups[g].options().set_lr(learning_rate * group_factors_[g]);
  optimizer_->step();
  optimizer_->zero_grad();
}

NamedTensors Optimizer::State() const {
  NamedTensors named;
  auto& states = optimizer_->state();
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const auto found = states.find(parameters_[i].unsafeGetTensorImpl());
    if (found == states.end()) continue;
    const std::string prefix = absl::StrCat(i, ".");
    switch (kind_) {
      case Kind::kAdam:
        AppendAdamState<torch::optim::AdamParamState>(*found->second, prefix, named);
        break;
      case Kind::kAdamW:
        AppendAdamState<torch::optim::AdamWParamState>(*found->second, prefix, named);
        break;
      case Kind::kSgd: {
        const auto& state = static_cast<const torch::optim::SGDParamState&>(*found->second);
        if (state.momentum_buffer().defined()) named.emplace_back(prefix + "momentum_buffer", state.momentum_buffer());
        break;
      }
    }
  }
  return named;
}

absl::Status Optimizer::Restore(const Checkpoint& checkpoint) {
  auto& states = optimizer_->state();
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const std::string prefix = absl::StrCat("optimizer.", i, ".");
    // A parameter that never had a gradient has no state.
    if (checkpoint.Find(prefix + (kind_ == Kind::kSgd ? "momentum_buffer" : "step")) == nullptr) continue;
    absl::StatusOr<std::unique_ptr<torch::optim::OptimizerParamState>> state;
    switch (kind_) {
      case Kind::kAdam:
        state = TakeAdamState<torch::optim::AdamParamState>(checkpoint, prefix, parameters_[i]);
        break;
      case Kind::kAdamW:
        state = TakeAdamState<torch::optim::AdamWParamState>(checkpoint, prefix, parameters_[i]);
        break;
      case Kind::kSgd: {
        auto buffer = Take(checkpoint, prefix + "momentum_buffer", parameters_[i]);
        if (!buffer.ok()) return buffer.status();
        auto sgd = std::make_unique<torch::optim::SGDParamState>();
        sgd->momentum_buffer(*std::move(buffer));
        state = std::move(sgd);
        break;
      }
    }
    if (!state.ok()) return state.status();
    states[parameters_[i].unsafeGetTensorImpl()] = *std::move(state);
  }
  return absl::OkStatus();
}

}  // namespace mote
