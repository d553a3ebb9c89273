#include "export/model_metadata.h"

#include "nlohmann/json.hpp"

namespace mote {
namespace {

using nlohmann::json;

std::string StringAt(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// All strings, or nothing: a list with gaps would give names to the wrong things.
std::vector<std::string> StringsAt(const json& object, const char* key) {
  std::vector<std::string> strings;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return strings;
  for (const json& item : *found) {
    if (!item.is_string()) return {};
    strings.push_back(item.get<std::string>());
  }
  return strings;
}

}  // namespace

absl::StatusOr<std::string> MetadataToJson(const ModelMetadata& metadata) {
  json object = {{"contract", metadata.contract},       {"tool", metadata.tool},
                 {"class_names", metadata.class_names}, {"layers", metadata.layers},
                 {"accumulators", json::array()},       {"metadata", metadata.entries}};
  for (const AccumulatorBound& bound : metadata.accumulators) {
    object["accumulators"].push_back({{"operator", bound.op}, {"channel", bound.channel}, {"bound", bound.bound}});
  }
  try {
    return object.dump();
  } catch (const json::type_error&) {
    return absl::InvalidArgumentError("a class name, layer name or metadata entry is not UTF-8 text");
  }
}

ModelMetadata MetadataFromJson(const std::string& text) {
  ModelMetadata metadata;
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return metadata;
  metadata.contract = StringAt(object, "contract");
  metadata.tool = StringAt(object, "tool");
  metadata.class_names = StringsAt(object, "class_names");
  metadata.layers = StringsAt(object, "layers");
  if (const auto found = object.find("metadata"); found != object.end() && found->is_object()) {
    for (const auto& [key, value] : found->items()) {
      if (value.is_string()) metadata.entries[key] = value.get<std::string>();
    }
  }
  if (const auto found = object.find("accumulators"); found != object.end() && found->is_array()) {
    for (const json& item : *found) {
      if (!item.is_object()) continue;
      AccumulatorBound bound;
      const auto number = [&item](const char* key) {
        const auto at = item.find(key);
        return at != item.end() && at->is_number_integer() ? at->get<int64_t>() : int64_t{0};
      };
      bound.op = static_cast<int>(number("operator"));
      bound.channel = number("channel");
      bound.bound = number("bound");
      metadata.accumulators.push_back(bound);
    }
  }
  return metadata;
}

}  // namespace mote
