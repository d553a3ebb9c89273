// 3x3 convolutions by Winograd's filtering (mcu_runtime/compiled/winograd_dsp.h), where they are asked for:
// Target::winograd.
//
// Weights take 16 halfwords where the file has 9 bytes, so it is never taken unasked.
#ifndef MOTE_EXPORT_COMPILER_FAMILY_WINOGRAD_H_
#define MOTE_EXPORT_COMPILER_FAMILY_WINOGRAD_H_

#include <string>

#include "export/compiler/variant.h"

namespace mote::compiler {

inline constexpr char kWinograd[] = "conv_2d_winograd_dsp";  // the variant

// Why the kernel does not take a convolution, for people; empty where it does.
std::string WhyNoWinograd(const Layer& layer, const Target& target);

// Says so at the kernel that was chosen in its place, if Winograd's was asked for.
void AddWinogradRemark(const Layer& layer, const Target& target, KernelUse* chosen);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_FAMILY_WINOGRAD_H_
