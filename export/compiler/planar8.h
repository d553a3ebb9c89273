// Planar rows of int8, one channel after the other: [channel][left + x + right], padding holding the zero point. What
// depthwise kernels of cores with the DSP extension read.
#ifndef MOTE_EXPORT_COMPILER_PLANAR8_H_
#define MOTE_EXPORT_COMPILER_PLANAR8_H_

#include <cstdint>

#include "export/compiler/variant.h"

namespace mote::compiler {

// With the padding that a layer's windows meet, and bytes behind the last plane that kernels read and leave alone.
// Planes are whole words where speed counts, since most cores load those faster.
RowLayout Planar8(const Tensor& tensor, const Axis& horizontal, const Target& target);
bool IsPlanar8(const RowLayout& layout);
int64_t PlaneBytes(const Tensor& tensor, const RowLayout& layout);  // of a channel

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_PLANAR8_H_
