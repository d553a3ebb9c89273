// Network <-> JSON. A field that keeps its default is left out; an unknown one is an error.
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "train/network.h"

namespace mote {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

OrderedJson LayerJson(const Layer& layer) {
  const Layer defaults;
  OrderedJson json;
  json["name"] = layer.name;
  json["kind"] = std::string(LayerKindName(layer.kind));
  auto put = [&](const char* key, const auto& value, const auto& standard) {
    if (value != standard) json[key] = value;
  };
  put("inputs", layer.inputs, defaults.inputs);
  put("filters", layer.filters, defaults.filters);
  put("kernel", layer.kernel, defaults.kernel);
  put("stride", layer.stride, defaults.stride);
  put("dilation", layer.dilation, defaults.dilation);
  if (layer.padding == Padding::kValid) json["padding"] = "valid";
  put("depth_multiplier", layer.depth_multiplier, defaults.depth_multiplier);
  put("bias", layer.bias, defaults.bias);
  put("rate", layer.rate, defaults.rate);
  put("epsilon", layer.epsilon, defaults.epsilon);
  put("momentum", layer.momentum, defaults.momentum);
  return json;
}

absl::Status UnknownKeys(const Json& object, const std::set<std::string>& known, const std::string& where) {
  for (const auto& [key, value] : object.items()) {
    if (!known.contains(key)) return absl::InvalidArgumentError(absl::StrCat(where, ": unknown field '", key, "'"));
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status Get(const Json& object, const char* key, T& into, const std::string& where) {
  const auto found = object.find(key);
  if (found == object.end()) return absl::OkStatus();
  const char* right = nullptr;
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) right = "text";
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!found->is_boolean()) right = "true or false";
  } else if constexpr (std::is_same_v<T, double>) {
    if (!found->is_number()) right = "a number";
  } else if constexpr (std::is_same_v<T, int64_t>) {
    if (!found->is_number_integer()) right = "a whole number";
  } else if constexpr (std::is_same_v<T, std::array<int64_t, 2>>) {
    if (!found->is_array() || found->size() != 2 || !(*found)[0].is_number_integer() ||
        !(*found)[1].is_number_integer()) {
      right = "two whole numbers";
    }
  } else if constexpr (std::is_same_v<T, Shape>) {
    if (!found->is_array()) right = "a list of whole numbers";
    for (const Json& item : *found) {
      if (!item.is_number_integer()) right = "a list of whole numbers";
    }
  } else {
    if (!found->is_array()) right = "a list of names";
    for (const Json& item : *found) {
      if (!item.is_string()) right = "a list of names";
    }
  }
  if (right != nullptr) return absl::InvalidArgumentError(absl::StrCat(where, ": '", key, "' must be ", right));
  into = found->get<T>();
  return absl::OkStatus();
}

absl::StatusOr<Layer> LayerFromJson(const Json& json, size_t index) {
  const std::string where = absl::StrCat("network JSON, layer ", index);
  if (!json.is_object()) return absl::InvalidArgumentError(absl::StrCat(where, ": must be an object"));
  absl::Status status = UnknownKeys(json,
                                    {"name", "kind", "inputs", "filters", "kernel", "stride", "dilation", "padding",
                                     "depth_multiplier", "bias", "rate", "epsilon", "momentum"},
                                    where);
  Layer layer;
  std::string kind, padding = "same";
  status.Update(Get(json, "name", layer.name, where));
  status.Update(Get(json, "kind", kind, where));
  status.Update(Get(json, "inputs", layer.inputs, where));
  status.Update(Get(json, "filters", layer.filters, where));
  status.Update(Get(json, "kernel", layer.kernel, where));
  status.Update(Get(json, "stride", layer.stride, where));
  status.Update(Get(json, "dilation", layer.dilation, where));
  status.Update(Get(json, "padding", padding, where));
  status.Update(Get(json, "depth_multiplier", layer.depth_multiplier, where));
  status.Update(Get(json, "bias", layer.bias, where));
  status.Update(Get(json, "rate", layer.rate, where));
  status.Update(Get(json, "epsilon", layer.epsilon, where));
  status.Update(Get(json, "momentum", layer.momentum, where));
  if (!status.ok()) return status;
  absl::StatusOr<LayerKind> parsed = LayerKindFromName(kind);
  if (!parsed.ok()) return absl::InvalidArgumentError(absl::StrCat(where, ": ", parsed.status().message()));
  layer.kind = *parsed;
  if (padding != "same" && padding != "valid") {
    return absl::InvalidArgumentError(absl::StrCat(where, ": padding is '", padding, "'; it must be same or valid"));
  }
  layer.padding = padding == "same" ? Padding::kSame : Padding::kValid;
  return layer;
}

}  // namespace

std::string NetworkToJson(const Network& network) {
  OrderedJson json;
  json["name"] = network.name;
  json["input_shape"] = network.input_shape;
  json["layers"] = OrderedJson::array();
  for (const Layer& layer : network.layers) json["layers"].push_back(LayerJson(layer));
  return json.dump();
}

absl::StatusOr<Network> NetworkFromJson(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("network JSON: this is not JSON");
  if (!json.is_object()) return absl::InvalidArgumentError("network JSON: must be an object");
  Network network;
  absl::Status status = UnknownKeys(json, {"name", "input_shape", "layers"}, "network JSON");
  status.Update(Get(json, "name", network.name, "network JSON"));
  status.Update(Get(json, "input_shape", network.input_shape, "network JSON"));
  if (!status.ok()) return status;
  if (!json.contains("layers") || !json["layers"].is_array()) {
    return absl::InvalidArgumentError("network JSON: 'layers' must be a list");
  }
  for (size_t i = 0; i < json["layers"].size(); ++i) {
    absl::StatusOr<Layer> layer = LayerFromJson(json["layers"][i], i);
    if (!layer.ok()) return layer.status();
    network.layers.push_back(*std::move(layer));
  }
  if (absl::StatusOr<std::vector<Shape>> shapes = InferShapes(network); !shapes.ok()) return shapes.status();
  return network;
}

}  // namespace mote
