#include "export/compiler/peers.h"

#include "nlohmann/json.hpp"

namespace mote::compiler {

absl::StatusOr<std::vector<Peer>> FindPeers(const std::string& table, const std::string& model, int64_t macs,
                                            const std::string& core) {
  const nlohmann::json json = nlohmann::json::parse(table, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("models") || !json["models"].is_object()) {
    return absl::InvalidArgumentError("not a table of peers: a JSON object with \"models\"");
  }
  std::vector<Peer> peers;
  const nlohmann::json found = json["models"].value(model, nlohmann::json::object());
  if (found.value("macs", int64_t{0}) != macs) return peers;
  const std::string like = core == "cortex-m0plus" ? "cortex-m0" : core;  // the same instructions
  const nlohmann::json builds = found.value("cores", nlohmann::json::object()).value(like, nlohmann::json::object());
  for (const auto& [key, name] : {std::pair("plain", "TFLM"), std::pair("arm", "TFLM with CMSIS-NN")}) {
    if (!builds.contains(key)) continue;
    const nlohmann::json& build = builds[key];
    peers.push_back({name, build.value("instructions", int64_t{0}), build.value("code_bytes", int64_t{0}),
                     build.value("ram_bytes", int64_t{0})});
  }
  return peers;
}

}  // namespace mote::compiler
