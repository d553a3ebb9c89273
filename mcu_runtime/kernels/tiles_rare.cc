#include "mcu_runtime/kernels/fixed_point.h"
#include "mcu_runtime/kernels/tiles.h"

/* What is rare among the inner loops: compiled for size where tiles.cc is not. */
namespace mote::device {

MOTE_KERNEL void SumDepthwise(const DepthwiseTaps& taps, const int8_t* x, const int8_t* w, int32_t* sum) {
  DepthwiseTileOf<1>(taps, x, w, sum);
}

MOTE_KERNEL int8_t CodeOfRareSum(int32_t acc, const ChannelTerms& terms, const OutputRange& range) {
  return CodeOfResult(RequantizeApart(acc, terms.multiplier), range);
}

}  // namespace mote::device
