// Constants of mcu_runtime/compiled/winograd_dsp.h.
#ifndef MOTE_EXPORT_COMPILER_PACK_WINOGRAD_H_
#define MOTE_EXPORT_COMPILER_PACK_WINOGRAD_H_

#include <cstdint>
#include <vector>

#include "export/compiler/pack_dsp.h"

namespace mote::compiler {

struct PackedWinogradDsp {
  DspRequantization requantization;
  // Whether all sums that the kernel makes, four times what they are, become the contract's codes.
  bool is_exact = false;
  std::vector<uint8_t> stream;
};

// Of kConvolution layers of 3x3 taps, and even numbers of input and output channels.
PackedWinogradDsp PackWinogradDsp(const Layer& layer);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_PACK_WINOGRAD_H_
