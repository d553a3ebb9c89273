// Constants of mcu_runtime/compiled/depthwise_general_dsp.h.
#ifndef MOTE_EXPORT_COMPILER_PACK_DEPTHWISE_GENERAL_DSP_H_
#define MOTE_EXPORT_COMPILER_PACK_DEPTHWISE_GENERAL_DSP_H_

#include "export/compiler/pack_dsp.h"

namespace mote::compiler {

// Of any kDepthwise layer; `bytes`: weights are bytes, not halfwords.
PackedDepthwiseDsp PackDepthwiseGeneralDsp(const Layer& layer, bool bytes);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_PACK_DEPTHWISE_GENERAL_DSP_H_
