// Layouts of images for Helium (mcu_runtime/compiled/*_mve.h). Besides the file's own:
//   lines8   [y][channel][x]: a channel's row is followed by the next one's, with padding before the first element and
//            after every row, which neighbours share. Depthwise convolutions read it.
//   lines8t  [x][channel][y]: the same of the image turned over, where columns are longer than rows
//   nhwc8t   [x][y][channel]: what a 1x1 convolution reads that writes lines8t
#ifndef MOTE_EXPORT_COMPILER_LAYOUTS_MVE_H_
#define MOTE_EXPORT_COMPILER_LAYOUTS_MVE_H_

#include <optional>
#include <string>

#include "export/compiler/variant.h"

namespace mote::compiler {

// Where elements lie: mote::compiled::StridesMve.
struct Strides {
  int64_t first = 0, row = 0, pixel = 0, channel = 0;
};

// Of the four layouts above; none for those of other families.
std::optional<Strides> StridesOf(const Tensor& tensor, const RowLayout& layout);

// The same layout where the image has one row or one column.
RowLayout Nhwc8t(const Tensor& tensor);

// `before`: elements of padding in front of the first one; `between`: after each channel's row; a row is readable up to
// `readable` bytes, and has a multiple of 16.
struct LinesRow {
  int before = 0, between = 0;
  int64_t readable = 0;
  int padding_value = 0;
};
RowLayout Lines8(const Tensor& tensor, const LinesRow& row);
RowLayout Lines8t(const Tensor& tensor, const LinesRow& column);

// mote::compiled::OutputMve: all rows, or the columns, or with `one_row` a single row.
enum class OutputRows { kRows, kColumns, kOneRow };
std::string OutputText(const Tensor& tensor, const RowLayout& layout, OutputRows rows);

// As rows are computed: with kColumns, a row is a column.
Strides Turned(const Strides& strides, OutputRows rows);

// Between any two of the four layouts.
std::optional<KernelUse> ConvertMveUse(const Tensor& tensor, const RowLayout& from, const RowLayout& to);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_LAYOUTS_MVE_H_
