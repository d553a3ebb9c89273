#include "mcu_runtime/operators/window.h"

namespace mote::device {
namespace {

/* Of a dilated filter: positions in kernels, padding and dilation added, stay within int32. */
constexpr int32_t kMaxReach = 1 << 28;

enum Padding : int32_t { kPaddingSame = 0, kPaddingValid = 1 };

mote_status SolveWindow(int32_t padding, Window* window) {
  if (window->stride < 1 || window->dilation < 1 || window->filter < 1) return MOTE_ERROR_OPTION;
  if (window->filter == 1) window->dilation = 1; /* it says nothing then, and may be of any size */
  if (window->filter - 1 > (kMaxReach - 1) / window->dilation) return MOTE_ERROR_OPTION;
  /* In 32 bits: extents are under 2^30, and (output - 1) * stride is under the input's. */
  const uint32_t input = static_cast<uint32_t>(window->input);
  const uint32_t stride = static_cast<uint32_t>(window->stride);
  const uint32_t taken = static_cast<uint32_t>((window->filter - 1) * window->dilation + 1);
  uint32_t output = 0;
  if (padding == kPaddingSame) {
    output = (input + stride - 1) / stride;
  } else if (padding == kPaddingValid) {
    if (input < taken) return MOTE_ERROR_SHAPE;
    output = (input - taken) / stride + 1;
  } else {
    return MOTE_ERROR_OPTION;
  }
  if (output != static_cast<uint32_t>(window->output)) return MOTE_ERROR_SHAPE;
  const int32_t beyond = static_cast<int32_t>((output - 1) * stride + taken - input);
  window->padding = beyond > 0 ? beyond / 2 : 0;
  return MOTE_OK;
}

}  // namespace

mote_status SolveWindows(Invocation& op, const TensorInfo& output, int32_t batches, int32_t channels, Window* vertical,
                         Window* horizontal) {
  enum : uint32_t { kPadding, kStrideW, kStrideH };
  op.fault_tensor = output.index;
  if (output.dimensions != 4 || output.shape[0] != batches || output.shape[3] != channels) return MOTE_ERROR_SHAPE;
  Window* window = vertical;
  for (uint32_t axis = 0; axis < 2; ++axis, window = horizontal) {
    window->output = output.shape[static_cast<int32_t>(1 + axis)];
    window->stride = op.Option32(kStrideH - axis, 0);
    MOTE_RETURN_IF_ERROR(SolveWindow(op.Option8(kPadding, 0), window));
  }
  return MOTE_OK;
}

}  // namespace mote::device
