#include "export/compiler/device_sources.h"

#include "absl/strings/str_cat.h"

namespace mote::compiler {

const char* FindDeviceSource(const std::string& path) {
  for (int i = 0; i < kDeviceSourceCount; ++i) {
    if (path == kDeviceSources[i].path) return kDeviceSources[i].text;
  }
  return nullptr;
}

std::map<std::string, std::string> DeviceSourcesFor(const std::vector<std::string>& paths) {
  static const std::string kInclude = "\n#include \"";
  std::map<std::string, std::string> found;
  std::vector<std::string> open = paths;
  while (!open.empty()) {
    const std::string path = open.back();
    open.pop_back();
    const char* text = FindDeviceSource(path);
    if (text == nullptr || !found.emplace(path, text).second) continue;
    const std::string all = absl::StrCat("\n", text);
    for (size_t at = all.find(kInclude); at != std::string::npos; at = all.find(kInclude, at + 1)) {
      const size_t begin = at + kInclude.size();
      open.emplace_back(all.substr(begin, all.find('"', begin) - begin));
    }
  }
  return found;
}

}  // namespace mote::compiler
