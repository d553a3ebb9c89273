#include "export/compiler/planar8.h"

#include <algorithm>

namespace mote::compiler {
namespace {

constexpr int kSlackBytes = 3;  // that kernels read behind a row

int64_t AlignedUp(int64_t bytes) { return (bytes + 3) / 4 * 4; }

}  // namespace

RowLayout Planar8(const Tensor& tensor, const Axis& horizontal, const Target& target) {
  RowLayout layout;
  layout.kind = "planar8";
  layout.left = horizontal.padding;
  const int end = (horizontal.output - 1) * horizontal.stride + (horizontal.filter - 1) * horizontal.dilation + 1;
  layout.right = std::max(0, end - horizontal.padding - tensor.width);
  if (target.is(Optimize::kSpeed)) {
    layout.right += static_cast<int>(AlignedUp(PlaneBytes(tensor, layout)) - PlaneBytes(tensor, layout));
  }
  layout.padding_value = tensor.zero_point;
  layout.row_bytes = AlignedUp(PlaneBytes(tensor, layout) * tensor.channels + kSlackBytes);
  layout.is_pixels = false;
  return layout;
}

bool IsPlanar8(const RowLayout& layout) { return layout.kind == "planar8"; }

int64_t PlaneBytes(const Tensor& tensor, const RowLayout& layout) { return layout.left + tensor.width + layout.right; }

}  // namespace mote::compiler
