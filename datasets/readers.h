// Readers: files in, Dataset out. Each refuses a truncated, mislabelled or oversized file with one line that says the
// file, the place (line, record or byte offset) and what would be right. Nothing is read past `ReadLimits`.
#ifndef MOTE_DATASETS_READERS_H_
#define MOTE_DATASETS_READERS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "datasets/dataset.h"

namespace mote {

struct ReadLimits {
  int64_t max_bytes = int64_t{4} << 30;  // of one file, unpacked
};

struct CsvOptions {
  std::string label_column = "";           // header name or 0-based index as text; "" = the last column
  bool regression = false;                 // the label column holds float targets, not classes
  std::vector<int64_t> sample_shape = {};  // of one row's features, row-major; empty = [columns - 1]
  double scale = 1.0;                      // inputs are multiplied by this
  // Order of the classes; empty = that of the first line (below), or sorted distinct labels (numeric where all are).
  std::vector<std::string> class_names = {};
  ReadLimits limits = {};
};

// Comma-separated values (RFC 4180), plain or gzip (by content). A first line with a field that is not a number in a
// feature column is the header; one of a missing value ("NA", "?") among numbers is a row, and refused. A first line
// "rows,features,name of class 0,name of class 1,..." over integer labels in the last column (UCI Wine and Iris as
// scikit-learn ships them) names the classes, and its counts must be true. Targets of a regression are [N, 1].
absl::StatusOr<Dataset> ReadCsv(const std::string& path, const CsvOptions& options = {});

// NumPy arrays: `inputs_path` .npy [N, ...] of any integer or float type, `labels_path` .npy [N] integers, 0..largest
// label (or "").
absl::StatusOr<Dataset> ReadNpy(const std::string& inputs_path, const std::string& labels_path,
                                const ReadLimits& limits = {});
// One .npz with arrays named x or inputs, and y or labels (integers: classes; floats: regression targets).
absl::StatusOr<Dataset> ReadNpz(const std::string& path, const ReadLimits& limits = {});

// IDX (the MNIST files), plain or gzip: images [N, rows, columns] of unsigned bytes become [N, rows, columns, 1] in
// 0..1.
absl::StatusOr<Dataset> ReadIdx(const std::string& images_path, const std::string& labels_path,
                                const ReadLimits& limits = {});

// CIFAR-10 binary version: records of 1 label byte and 3,072 pixel bytes (planes R, G, B); gives [N, 32, 32, 3] in
// 0..1.
absl::StatusOr<Dataset> ReadCifar10(const std::vector<std::string>& paths, const ReadLimits& limits = {});

// The bundled UCI handwritten digits (1,797 images of 8x8, inputs [N, 8, 8, 1] = ink / 16), compiled into the library;
// and their documented fixed split: 70 % train, 10 % validation, 20 % test, stratified.
absl::StatusOr<Dataset> Digits();
absl::StatusOr<Splits> DigitsSplits();

}  // namespace mote

#endif  // MOTE_DATASETS_READERS_H_
