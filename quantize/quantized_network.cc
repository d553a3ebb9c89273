// The bit-true quantized network: a forward pass of exact integers and the straight-through backward pass beside it.
#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "quantize/calibrate.h"
#include "quantize/integer_ops.h"
#include "quantize/lower.h"
#include "quantize/quantize.h"
#include "quantize/quantized_state.h"
#include "torch/csrc/autograd/custom_function.h"
#include "torch/utils.h"
#include "train/window.h"

namespace mote {
namespace {

// Quantized weights of one operator and the end of its sums, as of now.
struct Constants {
  QuantizedWeights weights;
  Requantization end;
  AddParameters add;
  SoftmaxParameters softmax;
  CodeRange centred;
};

}  // namespace

// One forward pass: what its backward pass needs.
struct QuantizedNetwork::Pass {
  std::vector<torch::Tensor> values;  // centred codes
  std::vector<Constants> constants;   // one an operator
  std::vector<torch::Tensor>
      residuals;  // one an operator; undefined where nothing is rounded or no gradient is asked for
};

QuantizedNetwork::QuantizedNetwork(std::unique_ptr<State> state) : state_(std::move(state)) {}
QuantizedNetwork::~QuantizedNetwork() = default;

const Network& QuantizedNetwork::network() const { return state_->network; }

absl::StatusOr<std::unique_ptr<QuantizedNetwork>> QuantizedNetwork::CreateEmpty(const Network& network,
                                                                                const QuantizeOptions& options) {
  absl::StatusOr<LoweredNetwork> lowered = Lower(network);
  if (!lowered.ok()) return lowered.status();
  if (!(options.tracking_momentum > 0.0 && options.tracking_momentum <= 1.0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("tracking_momentum is ", options.tracking_momentum, "; it must be more than 0 and at most 1"));
  }
  if (!(options.freeze_fraction >= 0.0 && options.freeze_fraction <= 1.0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("freeze_fraction is ", options.freeze_fraction, "; it must be at least 0 and at most 1"));
  }
  auto state = std::make_unique<State>();
  state->network = network;
  state->options = options;
  state->lowered = *std::move(lowered);
  for (const LoweredOperator& op : state->lowered.operators) {
    if (!op.has_weights()) {
      state->weights.emplace_back();
      state->biases.emplace_back();
      continue;
    }
    state->weights.push_back(torch::zeros(WeightShape(state->lowered, op)));
    state->biases.push_back(torch::zeros({state->lowered.values[op.output].shape.back()}));
  }
  for (int group = 0; group < state->lowered.groups; ++group) {
    state->log_scales.push_back(torch::zeros({}));
    state->zero_points.push_back(torch::zeros({}, torch::kInt32));
    state->ranges.push_back(torch::zeros({2}));
  }
  state->List();
  return std::unique_ptr<QuantizedNetwork>(new QuantizedNetwork(std::move(state)));
}

absl::StatusOr<std::unique_ptr<QuantizedNetwork>> QuantizedNetwork::Create(FloatNetwork& source, const Dataset& data,
                                                                           const QuantizeOptions& options) {
  absl::StatusOr<std::unique_ptr<QuantizedNetwork>> result = CreateEmpty(source.network(), options);
  if (!result.ok()) return result.status();
  State& state = *(*result)->state_;
  absl::StatusOr<std::vector<Range>> ranges = Calibrate(source, state.lowered, data, options);
  if (!ranges.ok()) return ranges.status();
  for (size_t i = 0; i < state.lowered.operators.size(); ++i) {
    const LoweredOperator& op = state.lowered.operators[i];
    if (op.has_weights()) std::tie(state.weights[i], state.biases[i]) = FoldedWeights(source, state.lowered, op);
  }
  for (int group = 0; group < state.lowered.groups; ++group) state.SetRange(group, (*ranges)[group]);
  state.List();
  return result;
}

void QuantizedNetwork::State::SetRange(int group, Range range) {
  torch::NoGradGuard no_grad;
  const auto [scale, zero_point] = FromRange(range);
  log_scales[group].fill_(std::log(static_cast<double>(scale)));
  zero_points[group].fill_(zero_point);
  ranges[group][0] = range.low;
  ranges[group][1] = range.high;
}

ScaleAndZero QuantizedNetwork::State::Quantizer(int value) const {
  const int group = lowered.values[value].group;
  if (lowered.fixed[group]) return {1.0F / 256.0F, -128};
  return {static_cast<float>(std::exp(static_cast<double>(log_scales[group].item<float>()))),
          zero_points[group].item<int32_t>()};
}

void QuantizedNetwork::State::List() {
  parameters.clear();
  buffers.clear();
  kinds.clear();
  auto add = [&](const std::string& name, const torch::Tensor& tensor, Kind kind, int index) {
    tensor.requires_grad_(true);
    parameters.emplace_back(name, tensor);
    kinds.push_back({kind, index});
  };
  for (size_t i = 0; i < lowered.operators.size(); ++i) {
    const LoweredOperator& op = lowered.operators[i];
    if (!op.has_weights()) continue;
    add(op.name + ".weight", weights[i], Kind::kWeight, static_cast<int>(i));
    if (HasBias(network, op)) add(op.name + ".bias", biases[i], Kind::kBias, static_cast<int>(i));
  }
  // The input's scale is what the firmware applies to its samples: calibrated, not trained.
  const int input_group = lowered.values[0].group;
  for (int group = 0; group < lowered.groups; ++group) {
    const std::string name = absl::StrCat("quantizer.", group);
    if (lowered.fixed[group]) continue;
    if (options.scales == ScaleLearning::kLearned && group != input_group) {
      add(name + ".log_scale", log_scales[group], Kind::kScale, group);
    } else {
      buffers.emplace_back(name + ".log_scale", log_scales[group]);
    }
    buffers.emplace_back(name + ".zero_point", zero_points[group]);
    buffers.emplace_back(name + ".range", ranges[group]);
  }
}

NamedTensors QuantizedNetwork::Parameters() { return state_->parameters; }
NamedTensors QuantizedNetwork::Buffers() { return state_->buffers; }
double QuantizedNetwork::LearningRateFactor(size_t) { return 1.0; }
bool QuantizedNetwork::Decays(size_t parameter) { return state_->kinds[parameter].kind == State::Kind::kWeight; }

void QuantizedNetwork::BeginEpoch(int epoch, int epochs) {
  state_->frozen = epoch >= static_cast<int>(std::ceil((1.0 - state_->options.freeze_fraction) * epochs));
}

QuantizedWeights QuantizedNetwork::State::Weights(size_t index) const {
  const LoweredOperator& op = lowered.operators[index];
  const bool per_channel = op.kind != OperatorKind::kFullyConnected || options.per_channel_dense;
  return QuantizeWeights(weights[index], biases[index], Quantizer(op.inputs[0]).scale, per_channel);
}

CodeRange QuantizedNetwork::State::Centred(const LoweredOperator& op) const {
  const auto [scale, zero_point] = Quantizer(op.output);
  const Activation activation = op.kind == OperatorKind::kRelu    ? Activation::kRelu
                                : op.kind == OperatorKind::kRelu6 ? Activation::kRelu6
                                                                  : op.activation;
  const CodeRange range = ActivationRange(activation, scale, zero_point);
  return {range.low - zero_point, range.high - zero_point};
}

namespace {

// NHWC order of the file and back, where a reshape changes the rank.
torch::Tensor ReshapeCodes(const torch::Tensor& input, const Shape& shape) {
  const int64_t samples = input.size(0);
  const torch::Tensor rows = input.dim() == 4 ? input.permute({0, 2, 3, 1}) : input;
  if (shape.size() == 1) return rows.reshape({samples, shape[0]});
  return rows.reshape({samples, shape[0], shape[1], shape[2]}).permute({0, 3, 1, 2});
}

double LargestInput(int32_t zero_point) { return std::max(127 - zero_point, zero_point + 128); }

}  // namespace

QuantizedNetwork::Pass QuantizedNetwork::Run(const torch::Tensor& input, bool residuals) const {
  const LoweredNetwork& lowered = state_->lowered;
  Pass pass;
  pass.values.resize(lowered.values.size());
  pass.constants.resize(lowered.operators.size());
  pass.residuals.resize(lowered.operators.size());
  pass.values[0] = input;
  std::vector<ScaleAndZero> quantizers;
  for (size_t v = 0; v < lowered.values.size(); ++v) quantizers.push_back(state_->Quantizer(static_cast<int>(v)));
  for (size_t i = 0; i < lowered.operators.size(); ++i) {
    const LoweredOperator& op = lowered.operators[i];
    const torch::Tensor& x = pass.values[op.inputs[0]];
    const ScaleAndZero& in = quantizers[op.inputs[0]];
    const ScaleAndZero& out = quantizers[op.output];
    Constants& constants = pass.constants[i];
    torch::Tensor* residual = residuals ? &pass.residuals[i] : nullptr;
    torch::Tensor y;
    constants.centred = state_->Centred(op);
    constants.end.low = constants.centred.low;
    constants.end.high = constants.centred.high;
    if (op.has_weights()) {
      constants.weights = state_->Weights(i);
      const QuantizedWeights& w = constants.weights;
      for (size_t c = 0; c < w.bias.size(); ++c) {
        constants.end.Add(w.bias[c], ScaleMultiplier(in.scale, w.scale_of(c), out.scale));
      }
    }
    switch (op.kind) {
      case OperatorKind::kConv2d:
      case OperatorKind::kDepthwiseConv2d: {
        const int64_t groups = op.kind == OperatorKind::kConv2d ? 1 : x.size(1);
        y = Requantize(ConvolutionSums(x, constants.weights.codes, op.geometry, groups, LargestInput(in.zero_point)),
                       constants.end, residual);
        break;
      }
      case OperatorKind::kFullyConnected:
        y = Requantize(DenseSums(x, constants.weights.codes, LargestInput(in.zero_point)), constants.end, residual);
        break;
      case OperatorKind::kAdd:
        constants.add = MakeAdd(in.scale, quantizers[op.inputs[1]].scale, out.scale);
        y = AddCodes(x, pass.values[op.inputs[1]], constants.add, constants.centred, residual);
        break;
      case OperatorKind::kRelu:
      case OperatorKind::kRelu6: {
        const int64_t channels = lowered.values[op.output].shape.back();
        for (int64_t c = 0; c < channels; ++c) constants.end.Add(0, ScaleMultiplier(in.scale, out.scale));
        y = Requantize(x.clone(), constants.end, residual);
        break;
      }
      case OperatorKind::kAveragePool2d:
        y = AveragePoolCodes(x, op.geometry, in.zero_point, constants.centred);
        break;
      case OperatorKind::kMaxPool2d:
        y = MaxPoolCodes(x, op.geometry, constants.centred);
        break;
      case OperatorKind::kConcatenation: {
        std::vector<torch::Tensor> parts;
        for (int value : op.inputs) parts.push_back(pass.values[value]);
        y = at::cat(parts, 1);
        break;
      }
      case OperatorKind::kReshape:
        y = ReshapeCodes(x, lowered.values[op.output].shape);
        break;
      case OperatorKind::kSoftmax:
        constants.softmax = MakeSoftmax(in.scale, 1.0F);
        y = SoftmaxCodes(x, in.zero_point, constants.softmax);
        break;
    }
    pass.values[op.output] = y;
  }
  return pass;
}

namespace {

// The gradient of a convolution's sums by its input and weights, codes all.
std::pair<torch::Tensor, torch::Tensor> ConvolutionBackward(const torch::Tensor& grad, const torch::Tensor& input,
                                                            const torch::Tensor& weight, const Layer& geometry,
                                                            int64_t groups, bool by_input) {
  const WindowPadding padding = PaddingOf(geometry, input.size(2), input.size(3));
  const bool symmetric = padding.symmetric();
  const torch::Tensor padded = symmetric ? input : Pad(input, padding, 0.0);
  const std::array<int64_t, 2> none{0, 0};
  const auto [by_padded, by_weight, unused] =
      at::convolution_backward(grad, padded, weight, at::OptionalIntArrayRef(), geometry.stride,
                               symmetric ? padding.before : none, geometry.dilation, /*transposed=*/false,
                               /*output_padding=*/none, groups, {by_input, true, false});
  if (!by_input || symmetric) return {by_padded, by_weight};
  return {by_padded.narrow(2, padding.before[0], input.size(2)).narrow(3, padding.before[1], input.size(3)), by_weight};
}

}  // namespace

// Gradients by the parameters, in the order of State::parameters, from the gradient by the centred codes of `value`.
std::vector<torch::Tensor> QuantizedNetwork::Backward(Pass& pass, int value, const torch::Tensor& grad) const {
  const LoweredNetwork& lowered = state_->lowered;
  std::vector<torch::Tensor> grads(lowered.values.size());
  std::vector<torch::Tensor> weight_grads(lowered.operators.size()), bias_grads(lowered.operators.size());
  std::vector<double> scale_grads(static_cast<size_t>(lowered.groups), 0.0);
  std::vector<double> elements(static_cast<size_t>(lowered.groups), 1.0);
  std::vector<bool> fresh(lowered.values.size(), false);  // the gradient's memory is ours to overwrite
  auto give = [&](int to, const torch::Tensor& part, bool owned) {
    if (!grads[to].defined()) {
      grads[to] = part;
      fresh[to] = owned;
    } else {
      grads[to] = grads[to] + part;
      fresh[to] = true;
    }
  };
  give(value, grad, false);
  for (size_t i = lowered.operators.size(); i-- > 0;) {
    const LoweredOperator& op = lowered.operators[i];
    if (!grads[op.output].defined()) continue;
    torch::Tensor g = std::move(grads[op.output]);
    const torch::Tensor& x = pass.values[op.inputs[0]];
    const Constants& constants = pass.constants[i];
    const int group = lowered.values[op.output].group;
    const bool by_input = op.inputs[0] != 0;
    auto through_rounding = [&](const Requantization& end, torch::Tensor* bias_grad) {
      elements[group] += static_cast<double>(g.numel());
      if (!fresh[op.output]) g = g.clone();
      g = RequantizeBackward(g, pass.residuals[i], end, bias_grad, &scale_grads[group]);
    };
    // As the forward clamp: nothing passes where it held a value back. Pools only clamp when an activation is fused.
    auto through_clamp = [&] {
      if (op.activation == Activation::kNone) return;
      const torch::Tensor& y = pass.values[op.output];
      g = g * (y > constants.centred.low).logical_and_(y < constants.centred.high);
    };
    switch (op.kind) {
      case OperatorKind::kConv2d:
      case OperatorKind::kDepthwiseConv2d: {
        through_rounding(constants.end, &bias_grads[i]);
        const int64_t groups = op.kind == OperatorKind::kConv2d ? 1 : x.size(1);
        auto [by_x, by_weight] = ConvolutionBackward(g, x, constants.weights.codes, op.geometry, groups, by_input);
        weight_grads[i] = by_weight;
        if (by_input) give(op.inputs[0], by_x, true);
        break;
      }
      case OperatorKind::kFullyConnected:
        through_rounding(constants.end, &bias_grads[i]);
        weight_grads[i] = at::mm(g.t(), x);
        if (by_input) give(op.inputs[0], at::mm(g, constants.weights.codes), true);
        break;
      case OperatorKind::kAdd: {
        Requantization end;
        end.low = constants.end.low;
        end.high = constants.end.high;
        for (int64_t c = 0; c < lowered.values[op.output].shape.back(); ++c) {
          end.Add(0, Multiplier{1 << 30, 1});  // the factors differ by input: applied below
        }
        through_rounding(end, nullptr);
        const float out = state_->Quantizer(op.output).scale;
        give(op.inputs[0], g * (state_->Quantizer(op.inputs[0]).scale / out), true);
        give(op.inputs[1], g * (state_->Quantizer(op.inputs[1]).scale / out), true);
        break;
      }
      case OperatorKind::kRelu:
      case OperatorKind::kRelu6:
        through_rounding(constants.end, nullptr);
        give(op.inputs[0], g, true);
        break;
      case OperatorKind::kAveragePool2d:
        through_clamp();
        give(op.inputs[0], AveragePoolBackward(g, x, op.geometry), true);
        break;
      case OperatorKind::kMaxPool2d:
        through_clamp();
        give(op.inputs[0], MaxPoolBackward(g, x, pass.values[op.output], op.geometry), true);
        break;
      case OperatorKind::kConcatenation: {
        int64_t begin = 0;
        for (int input : op.inputs) {
          const int64_t channels = lowered.values[input].shape.back();
          give(input, g.narrow(1, begin, channels), false);
          begin += channels;
        }
        break;
      }
      case OperatorKind::kReshape: {
        const Shape& shape = lowered.values[op.inputs[0]].shape;
        give(op.inputs[0], ReshapeCodes(g, shape), fresh[op.output]);
        break;
      }
      case OperatorKind::kSoftmax: {
        // Straight through the rounding: the gradient of the real softmax at the probabilities that were put out.
        const torch::Tensor p = pass.values[op.output] / 256.0;
        const torch::Tensor by_p = g * 256.0;
        const double in = static_cast<double>(state_->Quantizer(op.inputs[0]).scale);
        give(op.inputs[0], p * (by_p - (by_p * p).sum(-1, true)) * in, true);
        break;
      }
    }
  }
  std::vector<torch::Tensor> result;
  for (const State::KindOf& kind : state_->kinds) {
    const size_t index = static_cast<size_t>(kind.index);
    switch (kind.kind) {
      case State::Kind::kWeight:
        result.push_back(weight_grads[index].defined()
                             ? WeightGradient(weight_grads[index], pass.constants[index].weights)
                             : torch::Tensor());
        break;
      case State::Kind::kBias: {
        const LoweredOperator& op = lowered.operators[index];
        result.push_back(bias_grads[index].defined() ? BiasGradient(bias_grads[index], pass.constants[index].weights,
                                                                    state_->Quantizer(op.inputs[0]).scale)
                                                     : torch::Tensor());
        break;
      }
      case State::Kind::kScale:
        // LSQ's factor, which makes steps of scales as large as those of weights. Frozen scales get no gradient at all,
        // so that the optimizer leaves them alone.
        result.push_back(
            state_->frozen ? torch::Tensor()
                           : torch::full({}, scale_grads[index] / std::sqrt(elements[index] * 127.0), torch::kFloat32));
        break;
    }
  }
  return result;
}

// The whole network as one function of its parameters: one node in the graph, no bookkeeping by operator.
struct QuantizedNetwork::Function : torch::autograd::Function<QuantizedNetwork::Function> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, QuantizedNetwork* network,
                               const torch::Tensor& input, at::TensorList parameters) {
    (void)parameters;  // read from the state; named here so that the graph knows them
    network->pending_ = std::make_unique<Pass>(network->Run(input, /*residuals=*/true));
    context->saved_data["network"] = reinterpret_cast<int64_t>(network);
    context->saved_data["parameters"] = static_cast<int64_t>(parameters.size());
    const int value = network->LossValue();
    const double scale = static_cast<double>(network->state_->Quantizer(value).scale);
    return network->pending_->values[value] * scale;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list grads) {
    auto* network = reinterpret_cast<QuantizedNetwork*>(context->saved_data["network"].toInt());
    TORCH_CHECK(network->pending_ != nullptr, "a quantized network takes one backward pass for each forward pass");
    const std::unique_ptr<Pass> pass = std::move(network->pending_);
    const int value = network->LossValue();
    const double scale = static_cast<double>(network->state_->Quantizer(value).scale);
    torch::autograd::variable_list result(2);
    for (torch::Tensor& grad : network->Backward(*pass, value, grads[0] * scale)) result.push_back(std::move(grad));
    return result;
  }
};

int QuantizedNetwork::LossValue() const {
  const LoweredOperator& last = state_->lowered.operators.back();
  const bool softmax = last.kind == OperatorKind::kSoftmax && last.output == state_->lowered.output;
  return softmax ? last.inputs[0] : state_->lowered.output;
}

torch::Tensor QuantizedNetwork::Forward(const torch::Tensor& inputs, bool training) {
  const auto [scale, zero_point] = state_->Quantizer(0);
  const torch::Tensor codes = QuantizeToCentred(inputs, scale, zero_point);
  torch::Tensor real;
  if (training && at::GradMode::is_enabled()) {
    std::vector<torch::Tensor> parameters;
    for (const auto& [name, tensor] : state_->parameters) parameters.push_back(tensor);
    real = Function::apply(this, codes, at::TensorList(parameters));
    if (state_->options.scales == ScaleLearning::kTracked && !state_->frozen) Track(*pending_);
  } else {
    torch::NoGradGuard no_grad;
    const int value = LossValue();
    real = Run(codes, /*residuals=*/false).values[value] * static_cast<double>(state_->Quantizer(value).scale);
  }
  return real.dim() == 4 ? real.permute({0, 2, 3, 1}) : real;
}

// Moves each range towards what this batch showed. A clamped value tells only that the range is too small: the largest
// code stands for a range a little beyond itself, so that ranges can grow again.
void QuantizedNetwork::Track(const Pass& pass) {
  torch::NoGradGuard no_grad;
  constexpr float kGrowth = 1.05F;
  State& state = *state_;
  std::vector<std::optional<Range>> seen(static_cast<size_t>(state.lowered.groups));
  for (size_t v = 1; v < state.lowered.values.size(); ++v) {
    const int group = state.lowered.values[v].group;
    if (state.lowered.fixed[group] || group == state.lowered.values[0].group) continue;
    const auto [scale, zero_point] = state.Quantizer(static_cast<int>(v));
    const auto [low, high] = at::aminmax(pass.values[v]);
    float lowest = low.item<float>(), highest = high.item<float>();
    if (lowest <= static_cast<float>(-128 - zero_point)) lowest *= kGrowth;
    if (highest >= static_cast<float>(127 - zero_point)) highest *= kGrowth;
    std::optional<Range>& range = seen[group];
    const Range batch{lowest * scale, highest * scale};
    range = range ? Range{std::min(range->low, batch.low), std::max(range->high, batch.high)} : batch;
  }
  const float momentum = static_cast<float>(state.options.tracking_momentum);
  for (int group = 0; group < state.lowered.groups; ++group) {
    if (!seen[group]) continue;
    Range range{state.ranges[group][0].item<float>(), state.ranges[group][1].item<float>()};
    range.low += momentum * (seen[group]->low - range.low);
    range.high += momentum * (seen[group]->high - range.high);
    state.SetRange(group, range);
  }
}

torch::Tensor QuantizedNetwork::Predict(const torch::Tensor& inputs) {
  torch::NoGradGuard no_grad;
  const auto [scale, zero_point] = state_->Quantizer(0);
  const int output = state_->lowered.output;
  const Pass pass = Run(QuantizeToCentred(inputs, scale, zero_point), /*residuals=*/false);
  const auto [out_scale, out_zero] = state_->Quantizer(output);
  // Softmax codes stand for (q + 128) / 256; all others likewise for s * (q - z).
  return ToChannelsLast(pass.values[output] * static_cast<double>(out_scale));
}

IntegerOutputs QuantizedNetwork::TrainingPassCodes(const torch::Tensor& codes) {
  torch::NoGradGuard no_grad;
  const Pass pass = Run(CentredFromCodes(codes, state_->Quantizer(0).zero_point), /*residuals=*/true);
  IntegerOutputs outputs;
  for (size_t v = 0; v < pass.values.size(); ++v) {
    outputs.tensors[static_cast<int>(v)] =
        CodesFromCentred(pass.values[v], state_->Quantizer(static_cast<int>(v)).zero_point);
  }
  outputs.output = outputs.tensors[state_->lowered.output];
  return outputs;
}

}  // namespace mote
