// RunFolder: what a run leaves on disk, and the manifest that describes it. Every file is written atomically.
//
//   recipe.toml               the recipe, byte for byte
//   manifest.json             recipe, seed, data, versions; of each stage: finished or not, metrics, its file's hash
//   float.training.ckpt       while training: all that --resume needs; gone when float.ckpt is there
//   float.ckpt                the trained float network
//   quantized.training.ckpt   the same for quantization-aware training
//   quantized.ckpt            the quantized network, as trained
//   model.tflite              the exported file
//   verify.json               the comparison of all back ends
//   tensorboard/train, tensorboard/quantize
#ifndef MOTE_CLI_RUN_FOLDER_H_
#define MOTE_CLI_RUN_FOLDER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace mote {

using Json = nlohmann::ordered_json;

class RunFolder {
 public:
  // A folder that holds a manifest.
  static absl::StatusOr<RunFolder> Open(const std::string& path);
  // An empty manifest; nothing is written yet.
  static RunFolder Fresh(const std::string& path);

  // Whether `path` holds a manifest, and whether it holds anything at all.
  static bool HoldsRun(const std::string& path);
  static bool HoldsFiles(const std::string& path);

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

  Json& manifest() { return manifest_; }
  const Json& manifest() const { return manifest_; }
  absl::Status SaveManifest() const;

  // `stage`: "train", "quantize", "export", "verify", in this order. Begun: its tag (a hash of what decides its result)
  // is in the manifest, and everything of it and of later stages that was made under another tag is removed.
  absl::Status BeginStage(const std::string& stage, const std::string& tag);
  // Begun with this tag or another, finished or not.
  bool Begun(const std::string& stage) const;
  bool BegunWith(const std::string& stage, const std::string& tag) const;
  // Finished under this tag; an error where its file is not the one that the manifest describes.
  absl::StatusOr<bool> Finished(const std::string& stage, const std::string& tag) const;
  // `results` (an object) goes into the manifest, with the file's name and hash.
  absl::Status FinishStage(const std::string& stage, const Json& results);

  // Removes what `stage` and all later ones left.
  absl::Status Discard(const std::string& stage);

 private:
  std::string path_;
  Json manifest_;
};

}  // namespace mote

#endif  // MOTE_CLI_RUN_FOLDER_H_
