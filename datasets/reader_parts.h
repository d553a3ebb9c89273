// What the readers share. Not for other rooms.
#ifndef MOTE_DATASETS_READER_PARTS_H_
#define MOTE_DATASETS_READER_PARTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "datasets/dataset.h"
#include "datasets/readers.h"

namespace mote {

// More classes than this are a mistake in a file, not classes.
inline constexpr int64_t kMaxClasses = 65536;

// 'text', escaped and cut to one short line: what a file holds may be anything.
std::string Quoted(std::string_view text);

// "[2, 3]".
std::string ShapeText(const std::vector<int64_t>& shape);

// "folder/train.csv.gz" -> "train".
std::string NameOfPath(const std::string& path);

// "0", "1", ..., one a class.
std::vector<std::string> NumberedClasses(int64_t count);

// Gives `dataset` its labels (int64 [N]) and, where it has none, class names 0..largest label. `path` is for messages.
absl::Status AttachLabels(const std::string& path, const torch::Tensor& labels, Dataset& dataset);

// `dataset` if Validate has nothing against it and it has samples.
absl::StatusOr<Dataset> Finish(const std::string& path, Dataset dataset);

// ReadCsv from memory; `name` is for messages and the dataset.
absl::StatusOr<Dataset> ParseCsv(const std::string& name, std::string_view bytes, const CsvOptions& options);

}  // namespace mote

#endif  // MOTE_DATASETS_READER_PARTS_H_
