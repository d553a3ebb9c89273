// Checkpoint: named tensors and a JSON head in one file of our own format. No code is ever run by reading one.
//
// Layout, little-endian (docs/architecture.md, "Checkpoint"): 8 bytes "MOTECKP1", u64 length of the JSON head, the
// head, padding to 64, the tensors' bytes each padded to 64, 32 bytes SHA-256 of everything before. The head holds
// "meta" (free JSON) and "tensors": [{"name", "dtype", "shape", "offset"}], in the order of their bytes, "offset" from
// the file's beginning. Padding is zeros and no byte is left over, so one content has one file.
#ifndef MOTE_TRAIN_CHECKPOINT_H_
#define MOTE_TRAIN_CHECKPOINT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "train/trainable.h"

namespace mote {

struct Checkpoint {
  std::string meta;      // JSON text: what the writer wants to find again (network, progress, options)
  NamedTensors tensors;  // float32, float64, int8, int32, int64, uint8; contiguous; names unique

  const torch::Tensor* Find(const std::string& name) const;
};

// Atomic: a reader sees the old file or the new one, never a part.
absl::Status SaveCheckpoint(const std::string& path, const Checkpoint& checkpoint);

// Refuses a torn, truncated, altered or foreign file with one line.
absl::StatusOr<Checkpoint> LoadCheckpoint(const std::string& path);

// Copies the tensors called `prefix + name` of `checkpoint` into `into` (same names, dtypes, shapes; else an error that
// names the first that differs, and `into` is untouched). Tensors of `checkpoint` that `into` does not ask for are
// left.
absl::Status RestoreTensors(const Checkpoint& checkpoint, const std::string& prefix, const NamedTensors& into);

}  // namespace mote

#endif  // MOTE_TRAIN_CHECKPOINT_H_
