#include "export/runtime_model.h"

#include <cstring>
#include <mutex>
#include <utility>

#include "ATen/Parallel.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/file.h"
#include "export/model_file.h"
#include "export/operator_names.h"
#include "export/selftest.h"
#include "mcu_runtime/mote_runtime.h"
#include "torch/types.h"

namespace mote {
namespace {

constexpr size_t kArenaAlignment = 16;
constexpr size_t kMaxArena = size_t{4} << 30;  // a file that wants more is not for a microcontroller, nor for this host

std::optional<torch::ScalarType> TorchType(schema::TensorType type) {
  switch (type) {
    case schema::TensorType::INT8:
      return torch::kInt8;
    case schema::TensorType::UINT8:
      return torch::kUInt8;
    case schema::TensorType::INT16:
      return torch::kInt16;
    case schema::TensorType::INT32:
      return torch::kInt32;
    case schema::TensorType::INT64:
      return torch::kInt64;
    case schema::TensorType::FLOAT32:
      return torch::kFloat32;
    case schema::TensorType::BOOL:
      return torch::kBool;
    default:
      return std::nullopt;
  }
}

// Shape of one sample: without a leading batch of 1.
std::vector<int64_t> SampleShape(const std::vector<int64_t>& shape) {
  if (shape.empty() || shape[0] != 1) return shape;
  return {shape.begin() + 1, shape.end()};
}

std::vector<int64_t> Stacked(int64_t samples, const std::vector<int64_t>& shape) {
  std::vector<int64_t> stacked = SampleShape(shape);
  stacked.insert(stacked.begin(), samples);
  return stacked;
}

std::string By(int height, int width) { return absl::StrCat(height, "x", width); }
std::string Square(int height, int width) { return height == width ? absl::StrCat(height) : By(height, width); }

std::string PaddingText(schema::Padding padding) { return padding == schema::Padding::SAME ? "SAME" : "VALID"; }

void AppendActivation(schema::ActivationFunctionType activation, std::vector<std::string>& words) {
  if (activation == schema::ActivationFunctionType::NONE) return;
  words.push_back(activation == schema::ActivationFunctionType::RELU ? "RELU"
                  : activation == schema::ActivationFunctionType::RELU6
                      ? "RELU6"
                      : absl::StrCat("activation ", static_cast<int>(activation)));
}

std::string DetailOf(const schema::Operator& op, const std::vector<int64_t>& weights) {
  std::vector<std::string> words;
  const auto window = [&words](int height, int width, int stride_h, int stride_w, schema::Padding padding) {
    words.push_back(By(height, width));
    if (stride_h != 1 || stride_w != 1) words.push_back(absl::StrCat("stride ", Square(stride_h, stride_w)));
    words.push_back(PaddingText(padding));
  };
  const auto dilated = [&words](int height, int width) {
    if (height != 1 || width != 1) words.push_back(absl::StrCat("dilation ", Square(height, width)));
  };
  if (const auto* conv = op.builtin_options_as_Conv2DOptions(); conv != nullptr && weights.size() == 4) {
    window(weights[1], weights[2], conv->stride_h(), conv->stride_w(), conv->padding());
    dilated(conv->dilation_h_factor(), conv->dilation_w_factor());
    AppendActivation(conv->fused_activation_function(), words);
  } else if (const auto* depthwise = op.builtin_options_as_DepthwiseConv2DOptions();
             depthwise != nullptr && weights.size() == 4) {
    window(weights[1], weights[2], depthwise->stride_h(), depthwise->stride_w(), depthwise->padding());
    dilated(depthwise->dilation_h_factor(), depthwise->dilation_w_factor());
    AppendActivation(depthwise->fused_activation_function(), words);
  } else if (const auto* pool = op.builtin_options_as_Pool2DOptions()) {
    window(pool->filter_height(), pool->filter_width(), pool->stride_h(), pool->stride_w(), pool->padding());
    AppendActivation(pool->fused_activation_function(), words);
  } else if (const auto* dense = op.builtin_options_as_FullyConnectedOptions()) {
    AppendActivation(dense->fused_activation_function(), words);
  } else if (const auto* add = op.builtin_options_as_AddOptions()) {
    AppendActivation(add->fused_activation_function(), words);
  } else if (const auto* concat = op.builtin_options_as_ConcatenationOptions()) {
    words.push_back(absl::StrCat("axis ", concat->axis()));
  } else if (const auto* softmax = op.builtin_options_as_SoftmaxOptions()) {
    if (softmax->beta() != 1.0F) words.push_back(absl::StrCat("beta ", softmax->beta()));
  }
  return absl::StrJoin(words, " ");
}

// Printable text of a metadata buffer, without its padding; binary contents as their size.
std::string MetadataText(std::string_view bytes) {
  std::string text(bytes.substr(0, bytes.find_last_not_of('\0') + 1));
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') return absl::StrCat(bytes.size(), " bytes");
  }
  return text;
}

class Arena {
 public:
  explicit Arena(size_t size) : size_(size), memory_(size + kArenaAlignment) {}
  uint8_t* data() {
    const auto address = reinterpret_cast<uintptr_t>(memory_.data());
    return memory_.data() + (kArenaAlignment - address % kArenaAlignment) % kArenaAlignment;
  }
  size_t size() const { return size_; }

 private:
  size_t size_;
  std::vector<uint8_t> memory_;
};

struct HookContext {  // where the hook copies the tensors of one sample to
  const std::map<int, torch::Tensor>* tensors = nullptr;
  int64_t sample = 0;
};

void CopyOutputs(void* context, const mote_model* model, int32_t op) {
  const auto& hook = *static_cast<const HookContext*>(context);
  const int32_t count = mote_model_operator_output_count(model, op);
  for (int32_t i = 0; i < count; ++i) {
    const int32_t index = mote_model_operator_output(model, op, i);
    const mote_tensor tensor = mote_model_tensor(model, index);
    const auto kept = hook.tensors->find(index);
    if (kept == hook.tensors->end() || tensor.data == nullptr) continue;
    std::memcpy(static_cast<uint8_t*>(kept->second.data_ptr()) + hook.sample * tensor.bytes, tensor.data, tensor.bytes);
  }
}

}  // namespace

struct RuntimeModel::State {
  std::string bytes, name;
  std::vector<TensorInfo> tensors;
  std::vector<torch::ScalarType> types;  // of each tensor
  std::vector<OperatorInfo> operators;
  std::vector<int> inputs, outputs;
  size_t arena_bytes = 0;
  std::map<std::string, std::string> metadata;
  std::vector<std::string> class_names;

  void ReadTensors(const ModelFile& file);
  void ReadOperators(const ModelFile& file, const ModelMetadata& mote);
  void ReadMetadata(const ModelFile& file, const ModelMetadata& mote);
};

void RuntimeModel::State::ReadTensors(const ModelFile& file) {
  for (int i = 0; i < file.tensors(); ++i) {
    const schema::Tensor& from = file.tensor(i);
    TensorInfo info;
    info.index = i;
    info.name = std::string(file.TensorName(i));
    info.type = TensorTypeName(static_cast<int>(from.type()));
    if (from.shape() != nullptr) info.shape.assign(from.shape()->begin(), from.shape()->end());
    if (const auto* quantization = from.quantization(); quantization != nullptr) {
      if (quantization->scale() != nullptr)
        info.scales.assign(quantization->scale()->begin(), quantization->scale()->end());
      if (quantization->zero_point() != nullptr) {
        info.zero_points.assign(quantization->zero_point()->begin(), quantization->zero_point()->end());
      }
      info.quantized_dimension = quantization->quantized_dimension();
    }
    const torch::ScalarType type = TorchType(from.type()).value_or(torch::kUInt8);
    info.constant = !file.Data(i).empty();
    info.bytes =
        info.constant ? static_cast<int64_t>(file.Data(i).size()) : static_cast<int64_t>(torch::elementSize(type));
    if (!info.constant) {
      for (const int64_t size : info.shape) info.bytes *= size;
    }
    types.push_back(type);
    tensors.push_back(std::move(info));
  }
}

void RuntimeModel::State::ReadOperators(const ModelFile& file, const ModelMetadata& mote) {
  const bool layers = mote.layers.size() == static_cast<size_t>(file.operators());
  for (int i = 0; i < file.operators(); ++i) {
    const schema::Operator& from = file.op(i);
    OperatorInfo info;
    info.index = i;
    info.name = BuiltinOperatorName(file.BuiltinCode(i));
    if (from.inputs() != nullptr) info.inputs.assign(from.inputs()->begin(), from.inputs()->end());
    if (from.outputs() != nullptr) info.outputs.assign(from.outputs()->begin(), from.outputs()->end());
    if (layers) {
      info.layer = mote.layers[i];
    } else if (!info.outputs.empty()) {
      const std::string& output = tensors[info.outputs[0]].name;
      info.layer = output.substr(0, output.find(';'));
    }
    const bool weighted = info.name == "CONV_2D" || info.name == "DEPTHWISE_CONV_2D" || info.name == "FULLY_CONNECTED";
    std::vector<int64_t> weights;
    if (weighted && info.inputs.size() > 1 && info.inputs[1] >= 0 && !info.outputs.empty()) {
      weights = tensors[info.inputs[1]].shape;
      int64_t outputs_of_one = tensors[info.outputs[0]].bytes, all = 1;
      for (const int64_t size : weights) all *= size;
      const int64_t channels = weights.empty() ? 1 : info.name == "DEPTHWISE_CONV_2D" ? weights.back() : weights[0];
      info.macs = outputs_of_one * (all / std::max<int64_t>(channels, 1));
    }
    info.detail = DetailOf(from, weights);
    operators.push_back(std::move(info));
  }
  if (file.graph->inputs() != nullptr) inputs.assign(file.graph->inputs()->begin(), file.graph->inputs()->end());
  if (file.graph->outputs() != nullptr) outputs.assign(file.graph->outputs()->begin(), file.graph->outputs()->end());
}

void RuntimeModel::State::ReadMetadata(const ModelFile& file, const ModelMetadata& mote) {
  if (file.model->description() != nullptr) metadata["description"] = file.model->description()->str();
  if (file.model->metadata() != nullptr) {
    for (const schema::Metadata* entry : *file.model->metadata()) {
      if (entry->name() == nullptr || entry->name()->str() == kMetadataName) continue;
      const std::string_view value = file.Metadata(entry->name()->str());
      const std::optional<int64_t> samples =
          entry->name()->str() == kSelftestName ? SelftestSamples(value) : std::nullopt;
      metadata[entry->name()->str()] = samples.has_value()
                                           ? absl::StrCat(*samples, *samples == 1 ? " sample" : " samples",
                                                          " with checksums, ", value.size(), " bytes")
                                           : MetadataText(value);
    }
  }
  for (const auto& [key, value] : mote.entries) metadata[key] = value;
  if (!mote.contract.empty()) metadata["contract"] = mote.contract;
  if (!mote.tool.empty()) metadata.emplace("tool", mote.tool);
  class_names = mote.class_names;
}

RuntimeModel::RuntimeModel(std::unique_ptr<State> state) : state_(std::move(state)) {}
RuntimeModel::~RuntimeModel() = default;

absl::StatusOr<std::unique_ptr<RuntimeModel>> RuntimeModel::Load(const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadFile(path);
  if (!bytes.ok()) return bytes.status();
  return FromBytes(*bytes, path);
}

absl::StatusOr<std::unique_ptr<RuntimeModel>> RuntimeModel::FromBytes(const std::string& bytes,
                                                                      const std::string& name) {
  auto state = std::make_unique<State>();
  state->bytes = bytes;
  state->name = name;
  absl::StatusOr<ModelFile> file = OpenModelFile(state->bytes, name);
  if (!file.ok()) return file.status();
  absl::StatusOr<size_t> arena = VerifyWithRuntime(*file, state->bytes, name);
  if (!arena.ok()) return arena.status();
  if (*arena > kMaxArena) {
    return absl::ResourceExhaustedError(absl::StrCat(name, ": needs an arena of ", *arena, " bytes; at most 4 GiB"));
  }
  state->arena_bytes = *arena;
  const ModelMetadata mote = file->Mote();
  state->ReadTensors(*file);
  state->ReadOperators(*file, mote);
  state->ReadMetadata(*file, mote);
  return std::unique_ptr<RuntimeModel>(new RuntimeModel(std::move(state)));
}

const std::string& RuntimeModel::bytes() const { return state_->bytes; }
const std::vector<TensorInfo>& RuntimeModel::tensors() const { return state_->tensors; }
const std::vector<OperatorInfo>& RuntimeModel::operators() const { return state_->operators; }
const std::vector<int>& RuntimeModel::inputs() const { return state_->inputs; }
const std::vector<int>& RuntimeModel::outputs() const { return state_->outputs; }
int64_t RuntimeModel::arena_bytes() const { return static_cast<int64_t>(state_->arena_bytes); }
std::map<std::string, std::string> RuntimeModel::metadata() const { return state_->metadata; }
std::vector<std::string> RuntimeModel::class_names() const { return state_->class_names; }

absl::StatusOr<RuntimeModel::Result> RuntimeModel::Invoke(const std::vector<torch::Tensor>& inputs, bool keep) const {
  const State& state = *state_;
  const auto error = [&state](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat(state.name, ": ", what));
  };
  if (inputs.size() != state.inputs.size()) {
    return error(absl::StrCat(inputs.size(), " inputs given; the model has ", state.inputs.size()));
  }
  std::vector<torch::Tensor> sources;
  int64_t samples = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo& info = state.tensors[state.inputs[i]];
    const std::vector<int64_t> sample = SampleShape(info.shape);
    const std::string shape = absl::StrCat("[samples", sample.empty() ? "" : ", ", absl::StrJoin(sample, ", "), "]");
    if (!inputs[i].defined() || inputs[i].scalar_type() != state.types[info.index]) {
      return error(absl::StrCat("input ", i, " is ",
                                inputs[i].defined() ? torch::toString(inputs[i].scalar_type()) : "missing", "; ",
                                info.type, " ", shape));
    }
    if (i == 0 && inputs[i].dim() > 0) samples = inputs[i].size(0);
    if (inputs[i].sizes() != torch::IntArrayRef(Stacked(samples, info.shape))) {
      return error(absl::StrCat("input ", i, " has the shape [", absl::StrJoin(inputs[i].sizes(), ", "), "]; ", shape));
    }
    sources.push_back(inputs[i].cpu().contiguous());
  }

  Result result;
  for (const int index : state.outputs) {
    result.outputs.push_back(torch::empty(Stacked(samples, state.tensors[index].shape), state.types[index]));
  }
  if (keep) {
    for (const OperatorInfo& op : state.operators) {
      for (const int index : op.outputs) {
        result.tensors[index] = torch::empty(Stacked(samples, state.tensors[index].shape), state.types[index]);
      }
    }
  }

  absl::Status failure;
  std::mutex mutex;  // of failure
  const auto run = [&](int64_t begin, int64_t end) {
    Arena arena(state.arena_bytes);
    mote_model model;
    mote_status status =
        mote_model_load(&model, mote_all_operators, state.bytes.data(), state.bytes.size(), arena.data(), arena.size());
    HookContext context{&result.tensors, 0};
    if (status == MOTE_OK && keep) mote_model_set_hook(&model, CopyOutputs, &context);
    for (int64_t sample = begin; sample < end && status == MOTE_OK; ++sample) {
      context.sample = sample;
      for (size_t i = 0; i < sources.size(); ++i) {
        const mote_tensor to = mote_model_input(&model, static_cast<int32_t>(i));
        std::memcpy(to.data, static_cast<const uint8_t*>(sources[i].data_ptr()) + sample * to.bytes, to.bytes);
      }
      status = mote_model_invoke(&model);
      for (size_t i = 0; i < result.outputs.size() && status == MOTE_OK; ++i) {
        const mote_tensor from = mote_model_output(&model, static_cast<int32_t>(i));
        std::memcpy(static_cast<uint8_t*>(result.outputs[i].data_ptr()) + sample * from.bytes, from.data, from.bytes);
      }
    }
    if (status != MOTE_OK) {
      const std::lock_guard<std::mutex> lock(mutex);
      failure = absl::InternalError(absl::StrCat(state.name, ": ", mote_status_text(status)));
    }
  };
  const int64_t threads = std::max(1, at::get_num_threads());
  at::parallel_for(0, samples, std::max<int64_t>(1, (samples + threads - 1) / threads), run);
  if (!failure.ok()) return failure;
  if (keep) {
    for (size_t i = 0; i < sources.size(); ++i) result.tensors[state.inputs[i]] = sources[i].clone();
  }
  return result;
}

}  // namespace mote
