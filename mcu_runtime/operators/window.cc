#include "mcu_runtime/operators/window.h"

namespace mote::device {
namespace {

/* Of a dilated filter: positions in kernels, padding and dilation added, stay within int32. */
constexpr int64_t kMaxReach = int64_t{1} << 28;

}  // namespace

mote_status SolveWindow(int32_t padding, Window* window) {
  if (window->stride < 1 || window->dilation < 1 || window->filter < 1) return MOTE_ERROR_OPTION;
  if (window->filter == 1) window->dilation = 1; /* it says nothing then, and may be of any size */
  const int64_t reach = static_cast<int64_t>(window->filter - 1) * window->dilation + 1;
  if (reach > kMaxReach) return MOTE_ERROR_OPTION;
  const int64_t input = window->input;
  int64_t output = 0;
  if (padding == kPaddingSame) {
    output = (input + window->stride - 1) / window->stride;
  } else if (padding == kPaddingValid) {
    if (input < reach) return MOTE_ERROR_SHAPE;
    output = (input - reach) / window->stride + 1;
  } else {
    return MOTE_ERROR_OPTION;
  }
  if (output != window->output) return MOTE_ERROR_SHAPE;
  const int64_t beyond = (output - 1) * window->stride + reach - input;
  window->padding = beyond > 0 ? static_cast<int32_t>(beyond / 2) : 0;
  return MOTE_OK;
}

}  // namespace mote::device
