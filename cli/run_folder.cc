#include "cli/run_folder.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "datasets/file.h"

namespace mote {
namespace {

namespace fs = std::filesystem;

struct Stage {
  const char* name;
  const char* product;
  std::vector<const char*> others;  // what it leaves beside the product
};
const std::vector<Stage>& Stages() {
  static const std::vector<Stage>* stages =
      new std::vector<Stage>{{"train", "float.ckpt", {"float.training.ckpt", "tensorboard/train"}},
                             {"quantize", "quantized.ckpt", {"quantized.training.ckpt", "tensorboard/quantize"}},
                             {"export", "model.tflite", {}},
                             {"verify", "verify.json", {}}};
  return *stages;
}

const Stage& Find(const std::string& name) {
  for (const Stage& stage : Stages()) {
    if (stage.name == name) return stage;
  }
  std::abort();
}

}  // namespace

bool RunFolder::HoldsRun(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path + "/manifest.json", error);
}

bool RunFolder::HoldsFiles(const std::string& path) {
  std::error_code error;
  fs::directory_iterator entries(path, error);
  return !error && entries != fs::directory_iterator();
}

RunFolder RunFolder::Fresh(const std::string& path) {
  RunFolder folder;
  folder.path_ = path;
  folder.manifest_ = Json::object();
  folder.manifest_["format"] = "mote-run 1";
  return folder;
}

absl::StatusOr<RunFolder> RunFolder::Open(const std::string& path) {
  if (!HoldsRun(path)) {
    return absl::NotFoundError(absl::StrCat(path, " is not the folder of a run: it holds no manifest.json"));
  }
  RunFolder folder;
  folder.path_ = path;
  absl::StatusOr<std::string> text = ReadFile(folder.File("manifest.json"), int64_t{64} << 20);
  if (!text.ok()) return text.status();
  folder.manifest_ = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  const Json& manifest = folder.manifest_;
  auto text_at = [](const Json& object, const char* key) { return object.contains(key) && object[key].is_string(); };
  auto right = [&] {
    if (!manifest.is_object() || !text_at(manifest, "format") || manifest["format"] != "mote-run 1") return false;
    if (!manifest.contains("recipe") || !manifest["recipe"].is_object() || !text_at(manifest["recipe"], "path"))
      return false;
    if (!manifest.contains("seed") || !manifest["seed"].is_number_unsigned() || !text_at(manifest, "run_hash"))
      return false;
    if (!manifest.contains("stages")) return true;
    if (!manifest["stages"].is_object()) return false;
    for (const auto& [name, stage] : manifest["stages"].items()) {
      if (!stage.is_object() || !text_at(stage, "tag")) return false;
      if (!stage.contains("finished") || !stage["finished"].is_boolean()) return false;
      if (stage["finished"] && (!text_at(stage, "file") || !text_at(stage, "sha256"))) return false;
    }
    return true;
  };
  if (!right()) {
    return absl::DataLossError(
        absl::StrCat(folder.File("manifest.json"), " is not a manifest of the format mote-run 1"));
  }
  return folder;
}

absl::Status RunFolder::SaveManifest() const {
  return WriteFileAtomically(File("manifest.json"), manifest_.dump(2) + "\n");
}

bool RunFolder::Begun(const std::string& stage) const {
  return manifest_.contains("stages") && manifest_["stages"].contains(stage);
}

bool RunFolder::BegunWith(const std::string& stage, const std::string& tag) const {
  return Begun(stage) && manifest_["stages"][stage].value("tag", "") == tag;
}

absl::StatusOr<bool> RunFolder::Finished(const std::string& stage, const std::string& tag) const {
  if (!BegunWith(stage, tag) || !manifest_["stages"][stage].value("finished", false)) return false;
  const std::string path = File(Find(stage).product);
  absl::StatusOr<std::string> bytes = ReadFile(path);
  if (!bytes.ok()) return bytes.status();
  if (Sha256(*bytes) != manifest_["stages"][stage].value("sha256", "")) {
    return absl::DataLossError(
        absl::StrCat(path, " is not the file that manifest.json describes; --force makes it again"));
  }
  return true;
}

absl::Status RunFolder::BeginStage(const std::string& stage, const std::string& tag) {
  if (BegunWith(stage, tag)) return absl::OkStatus();
  if (absl::Status status = Discard(stage); !status.ok()) return status;
  manifest_["stages"][stage] = {{"tag", tag}, {"finished", false}};
  return SaveManifest();
}

absl::Status RunFolder::FinishStage(const std::string& stage, const Json& results) {
  const Stage& kind = Find(stage);
  absl::StatusOr<std::string> bytes = ReadFile(File(kind.product));
  if (!bytes.ok()) return bytes.status();
  Json& entry = manifest_["stages"][stage];
  entry["finished"] = true;
  entry["file"] = kind.product;
  entry["sha256"] = Sha256(*bytes);
  for (const auto& [key, value] : results.items()) entry[key] = value;
  return SaveManifest();
}

absl::Status RunFolder::Discard(const std::string& stage) {
  // First out of the manifest, so that a kill in between leaves files without an entry and never the other way round.
  bool at_or_after = false, changed = false;
  for (const Stage& kind : Stages()) {
    at_or_after = at_or_after || kind.name == stage;
    if (at_or_after && Begun(kind.name)) changed = manifest_["stages"].erase(kind.name) > 0;
  }
  if (changed) {
    if (absl::Status status = SaveManifest(); !status.ok()) return status;
  }
  at_or_after = false;
  for (const Stage& kind : Stages()) {
    at_or_after = at_or_after || kind.name == stage;
    if (!at_or_after) continue;
    std::vector<const char*> files = kind.others;
    files.push_back(kind.product);
    for (const char* file : files) {
      std::error_code error;
      fs::remove_all(File(file), error);
      if (error) return absl::UnavailableError(absl::StrCat(File(file), ": cannot be removed: ", error.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace mote
