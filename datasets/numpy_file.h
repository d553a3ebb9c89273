// NumPy files (.npy 1.0 to 3.0, .npz stored or deflated), safely: no pickled objects, no sizes taken on trust.
#ifndef MOTE_DATASETS_NUMPY_FILE_H_
#define MOTE_DATASETS_NUMPY_FILE_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "torch/types.h"

namespace mote {

// Little-endian bool, int8..int64, uint8, uint16/uint32 (widened to int32/int64), float16/32/64; C or Fortran order.
absl::StatusOr<torch::Tensor> ReadNpyTensor(const std::string& path, int64_t max_bytes = int64_t{4} << 30);
absl::StatusOr<std::map<std::string, torch::Tensor>> ReadNpzTensors(const std::string& path,
                                                                    int64_t max_bytes = int64_t{4} << 30);

// Written to a temporary file beside `path` and renamed: a torn file is never visible.
absl::Status WriteNpyTensor(const std::string& path, const torch::Tensor& tensor);
absl::Status WriteNpzTensors(const std::string& path, const std::map<std::string, torch::Tensor>& tensors);

}  // namespace mote

#endif  // MOTE_DATASETS_NUMPY_FILE_H_
