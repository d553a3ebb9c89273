// Planar rows, one channel after the other: [channel][left + x + right], padding holding the zero point. What 3x3
// depthwise kernels of cores with the DSP extension read: planar8, int8, or planar16, int16, whose kernel is the
// faster one.
#ifndef MOTE_EXPORT_COMPILER_PLANAR_H_
#define MOTE_EXPORT_COMPILER_PLANAR_H_

#include <cstdint>

#include "export/compiler/variant.h"

namespace mote::compiler {

// With the padding that a layer's windows meet, and bytes behind the last plane that kernels read and leave alone.
// Planes of int16 are whole words; those of int8 too where speed counts, since most cores load such words faster.
RowLayout Planar(int element_bytes, const Tensor& tensor, const Axis& horizontal, const Target& target);
bool IsPlanar(const RowLayout& layout);
int64_t PlaneBytes(const Tensor& tensor, const RowLayout& layout);  // of a channel

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_PLANAR_H_
