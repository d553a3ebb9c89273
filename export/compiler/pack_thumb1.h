// Weights and constants as the kernels of ARMv6-M read them (mcu_runtime/compiled/*_thumb1.h).
#ifndef MOTE_EXPORT_COMPILER_PACK_THUMB1_H_
#define MOTE_EXPORT_COMPILER_PACK_THUMB1_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "export/compiler/network.h"
#include "export/compiler/requantization_thumb1.h"

namespace mote::compiler {

// How the sums of a layer become codes.
struct Thumb1Codes {
  bool sums = false;              // the contract's own requantization; else the proved one
  std::vector<int64_t> channels;  // three words a channel: m0, m1 << 8 | k, C; or the bias with the zero point's share,
                                  // mantissa, exponent
  int right_shift = 0;
};

// Of a convolution, depthwise or dense layer whose kernel leaves the zero point in the codes and in what it pads with,
// and holds codes as q + `code_offset`.
Thumb1Codes PackThumb1Codes(const Layer& layer, int code_offset = 0);

struct Thumb1Weights {
  std::vector<int64_t> weights;  // [channel][tap], taps rounded up to a multiple of four with zeros
  std::vector<int64_t> fours;    // words, a bit a channel: every four weights come to 255 at most
  int taps = 0;                  // rounded up
};

// None where two neighbouring weights come to over 255: two weights of -128.
std::optional<Thumb1Weights> PackThumb1Gemm(const Layer& layer);

// Of a dense layer with inputs in eights and outputs in fours: DenseThumb1Params.
struct Thumb1Dense {
  std::vector<int64_t> weights, extras, extra_counts;
};
// None where more weights than one an output do not fit into 7 bits.
std::optional<Thumb1Dense> PackThumb1Dense(const Layer& layer);

// Any weights of a dense layer in 8 bits; outputs are rounded up to fours, inputs to eights.
std::vector<int64_t> PackThumb1WideDense(const Layer& layer);

// [channel / 4][tap][channel % 4]; channels must be a multiple of four.
std::vector<int64_t> PackThumb1Depthwise(const Layer& layer);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_PACK_THUMB1_H_
