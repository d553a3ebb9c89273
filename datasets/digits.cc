#include <cstddef>

#include "datasets/file.h"
#include "datasets/reader_parts.h"
#include "datasets/readers.h"

namespace mote {

extern const unsigned char kDigitsCsvGz[];  // data/digits.csv.gz, by embed_file.cmake
extern const std::size_t kDigitsCsvGzSize;

absl::StatusOr<Dataset> Digits() {
  const std::string packed(reinterpret_cast<const char*>(kDigitsCsvGz), kDigitsCsvGzSize);
  auto bytes = UnpackGzip("digits", packed, int64_t{1} << 20);
  if (!bytes.ok()) return bytes.status();
  CsvOptions options;
  options.sample_shape = {8, 8, 1};
  options.scale = 1.0 / 16.0;
  auto dataset = ParseCsv("digits", *bytes, options);
  if (dataset.ok()) dataset->unit = "ink, 0..1";
  return dataset;
}

absl::StatusOr<Splits> DigitsSplits() {
  auto dataset = Digits();
  if (!dataset.ok()) return dataset.status();
  return Split(*dataset, {.validation_fraction = 0.1, .test_fraction = 0.2, .seed = 0});  // data/README.md
}

}  // namespace mote
