#include "export/compiler/emit.h"

#include <cctype>

#include "export/compiler/device_sources.h"
#include "export/compiler/emit_parts.h"

namespace mote::compiler {

std::map<std::string, std::string> EmitFiles(const Network& network, const Plan& plan, const EmitOptions& options) {
  SourceTexts texts = SourceText(network, plan, options);
  std::map<std::string, std::string> files = DeviceSourcesFor(texts.headers);
  files[options.name + ".h"] = WithoutWideLines(HeaderText(network, plan, options));
  files[options.name + ".cc"] = WithoutWideLines(texts.source);
  files[options.name + "_constants.h"] = WithoutWideLines(texts.constants);
  return files;
}

std::string Identifier(const std::string& text) {
  std::string name;
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    name += byte < 128 && std::isalnum(byte) ? static_cast<char>(std::tolower(byte)) : '_';
  }
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) name.insert(0, "model_");
  return name;
}

}  // namespace mote::compiler
