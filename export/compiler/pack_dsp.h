// Constants of the kernels for cores with the DSP extension (mcu_runtime/compiled/*_dsp.h).
//
// Sums are of codes as they stand, int8: the zero point's share, -zero_point * sum of weights, goes into the bias, and
// padding holds the zero point.
#ifndef MOTE_EXPORT_COMPILER_PACK_DSP_H_
#define MOTE_EXPORT_COMPILER_PACK_DSP_H_

#include <cstdint>
#include <vector>

#include "export/compiler/network.h"
#include "export/compiler/requantization.h"

namespace mote::compiler {

// How the sums of a layer become codes on such a core, with weights as they are to be packed.
struct DspRequantization {
  RequantizationForm form = RequantizationForm::kTwoRoundings;
  int left_shift = 0;
  int right_shift = 0;
  int32_t offset = 0;
  bool clamps = false;  // codes are to be clamped to the layer's range afterwards (ClampedDsp, clamped_dsp.h)
  std::vector<std::vector<int32_t>> channel_words;  // what a channel's stream ends with: {m, D} or {bias, m, D}
  std::vector<device::ChannelTerms> terms;          // of kTwoRoundings: biases for sums of codes as they stand
  std::vector<int8_t> weights;                      // the layer's, with 0 for channels that training switched off
};

// Whether the caller clamps codes afterwards where the layer's range asks for it; else such layers are kTwoRoundings.
enum class DspClamp { kNever, kAfterwards };

// `least_left_shift`: kernels whose sums come as 2^n times what they are ask for k >= n. Right shifts are tried in an
// order that many layers agree on, since each is a kernel of its own.
DspRequantization FindDspRequantization(const Layer& layer, int least_left_shift, DspClamp clamp = DspClamp::kNever);

struct PackedConvDsp {
  DspRequantization requantization;
  bool bytes = false;  // DspWeights::kBytes: some pair of weights does not fit a halfword
  int chunks = 0;      // of four products
  std::vector<uint8_t> stream;
};

// In which order a filter's weights stand: for ConvDsp's Row and Pixels; for Columns; for runs of bytes as the weights
// have them, [row][tap][channel].
enum class ConvOrder { kRows, kColumns, kRun };

// Of kConvolution and kDense layers.
PackedConvDsp PackConvDsp(const Layer& layer, ConvOrder order = ConvOrder::kRows, DspClamp clamp = DspClamp::kNever);

struct PackedDenseDsp {
  DspRequantization requantization;
  bool bytes = false;  // DspWeights::kBytes
  bool fours = false;  // there are groups of four outputs
  bool pair = false;   // the last one or two outputs are a pair
  std::vector<uint8_t> stream;
};

// Of kDense layers, and kConvolution on one pixel; for DenseDsp (fully_connected_dsp.h). `pads`: a pair behind groups
// of four is a group of four too, which spares its block for some weights of 0.
PackedDenseDsp PackDenseDsp(const Layer& layer, DspClamp clamp = DspClamp::kNever, bool pads = false);

struct PackedDepthwiseDsp {
  DspRequantization requantization;
  std::vector<uint8_t> stream;
};

// Of kDepthwise layers, 3x3 and multiplier 1.
PackedDepthwiseDsp PackDepthwiseDsp(const Layer& layer, DspClamp clamp = DspClamp::kNever);

// Of the same layers, for DepthwiseWideDsp (depthwise_conv_2d_wide_dsp.h): 28 bytes a channel, 32 with two lines. The
// left shift is in the weights.
PackedDepthwiseDsp PackDepthwiseWideDsp(const Layer& layer, DspClamp clamp = DspClamp::kNever);

// A row of outputs as some blocks of `outputs` side by side, and one of `rest`, which may be 0, as DepthwiseWideDsp
// asks for them: those that take the fewest instructions.
struct DepthwiseBlocks {
  int outputs = 0;
  int rest = 0;
};
DepthwiseBlocks ChooseDepthwiseBlocks(int width, int stride);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_PACK_DSP_H_
