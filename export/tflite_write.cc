#include <algorithm>
#include <array>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "datasets/file.h"
#include "export/model_file.h"
#include "export/model_metadata.h"
#include "export/schema/tflite_generated.h"
#include "export/selftest.h"
#include "export/tflite.h"
#include "torch/types.h"

namespace mote {
namespace {

using flatbuffers::Offset;

constexpr int64_t kMaxInputBytesByDefault = 1024;  // of golden data: they stand in flash

// A file declares for each operator the version of its definition, and with it which readers can run it. These are the
// lowest versions whose definition has int8 with our options; TensorFlow releases as `min_runtime_version` wants them.
struct Version {
  int32_t code, version;
  std::array<int, 3> release;
};

Version VersionOf(const IntegerOperator& op) {
  constexpr std::array<int, 3> kInt8Release{1, 14, 0}, kTwoOne{2, 1, 0};
  switch (op.kind) {
    case OperatorKind::kAdd:
      return {0, 2, kInt8Release};
    case OperatorKind::kAveragePool2d:
      return {1, 2, kInt8Release};
    case OperatorKind::kConcatenation:
      return {2, 2, kInt8Release};
    case OperatorKind::kConv2d:
      return {3, 3, kInt8Release};
    case OperatorKind::kDepthwiseConv2d:
      return {4, 3, kInt8Release};       // dilation has been there since version 2
    case OperatorKind::kFullyConnected:  // without a bias since version 6
      return op.inputs[2] < 0 ? Version{9, 6, kTwoOne} : Version{9, 4, kInt8Release};
    case OperatorKind::kMaxPool2d:
      return {17, 2, kInt8Release};
    case OperatorKind::kRelu:
      return {19, 2, kTwoOne};
    case OperatorKind::kRelu6:
      return {21, 2, kInt8Release};
    case OperatorKind::kReshape:
      return {22, 1, {1, 5, 0}};
    case OperatorKind::kSoftmax:
      return {25, 2, kInt8Release};
  }
  return {};
}

schema::ActivationFunctionType FusedActivation(Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return schema::ActivationFunctionType::NONE;
    case Activation::kRelu:
      return schema::ActivationFunctionType::RELU;
    case Activation::kRelu6:
      return schema::ActivationFunctionType::RELU6;
  }
  return schema::ActivationFunctionType::NONE;
}

class Writer {
 public:
  // `selftest` may be empty.
  Writer(const IntegerNetwork& network, std::string metadata, std::string selftest)
      : network_(network), metadata_(std::move(metadata)), selftest_(std::move(selftest)) {}

  std::string Write() {
    AddBuffer({});  // the first one is empty: activations refer to it
    const Offset<schema::SubGraph> graph = Graph();
    std::vector<Offset<schema::Metadata>> metadata = {Entry(kMinRuntimeVersionName, MinRuntimeVersion()),
                                                      Entry(kMetadataName, metadata_)};
    if (!selftest_.empty()) metadata.push_back(Entry(kSelftestName, selftest_));
    const auto codes = builder_.CreateVector(codes_);
    const auto graphs = builder_.CreateVector(std::vector<Offset<schema::SubGraph>>{graph});
    const auto description = builder_.CreateString(absl::StrCat("mote ", MOTE_VERSION, ", contract ", kContract));
    const auto entries = builder_.CreateVector(metadata);
    const auto signatures = Signatures();
    const auto buffers = builder_.CreateVector(buffers_);
    const auto model = schema::CreateModel(builder_, 3, codes, graphs, description, buffers, entries, signatures);
    schema::FinishModelBuffer(builder_, model);
    return {reinterpret_cast<const char*>(builder_.GetBufferPointer()), builder_.GetSize()};
  }

 private:
  uint32_t AddBuffer(std::string_view bytes) {
    Offset<flatbuffers::Vector<uint8_t>> data;
    if (!bytes.empty()) {
      builder_.ForceVectorAlignment(bytes.size(), sizeof(uint8_t), 16);
      data = builder_.CreateVector(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    }
    buffers_.push_back(schema::CreateBuffer(builder_, data));
    return static_cast<uint32_t>(buffers_.size() - 1);
  }

  Offset<schema::Metadata> Entry(const char* name, const std::string& value) {
    const uint32_t buffer = AddBuffer(value);
    return schema::CreateMetadata(builder_, builder_.CreateString(name), buffer);
  }

  Offset<flatbuffers::Vector<int32_t>> Indices(const std::vector<int>& values) {
    return builder_.CreateVector(std::vector<int32_t>(values.begin(), values.end()));
  }

  Offset<schema::Tensor> Tensor(const IntegerTensor& tensor) {
    uint32_t buffer = 0;
    if (tensor.is_constant()) {
      buffer = AddBuffer({static_cast<const char*>(tensor.data.const_data_ptr()), tensor.data.nbytes()});
    }
    Offset<schema::QuantizationParameters> quantization;
    if (!tensor.scales.empty()) {
      const auto scales = builder_.CreateVector(tensor.scales);
      const auto zero_points = builder_.CreateVector(tensor.zero_points);
      quantization = schema::CreateQuantizationParameters(builder_, scales, zero_points, 0, tensor.quantized_dimension);
    }
    const auto shape = builder_.CreateVector(std::vector<int32_t>(tensor.shape.begin(), tensor.shape.end()));
    const auto name = builder_.CreateString(tensor.name);
    const auto type = tensor.type == DataType::kInt8 ? schema::TensorType::INT8 : schema::TensorType::INT32;
    return schema::CreateTensor(builder_, shape, type, buffer, name, quantization);
  }

  uint32_t CodeIndex(const Version& version) {
    release_ = std::max(release_, version.release);
    for (size_t i = 0; i < code_keys_.size(); ++i) {
      if (code_keys_[i] == std::make_pair(version.code, version.version)) return static_cast<uint32_t>(i);
    }
    code_keys_.emplace_back(version.code, version.version);
    codes_.push_back(
        schema::CreateOperatorCode(builder_, static_cast<int8_t>(version.code), 0, version.version, version.code));
    return static_cast<uint32_t>(codes_.size() - 1);
  }

  std::pair<schema::BuiltinOptions, Offset<void>> Options(const IntegerOperator& op) {
    using schema::BuiltinOptions;
    const auto padding = op.padding == mote::Padding::kSame ? schema::Padding::SAME : schema::Padding::VALID;
    const auto activation = FusedActivation(op.activation);
    const auto small = [](int64_t value) { return static_cast<int32_t>(value); };
    switch (op.kind) {
      case OperatorKind::kConv2d:
        return {BuiltinOptions::Conv2DOptions,
                schema::CreateConv2DOptions(builder_, padding, small(op.stride[1]), small(op.stride[0]), activation,
                                            small(op.dilation[1]), small(op.dilation[0]))
                    .Union()};
      case OperatorKind::kDepthwiseConv2d:
        return {BuiltinOptions::DepthwiseConv2DOptions,
                schema::CreateDepthwiseConv2DOptions(builder_, padding, small(op.stride[1]), small(op.stride[0]),
                                                     small(op.depth_multiplier), activation, small(op.dilation[1]),
                                                     small(op.dilation[0]))
                    .Union()};
      case OperatorKind::kAveragePool2d:
      case OperatorKind::kMaxPool2d:
        return {BuiltinOptions::Pool2DOptions,
                schema::CreatePool2DOptions(builder_, padding, small(op.stride[1]), small(op.stride[0]),
                                            small(op.kernel[1]), small(op.kernel[0]), activation)
                    .Union()};
      case OperatorKind::kFullyConnected:
        return {BuiltinOptions::FullyConnectedOptions,
                schema::CreateFullyConnectedOptions(builder_, activation).Union()};
      case OperatorKind::kAdd:
        return {BuiltinOptions::AddOptions, schema::CreateAddOptions(builder_, activation).Union()};
      case OperatorKind::kConcatenation:
        return {BuiltinOptions::ConcatenationOptions,
                schema::CreateConcatenationOptions(builder_, op.axis, activation).Union()};
      case OperatorKind::kSoftmax:
        return {BuiltinOptions::SoftmaxOptions, schema::CreateSoftmaxOptions(builder_, op.beta).Union()};
      case OperatorKind::kReshape: {
        const std::vector<int64_t>& shape = network_.tensors[op.outputs[0]].shape;
        const auto new_shape = builder_.CreateVector(std::vector<int32_t>(shape.begin(), shape.end()));
        return {BuiltinOptions::ReshapeOptions, schema::CreateReshapeOptions(builder_, new_shape).Union()};
      }
      case OperatorKind::kRelu:
      case OperatorKind::kRelu6:
        break;
    }
    return {BuiltinOptions::NONE, Offset<void>()};
  }

  Offset<schema::Operator> Operator(const IntegerOperator& op) {
    const uint32_t code = CodeIndex(VersionOf(op));
    const auto [type, options] = Options(op);
    std::vector<int> inputs = op.inputs;
    if (inputs.size() == 3 && inputs[2] == -1) inputs.pop_back();  // no bias: two inputs, which every reader knows
    const auto in = Indices(inputs);
    const auto out = Indices(op.outputs);
    return schema::CreateOperator(builder_, code, in, out, type, options);
  }

  Offset<schema::SubGraph> Graph() {
    std::vector<Offset<schema::Tensor>> tensors;
    for (const IntegerTensor& tensor : network_.tensors) tensors.push_back(Tensor(tensor));
    std::vector<Offset<schema::Operator>> operators;
    for (const IntegerOperator& op : network_.operators) operators.push_back(Operator(op));
    const auto all_tensors = builder_.CreateVector(tensors);
    const auto inputs = Indices(network_.inputs);
    const auto outputs = Indices(network_.outputs);
    const auto all_operators = builder_.CreateVector(operators);
    const auto name = builder_.CreateString(network_.name);
    return schema::CreateSubGraph(builder_, all_tensors, inputs, outputs, all_operators, name);
  }

  Offset<flatbuffers::Vector<Offset<schema::TensorMap>>> NamedTensors(const std::vector<int>& indices) {
    std::vector<Offset<schema::TensorMap>> map;
    for (const int index : indices) {
      const auto name = builder_.CreateString(network_.tensors[index].name);
      map.push_back(schema::CreateTensorMap(builder_, name, static_cast<uint32_t>(index)));
    }
    return builder_.CreateVector(map);
  }

  // One signature, by the tensors' names, where all inputs and outputs have one.
  Offset<flatbuffers::Vector<Offset<schema::SignatureDef>>> Signatures() {
    for (const std::vector<int>* list : {&network_.inputs, &network_.outputs}) {
      for (const int index : *list) {
        if (network_.tensors[index].name.empty()) return 0;
      }
    }
    const auto inputs = NamedTensors(network_.inputs);
    const auto outputs = NamedTensors(network_.outputs);
    const auto key = builder_.CreateString("serving_default");
    const auto signature = schema::CreateSignatureDef(builder_, inputs, outputs, key, 0);
    return builder_.CreateVector(std::vector<Offset<schema::SignatureDef>>{signature});
  }

  // Sixteen bytes, padded with zeros, as other writers do.
  std::string MinRuntimeVersion() const {
    std::string text = absl::StrCat(release_[0], ".", release_[1], ".", release_[2]);
    text.resize(16, '\0');
    return text;
  }

  const IntegerNetwork& network_;
  const std::string metadata_, selftest_;
  flatbuffers::FlatBufferBuilder builder_;
  std::vector<Offset<schema::Buffer>> buffers_;
  std::vector<std::pair<int32_t, int32_t>> code_keys_;  // builtin code, version
  std::vector<Offset<schema::OperatorCode>> codes_;
  std::array<int, 3> release_{1, 5, 0};
};

// LiteRT refuses int8 convolutions without a bias: they get one of zeros, behind all other tensors, whose indices stay.
IntegerNetwork WithBiases(const IntegerNetwork& source) {
  IntegerNetwork network = source;
  for (IntegerOperator& op : network.operators) {
    const bool depthwise = op.kind == OperatorKind::kDepthwiseConv2d;
    if ((!depthwise && op.kind != OperatorKind::kConv2d) || op.inputs[2] != -1) continue;
    const IntegerTensor& weights = network.tensors[op.inputs[1]];
    IntegerTensor bias;
    bias.name = op.name + "/bias";
    bias.shape = {weights.shape[depthwise ? 3 : 0]};
    bias.type = DataType::kInt32;
    bias.data = torch::zeros(bias.shape, torch::kInt32);
    for (const float scale : weights.scales) bias.scales.push_back(network.tensors[op.inputs[0]].scales[0] * scale);
    bias.zero_points.assign(bias.scales.size(), 0);
    op.inputs[2] = static_cast<int>(network.tensors.size());
    network.tensors.push_back(std::move(bias));
  }
  return network;
}

}  // namespace

absl::StatusOr<std::string> ToTflite(const IntegerNetwork& source, const ExportOptions& options) {
  if (absl::Status status = Validate(source); !status.ok()) return status;
  const IntegerNetwork network = WithBiases(source);
  absl::StatusOr<std::vector<AccumulatorBound>> bounds = ProveAccumulators(network);
  if (!bounds.ok()) return bounds.status();
  ModelMetadata metadata;
  metadata.contract = kContract;
  metadata.tool = absl::StrCat("mote ", MOTE_VERSION);
  metadata.class_names = network.class_names;
  metadata.accumulators = *std::move(bounds);
  metadata.entries = network.metadata;
  for (const IntegerOperator& op : network.operators) metadata.layers.push_back(op.name);
  absl::StatusOr<std::string> json = MetadataToJson(metadata);
  if (!json.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("network '", network.name, "': ", json.status().message()));
  }
  std::string bytes = Writer(network, *json, "").Write();

  // What is handed out has been read back.
  const std::string name = network.name.empty() ? "exported model" : network.name;
  absl::StatusOr<ModelFile> file = OpenModelFile(bytes, name);
  if (!file.ok()) return file.status();
  if (absl::StatusOr<size_t> arena = VerifyWithRuntime(*file, bytes, name); !arena.ok()) return arena.status();
  const int64_t samples = options.selftest.value_or(InputBytes(bytes) <= kMaxInputBytesByDefault ? 1 : 0);
  if (samples == 0) return bytes;
  if (samples < 0 || samples > kMaxSelftestSamples) {
    return absl::InvalidArgumentError(
        absl::StrCat("selftest = ", samples, " is out of range: it must be 0 to ", kMaxSelftestSamples));
  }
  absl::StatusOr<std::string> selftest = MakeSelftest(bytes, samples);
  if (!selftest.ok()) return selftest.status();
  bytes = Writer(network, *json, *std::move(selftest)).Write();
  if (absl::Status status = RunSelftest(bytes); !status.ok()) return status;
  return bytes;
}

absl::Status ExportTflite(const IntegerNetwork& network, const std::string& path, const ExportOptions& options) {
  absl::StatusOr<std::string> bytes = ToTflite(network, options);
  if (!bytes.ok()) return bytes.status();
  return WriteFileAtomically(path, *bytes);
}

}  // namespace mote
