// TensorBoardWriter: scalars in the event files that TensorBoard reads.
//
// A file is a row of TFRecords (u64 length, masked CRC-32C of the length, data, masked CRC-32C of the data;
// little-endian), each one `Event` in protocol buffer wire format (tensorboard/compat/proto/event.proto,
// summary.proto).
#ifndef MOTE_TRAIN_TENSORBOARD_H_
#define MOTE_TRAIN_TENSORBOARD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mote {

class TensorBoardWriter {
 public:
  // A new event file in `dir`, which is created. Its name sorts behind all that are there, and it begins with a session
  // log START at `first_step`, for which TensorBoard forgets what earlier files said of that step and later ones.
  static absl::StatusOr<std::unique_ptr<TensorBoardWriter>> Open(const std::string& dir, int64_t first_step);
  ~TensorBoardWriter();
  TensorBoardWriter(const TensorBoardWriter&) = delete;
  TensorBoardWriter& operator=(const TensorBoardWriter&) = delete;

  // All of them in one event. The record is with the operating system when this returns.
  absl::Status Scalars(int64_t step, const std::vector<std::pair<std::string, double>>& values);

  const std::string& path() const { return path_; }

 private:
  TensorBoardWriter(std::string path, int file) : path_(std::move(path)), file_(file) {}
  absl::Status Write(const std::string& event);

  std::string path_;
  int file_;
};

// CRC-32C (Castagnoli, RFC 3720 appendix B.4).
uint32_t Crc32c(const std::string& bytes);

}  // namespace mote

#endif  // MOTE_TRAIN_TENSORBOARD_H_
