#include "export/compiler/planar.h"

#include <algorithm>

#include "export/compiler/sizes.h"

namespace mote::compiler {
namespace {

constexpr int kSlackBytes = 3;  // that kernels read behind a row of bytes

}  // namespace

RowLayout Planar(int element_bytes, const Tensor& tensor, const Axis& horizontal, const Target& target) {
  RowLayout layout;
  layout.kind = element_bytes == 1 ? "planar8" : "planar16";
  layout.element_bytes = element_bytes;
  layout.left = horizontal.padding;
  const int end = (horizontal.output - 1) * horizontal.stride + (horizontal.filter - 1) * horizontal.dilation + 1;
  layout.right = std::max(0, end - horizontal.padding - tensor.width);
  if (element_bytes == 2 || target.is(Optimize::kSpeed)) {
    const int64_t plane = PlaneBytes(tensor, layout);
    layout.right += static_cast<int>(AlignedUp(plane, 4) - plane) / element_bytes;
  }
  layout.padding_value = tensor.zero_point;
  layout.row_bytes =
      AlignedUp(PlaneBytes(tensor, layout) * tensor.channels + (element_bytes == 1 ? kSlackBytes : 0), 4);
  layout.is_pixels = false;
  return layout;
}

bool IsPlanar(const RowLayout& layout) { return layout.kind == "planar8" || layout.kind == "planar16"; }

int64_t PlaneBytes(const Tensor& tensor, const RowLayout& layout) {
  return int64_t{layout.element_bytes} * (layout.left + tensor.width + layout.right);
}

}  // namespace mote::compiler
