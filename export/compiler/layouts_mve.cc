#include "export/compiler/layouts_mve.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "export/compiler/sizes.h"

namespace mote::compiler {
namespace {

constexpr int64_t kVectorBytes = 16;
constexpr int64_t kFarthestChannel = 8191;  // ConvertMve: offsets of eight channels have 16 bits

bool IsLines(const RowLayout& layout) { return layout.kind == "lines8" || layout.kind == "lines8t"; }

std::string StridesText(const Strides& strides) {
  return absl::StrCat("{/*first=*/", strides.first, ", /*row=*/", strides.row, ", /*pixel=*/", strides.pixel,
                      ", /*channel=*/", strides.channel, "}");
}

RowLayout Lines(const LinesRow& row) {
  RowLayout layout;
  layout.left = row.before;
  layout.right = row.between;
  layout.padding_value = row.padding_value;
  layout.is_pixels = false;
  return layout;
}

}  // namespace

std::optional<Strides> StridesOf(const Tensor& tensor, const RowLayout& layout) {
  if (tensor.type != "int8") return std::nullopt;
  const int64_t pixel = tensor.channels;
  if (layout == Nhwc8(tensor)) return Strides{0, tensor.width * pixel, pixel, 1};
  if (layout.kind == "nhwc8t") return Strides{0, pixel, layout.column_bytes, 1};
  if (layout.kind == "lines8") return Strides{layout.left, layout.row_bytes, 1, tensor.width + layout.right};
  if (layout.kind == "lines8t") return Strides{layout.left, 1, layout.column_bytes, tensor.height + layout.right};
  return std::nullopt;
}

RowLayout Nhwc8t(const Tensor& tensor) {
  RowLayout layout = Nhwc8(tensor);
  if (tensor.height == 1 || tensor.width == 1) return layout;
  layout.kind = "nhwc8t";
  layout.is_pixels = false;
  layout.column_bytes = int64_t{tensor.height} * tensor.channels;
  return layout;
}

RowLayout Lines8(const Tensor& tensor, const LinesRow& row) {
  RowLayout layout = Lines(row);
  layout.kind = "lines8";
  const int64_t extent = row.before + int64_t{tensor.channels} * (tensor.width + row.between);
  layout.row_bytes = AlignedUp(std::max(extent, row.readable), kVectorBytes);
  return layout;
}

RowLayout Lines8t(const Tensor& tensor, const LinesRow& column) {
  RowLayout layout = Lines(column);
  layout.kind = "lines8t";
  const int64_t extent = column.before + int64_t{tensor.channels} * (tensor.height + column.between);
  layout.column_bytes = AlignedUp(std::max(extent, column.readable), kVectorBytes);
  layout.row_bytes = AlignedUp((layout.column_bytes * tensor.width + tensor.height - 1) / tensor.height, 4);
  return layout;
}

Strides Turned(const Strides& strides, OutputRows rows) {
  Strides turned = strides;
  if (rows == OutputRows::kColumns) std::swap(turned.row, turned.pixel);
  return turned;
}

std::string OutputText(const Tensor& tensor, const RowLayout& layout, OutputRows rows) {
  const Strides strides = *StridesOf(tensor, layout);
  const int height = rows == OutputRows::kOneRow ? 1 : rows == OutputRows::kColumns ? tensor.width : tensor.height;
  const int64_t all = layout.column_bytes != 0 ? layout.column_bytes * tensor.width : layout.row_bytes * tensor.height;
  const int64_t bytes = !IsLines(layout) ? 0 : rows == OutputRows::kOneRow ? layout.row_bytes : all;
  return absl::StrCat("{", StridesText(Turned(strides, rows)), ", /*height=*/", height, ", /*bytes=*/", bytes,
                      ", /*padding=*/", layout.padding_value, "}");
}

std::optional<KernelUse> ConvertMveUse(const Tensor& tensor, const RowLayout& from, const RowLayout& to) {
  const std::optional<Strides> in = StridesOf(tensor, from);
  const std::optional<Strides> out = StridesOf(tensor, to);
  if (!in || !out || std::max(in->channel, out->channel) > kFarthestChannel) return std::nullopt;
  KernelUse use;
  use.variant = "convert_mve";
  use.form = KernelForm::kVector;
  use.function = "mote::compiled::ConvertMve";
  use.header = "mcu_runtime/compiled/rows_mve.h";
  use.params_type = "mote::compiled::ConvertMveParams";
  use.params = absl::StrCat("{/*from=*/", StridesText(*in), ", /*to=*/", OutputText(tensor, to, OutputRows::kRows),
                            ", /*width=*/", tensor.width, ", /*channels=*/", tensor.channels, "}");
  use.reads = {from};
  use.writes = to;
  use.writes_padding = true;
  use.instructions = int64_t{tensor.height} * tensor.width * (8 + (tensor.channels + 7) / 8 * 8);
  use.code_bytes = 160;
  return use;
}

}  // namespace mote::compiler
